import type { HttpCheck } from '../config/config.ts'
import type { HttpReading } from '../collect/http-reading.ts'
import type { Count } from './count-programs.ts'
import { cut } from '../lib/text.ts'
import { PROBLEMS, type Candidate } from './problems.ts'

interface Surroundings {
  readonly http: ReadonlyMap<string, HttpReading>
  /** Null when supervisord did not answer. */
  readonly programs: Count | null
  readonly rules: { readonly http: HttpCheck | null; readonly minRunning: number | null }
  /** What the check said when it last failed; null when it did not, or never was asked. */
  readonly lastFailure: string | null
}

export interface HttpJudgement {
  readonly candidate: Candidate | null
  /** True while there is no answer to judge by. */
  readonly isWaiting: boolean
}

/** Judges the HTTP check of a monitor. A failure stands until there is another answer to judge by. */
export function judgeHttp({ http, programs, rules, lastFailure }: Surroundings): HttpJudgement {
  const check = rules.http
  const ripe = check === null ? 'no' : ripeness(check, rules.minRunning, programs)
  if (check === null || ripe === 'no') return { candidate: null, isWaiting: false }
  const reading = http.get(check.url)
  const isWaiting = reading?.kind === 'waiting'
  if (ripe === 'not-yet' || reading === undefined || reading.kind === 'waiting') {
    const stands: Candidate | null =
      lastFailure === null ? null : { subject: 'http', kind: 'http', says: lastFailure, isOld: true }
    return { candidate: stands, isWaiting }
  }
  const fault = describeFault(reading, check)
  if (fault === null) return { candidate: null, isWaiting }
  const says = `${shown(check.url)} ${fault}`
  const offence = { programs: programs?.up ?? [], why: says }
  return { candidate: { subject: 'http', kind: 'http', says, offence }, isWaiting }
}

/** With `when = "running"` a program on its way up or down explains whatever the URL says. */
function ripeness(
  { when }: HttpCheck,
  minRunning: number | null,
  programs: Count | null,
): 'now' | 'not-yet' | 'no' {
  if (when === 'always') return 'now'
  if (programs === null) return 'not-yet'
  if (minRunning !== null && programs.up.length >= minRunning) return 'now'
  const isOnItsWay = [...programs.ofPrograms].some(({ kind }) => PROBLEMS[kind].passing)
  if (isOnItsWay) return 'not-yet'
  return programs.up.length > 0 ? 'now' : 'no'
}

function describeFault(
  reading: Exclude<HttpReading, { kind: 'waiting' }>,
  { status, body }: HttpCheck,
): string | null {
  if (reading.kind === 'failed') return reading.says
  if (!status.includes(reading.status)) {
    const where = reading.location === null ? '' : ` to ${reading.location}`
    return `answered ${reading.status}${where}, expected ${status.join(' or ')}`
  }
  if (body === null || reading.found.includes(body)) return null
  const part = reading.isWhole ? '' : ' in its first 1 MB'
  return `answered ${reading.status} without "${cut(body, 40)}"${part}`
}

/** A query can hold a key. */
function shown(url: string): string {
  return url.replace(/\?.*$/s, '?…')
}
