import type { Terminal } from './load.ts'
import { canMove } from './screen.ts'

/** What is done at once needs no word. */
const AFTER_MS = 1_000
const EVERY_MS = 1_000
const ERASE_LINE = '\r\u001B[K'

/**
 * Shows on a terminal, in a line that vanishes again, what is waited for once that takes over a second.
 * @param says what is done, such as `asking supervisord`
 */
export async function showProgress<T>(
  says: string,
  work: Promise<T>,
  terminal: Pick<Terminal, 'env' | 'isScreen' | 'print' | 'screenSize'>,
): Promise<T> {
  if (!canMove(terminal)) return work
  const startedMs = performance.now()
  let told = 0
  const show = (): void => {
    const seconds = Math.round((performance.now() - startedMs) / 1000)
    const room = (terminal.screenSize().columns ?? 80) - 1
    terminal.print(`${ERASE_LINE}${`${says} … ${seconds} s`.slice(0, room)}`)
    told += 1
  }
  let timer = setTimeout(function again() {
    show()
    timer = setTimeout(again, EVERY_MS)
  }, AFTER_MS)
  try {
    return await work
  } finally {
    clearTimeout(timer)
    if (told > 0) terminal.print(ERASE_LINE)
  }
}
