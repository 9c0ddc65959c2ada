import { formatDuration } from '../../lib/duration.ts'
import { describeDuration } from '../../lib/text.ts'
import { paint, type Looks } from '../screen.ts'
import { describeMonitors } from './describe-monitors.ts'
import { describePrograms } from './describe-programs.ts'
import type { ServiceStatus, Status, SupervisordStatus, WatchStatus } from '../../agent/status.ts'
import { textWidth, wrap } from '../text-width.ts'

const NARROWEST = 32
/** What was seen this long ago is worth a word. */
const OLD_CHECKS = 3
const OLD_MARGIN_SECONDS = 10

/**
 * The table for people, no line of it wider than so many columns. What matters most stands where one looks first: last,
 * above the prompt, or with `verdictsFirst` at the top of a screen whose end may be cut off.
 */
export function describeStatus(
  status: Status,
  columns: number,
  looks: Looks,
  verdictsFirst: boolean = false,
): string {
  const width = Math.max(NARROWEST, columns)
  const watches = status.watches.flatMap((watch) => [...describeWatch(watch, status, width, looks), ''])
  const monitors = [...describeMonitors(status, width, looks), '']
  const lines = [
    ...(verdictsFirst ? [...monitors, ...watches] : [...watches, ...monitors]),
    ...wrap(describeSource(status), width).map((line) => paint(line, 'dim', looks)),
  ]
  const text = `${lines.map((line) => line.trimEnd()).join('\n')}\n`
  return looks.isUtf8 ? text : text.replaceAll('…', '~').replaceAll('·', '-').replaceAll('×', 'x')
}

function describeWatch(
  watch: WatchStatus,
  { at, watches }: Status,
  width: number,
  looks: Looks,
): readonly string[] {
  const { name, unitSays, supervisord, check, seenAt } = watch
  const facts = [unitSays, supervisord === null ? null : describeSupervisord(supervisord)]
  const told = facts.filter((fact) => fact !== null)
  // The only one needs no name.
  if (watches.length > 1 && name !== told[0]?.split(' ')[0]) told[0] = `${name}: ${told[0] ?? ''}`
  const line = told.join(' · ')
  const head = textWidth(line) <= width ? [line] : told.flatMap((fact) => wrap(fact, width))
  const isSilent = supervisord !== null && supervisord.problem !== null
  const ageSeconds = (at.getTime() - seenAt.getTime()) / 1000
  const isOld = check !== null && ageSeconds > OLD_CHECKS * check.everySeconds + OLD_MARGIN_SECONDS
  const age = isOld ? wrap(`seen ${describeDuration(ageSeconds)} ago`, width) : []
  const programs = describePrograms(supervisord?.programs ?? [], width, looks)
  return [
    ...head.map((one) => paint(one, isSilent ? 'red' : 'bold', looks)),
    ...age.map((one) => paint(one, 'red', looks)),
    ...(programs.length === 0 ? [] : ['', ...programs]),
  ]
}

function describeSupervisord({ problem, version, pid, upSeconds }: SupervisordStatus): string {
  if (problem !== null) return problem
  const facts = [
    version === null ? '' : ` ${version}`,
    pid === null ? '' : ` pid ${pid}`,
    upSeconds === null ? '' : ` up ${describeDuration(upSeconds)}`,
  ]
  return `supervisord${facts.join('')}`
}

function describeSource(status: Status): string {
  const { service, watches, version, at } = status
  if (service === null) return 'no running agent tells of this: seen by the command itself'
  const up = describeDuration((at.getTime() - service.startedAt.getTime()) / 1000)
  const facts = [
    `agent ${version} pid ${service.pid} up ${up}`,
    ...describeChecks(watches),
    describeHeartbeats(service),
    ...(watches.some(({ deaths }) => deaths === 'at the next check')
      ? ['processes are not to be seen here: their deaths are noticed at the next check']
      : []),
  ]
  return facts.join(' · ')
}

function describeHeartbeats({ pushes }: ServiceStatus): string {
  return `a heartbeat ${pushes} and at every change`
}

/** One line for all watches of one period. */
function describeChecks(watches: readonly WatchStatus[]): readonly string[] {
  const texts = watches.flatMap(({ check, name }) => {
    if (check === null) return []
    const why = check.why === null ? '' : ` (${name}: ${check.why})`
    return [`a check every ${formatDuration(check.everySeconds * 1000)}${why}`]
  })
  return [...new Set(texts)]
}
