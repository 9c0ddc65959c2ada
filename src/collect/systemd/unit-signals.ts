import { BusFailure, type Bus, type BusSignal, type CallLimits } from './bus.ts'

const SYSTEMD = 'org.freedesktop.systemd1'
const BUS = 'org.freedesktop.DBus'

/** Listens to systemd for changes of units. */
export class UnitSignals {
  readonly #bus: Bus
  /** By the name that a unit is read by. */
  readonly #listeners = new Map<string, Set<() => void>>()
  /** Over this connection, by object path, the names of the units that are followed. */
  readonly #followed = new Map<string, Set<string>>()
  /** The connection that `#followed` and `#isSubscribed` are about. */
  #generation = 0
  #isSubscribed = false

  constructor(bus: Bus) {
    this.#bus = bus
  }

  subscribe(unit: string, listener: () => void): void {
    this.#listeners.set(unit, new Set([...(this.#listeners.get(unit) ?? []), listener]))
  }

  /**
   * Follows a unit that somebody has subscribed to, and tells of it once when that begins: there may have been a change
   * before. To be called at every reading: what was asked for ends with the connection, and with a systemd that executes
   * itself again. Never throws.
   * @param path the unit's object
   */
  async follow(unit: string, path: string, limits: CallLimits): Promise<void> {
    if (!this.#listeners.has(unit)) return
    if (this.#generation !== this.#bus.generation) {
      this.#generation = this.#bus.generation
      this.#followed.clear()
      this.#isSubscribed = false
    }
    const units = this.#followed.get(path)
    if (this.#isSubscribed && units?.has(unit) === true) return
    this.#followed.set(path, new Set([...(units ?? []), unit]))
    try {
      if (units === undefined) await this.#match(unitRule(path), limits)
      await this.#subscribe(limits)
      this.#tell(unit)
    } catch (error) {
      if (!(error instanceof BusFailure)) throw error
      // The next reading tries again.
      this.#followed.delete(path)
      this.#isSubscribed = false
    }
  }

  /** Takes every signal that arrives on the bus. */
  take({ member, path, body }: BusSignal): void {
    if (member === 'NameOwnerChanged' && body[0] === SYSTEMD) {
      this.#isSubscribed = false
      for (const unit of new Set([...this.#followed.values()].flatMap((units) => [...units])))
        this.#tell(unit)
    }
    if (member === 'PropertiesChanged') for (const unit of this.#followed.get(path) ?? []) this.#tell(unit)
  }

  #tell(unit: string): void {
    for (const listener of this.#listeners.get(unit) ?? []) listener()
  }

  /** systemd sends no signals before somebody subscribed, and forgets it when it goes away. */
  async #subscribe(limits: CallLimits): Promise<void> {
    if (this.#isSubscribed) return
    this.#isSubscribed = true
    await this.#match(NAME_OWNER_RULE, limits)
    const manager = {
      destination: SYSTEMD,
      path: '/org/freedesktop/systemd1',
      interface: `${SYSTEMD}.Manager`,
    }
    await this.#bus.call({ ...manager, member: 'Subscribe' }, limits).catch((error: unknown) => {
      const isSo = error instanceof BusFailure && error.errorName === `${SYSTEMD}.AlreadySubscribed`
      if (!isSo) throw error
    })
  }

  async #match(rule: string, limits: CallLimits): Promise<void> {
    const bus = { destination: BUS, path: '/org/freedesktop/DBus', interface: BUS }
    await this.#bus.call({ ...bus, member: 'AddMatch', signature: 's', body: [rule] }, limits)
  }
}

const NAME_OWNER_RULE = `type='signal',sender='${BUS}',interface='${BUS}',member='NameOwnerChanged',arg0='${SYSTEMD}'`

/**
 * Returns the rule for one unit's exact path: one for all of them would bring hundreds of messages at every daemon-reload.
 * By `arg0` it leaves out the second one of the two that a service sends of every change.
 */
function unitRule(path: string): string {
  return `type='signal',sender='${SYSTEMD}',interface='${BUS}.Properties',member='PropertiesChanged',path='${path}',arg0='${SYSTEMD}.Unit'`
}
