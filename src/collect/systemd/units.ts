import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { MessageLike } from '@jellybrick/dbus-next'
import type { Clock } from '../../lib/clock.ts'
import { Bus, BusFailure, type CallLimits } from './bus.ts'
import { UnitSignals } from './unit-signals.ts'

/**
 * One unit in systemd's own words.
 * @see https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.systemd1.html
 */
export interface UnitState {
  /** The unit's `Id`: an alias is resolved. */
  readonly name: string
  /** `loaded`, `not-found`, `masked`, `error`, … */
  readonly loadState: string
  /** `active`, `reloading`, `inactive`, `failed`, `activating`, `deactivating`, … */
  readonly activeState: string
  /** An open set: `running`, `dead`, `auto-restart`, … */
  readonly subState: string
  /** The job that is queued or under way: `start`, `restart`, `stop`, …; empty when there is none. */
  readonly jobType: string
  /** How it ended: `success`, `exit-code`, `signal`, `timeout`, …; empty while it is up, and for a unit that is no service. */
  readonly result: string
  /** 0 when no main process runs. */
  readonly mainPid: number
  /** Automatic restarts since the unit was last started by hand. */
  readonly restarts: number
  /** Exit status of the main process, or the signal's number when it was killed; 0 while the unit is up. */
  readonly execMainStatus: number
  /** Seconds since the unit became active, on the monotonic clock; null when it is not active. */
  readonly activeSeconds: number | null
}

/** One reading of a unit. Only `unreachable` is a failure; the others are answers. */
export type UnitReading =
  | { readonly kind: 'state'; readonly unit: UnitState }
  /** None of the names is known to systemd. */
  | { readonly kind: 'not-found'; readonly names: readonly string[] }
  /** No systemd on this host, as in a container. */
  | { readonly kind: 'no-systemd' }
  /** The bus is there and cannot be used; the cause is one line. */
  | { readonly kind: 'unreachable'; readonly cause: string }
  /** The configuration says `unit = "none"`. */
  | { readonly kind: 'not-asked' }

/** Present exactly where systemd is the init system. @see https://www.freedesktop.org/software/systemd/man/sd_booted.html */
const SYSTEMD_DIRECTORY = 'run/systemd/system'

/** systemd is away from the bus for a moment after daemon-reexec and after a restart of the bus. */
const RETRY_AFTER_MS = [50, 200, 500]

/** Answers that mean: nobody on this bus is systemd. */
const NO_OWNER = new Set([
  'org.freedesktop.DBus.Error.ServiceUnknown',
  'org.freedesktop.DBus.Error.NameHasNoOwner',
  'org.freedesktop.DBus.Error.NoReply',
  'org.freedesktop.DBus.Error.Disconnected',
])

/** Asks systemd for the state of units, over one connection that is opened when it is first needed. */
export class UnitReader {
  readonly #address: string | null
  readonly #clock: Clock
  readonly #root: string
  readonly #bus: Bus
  readonly #signals: UnitSignals
  /** True once systemd has answered: a container may have its host's bus without the directory. */
  #wasSeen = false

  /**
   * @param address the value of `DBUS_SYSTEM_BUS_ADDRESS`; null for the system bus's usual places
   * @param root where `run` is; `/` but in tests
   */
  constructor(address: string | null, clock: Clock, root = '/') {
    this.#address = address
    this.#clock = clock
    this.#root = root
    this.#bus = new Bus(address, root, (signal) => this.#signals.take(signal))
    this.#signals = new UnitSignals(this.#bus)
  }

  /**
   * Has the listener called within milliseconds of a change of a unit, from its next reading on.
   * @param unit the name that it is read by
   */
  subscribe(unit: string, listener: () => void): void {
    this.#signals.subscribe(unit, listener)
  }

  /**
   * Reads a unit: a name (`.service` may be left out), `auto` for the one that runs supervisord, or `none`. Never throws;
   * settles at the deadline at the latest.
   */
  async read(unit: string, { signal, timeoutMs }: CallLimits): Promise<UnitReading> {
    if (unit === 'none') return { kind: 'not-asked' }
    const names = unitNames(unit)
    const untilMs = this.#clock.now() + timeoutMs
    const leftMs = (): number => Math.max(1, Math.ceil(untilMs - this.#clock.now()))
    const call: Call = (message) => this.#bus.call(message, { signal, timeoutMs: leftMs() })

    for (let attempt = 0; ; attempt++) {
      try {
        const listed = await findUnit(call, names)
        this.#wasSeen = true
        if (listed === null) return { kind: 'not-found', names }
        const state = await readState(call, listed, this.#clock)
        void this.#signals.follow(unit, listed.path, { signal, timeoutMs })
        return { kind: 'state', unit: state }
      } catch (error) {
        if (!(error instanceof BusFailure)) throw error
        const isBooted = this.#wasSeen || existsSync(join(this.#root, SYSTEMD_DIRECTORY))
        if (!isBooted && meansNoSystemd(error, this.#address)) return { kind: 'no-systemd' }
        const waitMs = RETRY_AFTER_MS[attempt]
        if (!mayPass(error, isBooted) || waitMs === undefined || leftMs() < 2 * waitMs) {
          return { kind: 'unreachable', cause: causeOf(error, timeoutMs) }
        }
        await this.#clock.sleep(waitMs, signal)
      }
    }
  }

  close(): void {
    this.#bus.close()
  }
}

/** A socket that is asked for by name and missing is somebody's mistake, not a host without systemd. */
function meansNoSystemd(failure: BusFailure, address: string | null): boolean {
  return (failure.code === 'no-socket' && address === null) || NO_OWNER.has(failure.errorName ?? '')
}

function mayPass({ code, errorName }: BusFailure, isBooted: boolean): boolean {
  // Garbage may be of any user: it costs the connection, and another one is free of it.
  if (code === 'closed' || code === 'garbage') return true
  return isBooted && (code === 'no-socket' || code === 'refused' || NO_OWNER.has(errorName ?? ''))
}

function causeOf(failure: BusFailure, timeoutMs: number): string {
  // The last of several calls had only the rest of the time.
  if (failure.code === 'timeout') return failure.message.replace(/after \d+ ms/, `after ${timeoutMs} ms`)
  return NO_OWNER.has(failure.errorName ?? '')
    ? `systemd is not on the bus: ${failure.message}`
    : failure.message
}

/** The units a supervisord is run by, best first: RHEL's and hand-made ones, then Debian's and Ubuntu's. */
const SUPERVISOR_UNITS = ['supervisord.service', 'supervisor.service'] as const

const UNIT_TYPES = 'service socket target device mount automount swap timer path slice scope'.split(' ')

/** Returns the full names of the units that a name of the configuration stands for, as systemctl completes them. */
function unitNames(name: string): readonly string[] {
  if (name === 'auto') return SUPERVISOR_UNITS
  const type = name.slice(name.lastIndexOf('.') + 1)
  return [name.includes('.') && UNIT_TYPES.includes(type) ? name : `${name}.service`]
}

const SYSTEMD = 'org.freedesktop.systemd1'
/** MessageFlag.NO_AUTO_START: a bus without systemd must not try to start one. */
const NO_AUTO_START = 2

type Call = (message: MessageLike) => Promise<readonly unknown[]>

/** A unit as systemd lists it. */
type ListedUnit = Pick<UnitState, 'name' | 'loadState' | 'activeState' | 'subState' | 'jobType'> & {
  /** Its object's, by which its properties are read and its signals known. */
  readonly path: string
}

/**
 * Returns the best of the named units, or null when systemd knows none of them. One `ListUnitsByNames` gives the states of
 * all of them at one moment, loads them where needed and resolves aliases (systemd 230 and later).
 * @throws {BusFailure}
 * @see https://www.freedesktop.org/software/systemd/man/latest/org.freedesktop.systemd1.html
 */
async function findUnit(call: Call, names: readonly string[]): Promise<ListedUnit | null> {
  const [list] = await call({
    destination: SYSTEMD,
    path: '/org/freedesktop/systemd1',
    interface: `${SYSTEMD}.Manager`,
    member: 'ListUnitsByNames',
    signature: 'as',
    body: [names],
    flags: NO_AUTO_START,
  })
  return bestOf(parseList(list).filter(isKnown))
}

function parseList(list: unknown): ListedUnit[] {
  if (!Array.isArray(list))
    throw new BusFailure('garbage', 'ListUnitsByNames answered something else than a list')
  return list.map((row: unknown) => {
    const columns: readonly unknown[] = Array.isArray(row) ? row : []
    const text = (index: number): string => {
      const column = columns[index]
      if (typeof column === 'string') return column
      throw new BusFailure('garbage', 'ListUnitsByNames answered a unit of another shape')
    }
    const [name, loadState, activeState] = [text(0), text(2), text(3)]
    return { name, loadState, activeState, subState: text(4), path: text(6), jobType: text(8) }
  })
}

/** A unit whose file was removed while it runs is not-found and active. */
function isKnown(unit: ListedUnit): boolean {
  return unit.loadState !== 'not-found' || unit.activeState !== 'inactive'
}

function isUp(activeState: string): boolean {
  return ['active', 'reloading', 'refreshing'].includes(activeState)
}

/** Returns the one that is up; else the one that was: it, and not one that never ran, is what the user means. */
function bestOf(units: readonly ListedUnit[]): ListedUnit | null {
  const rank = ({ loadState, activeState }: ListedUnit): number => {
    if (isUp(activeState)) return 0
    if (activeState !== 'inactive') return activeState === 'failed' ? 2 : 1
    return loadState === 'loaded' ? 3 : 4
  }
  return units.toSorted((a, b) => rank(a) - rank(b))[0] ?? null
}

/** Single `Get`s cost a third of a `GetAll`, which sends 300 properties. */
async function readState(call: Call, { path, ...listed }: ListedUnit, clock: Clock): Promise<UnitState> {
  const isService = listed.name.endsWith('.service')
  const hasEnded = !isUp(listed.activeState)
  const service = async (property: string, isWanted = true): Promise<unknown> =>
    isService && isWanted ? getProperty(call, path, 'Service', property) : undefined
  const [since, mainPid, restarts, result, execMainStatus] = await Promise.all([
    getProperty(call, path, 'Unit', 'ActiveEnterTimestampMonotonic'),
    service('MainPID'),
    service('NRestarts'),
    service('Result', hasEnded),
    service('ExecMainStatus', hasEnded),
  ])
  return {
    ...listed,
    result: typeof result === 'string' ? result : '',
    mainPid: toNumber(mainPid),
    restarts: toNumber(restarts),
    execMainStatus: toNumber(execMainStatus),
    activeSeconds: hasEnded ? null : secondsSince(toNumber(since), clock.now()),
  }
}

/** Returns a property's value; undefined where this systemd or this unit does not have it. */
async function getProperty(call: Call, path: string, type: string, property: string): Promise<unknown> {
  try {
    const [variant] = await call({
      destination: SYSTEMD,
      path,
      interface: 'org.freedesktop.DBus.Properties',
      member: 'Get',
      signature: 'ss',
      body: [`${SYSTEMD}.${type}`, property],
      flags: NO_AUTO_START,
    })
    return typeof variant === 'object' && variant !== null && 'value' in variant ? variant.value : undefined
  } catch (error) {
    const missing = /^org\.freedesktop\.DBus\.Error\.Unknown(Property|Interface|Object)$/
    if (error instanceof BusFailure && missing.test(error.errorName ?? '')) return undefined
    throw error
  }
}

/** systemd counts microseconds; 0 is never. */
function secondsSince(microseconds: number, nowMs: number): number | null {
  return microseconds === 0 ? null : Math.max(0, nowMs / 1000 - microseconds / 1e6)
}

function toNumber(value: unknown): number {
  return typeof value === 'number' || typeof value === 'bigint' ? Number(value) : 0
}
