/**
 * Expands `%(name)s` and `%%` as Python's `%` operator does for supervisord.
 * @param valueOf what a name stands for, undefined where it is unknown
 * @returns what is wrong as half a sentence, when a name is unknown or a `%` stands alone
 */
export function expand(
  text: string,
  valueOf: (name: string) => string | undefined,
): { readonly value: string } | { readonly wrong: string } {
  const wrong: string[] = []
  const value = text.replace(/%(?:\(([^)]*)\)s|%|)/g, (found: string, name: string | undefined) => {
    if (found === '%%') return '%'
    const known = name === undefined ? undefined : valueOf(name)
    if (known === undefined)
      wrong.push(name === undefined ? 'a single % (write %%)' : `${found} is not known here`)
    return known ?? ''
  })
  return wrong[0] === undefined ? { value } : { wrong: wrong[0] }
}
