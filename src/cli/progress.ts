import type { Terminal } from './load.ts'
import { canMove } from './screen.ts'

/** A line that says what is waited for, on a terminal that can take it away again; elsewhere nothing. */
export interface Progress {
  show(text: string): void
  clear(): void
}

export function createProgress(
  terminal: Pick<Terminal, 'env' | 'isScreen' | 'print' | 'screenSize'>,
): Progress {
  const { print, screenSize } = terminal
  const write = (text: string): void => {
    if (!canMove(terminal)) return
    // A line that is broken in two could not be taken away.
    const room = (screenSize().columns ?? 80) - 1
    const line = Array.from(text).slice(0, room).join('')
    // From its beginning, so that a line of the log goes over it.
    print(`\r\u001B[K${line}${line === '' ? '' : '\r'}`)
  }
  return { show: (text) => write(`${text} …`), clear: () => write('') }
}
