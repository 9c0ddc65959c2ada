import type { Terminal } from './load.ts'
import { createProgress } from './progress.ts'

/** What is done at once needs no word. */
const AFTER_MS = 1_000
const EVERY_MS = 1_000

/**
 * Says on a terminal, in a line that vanishes again, what is waited for once that takes over a second.
 * @param says what is done, such as `asking supervisord`
 */
export async function waitVisibly<T>(
  says: string,
  work: Promise<T>,
  terminal: Pick<Terminal, 'env' | 'isScreen' | 'print' | 'screenSize'>,
): Promise<T> {
  const progress = createProgress(terminal)
  let timer: NodeJS.Timeout | null = null
  let shown = 0
  const show = (): void => {
    shown += 1
    progress.show(`${says}, ${Math.round((AFTER_MS + EVERY_MS * (shown - 1)) / 1000)} s`)
    timer = setTimeout(show, EVERY_MS)
  }
  timer = setTimeout(show, AFTER_MS)
  try {
    return await work
  } finally {
    clearTimeout(timer)
    if (shown > 0) progress.clear()
  }
}
