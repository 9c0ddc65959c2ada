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
  const mayHold = replacements.length > FEW ? beginsAny(replacements.map(([secret]) => secret)) : () => true
  return (text) =>
    mayHold(text)
      ? replacements.reduce((masked, [secret, shown]) => masked.replaceAll(secret, shown), text)
      : text
}

/** Up to so many, looking for one after the other is as quick as looking for all at once. */
const FEW = 32

/** Returns a function that tells whether a text has the beginning of any of many secrets in it, in one pass. */
function beginsAny(secrets: readonly string[]): (text: string) => boolean {
  const length = Math.min(...secrets.map((secret) => secret.length))
  const beginnings = new Set(secrets.map((secret) => secret.slice(0, length)))
  return (text) => {
    for (let at = 0; at + length <= text.length; at++) {
      if (beginnings.has(text.slice(at, at + length))) return true
    }
    return false
  }
}

const CREDENTIALS_OF_URLS = /(?<=\b[a-z][a-z0-9+.-]*:\/\/)\S*(?=@)/gi
const HEADER = /\b((?:proxy-)?authorization["'\\\])]*\s*[=:]\s*).+/gi
const BEARER = /\b(bearer\s+)\S+/gi
const SECRET_NAME = String.raw`passw(?:or)?d|passphrase|pwd|secret|token|key|authorization`
/** Of a value in quotes all, escaped quotes included; else up to the next blank. */
const VALUE = String.raw`(?:[bu]?"(?:[^"\\]|\\.)*(?:"|$)|[bu]?'(?:[^'\\]|\\.)*(?:'|$)|\\+"(?:(?!\\+").)*(?:\\+"|$)|\S+)`
/** `password=x`, `"api_token": "x"`, `SECRET_KEY => x`; but `KeyError: x` tells what is missing. */
const ASSIGNED = new RegExp(
  String.raw`((?:${SECRET_NAME}|(?:\b|_)pass\b)[\w-]*(?<!error|exception)["'\\\])]*\s*(?:=>|:=|[=:])\s*)${VALUE}`,
  'gi',
)
/** `password x`, `token is "x"`, `--secret x` */
const SPOKEN = new RegExp(
  String.raw`((?:${SECRET_NAME})["'\])]*\s+(?:(?:is|was)\s+)?)(?![=:(])${VALUE}`,
  'gi',
)

/** Masks logins in URLs and what follows password, secret, token, key or authorization, in a line that a program wrote. */
export function maskCredentials(line: string): string {
  return line
    .replaceAll(CREDENTIALS_OF_URLS, '…')
    .replaceAll(HEADER, '$1…')
    .replaceAll(BEARER, '$1…')
    .replaceAll(ASSIGNED, '$1…')
    .replaceAll(SPOKEN, '$1…')
}
