// Programs that run, but not well: a page that does not answer as it should, and memory above a limit.
import type { HttpReading } from '../collect/http-check.ts'
import type { MemoryReading } from '../collect/processes.ts'
import type { ProcessInfo } from '../collect/supervisor/process-info.ts'
import type { HttpCheck, MonitorConfig } from '../config/config.ts'
import { cut, describeSize, displayName, fullName, withoutQuery } from '../lib/text.ts'
import { PROBLEMS, type Problem } from './problems.ts'
import type { Programs } from './programs.ts'

/** Returns the problem of a program that uses more memory than allowed, its children included; one that is STOPPING is left alone. */
export function judgeMemory(info: ProcessInfo, memory: MemoryReading, limit: number | null): Problem | null {
  const used = memory.kind === 'read' ? memory.bytes.get(info.pid) : undefined
  if (limit === null || used === undefined || used <= limit || info.state === 'STOPPING') return null
  const name = fullName(info)
  const sizes = `${describeSize(used)}, limit ${describeSize(limit)}`
  return {
    subject: `memory of ${name}`,
    kind: 'memory',
    text: `${displayName(name)} uses ${sizes}`,
    remedy: { programs: [name], why: `it used ${sizes}` },
  }
}

export interface HttpJudgement {
  readonly problem: Problem | null
  /** True while there is no answer to judge by. */
  readonly isWaiting: boolean
}

const ALL_WELL: HttpJudgement = { problem: null, isWaiting: false }

/**
 * Judges the HTTP check of a monitor. A failure stands until there is another answer to judge by.
 * @param programs null when supervisord did not answer
 * @param lastFailure the text of the check's problem in the last snapshot; null when it had none
 */
export function judgeHttp(
  http: ReadonlyMap<string, HttpReading>,
  programs: Programs | null,
  settings: MonitorConfig['target'],
  lastFailure: string | null,
): HttpJudgement {
  if (settings.kind === 'unit' || settings.http === null) return ALL_WELL
  const check = settings.http
  const ripe = ripeness(check, settings.minRunning, programs)
  if (ripe === 'no') return ALL_WELL
  const reading = http.get(check.url)
  const isWaiting = reading?.kind === 'waiting'
  if (ripe === 'not-yet' || reading === undefined || reading.kind === 'waiting') {
    const problem: Problem | null =
      lastFailure === null ? null : { subject: 'http', kind: 'http', text: lastFailure, isOld: true }
    return { problem, isWaiting }
  }
  const fault = describeFault(reading, check)
  if (fault === null) return ALL_WELL
  const text = `${withoutQuery(check.url)} ${fault}`
  const remedy = { programs: programs?.running ?? [], why: text }
  return { problem: { subject: 'http', kind: 'http', text, remedy }, isWaiting }
}

/** With `when = "running"`, a program on its way up or down explains whatever the URL answers. */
function ripeness(
  { when }: HttpCheck,
  minRunning: number | null,
  programs: Programs | null,
): 'now' | 'not-yet' | 'no' {
  if (when === 'always') return 'now'
  if (programs === null) return 'not-yet'
  const running = programs.running.length
  if (minRunning !== null && running >= minRunning) return 'now'
  if (programs.problems.some(({ kind }) => PROBLEMS[kind].passing)) return 'not-yet'
  return running > 0 ? 'now' : 'no'
}

function describeFault(
  reading: Exclude<HttpReading, { kind: 'waiting' }>,
  { status, body }: HttpCheck,
): string | null {
  if (reading.kind === 'failed') return reading.text
  if (!status.includes(reading.status)) {
    const where = reading.location === null ? '' : ` to ${reading.location}`
    return `answered ${reading.status}${where}, expected ${status.join(' or ')}`
  }
  if (body === null || reading.found.includes(body)) return null
  const part = reading.isWhole ? '' : ' in its first 1 MB'
  return `answered ${reading.status} without "${cut(body, 40)}"${part}`
}
