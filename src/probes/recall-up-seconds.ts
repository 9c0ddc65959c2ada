/** A host that slept meanwhile counts that too: so long it may be left out. */
const RECALLED_FOR_MS = 60_000

/**
 * Reads how long a process has been up no more than once a minute: in between it goes with the time.
 * @param read gives seconds, or null when it cannot be known
 * @param now monotonic milliseconds
 */
export function recallUpSeconds(
  read: (pid: number) => Promise<number | null>,
  now: () => number,
): (pid: number) => Promise<number | null> {
  let last: { readonly pid: number; readonly atMs: number; readonly seconds: number | null } | null = null
  return async (pid) => {
    if (last === null || last.pid !== pid || now() - last.atMs > RECALLED_FOR_MS) {
      const seconds = await read(pid)
      last = { pid, atMs: now(), seconds }
    }
    return last.seconds === null ? null : last.seconds + (now() - last.atMs) / 1000
  }
}
