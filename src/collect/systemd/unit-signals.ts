import type { MessageLike } from '@jellybrick/dbus-next'
import type { Bus, CallLimits } from './bus.ts'
import type { BusSignal } from './bus-connection.ts'
import { BusFailure } from './bus-failure.ts'
import { unitPath } from './unit-path.ts'

const SYSTEMD = 'org.freedesktop.systemd1'
const BUS = 'org.freedesktop.DBus'
const ALREADY_SUBSCRIBED = `${SYSTEMD}.AlreadySubscribed`

/** Hears of the changes of units. */
export interface UnitSignals {
  /**
   * Follows a unit from now on; does nothing while that is so already. To be called at every look: a subscription ends
   * with its connection, and with a systemd that executes itself again. Never throws.
   * @param unit what `onChange` gets
   * @param id the unit's `Id`
   */
  follow(unit: string, id: string, limits: CallLimits): Promise<void>
  /** Whether every change of a unit is told since it was read last: its signals were asked for, and that was granted. */
  hears(unit: string): boolean
  /** Takes every signal that arrives on the bus. */
  hear(signal: BusSignal): void
}

/**
 * One match rule for each unit's exact path: a rule for all of them would bring hundreds of messages at every
 * daemon-reload.
 * @param onChange called for every change, and once when the following begins: there may have been one before
 */
export function createUnitSignals(bus: Bus, onChange: (unit: string) => void): UnitSignals {
  /** By object path, what is followed over this connection; its matches may still be under way. */
  const followed = new Map<string, Set<string>>()
  /** Those of them whose matches were granted. */
  const granted = new Set<string>()
  let generation = 0
  let isSubscribed = false

  /** systemd sends no signals before somebody subscribed, and forgets it when it goes away. */
  const subscribe = async (limits: CallLimits): Promise<void> => {
    if (isSubscribed) return
    isSubscribed = true
    await match(bus, nameOwnerRule, limits)
    await bus.call({ ...manager, member: 'Subscribe' }, limits).catch((error: unknown) => {
      if (!(error instanceof BusFailure && error.errorName === ALREADY_SUBSCRIBED)) throw error
    })
  }

  return {
    follow: async (unit, id, limits) => {
      if (generation !== bus.generation) {
        generation = bus.generation
        followed.clear()
        granted.clear()
        isSubscribed = false
      }
      const path = unitPath(id)
      const units = followed.get(path)
      if (isSubscribed && units?.has(unit)) return
      followed.set(path, new Set([...(units ?? []), unit]))
      try {
        if (units === undefined) await match(bus, unitRule(path), limits)
        await subscribe(limits)
        granted.add(unit)
        onChange(unit)
      } catch (error) {
        if (!(error instanceof BusFailure)) throw error
        // Looking goes on without it, and the next look tries again.
        followed.delete(path)
        granted.clear()
        isSubscribed = false
      }
    },
    hears: (unit) => granted.has(unit) && generation === bus.generation && bus.isOpen,
    hear: ({ member, path, body }) => {
      if (member === 'NameOwnerChanged' && body[0] === SYSTEMD) {
        isSubscribed = false
        granted.clear()
        for (const unit of new Set([...followed.values()].flatMap((units) => [...units]))) onChange(unit)
      }
      if (member === 'PropertiesChanged') for (const unit of followed.get(path) ?? []) onChange(unit)
    },
  }
}

const manager = {
  destination: SYSTEMD,
  path: '/org/freedesktop/systemd1',
  interface: `${SYSTEMD}.Manager`,
} as const satisfies MessageLike

const nameOwnerRule = `type='signal',sender='${BUS}',interface='${BUS}',member='NameOwnerChanged',arg0='${SYSTEMD}'`

/** `arg0`: a service tells every change twice, once for each of its two interfaces. */
function unitRule(path: string): string {
  return `type='signal',sender='${SYSTEMD}',interface='${BUS}.Properties',member='PropertiesChanged',path='${path}',arg0='${SYSTEMD}.Unit'`
}

async function match(bus: Bus, rule: string, limits: CallLimits): Promise<void> {
  await bus.call(
    {
      destination: BUS,
      path: '/org/freedesktop/DBus',
      interface: BUS,
      member: 'AddMatch',
      signature: 's',
      body: [rule],
    },
    limits,
  )
}
