/** A host that slept meanwhile counts that too: so long it may be left out. */
const RECALLED_FOR_MS = 60_000

/** Of what was read last. */
interface Last {
  readonly pid: number
  readonly atMs: number
  readonly seconds: number | null
  /** Since when it has been unknown, as far as it is. */
  readonly sinceMs: number
}

/**
 * Reads how long a process has been up no more than once a minute: in between it goes with the time.
 *
 * What cannot be known is read again after as long as it has been unknown, a minute at most: so a lack of descriptors for a
 * moment is soon over, and where it is never known little is read.
 * @param read gives seconds, or null when it cannot be known
 * @param now monotonic milliseconds
 */
export function recallUpSeconds(
  read: (pid: number) => Promise<number | null>,
  now: () => number,
): (pid: number) => Promise<number | null> {
  let last: Last | null = null
  return async (pid) => {
    if (last?.pid !== pid) last = null
    if (last === null || now() - last.atMs > recalledForMs(last)) {
      const seconds = await read(pid)
      const atMs = now()
      last = { pid, atMs, seconds, sinceMs: last?.seconds === null ? last.sinceMs : atMs }
    }
    return last.seconds === null ? null : last.seconds + (now() - last.atMs) / 1000
  }
}

function recalledForMs({ atMs, seconds, sinceMs }: Last): number {
  return seconds === null ? Math.min(atMs - sinceMs, RECALLED_FOR_MS) : RECALLED_FOR_MS
}
