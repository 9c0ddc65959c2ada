import type { Looks } from './doctor/report.ts'
import type { Terminal } from './load.ts'

/** What may be shown: ASCII where the locale is not UTF-8, and no colours but on a terminal that has them. */
export function looksOf({ env, isScreen }: Pick<Terminal, 'env' | 'isScreen'>): Looks {
  const locale = [env['LC_ALL'], env['LC_CTYPE'], env['LANG']].find((value) => (value ?? '') !== '') ?? ''
  return {
    isUtf8: /utf-?8/i.test(locale),
    hasColours: isScreen && (env['NO_COLOR'] ?? '') === '' && (env['TERM'] ?? 'dumb') !== 'dumb',
  }
}
