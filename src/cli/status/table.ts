import type {
  MonitorStatus,
  ProgramStatus,
  Status,
  SupervisordStatus,
  TargetStatus,
} from '../../agent/status.ts'
import type { ProcessState } from '../../collect/supervisor/process-info.ts'
import { describeDuration, describeSize } from '../../lib/text.ts'
import { formatDuration } from '../../lib/duration.ts'
import { fit, paint, textWidth, wrap, type Colour, type Style } from '../screen.ts'

const MIN_WIDTH = 32

/**
 * Formats the table for people, no line of it wider than so many columns. What matters most stands where one looks first:
 * last, above the prompt, or with `verdictsFirst` at the top of a screen whose end may be cut off.
 */
export function formatStatus(
  status: Status,
  columns: number,
  style: Style,
  verdictsFirst: boolean = false,
): string {
  const width = Math.max(MIN_WIDTH, columns)
  const targets = status.watches.flatMap((target) => [...formatTarget(target, status, width, style), ''])
  const monitors = [...formatMonitors(status, width, style), '']
  const lines = [
    ...(verdictsFirst ? [...monitors, ...targets] : [...targets, ...monitors]),
    ...wrap(describeSource(status), width).map((line) => paint(line, 'dim', style)),
  ]
  const text = `${lines.map((line) => line.trimEnd()).join('\n')}\n`
  return style.isUtf8 ? text : text.replaceAll('…', '~').replaceAll('·', '-').replaceAll('×', 'x')
}

function describeSource({ service, watches, version, at }: Status): string {
  if (service === null) return 'no running agent tells of this: seen by the command itself'
  const periods = watches.flatMap(({ check, name }) => {
    if (check === null) return []
    const why = check.why === null ? '' : ` (${name}: ${check.why})`
    return [`a check every ${formatDuration(check.every_seconds * 1000)}${why}`]
  })
  const isBlind = watches.some(({ deaths }) => deaths === 'at the next check')
  return [
    `agent ${version} pid ${service.pid} up ${describeAge(service.started_at, at)}`,
    ...new Set(periods),
    `a heartbeat ${service.pushes} and at every change`,
    ...(isBlind ? ['processes are not to be seen here: their deaths are noticed at the next check'] : []),
  ].join(' · ')
}

function describeAge(from: Date, at: Date): string {
  return describeDuration((at.getTime() - from.getTime()) / 1000)
}

/** A snapshot that is older than so many checks, and some seconds, is marked. */
const OLD_CHECKS = 3
const OLD_MARGIN_SECONDS = 10

function formatTarget(
  { name, unit_says: unit, supervisord, check, seen_at: seenAt }: TargetStatus,
  { at, watches }: Status,
  width: number,
  style: Style,
): readonly string[] {
  const facts = [unit, supervisord === null ? null : describeSupervisord(supervisord)].filter(
    (fact) => fact !== null,
  )
  // The only one needs no name.
  if (watches.length > 1 && name !== facts[0]?.split(' ')[0]) facts[0] = `${name}: ${facts[0] ?? ''}`
  const line = facts.join(' · ')
  const head = textWidth(line) <= width ? [line] : facts.flatMap((fact) => wrap(fact, width))
  const isSilent = supervisord !== null && supervisord.problem !== null
  const ageSeconds = (at.getTime() - seenAt.getTime()) / 1000
  const isOld = check !== null && ageSeconds > OLD_CHECKS * check.every_seconds + OLD_MARGIN_SECONDS
  const age = isOld ? wrap(`seen ${describeDuration(ageSeconds)} ago`, width) : []
  const programs = formatPrograms(supervisord?.programs ?? [], width, style)
  return [
    ...head.map((one) => paint(one, isSilent ? 'red' : 'bold', style)),
    ...age.map((one) => paint(one, 'red', style)),
    ...(programs.length === 0 ? [] : ['', ...programs]),
  ]
}

function describeSupervisord({ problem, version, pid, up_seconds: upSeconds }: SupervisordStatus): string {
  if (problem !== null) return problem
  const facts = [
    version === null ? '' : ` ${version}`,
    pid === null ? '' : ` pid ${pid}`,
    upSeconds === null ? '' : ` up ${describeDuration(upSeconds)}`,
  ]
  return `supervisord${facts.join('')}`
}

const VERDICTS = { up: ['UP', 'green'], down: ['DOWN', 'red'] } as const
const VERDICT_WIDTH = 4

/** Formats verdict, name and message, and below them since when, and what became of the heartbeats. */
function formatMonitors({ monitors, at, service }: Status, width: number, style: Style): readonly string[] {
  const widest = Math.max(0, ...monitors.map(({ name }) => textWidth(name)))
  const nameWidth = Math.min(widest, Math.floor(width / 3))
  const indent = VERDICT_WIDTH + GAP + nameWidth + GAP
  const indented = (text: string, colour: Colour | null): string[] =>
    wrap(text, width - indent).map((line) => `${' '.repeat(indent)}${paint(line, colour, style)}`)
  return monitors.flatMap((monitor) => {
    const { name, status, message } = monitor
    const [word, colour] = status === null ? (['?', 'yellow'] as const) : VERDICTS[status]
    const [first = '', ...rest] = wrap(message, width - indent)
    const { good, bad } = describeDelivery(monitor, at, service !== null)
    return [
      `${paint(fit(word, VERDICT_WIDTH), colour, style)}  ${fit(name, nameWidth)}  ${first}`,
      ...rest.flatMap((line) => indented(line, null)),
      ...(good === '' ? [] : indented(good, 'dim')),
      ...(bad === '' ? [] : indented(bad, 'red')),
    ]
  })
}

/** Returns what is as it should be, and what is not, as a line each; empty where there is nothing to say. */
function describeDelivery(
  { status, since, deliveries: [delivery] }: MonitorStatus,
  at: Date,
  isRunning: boolean,
): { good: string; bad: string } {
  const held = since === null ? [] : [`${status} for ${describeAge(since, at)}`]
  if (delivery === undefined) {
    return { good: [...held, ...(isRunning ? ['no heartbeat was sent yet'] : [])].join(' · '), bad: '' }
  }
  const { kind, answer, answered_at: answeredAt, delivered_at: deliveredAt } = delivery
  const last =
    deliveredAt === null ? 'none was ever delivered' : `last heartbeat ${describeAge(deliveredAt, at)} ago`
  if (kind === 'accepted') return { good: [...held, `${last}, accepted`].join(' · '), bad: '' }
  return {
    good: held.join(''),
    bad: `not delivered ${describeAge(answeredAt, at)} ago: ${answer} (${last})`,
  }
}

interface Column {
  readonly title: string
  /** Empty where there is nothing to say. */
  readonly text: (program: ProgramStatus) => string
  readonly colour?: (program: ProgramStatus) => Colour | null
}

const COLUMNS: readonly Column[] = [
  {
    title: 'UPTIME',
    text: ({ up_seconds: upSeconds }) => (upSeconds === null ? '' : describeDuration(upSeconds)),
  },
  { title: 'PID', text: ({ pid }) => (pid === null ? '' : String(pid)) },
  {
    title: 'MEMORY',
    text: ({ memory_bytes: bytes }) => (bytes === null ? '' : describeSize(bytes)),
  },
  {
    title: 'RESTARTS',
    text: ({ restarts }) => (restarts === null ? '' : String(restarts)),
    colour: ({ restarts }) => ((restarts ?? 0) > 0 ? 'yellow' : 'dim'),
  },
]
/** In the order in which they go where the terminal is narrow. */
const LEAST_WANTED = ['PID', 'RESTARTS', 'MEMORY', 'UPTIME']

const INDENT = 2
const GAP = 2
const STATE_WIDTH = 8
const MIN_LABEL_WIDTH = 16

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

interface Row {
  readonly label: string
  /** Null for the heading of a group. */
  readonly program: ProgramStatus | null
}

/** Formats the programs of one supervisord: one in a group of its own name alone, the others below their group. */
function formatPrograms(programs: readonly ProgramStatus[], width: number, style: Style): readonly string[] {
  if (programs.length === 0) return []
  const rows = programs.flatMap((program, index): Row[] => {
    const { group, name } = program
    if (group === name) return [{ label: name, program }]
    const row = { label: `  ${name}`, program }
    return programs[index - 1]?.group === group ? [row] : [{ label: group, program: null }, row]
  })
  const layout = layOut(rows, programs, width)
  const titles = layout.cells.map((cell) => cell.title.padStart(cell.width))
  const head = [' '.repeat(INDENT + layout.labelWidth), 'STATE'.padEnd(STATE_WIDTH), ...titles]
  return [
    paint(head.join(' '.repeat(GAP)), 'dim', style),
    ...rows.map((row) => formatRow(row, layout, style)),
  ]
}

/** A column with the width of its widest text. */
interface Cell extends Column {
  readonly width: number
}

interface Layout {
  readonly labelWidth: number
  readonly cells: readonly Cell[]
  /** Of the terminal. */
  readonly width: number
}

/** Leaves out a column in which no program has a text, and those that do not fit into a narrow terminal. */
function layOut(rows: readonly Row[], programs: readonly ProgramStatus[], width: number): Layout {
  const widest = Math.max(...rows.map(({ label }) => textWidth(label)))
  let cells = COLUMNS.flatMap((column): Cell[] => {
    const textWidths = programs.map((program) => column.text(program).length)
    const needed = Math.max(0, ...textWidths)
    return needed === 0 ? [] : [{ ...column, width: Math.max(needed, column.title.length) }]
  })
  const left = (): number =>
    width - INDENT - GAP - STATE_WIDTH - cells.reduce((sum, cell) => sum + GAP + cell.width, 0)
  for (const title of LEAST_WANTED) {
    if (left() < Math.min(widest, MIN_LABEL_WIDTH)) cells = cells.filter((cell) => cell.title !== title)
  }
  return { labelWidth: Math.min(widest, left()), cells, width }
}

function formatRow({ label, program }: Row, { labelWidth, cells, width }: Layout, style: Style): string {
  if (program === null) return `  ${fit(label, width - INDENT).trimEnd()}`
  const { state, says, restarts } = program
  const start = `  ${fit(label, labelWidth)}  ${paint(fit(state, STATE_WIDTH), STATE_COLOURS[state], style)}`
  const texts = cells.map((cell) => {
    const padded = cell.text(program).padStart(cell.width)
    return `  ${paint(padded, cell.colour?.(program) ?? null, style)}`
  })
  if (says === '') return `${start}${texts.join('')}`
  // A program that does not run has only its restarts to show: the reason takes the columns before them, or all.
  const free = cells.slice(0, -1).reduce((sum, cell) => sum + GAP + cell.width, 0) - GAP
  if ((restarts ?? 0) > 0 && textWidth(says) <= free)
    return `${start}  ${fit(says, free)}${texts.at(-1) ?? ''}`
  const left = width - INDENT - labelWidth - GAP - STATE_WIDTH - GAP
  return left <= 0 ? start : `${start}  ${fit(says, left)}`
}
