import { maskToken } from './secret.ts'

/**
 * Foreign text made fit for one of our lines: one line, at most 120 characters, without the token.
 * @param mask hides other secrets, before they are cut in two and nobody knows them any more
 */
export function shortText(text: string, token: string, mask: (text: string) => string): string {
  const line = mask(text)
    .replaceAll(token, maskToken(token))
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
  const characters = Array.from(line)
  return characters.length > 120 ? `${characters.slice(0, 119).join('')}…` : line
}
