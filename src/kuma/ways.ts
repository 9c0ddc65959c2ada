import type { Dispatcher } from 'undici'

/** The connections of one way to Kuma: direct, or through one proxy. */
interface Way {
  readonly dispatcher: Promise<Dispatcher>
  users: number
  /** Nobody enters it any more; it ends with its last user. */
  isLeft: boolean
}

/** The ways to Kuma, by the proxy on them; null is the direct one. */
export interface Ways {
  /**
   * Has `send` use the way's connections, which are kept for the next one.
   * @param isWorthKeeping false for an outcome after which the next one shall come over a new connection
   */
  use<T>(
    proxy: string | null,
    send: (dispatcher: Dispatcher) => Promise<T>,
    isWorthKeeping: (outcome: T) => boolean,
  ): Promise<T>
  /** For whoever keeps it until `close`. */
  open(proxy: string | null): Promise<Dispatcher>
  /** Ends every connection at once. */
  close(): Promise<void>
}

/** Opens nothing before the first use. */
export function createWays(openDispatcher: (proxy: string | null) => Promise<Dispatcher>): Ways {
  const current = new Map<string | null, Way>()
  const all = new Set<Way>()

  const enter = (proxy: string | null): Way => {
    const known = current.get(proxy)
    if (known !== undefined) return known
    const way = { dispatcher: openDispatcher(proxy), users: 0, isLeft: false }
    current.set(proxy, way)
    all.add(way)
    return way
  }
  const end = async (way: Way): Promise<void> => {
    if (all.delete(way)) await (await way.dispatcher).destroy()
  }

  return {
    async use(proxy, send, isWorthKeeping) {
      const way = enter(proxy)
      way.users += 1
      try {
        const outcome = await send(await way.dispatcher)
        if (!isWorthKeeping(outcome) && !way.isLeft) {
          way.isLeft = true
          current.delete(proxy)
        }
        return outcome
      } finally {
        way.users -= 1
        if (way.isLeft && way.users === 0) await end(way)
      }
    },
    open(proxy) {
      const way = enter(proxy)
      way.users += 1
      return way.dispatcher
    },
    async close() {
      await Promise.all([...all].map(end))
    },
  }
}
