import { printable, printableJson } from './text.ts'

const LEVELS = ['debug', 'info', 'warn', 'error'] as const

export type LogLevel = (typeof LEVELS)[number]
export type LogFormat = 'text' | 'json'

/** Writes one line per call; secrets it was told of never reach a line. */
export interface Log {
  debug(message: string): void
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

interface LogOptions {
  level: LogLevel
  format: LogFormat
  /** Receives each finished line, newline included. */
  write: (line: string) => void
  /** Wall clock in milliseconds, for the JSON lines. */
  now: () => number
  /** Masks whatever must not be shown in a line. */
  mask: (text: string) => string
}

/** Under systemd the journal adds the time itself, so text lines carry none. */
export function createLog({ level, format, write, now, mask }: LogOptions): Log {
  const threshold = LEVELS.indexOf(level)
  const at = (of: LogLevel) => (message: string) => {
    if (LEVELS.indexOf(of) < threshold) return
    const text = printable(mask(message))
    if (format === 'json') {
      write(`${printableJson({ time: new Date(now()).toISOString(), level: of, message: text })}\n`)
    } else {
      write(of === 'info' ? `${text}\n` : `${of}: ${text}\n`)
    }
  }
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }
}
