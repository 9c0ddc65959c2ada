import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { createBus, type CallLimits } from './bus.ts'
import { BusFailure } from './bus-failure.ts'
import { isUp, readUnit } from './read-unit.ts'
import { unitNames } from './unit-name.ts'
import { createUnitSignals } from './unit-signals.ts'
import type { UnitReading, UnitState } from './unit-reading.ts'

/** Present exactly where systemd is the init system. @see https://www.freedesktop.org/software/systemd/man/sd_booted.html */
const SYSTEMD_DIRECTORY = 'run/systemd/system'

/** systemd is away from the bus for a moment after daemon-reexec and after a restart of the bus. */
const RETRY_AFTER_MS = [50, 200, 500]

/** A signal that got lost comes to light after this long at the latest. */
const RECALLED_FOR_MS = 60_000

/** Answers that mean: nobody on this bus is systemd. */
const NO_OWNER = new Set([
  'org.freedesktop.DBus.Error.ServiceUnknown',
  'org.freedesktop.DBus.Error.NameHasNoOwner',
  'org.freedesktop.DBus.Error.NoReply',
  'org.freedesktop.DBus.Error.Disconnected',
])

export interface UnitReaderOptions {
  /** The value of `DBUS_SYSTEM_BUS_ADDRESS`; null for the system bus's usual places. */
  readonly address: string | null
  /** CLOCK_MONOTONIC in nanoseconds, the clock of systemd's own times: `process.hrtime.bigint`. */
  readonly hrtime: () => bigint
  readonly sleep: (ms: number) => Promise<void>
  /** Where `run` is; `/` but in tests. */
  readonly root?: string
  /** Called within milliseconds of a change of a unit that was read once, with the name it was read by. */
  readonly onChange?: (unit: string) => void
}

/** Asks systemd for the state of units, over one connection that is opened when it is first needed. */
export interface UnitReader {
  /**
   * One look at a unit: a name (`.service` may be left out), `auto` for the one that runs supervisord, or `none`.
   * Never throws; settles at the deadline at the latest.
   * @param isGlance leaves out of one that is up what takes a question for each: see `isGlance` of the reading
   */
  read(unit: string, limits: CallLimits, isGlance?: boolean): Promise<UnitReading>
  /**
   * What the last look at a unit found, where that was active and systemd would have told of a change since; null where it
   * has to be read. It is recalled for a minute at most.
   */
  recall(unit: string): UnitReading | null
  close(): void
}

/** What was found of an active unit, and when, in monotonic milliseconds. */
interface Known {
  readonly state: UnitState
  readonly atMs: number
}

export function createUnitReader(options: UnitReaderOptions): UnitReader {
  const { address, hrtime, sleep, root = '/', onChange } = options
  const bus = createBus(address, root, (signal) => signals?.hear(signal))
  const known = new Map<string, Known>()
  /** By unit, how many changes were told. */
  const changes = new Map<string, number>()
  const changed = (unit: string): void => {
    known.delete(unit)
    changes.set(unit, changesOf(unit) + 1)
    onChange?.(unit)
  }
  const changesOf = (unit: string): number => changes.get(unit) ?? 0
  const signals = onChange === undefined ? null : createUnitSignals(bus, changed)
  // A container may have its host's bus without the directory.
  let wasSeen = false
  const monotonicMs = (): number => Number(hrtime() / 1000n) / 1000

  const read: UnitReader['read'] = async (unit, { signal, timeoutMs }, isGlance = false) => {
    if (unit === 'none') return { kind: 'not-asked' }
    const names = unitNames(unit)
    const startedMs = monotonicMs()
    const remainingMs = (): number => Math.max(1, Math.ceil(timeoutMs - (monotonicMs() - startedMs)))
    const call = (message: Parameters<typeof bus.call>[0]): Promise<readonly unknown[]> =>
      bus.call(message, { signal, timeoutMs: remainingMs() })

    known.delete(unit)
    for (let attempt = 0; ; attempt++) {
      try {
        const isHeard = signals?.hears(unit) === true
        const before = changesOf(unit)
        const atMs = monotonicMs()
        const state = await readUnit(call, names, monotonicMs, isGlance)
        wasSeen = true
        if (state !== null && isHeard && before === changesOf(unit) && isSteady(state) && !isGlance)
          known.set(unit, { state, atMs })
        if (state !== null) void signals?.follow(unit, state.name, { signal, timeoutMs })
        if (state === null) return { kind: 'not-found', names }
        return isGlance && isUp(state.activeState)
          ? { kind: 'state', unit: state, isGlance }
          : { kind: 'state', unit: state }
      } catch (error) {
        if (!(error instanceof BusFailure)) throw error
        const isBooted = wasSeen || existsSync(join(root, SYSTEMD_DIRECTORY))
        if (!isBooted && meansNoSystemd(error, address)) return { kind: 'no-systemd' }
        const waitMs = RETRY_AFTER_MS[attempt]
        if (!mayPass(error, isBooted) || waitMs === undefined || remainingMs() < 2 * waitMs) {
          return { kind: 'unreachable', cause: causeOf(error, timeoutMs) }
        }
        await sleep(waitMs)
      }
    }
  }
  const recall = (unit: string): UnitReading | null => {
    const found = known.get(unit)
    if (found === undefined || signals?.hears(unit) !== true) return null
    const { state, atMs } = found
    const ageMs = monotonicMs() - atMs
    if (ageMs > RECALLED_FOR_MS) return null
    const activeSeconds = state.activeSeconds === null ? null : state.activeSeconds + ageMs / 1000
    return { kind: 'state', unit: { ...state, activeSeconds } }
  }
  return { read, recall, close: () => bus.close() }
}

/** Nothing is on its way: whatever happens next is a change. */
function isSteady({ activeState, jobType }: UnitState): boolean {
  return activeState === 'active' && jobType === ''
}

/** A socket that is asked for by name and missing is somebody's mistake, not a host without systemd. */
function meansNoSystemd(failure: BusFailure, address: string | null): boolean {
  return (failure.code === 'no-socket' && address === null) || NO_OWNER.has(failure.errorName ?? '')
}

function mayPass({ code, errorName }: BusFailure, isBooted: boolean): boolean {
  if (code === 'closed') return true
  return isBooted && (code === 'no-socket' || code === 'refused' || NO_OWNER.has(errorName ?? ''))
}

function causeOf(failure: BusFailure, timeoutMs: number): string {
  // The last of several calls had only the rest of the time.
  if (failure.code === 'timeout') return failure.message.replace(/after \d+ ms/, `after ${timeoutMs} ms`)
  return NO_OWNER.has(failure.errorName ?? '')
    ? `systemd is not on the bus: ${failure.message}`
    : failure.message
}
