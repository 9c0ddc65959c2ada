import { printableJson } from '../../lib/text.ts'
import type { Status } from '../../agent/status.ts'
import { styleOf } from '../screen.ts'
import { takesEscapes, type Terminal } from '../terminal.ts'
import { formatStatus } from './table.ts'

/** Shows one status after the other. */
export interface Display {
  draw(status: Status): void
  /** Gives the terminal back as it was. */
  close(): void
}

/** Where the output is no terminal. */
const DEFAULT_COLUMNS = 80

/** `--watch` shows a status in place on a terminal, else below the one before. */
export function createDisplay(
  { json, watch }: { json: boolean; watch: boolean },
  terminal: Terminal,
  stop: AbortSignal,
): Display {
  if (watch && !json && takesEscapes(terminal)) return new LiveDisplay(terminal, stop)
  const { print, screenSize } = terminal
  const style = styleOf(terminal)
  const format = (status: Status): string => {
    if (json) return `${printableJson(status, watch ? 0 : 2)}\n`
    if (watch) return `${status.at.toISOString()}\n${formatStatus(status, DEFAULT_COLUMNS, style)}\n`
    return formatStatus(status, usableColumns(screenSize().columns), style)
  }
  return { draw: (status) => print(format(status)), close() {} }
}

/** Leaves the last column free: some terminals would begin a new line there. */
function usableColumns(columns: number | null): number {
  return columns === null ? DEFAULT_COLUMNS : columns - 1
}

const ENTER = '\u001B[?1049h\u001B[?25l'
const LEAVE = '\u001B[?25h\u001B[?1049l'
/** Terminals that know these show all that stands between them at once; the others pass them over. */
const HOLD = '\u001B[?2026h'
const SHOW = '\u001B[?2026l'

/** Uses the second screen of the terminal, so that the first one comes back untouched. */
class LiveDisplay implements Display {
  readonly #terminal: Terminal
  readonly #unsubscribe: () => void
  #status: Status | null = null
  #isOpen = true

  constructor(terminal: Terminal, stop: AbortSignal) {
    this.#terminal = terminal
    this.#unsubscribe = terminal.onSignal('SIGWINCH', () => this.#redraw())
    // At once: what is under way may take longer than the process has left.
    stop.addEventListener('abort', () => this.close(), { once: true })
    terminal.print(ENTER)
  }

  draw(status: Status): void {
    this.#status = status
    this.#redraw()
  }

  close(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#unsubscribe()
    this.#terminal.print(LEAVE)
  }

  #redraw(): void {
    const status = this.#status
    if (!this.#isOpen || status === null) return
    const { columns, rows } = this.#terminal.screenSize()
    const table = formatStatus(status, usableColumns(columns), styleOf(this.#terminal), true)
    const text = `${status.at.toLocaleTimeString('en-GB')}  Ctrl-C ends\n\n${table}`
    this.#terminal.print(`${HOLD}${overwrite(text, rows)}${SHOW}`)
  }
}

/** Overwrites line by line, so that nothing flickers; what does not fit is left out and counted. */
function overwrite(text: string, rows: number | null): string {
  const lines = text.trimEnd().split('\n')
  const room = rows === null ? lines.length : Math.max(1, rows - 1)
  const shown =
    lines.length <= room ? lines : [...lines.slice(0, room - 1), `(+${lines.length - room + 1} lines)`]
  return `\u001B[H${shown.map((line) => `${line}\u001B[K\n`).join('')}\u001B[J`
}
