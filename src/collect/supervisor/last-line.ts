// Of the pictures of ESC and BEL: CSI with its parameters, OSC up to its end, and the two-character ones.
const ESCAPES = /\u241b(?:\[[0-?]*[ -/]*[@-~]|\][^\u2407\u241b]*(?:\u2407|\u241b\\)?|[ -/]*[0-~])/gu
const PICTURES = /[\u2400-\u241f]/gu
/** Of a line whose beginning is missing, as much is dropped: half a password could not be masked. */
const UNSAFE_LENGTH = 256

/**
 * The last line that is not blank, of a text whose control characters are given as their pictures: without colours and
 * other escape sequences, without NUL and its like.
 * @param isCut whether the text begins in the middle of a line
 * @returns null when there is none
 */
export function lastLine(text: string, isCut: boolean): string | null {
  const lines = text
    .replaceAll(ESCAPES, '')
    .replaceAll(PICTURES, '')
    .split(/[\r\n]/)
    .map((line) => line.trim())
  const index = lines.findLastIndex((line) => line !== '')
  const line = lines[index] ?? ''
  const known = isCut && index === 0 ? line.slice(UNSAFE_LENGTH).trim() : line
  return known === '' ? null : known === line ? line : `…${known}`
}
