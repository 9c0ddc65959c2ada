import { execFile } from 'node:child_process'
import type { UnitState } from '../../collect/systemd/units.ts'
import { cut, describeDuration, oneLine } from '../../lib/text.ts'
import { describeUnit, isActive } from '../../rules/units.ts'
import type { DoctorContext } from './context.ts'
import { failed, ok, skipped, type Finding } from './report.ts'

/** The unit that install.sh makes. */
export const SERVICE_UNIT = 'kuma-supervisor-push.service'
const MAX_SHOWN = 200
const LOG = 'journalctl -u kuma-supervisor-push -n 30'

/** `service`: the installed service runs. */
export async function checkService(context: DoctorContext): Promise<Finding[]> {
  const { value, ms } = await context.readings.unit(SERVICE_UNIT)
  if (value.kind === 'state') {
    const finding = judgeService(value.unit)
    // The reason why it ended is what it logged last.
    const last = BROKEN.has(value.unit.activeState) ? (await context.readings.journal())?.at(-1) : undefined
    const says = last === undefined ? finding.says : `${finding.says}: ${cut(last.text, MAX_SHOWN)}`
    return [{ ...finding, says, ms }]
  }
  if (context.cronJob !== null) return [ok(`none: cron runs it by ${context.cronJob.fields}`, { ms })]
  if (value.kind === 'not-found') return [skipped(`no ${SERVICE_UNIT}: run by hand`, { ms })]
  if (value.kind === 'no-systemd') return [skipped('no systemd on this host', { ms })]
  return [skipped('unknown: systemd cannot be asked', { ms })]
}

const BROKEN: ReadonlySet<string> = new Set(['failed', 'activating'])

/** By the exit codes with which the service ends for good. */
const FINAL_EXITS: Readonly<Record<number, string>> = {
  64: `${LOG}; then correct ExecStart, and: systemctl restart kuma-supervisor-push`,
  78: `correct the configuration as ${LOG} says, then: systemctl restart kuma-supervisor-push`,
}

function judgeService(unit: UnitState): Finding {
  const { activeState, activeSeconds, restarts, execMainStatus } = unit
  const says = describeUnit(unit)
  if (isActive(unit)) {
    const again = restarts === 0 ? '' : `, restarted ${restarts}×`
    return ok(`${says} for ${describeDuration(activeSeconds ?? 0)}${again}`)
  }
  if (unit.loadState === 'masked') return failed(says, `systemctl unmask ${SERVICE_UNIT}`)
  if (BROKEN.has(activeState)) {
    return failed(says, FINAL_EXITS[execMainStatus] ?? `${LOG}; then: systemctl restart kuma-supervisor-push`)
  }
  return failed(says, 'systemctl enable --now kuma-supervisor-push')
}

/** An older error may be mended long since. */
const RECENT_MS = 60 * 60_000

/** `log`: the service has logged no error lately. */
export async function checkLog(context: DoctorContext): Promise<Finding[]> {
  const { value } = await context.readings.unit(SERVICE_UNIT)
  const isCron = context.cronJob !== null
  if (value.kind !== 'state' && !isCron) return [skipped('no service, no log')]
  const lines = await context.readings.journal()
  if (lines === null) return [skipped(`its journal holds nothing that ${context.user.name} may read`)]
  const nowMs = Date.now()
  const recent = lines.filter(({ atMs }) => nowMs - atMs < RECENT_MS)
  const describe = (level: string, { atMs, text }: JournalLine): string =>
    `${level} ${describeDuration((nowMs - atMs) / 1000)} ago: ${cut(text, MAX_SHOWN)}`
  const error = recent.findLast(({ level }) => level === 'error')
  if (error !== undefined) {
    const remedy = isCron
      ? 'mend that; journalctl -t kuma-supervisor-push -n 30 shows more'
      : `mend that, then: systemctl restart kuma-supervisor-push; ${LOG} shows more`
    return [failed(describe('error', error), remedy)]
  }
  const warning = recent.findLast(({ level }) => level === 'warn')
  return warning === undefined
    ? [ok('no error and no warning in the last hour')]
    : [ok(`no error in the last hour; ${describe('warning', warning)}`)]
}

export interface JournalLine {
  /** Unix milliseconds. */
  readonly atMs: number
  readonly level: 'error' | 'warn' | 'other'
  readonly text: string
}

const MAX_LINES = 200
const JOURNAL_TIMEOUT_MS = 5_000
const MAX_BYTES = 1024 * 1024

/**
 * Returns the last lines of the service, or of the runs of cron; null where the journal cannot be read, or holds none.
 * @param isService false: by cron, whose runs go to the journal under the same name and without a unit
 */
export function readJournal(
  env: Readonly<Record<string, string | undefined>>,
  isService: boolean,
): Promise<readonly JournalLine[] | null> {
  const identifier = SERVICE_UNIT.replace('.service', '')
  const unit = isService ? ['-u', SERVICE_UNIT] : []
  const args = [...unit, '-t', identifier, '-o', 'short-unix', '-n', String(MAX_LINES), '-q', '--no-pager']
  const options = {
    timeout: JOURNAL_TIMEOUT_MS,
    maxBuffer: MAX_BYTES,
    env: { PATH: env['PATH'], LC_ALL: 'C.UTF-8' },
  }
  return new Promise((resolve) => {
    execFile('journalctl', args, options, (error, stdout) => {
      const lines = error === null ? stdout.split('\n').flatMap((line) => parseLine(line) ?? []) : []
      resolve(lines.length === 0 ? null : lines)
    })
  })
}

/** `1763640000.123456 web-1 kuma-supervisor-push[4711]: warn: not delivered: …` */
function parseLine(line: string): JournalLine | null {
  const [, seconds, logged] = /^(\d+\.\d+) \S+ [^:]+: (.*)$/.exec(line) ?? []
  if (seconds === undefined || logged === undefined) return null
  const { level, text } = parseJson(logged) ?? parseText(logged)
  return { atMs: Number(seconds) * 1000, level, text: oneLine(text) }
}

type Logged = Pick<JournalLine, 'level' | 'text'>

function parseText(logged: string): Logged {
  // A crash is printed under the program's name.
  const [, level, text] = /^(error|warn|kuma-supervisor-push): (.*)$/.exec(logged) ?? []
  if (text === undefined) return { level: 'other', text: logged }
  return { level: level === 'warn' ? 'warn' : 'error', text }
}

/** Parses a line of an agent with `--log-format json`. */
function parseJson(logged: string): Logged | null {
  try {
    const { level, message }: { level?: unknown; message?: unknown } = JSON.parse(logged)
    if (typeof message !== 'string') return null
    return { level: level === 'error' || level === 'warn' ? level : 'other', text: message }
  } catch {
    return null
  }
}
