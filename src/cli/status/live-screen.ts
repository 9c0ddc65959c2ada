import type { Terminal } from '../load.ts'

/** A table on a terminal that is drawn again and again at the same place. */
export interface LiveScreen {
  /** @param describe makes the text for so many columns */
  draw(describe: (columns: number | null) => string): void
  /** Gives the terminal back as it was, and may be called twice. */
  close(): void
}

const ENTER = '\u001B[?1049h\u001B[?25l'
const LEAVE = '\u001B[?25h\u001B[?1049l'
/** Terminals that know these show all that stands between them at once; the others pass them over. */
const HOLD = '\u001B[?2026h'
const SHOW = '\u001B[?2026l'

/** Uses the second screen of the terminal, so that the first one comes back untouched. */
export function openLiveScreen({ print, screenSize, onSignal }: Terminal): LiveScreen {
  let last: ((columns: number | null) => string) | null = null
  let isOpen = true
  const draw = (): void => {
    if (!isOpen || last === null) return
    const { columns, rows } = screenSize()
    print(`${HOLD}${overwrite(last(columns), rows)}${SHOW}`)
  }
  const unhear = onSignal('SIGWINCH', draw)
  print(ENTER)
  return {
    draw(describe) {
      last = describe
      draw()
    },
    close() {
      if (!isOpen) return
      isOpen = false
      unhear()
      print(LEAVE)
    },
  }
}

/** Overwrites what stands there line by line, so that nothing flickers; what does not fit is left out and counted. */
function overwrite(text: string, rows: number | null): string {
  const lines = text.trimEnd().split('\n')
  const room = rows === null ? lines.length : Math.max(1, rows - 1)
  const shown =
    lines.length <= room ? lines : [...lines.slice(0, room - 1), `(+${lines.length - room + 1} lines)`]
  return `\u001B[H${shown.map((line) => `${line}\u001B[K\n`).join('')}\u001B[J`
}
