import { maskToken } from '../secret.ts'

/** Foreign text made fit for one of our lines: one line, at most 120 characters, without the token. */
export function shortText(text: string, token: string): string {
  const line = text
    .replaceAll(token, maskToken(token))
    .replaceAll(/[\p{Cc}\p{Zl}\p{Zp}\s]+/gu, ' ')
    .trim()
  const characters = Array.from(line)
  return characters.length > 120 ? `${characters.slice(0, 119).join('')}…` : line
}
