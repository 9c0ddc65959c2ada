import type { ProcessState } from '../../supervisor/process-info.ts'
import { describeDuration } from '../../verdict/describe-duration.ts'
import { paint, type Colour, type Looks } from '../screen.ts'
import type { MonitorStatus, ProgramStatus, Status, SupervisordStatus, WatchStatus } from './status.ts'
import { fit, textWidth, wrap } from './text-width.ts'

const NARROWEST = 32
const STATE = 8
const UPTIME = 11
const PID = 8

const STATE_COLOURS: Readonly<Record<ProcessState, Colour>> = {
  RUNNING: 'green',
  STARTING: 'yellow',
  STOPPING: 'yellow',
  BACKOFF: 'yellow',
  STOPPED: 'dim',
  EXITED: 'dim',
  FATAL: 'red',
  UNKNOWN: 'red',
}

/** The table for people, no line of it wider than so many columns. */
export function describeStatus(status: Status, columns: number, looks: Looks): string {
  const width = Math.max(NARROWEST, columns)
  const lines = [
    ...status.watches.flatMap((watch) => [...describeWatch(watch, width, looks), '']),
    ...describeMonitors(status.monitors, width, looks),
  ]
  const text = `${lines.map((line) => line.trimEnd()).join('\n')}\n`
  return looks.isUtf8 ? text : text.replaceAll('…', '~').replaceAll('·', '-').replaceAll('×', 'x')
}

function describeWatch({ name, unitSays, supervisord }: WatchStatus, width: number, looks: Looks): string[] {
  const facts = [unitSays, supervisord === null ? null : describeSupervisord(supervisord)]
  const told = facts.filter((fact) => fact !== null).join(' · ')
  const isRepeated = told.startsWith(name)
  const [first = '', ...rest] = wrap(isRepeated || name === '' ? told : `${name}: ${told}`, width)
  const isSilent = supervisord !== null && supervisord.problem !== null
  const colour = isSilent ? 'red' : 'bold'
  return [
    paint(first, colour, looks),
    ...rest.map((line) => paint(line, colour, looks)),
    ...describePrograms(supervisord?.programs ?? [], width, looks),
  ]
}

function describeSupervisord({ problem, pid, upSeconds }: SupervisordStatus): string {
  if (problem !== null) return problem
  const facts = [
    pid === null ? '' : ` pid ${pid}`,
    upSeconds === null ? '' : ` up ${describeDuration(upSeconds)}`,
  ]
  return `supervisord${facts.join('')}`
}

/** Programs of a group of one's own name stand alone, the others below their group. */
function describePrograms(programs: readonly ProgramStatus[], width: number, looks: Looks): string[] {
  if (programs.length === 0) return []
  const rows = programs.flatMap((program, index): Row[] => {
    const { group, name } = program
    const isAlone = group === name
    const isFirst = programs[index - 1]?.group !== group
    const row: Row = { label: isAlone ? name : `  ${name}`, program }
    return isFirst && !isAlone ? [{ label: group, program: null }, row] : [row]
  })
  const fixed = STATE + UPTIME + PID + 8
  const widest = Math.max(...rows.map(({ label }) => textWidth(label)))
  const hasAll = width - fixed >= 16
  // Long names leave room for why a program does not run.
  const label = Math.min(widest, hasAll ? Math.max(width - fixed - 15, 16) : width - STATE - 4)
  return ['', ...rows.map((row) => describeRow(row, { label, width, hasAll }, looks))]
}

interface Row {
  readonly label: string
  /** Null for the heading of a group. */
  readonly program: ProgramStatus | null
}

function describeRow(
  { label, program }: Row,
  { label: room, width, hasAll }: { label: number; width: number; hasAll: boolean },
  looks: Looks,
): string {
  if (program === null) return `  ${fit(label, width - 2).trimEnd()}`
  const { state, says } = program
  const start = `  ${fit(label, room)}  ${paint(fit(state, STATE), STATE_COLOURS[state], looks)}`
  const left = width - room - STATE - 6
  if (!hasAll || left <= 0) return start
  if (says !== '') return `${start}  ${fit(says, left)}`
  const up = program.upSeconds === null ? '' : describeDuration(program.upSeconds)
  const pid = program.pid === null ? '' : String(program.pid)
  return `${start}  ${up.padStart(UPTIME)}  ${pid.padStart(PID)}`
}

const VERDICTS = { up: ['UP', 'green'], down: ['DOWN', 'red'] } as const

function describeMonitors(monitors: readonly MonitorStatus[], width: number, looks: Looks): string[] {
  const widest = Math.max(0, ...monitors.map(({ name }) => textWidth(name)))
  const room = Math.min(widest, Math.floor(width / 3))
  return monitors.flatMap(({ name, status, message }) => {
    const [word, colour] = status === null ? (['?', 'yellow'] as const) : VERDICTS[status]
    const [first = '', ...rest] = wrap(message, width - room - 8)
    return [
      `${paint(fit(word, 4), colour, looks)}  ${fit(name, room)}  ${first}`,
      ...rest.map((line) => `${' '.repeat(room + 8)}${line}`),
    ]
  })
}
