import type { Terminal } from './load.ts'

/** What may be shown. */
export interface Looks {
  /** Whether the terminal shows more than ASCII. */
  readonly isUtf8: boolean
  readonly hasColours: boolean
}

/** ASCII where the locale is not UTF-8, and no colours but on a terminal that has them. */
export function looksOf({ env, isScreen }: Pick<Terminal, 'env' | 'isScreen'>): Looks {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => (value ?? '') !== '') ?? ''
  return {
    isUtf8: /utf-?8/i.test(locale),
    hasColours: canMove({ env, isScreen }) && (env['NO_COLOR'] ?? '') === '',
  }
}

/** Whether the terminal takes escape sequences. */
export function canMove({ env, isScreen }: Pick<Terminal, 'env' | 'isScreen'>): boolean {
  return isScreen && (env['TERM'] ?? 'dumb') !== 'dumb'
}

const COLOURS = { red: 31, green: 32, yellow: 33, bold: 1, dim: 2 } as const

export type Colour = keyof typeof COLOURS

export function paint(text: string, colour: Colour | null, { hasColours }: Looks): string {
  return hasColours && colour !== null && text !== '' ? `\u001B[${COLOURS[colour]}m${text}\u001B[0m` : text
}
