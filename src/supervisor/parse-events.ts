import type { ProcessEvent } from './process-event.ts'

const LINE =
  /^(?<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3}) \w+ (?<what>success|stopped|exited): (?<rest>.+)$/
const SUCCESS = /^(?<name>.+) entered RUNNING state/
const ENDED =
  /^(?<name>.+) \((?:exit status (?<status>-?\d+)|terminated by (?<signal>[^;]+?))(?:; (?<expected>expected|not expected))?\)$/

/** One event of the log with its time there, which only serves to tell new lines from old ones. */
export interface LoggedEvent {
  readonly time: string
  readonly event: ProcessEvent
}

/**
 * Reads the events out of a piece of supervisord's log; other lines, and a first one that was cut, are passed over.
 * @see https://github.com/Supervisor/supervisor/blob/main/supervisor/process.py
 */
export function parseEvents(log: string): LoggedEvent[] {
  return log.split('\n').flatMap((line) => {
    const { time, what, rest } = LINE.exec(line)?.groups ?? {}
    if (time === undefined || rest === undefined) return []
    const event = what === 'success' ? parseSuccess(rest) : parseEnd(what === 'stopped', rest)
    return event === null ? [] : [{ time, event }]
  })
}

function parseSuccess(rest: string): ProcessEvent | null {
  const name = SUCCESS.exec(rest)?.groups?.['name']
  return name === undefined ? null : { name, kind: 'running' }
}

function parseEnd(wasAskedFor: boolean, rest: string): ProcessEvent | null {
  const { name, status, signal, expected } = ENDED.exec(rest)?.groups ?? {}
  if (name === undefined) return null
  if (wasAskedFor) return { name, kind: 'stopped' }
  const why =
    status === undefined
      ? `killed by ${signal?.replace(/ \(core dumped\)$/, ', core dumped')}`
      : `exit ${status}`
  return { name, kind: 'exited', expected: expected === 'expected', why }
}
