import { execFile } from 'node:child_process'
import { oneLine } from '../../lib/text.ts'
import { SERVICE_UNIT } from './service-unit.ts'

/** One line that the service has written. */
export interface JournalLine {
  /** Unix milliseconds. */
  readonly atMs: number
  readonly level: 'error' | 'warn' | 'other'
  readonly text: string
}

const MOST_LINES = 200
const WITHIN_MS = 5_000
const MOST_BYTES = 1024 * 1024

/**
 * The last lines of the service's own, or of what cron ran; null where the journal cannot be read, or holds none.
 * @param isService false: by cron, whose runs go to the journal under the same name and without a unit
 */
export function readJournal(
  env: Readonly<Record<string, string | undefined>>,
  isService: boolean,
): Promise<readonly JournalLine[] | null> {
  const identifier = SERVICE_UNIT.replace('.service', '')
  const unit = isService ? ['-u', SERVICE_UNIT] : []
  const args = [...unit, '-t', identifier, '-o', 'short-unix', '-n', String(MOST_LINES), '-q', '--no-pager']
  const options = { timeout: WITHIN_MS, maxBuffer: MOST_BYTES, env: { PATH: env['PATH'], LC_ALL: 'C.UTF-8' } }
  return new Promise((resolve) => {
    execFile('journalctl', args, options, (error, stdout) => {
      const lines = error === null ? stdout.split('\n').flatMap((line) => parseLine(line) ?? []) : []
      resolve(lines.length === 0 ? null : lines)
    })
  })
}

/** `1763640000.123456 web-1 kuma-supervisor-push[4711]: warn: not delivered: …` */
function parseLine(line: string): JournalLine | null {
  const [, seconds, said] = /^(\d+\.\d+) \S+ [^:]+: (.*)$/.exec(line) ?? []
  if (seconds === undefined || said === undefined) return null
  const { level, text } = parseJson(said) ?? parseText(said)
  return { atMs: Number(seconds) * 1000, level, text: oneLine(text) }
}

type Said = Pick<JournalLine, 'level' | 'text'>

function parseText(said: string): Said {
  const [, level, text] = /^(error|warn): (.*)$/.exec(said) ?? []
  if (text === undefined) return { level: 'other', text: said }
  return { level: level === 'error' ? 'error' : 'warn', text }
}

/** Of an agent with `--log-format json`. */
function parseJson(said: string): Said | null {
  try {
    const { level, message }: { level?: unknown; message?: unknown } = JSON.parse(said)
    if (typeof message !== 'string') return null
    return { level: level === 'error' || level === 'warn' ? level : 'other', text: message }
  } catch {
    return null
  }
}
