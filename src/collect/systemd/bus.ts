import type { MessageLike } from '@jellybrick/dbus-next'
import { findBusSocket } from './bus-address.ts'
import { openBusConnection, type BusConnection, type BusSignal } from './bus-connection.ts'
import { BusFailure } from './bus-failure.ts'

export interface CallLimits {
  readonly signal: AbortSignal
  /** Total: opening the connection, the login and the answer. */
  readonly timeoutMs: number
}

/** A message bus that is opened with the first call and again after any failure. */
export interface Bus {
  /**
   * Calls a method and gives the body of the answer.
   * @throws {BusFailure} at the deadline at the latest
   */
  call(message: MessageLike, limits: CallLimits): Promise<readonly unknown[]>
  /** Counts the connections: on a new one nothing is subscribed. */
  readonly generation: number
  /** Whether the present connection may be used, as far as that is known. */
  readonly isOpen: boolean
  /** Ends the connection and every pending call. An idle connection does not keep node alive in any case. */
  close(): void
}

interface Lease {
  readonly connection: BusConnection
  readonly place: string
  users: number
  /** Gets no further calls: one of its calls had no answer. */
  isRetired: boolean
}

/**
 * @param address the value of `DBUS_SYSTEM_BUS_ADDRESS`; null for the system bus's usual places
 * @param root where the usual places are; `/` but in tests
 * @param onSignal receives the signals that match rules brought here
 */
export function createBus(address: string | null, root: string, onSignal: (signal: BusSignal) => void): Bus {
  const leases = new Set<Lease>()
  let generation = 0
  let current: Lease | null = null
  let isClosed = false

  const isUsable = ({ isRetired, connection }: Lease): boolean => !isRetired && connection.failure === null

  const take = (): Lease => {
    if (current === null || !isUsable(current)) {
      const place = findBusSocket(address, root)
      if (current?.users === 0) leases.delete(current)
      current = { connection: openBusConnection(place, onSignal), place, users: 0, isRetired: false }
      generation++
      leases.add(current)
    }
    current.users++
    current.connection.hold(true)
    return current
  }
  const giveBack = (used: Lease): void => {
    used.users--
    if (used.users > 0) return
    used.connection.hold(false)
    if (used.isRetired) used.connection.end(new BusFailure('closed', 'left after a call without an answer'))
    if (used.connection.failure !== null) leases.delete(used)
  }

  return {
    get generation() {
      return generation
    },
    get isOpen() {
      return current !== null && isUsable(current)
    },
    call: async (message, { signal, timeoutMs }) => {
      if (isClosed) throw new BusFailure('closed', 'the bus was closed by this process')
      const used = take()
      const what = message.member ?? 'a call'
      try {
        return await within(used.connection.call(message), signal, timeoutMs, {
          timeout: () => {
            used.isRetired = true
            return new BusFailure('timeout', `${what} timed out after ${timeoutMs} ms at ${used.place}`)
          },
          abort: () => new BusFailure('aborted', `${what} was cancelled`),
        })
      } finally {
        giveBack(used)
      }
    },
    close: () => {
      isClosed = true
      const reason = new BusFailure('closed', 'the bus was closed by this process')
      for (const { connection } of leases) connection.end(reason)
    },
  }
}

function within<T>(
  answer: Promise<T>,
  signal: AbortSignal,
  timeoutMs: number,
  failures: { timeout: () => BusFailure; abort: () => BusFailure },
): Promise<T> {
  return new Promise((resolve, reject) => {
    const settled = (): void => {
      clearTimeout(timer)
      signal.removeEventListener('abort', onAbort)
    }
    const onAbort = (): void => {
      settled()
      reject(failures.abort())
    }
    const timer = setTimeout(() => {
      settled()
      reject(failures.timeout())
    }, timeoutMs)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
    answer.then(resolve, reject).finally(settled)
  })
}
