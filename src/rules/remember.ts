/**
 * The function, which gives its last result for a first argument again as long as the others are the same, too. For what
 * is asked at each look about things that seldom change, and that nobody changes in place.
 */
export function remember<K extends object, A extends readonly unknown[], R>(
  compute: (key: K, ...more: A) => R,
): (key: K, ...more: A) => R {
  const last = new WeakMap<K, { readonly more: A; readonly result: R }>()
  return (key, ...more) => {
    const known = last.get(key)
    if (known?.more.every((one, at) => one === more[at]) === true) return known.result
    const result = compute(key, ...more)
    last.set(key, { more, result })
    return result
  }
}
