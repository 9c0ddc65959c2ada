import { setTimeout as sleep } from 'node:timers/promises'

/** Looks again and again until `look` gives something that satisfies `enough`; an error names what was awaited and last seen. */
export async function eventually<T>(
  what: string,
  look: () => Promise<T> | T,
  enough: (seen: T) => boolean = Boolean,
  { timeoutMs = 180_000, everyMs = 50 } = {},
): Promise<T> {
  const until = performance.now() + timeoutMs
  for (;;) {
    const seen = await look()
    if (enough(seen)) return seen
    if (performance.now() > until) {
      throw new Error(`not within ${timeoutMs} ms: ${what}; last seen: ${JSON.stringify(seen)}`)
    }
    await sleep(everyMs)
  }
}
