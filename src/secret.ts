/** Shows the first three characters of a token, enough to tell tokens apart in a log: `AWb…`. */
export function maskToken(token: string): string {
  return `${token.slice(0, 3)}…`
}

/** Returns a function that replaces every occurrence of the given secrets in a text; tokens keep three characters. */
export function createMask(secrets: {
  tokens: readonly string[]
  passwords: readonly string[]
}): (text: string) => string {
  const rows: [string, string][] = [
    ...secrets.tokens.map((token): [string, string] => [token, maskToken(token)]),
    ...secrets.passwords.map((password): [string, string] => [password, '…']),
  ]
  // Longest first, so that a secret that contains another is masked whole.
  const replacements = rows.filter(([secret]) => secret !== '').toSorted(([a], [b]) => b.length - a.length)
  return (text) => replacements.reduce((masked, [secret, shown]) => masked.replaceAll(secret, shown), text)
}
