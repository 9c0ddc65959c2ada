import type { ProcessEvent } from './process-event.ts'

const LINE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \w+ (?<what>spawned|success|stopped|exited): (?<rest>.+)$/
const SPAWNED = /^'(?<name>.+)' with pid (?<pid>\d+)$/
const SUCCESS = /^(?<name>.+) entered RUNNING state/
const ENDED =
  /^(?<name>.+) \((?:exit status (?<status>-?\d+)|terminated by (?<signal>[^;]+?))(?:; (?<expected>expected|not expected))?\)$/

/**
 * Reads the events out of a piece of supervisord's log; other lines, and a first one that was cut, are passed over.
 * @see https://github.com/Supervisor/supervisor/blob/main/supervisor/process.py
 */
export function parseEvents(log: string): ProcessEvent[] {
  return log.split('\n').flatMap((line) => {
    const { what, rest = '' } = LINE.exec(line)?.groups ?? {}
    switch (what) {
      case 'spawned':
        return parseSpawned(rest)
      case 'success':
        return parseSuccess(rest)
      case 'stopped':
      case 'exited':
        return parseEnd(what, rest)
      default:
        return []
    }
  })
}

function parseSpawned(rest: string): ProcessEvent[] {
  const { name, pid } = SPAWNED.exec(rest)?.groups ?? {}
  return name === undefined ? [] : [{ name, kind: 'spawned', pid: Number(pid) }]
}

function parseSuccess(rest: string): ProcessEvent[] {
  const name = SUCCESS.exec(rest)?.groups?.['name']
  return name === undefined ? [] : [{ name, kind: 'running' }]
}

function parseEnd(what: 'stopped' | 'exited', rest: string): ProcessEvent[] {
  const { name, status, signal, expected } = ENDED.exec(rest)?.groups ?? {}
  if (name === undefined) return []
  if (what === 'stopped') return [{ name, kind: 'stopped' }]
  const why =
    status === undefined
      ? `killed by ${signal?.replace(' (core dumped)', ', core dumped')}`
      : `exit ${status}`
  return [{ name, kind: 'exited', expected: expected === 'expected', why }]
}
