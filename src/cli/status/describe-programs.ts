import type { ProcessState } from '../../collect/supervisor/process-info.ts'
import { describeDuration, describeSize } from '../../lib/text.ts'
import { paint, type Colour, type Looks } from '../screen.ts'
import type { ProgramStatus } from '../../agent/status.ts'
import { fit, textWidth } from '../text-width.ts'

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

interface Column {
  readonly title: string
  /** Empty where there is nothing to say. */
  readonly text: (program: ProgramStatus) => string
  readonly colour?: (program: ProgramStatus) => Colour | null
}

const INDENT = 2
const GAP = 2
const STATE = 8
const NARROWEST_LABEL = 16

const COLUMNS: readonly Column[] = [
  {
    title: 'UPTIME',
    text: ({ upSeconds }) => (upSeconds === null ? '' : describeDuration(upSeconds)),
  },
  { title: 'PID', text: ({ pid }) => (pid === null ? '' : String(pid)) },
  {
    title: 'MEMORY',
    text: ({ memoryBytes }) => (memoryBytes === null ? '' : describeSize(memoryBytes)),
  },
  {
    title: 'RESTARTS',
    text: ({ restarts }) => (restarts === null ? '' : String(restarts)),
    colour: ({ restarts }) => ((restarts ?? 0) > 0 ? 'yellow' : 'dim'),
  },
]

/** The first of these goes first where the terminal is narrow. */
const LEAST_WANTED = ['PID', 'RESTARTS', 'MEMORY', 'UPTIME']

interface Row {
  readonly label: string
  /** Null for the heading of a group. */
  readonly program: ProgramStatus | null
}

/** The table of one supervisord's programs: one of a group of its own name stands alone, the others below their group. */
export function describePrograms(
  programs: readonly ProgramStatus[],
  width: number,
  looks: Looks,
): readonly string[] {
  if (programs.length === 0) return []
  const rows = programs.flatMap((program, index): Row[] => {
    const { group, name } = program
    const isAlone = group === name
    const isFirst = programs[index - 1]?.group !== group
    const row: Row = { label: isAlone ? name : `  ${name}`, program }
    return isFirst && !isAlone ? [{ label: group, program: null }, row] : [row]
  })
  const layout = layOut(rows, programs, width)
  const titles = layout.cells.map((cell) => cell.title.padStart(cell.width))
  const head = [' '.repeat(INDENT + layout.room), 'STATE'.padEnd(STATE), ...titles].join(' '.repeat(GAP))
  return [paint(head, 'dim', looks), ...rows.map((row) => describeRow(row, layout, looks))]
}

/** A column with the width of its widest text. */
interface Cell extends Column {
  readonly width: number
}

interface Layout {
  /** For the names. */
  readonly room: number
  readonly cells: readonly Cell[]
  /** Of the terminal. */
  readonly width: number
}

/** A column that no program has anything for is left out, and so are those that a narrow terminal has no room for. */
function layOut(rows: readonly Row[], programs: readonly ProgramStatus[], width: number): Layout {
  const widest = Math.max(...rows.map(({ label }) => textWidth(label)))
  let cells = COLUMNS.map((column): Cell => {
    const widths = programs.map((program) => column.text(program).length)
    return { ...column, width: Math.max(0, ...widths) }
  }).filter((cell) => cell.width > 0)
  cells = cells.map((cell) => ({ ...cell, width: Math.max(cell.width, cell.title.length) }))
  const left = (): number =>
    width - INDENT - GAP - STATE - cells.reduce((sum, cell) => sum + GAP + cell.width, 0)
  for (const title of LEAST_WANTED) {
    if (left() < Math.min(widest, NARROWEST_LABEL)) cells = cells.filter((cell) => cell.title !== title)
  }
  return { room: Math.min(widest, left()), cells, width }
}

function describeRow({ label, program }: Row, { room, cells, width }: Layout, looks: Looks): string {
  if (program === null) return `  ${fit(label, width - INDENT).trimEnd()}`
  const { state, says, restarts } = program
  const start = `  ${fit(label, room)}  ${paint(fit(state, STATE), STATE_COLOURS[state], looks)}`
  const texts = cells.map((cell) => {
    const padded = cell.text(program).padStart(cell.width)
    return `  ${paint(padded, cell.colour?.(program) ?? null, looks)}`
  })
  if (says === '') return `${start}${texts.join('')}`
  // Why it does not run takes the room of what it has not got.
  const taken = cells.slice(0, -1).reduce((sum, cell) => sum + GAP + cell.width, 0) - GAP
  const hasBoth = (restarts ?? 0) > 0 && textWidth(says) <= taken
  if (hasBoth) return `${start}  ${fit(says, taken)}${texts.at(-1) ?? ''}`
  const left = width - INDENT - room - GAP - STATE - GAP
  return left <= 0 ? start : `${start}  ${fit(says, left)}`
}
