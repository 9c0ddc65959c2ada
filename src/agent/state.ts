import { readFile, rename, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import * as v from 'valibot'
import { makeFolder, removeLeftovers, writeAtomically } from '../lib/atomic-write.ts'
import { codeOf, messageOf } from '../lib/errors.ts'
import type { Log } from '../lib/log.ts'
import { cut, MESSAGE_LIMIT, oneLine } from '../lib/text.ts'
import { EMPTY_STATE, type MonitorState } from '../rules/state.ts'
import { NO_FLAPS } from '../rules/flaps.ts'
import { NO_UNIT_HISTORY } from '../rules/units.ts'
import type { MissedState } from './missed.ts'
import type { NotifierState } from './notifier.ts'

/** A status and since when it holds, in milliseconds of the wall clock. */
export interface StatusSince {
  readonly status: 'up' | 'down'
  readonly sinceMs: number
}

/** The part of one monitor that is kept from run to run. */
export interface MonitorRecord {
  readonly state: MonitorState
  /** Null before the first verdict. */
  readonly statusSince: StatusSince | null
  /** One at most, but for an agent of before that pushed a monitor to several Kumas. */
  readonly notifiers: readonly NotifierState[]
}

/** The parts of all monitors that are kept, by their names. */
export type Records = ReadonlyMap<string, MonitorRecord>

/** A monitor whose memory is to be kept. */
export interface Recorded {
  readonly name: string
  readonly record: MonitorRecord
}

/**
 * The file that keeps what monitors remember between runs. None of the methods throws: without the file the agent works on.
 * A dry run has none, and keeps nothing.
 */
export class StateFile {
  readonly #path: string | null
  readonly #bootId: string
  readonly #log: Log
  #monitors: readonly Recorded[] = []
  #saving: Promise<void> = Promise.resolve()
  #isDue = false
  #isFailing = false

  /**
   * @param path null for none
   * @param bootId names this boot of the host; times remembered from another one mean nothing
   */
  constructor(path: string | null, bootId: string, log: Log) {
    this.#path = path
    this.#bootId = bootId
    this.#log = log
  }

  /** Returns what was kept: nothing where there is no file, or none that can be used, which is set aside as `….broken`. */
  async load(): Promise<Records> {
    const path = this.#path
    if (path === null) return new Map()
    await removeLeftovers(path)
    let text: string
    try {
      text = await readFile(path, 'utf8')
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') {
        this.#log.warn(`the state file ${path} cannot be read (${reason(error)}): starting without memory`)
      }
      return new Map()
    }
    try {
      return decodeState(text, this.#bootId)
    } catch (error) {
      const aside = `${path}.broken`
      const isAside = await rename(path, aside).then(
        () => true,
        () => false,
      )
      const where = isAside ? `; it was set aside as ${aside}` : ''
      this.#log.warn(
        `the state file ${path} cannot be used (${reason(error)}): starting without memory${where}`,
      )
      return new Map()
    }
  }

  /** Keeps these monitors from now on, and no others. */
  follow(monitors: readonly Recorded[]): void {
    this.#monitors = monitors
  }

  /** Saves soon: once, however often it is called before that begins; what changes meanwhile is saved the next time. */
  saveSoon(): void {
    if (!this.#isDue) this.#saving = this.#saving.then(() => this.#save())
    this.#isDue = true
  }

  /** Waits for what is under way, and saves for the last time. */
  async saveLast(): Promise<void> {
    await this.#saving
    await this.#save()
  }

  async #save(): Promise<void> {
    this.#isDue = false
    const path = this.#path
    if (path === null) return
    const records = new Map(this.#monitors.map(({ name, record }) => [name, record]))
    try {
      const folder = dirname(path)
      await makeFolder(folder)
      const owner = await ownerOf(folder)
      await writeAtomically(path, encodeState(records, this.#bootId), owner === null ? {} : { owner })
      if (this.#isFailing) this.#log.info(`the state file ${path} can be written again`)
      this.#isFailing = false
    } catch (error) {
      const isFull = ['ENOSPC', 'EDQUOT'].includes(codeOf(error) ?? '')
      const mend = isFull ? 'free space there' : 'make its folder writable'
      const way = `${mend} or set state_file; the agent works on without it`
      if (!this.#isFailing) {
        this.#log.warn(`the state file ${path} cannot be written (${reason(error)}): ${way}`)
      }
      this.#isFailing = true
    }
  }
}

/** Reads a state file and leaves it as it is; one that cannot be read or used is empty. */
export async function peekState(path: string, bootId: string): Promise<Records> {
  try {
    return decodeState(await readFile(path, 'utf8'), bootId)
  } catch {
    return new Map()
  }
}

function reason(error: unknown): string {
  return codeOf(error) ?? messageOf(error)
}

/** A command that root runs by hand must not take the file from the service, which has a user of its own. */
async function ownerOf(folder: string): Promise<{ uid: number; gid: number; isOptional: true } | null> {
  if (process.getuid?.() !== 0) return null
  const { uid, gid } = await stat(folder)
  // In some containers root may not give it away.
  return uid === 0 ? null : { uid, gid, isOptional: true }
}

/** Grows whenever an older agent could misread the file. */
const VERSION = 1

/** JSON can say numbers that it cannot write: 1e999. */
const Finite = v.custom<number>(Number.isFinite, 'must be a number')
const FiniteOrNull = v.nullable(Finite)
const Numbers = v.array(Finite)
const Text = v.string()
const TextOrNull = v.nullable(Text)
const Flag = v.boolean()

/** In the file under the key `suspects`. */
const ProblemHistory = v.object({
  clock: Text,
  sinceMs: Finite,
  checks: Finite,
  badSinceMs: Finite,
  lastSeenMs: Finite,
  incident: FiniteOrNull,
  followsTrouble: Flag,
  confirmed: Flag,
})

const Restarts = v.array(v.object({ atMs: Finite, untilMs: Finite, why: TextOrNull }))

const History = v.object({
  start: Finite,
  pid: Finite,
  state: v.picklist(['STOPPED', 'STARTING', 'RUNNING', 'BACKOFF', 'STOPPING', 'EXITED', 'FATAL', 'UNKNOWN']),
  restarts: Restarts,
  isLooping: Flag,
  count: v.optional(Finite, 0),
  failing: v.optional(
    v.nullable(
      v.object({ firstStart: Finite, lastStart: Finite, sinceMs: Finite, count: Finite, why: TextOrNull }),
    ),
    null,
  ),
  badEnd: v.optional(TextOrNull, null),
})

const Flaps = v.object({
  turnsMs: Numbers,
  confirmedMs: Finite,
  text: Text,
  isFlapping: Flag,
  isHeld: Flag,
})

const UnitHistory = v.object({ count: Finite, restarts: Restarts, isLooping: Flag, isWaiting: Flag })

const Status = v.picklist(['up', 'down'])

const Missed = v.object({
  toldStatus: v.nullable(Status),
  turns: v.array(v.object({ status: Status, atMs: Finite, why: Text })),
  forgotten: Finite,
})

const Standing = v.object({ status: Status, sinceMs: Finite })

const Delivery = v.object({
  delivered: v.nullable(v.object({ atMs: Finite, status: Status })),
  answer: v.object({ atMs: Finite, kind: Text, says: Text }),
})

const OwnRestart = v.object({
  begunMs: Finite,
  earlierMs: Numbers,
  start: Finite,
  pid: v.optional(Finite, 0),
  why: Text,
  endedMs: FiniteOrNull,
  backMs: FiniteOrNull,
  failure: TextOrNull,
  leftStopped: Flag,
})

const State = v.object({
  version: v.literal(VERSION),
  bootId: Text,
  monitors: v.array(
    v.object({
      name: Text,
      status: v.nullable(Status),
      suspects: v.array(v.tuple([Text, ProblemHistory])),
      programs: v.array(v.tuple([Text, History])),
      supervisorPid: FiniteOrNull,
      answeredMs: FiniteOrNull,
      toldMs: Finite,
      total: FiniteOrNull,
      outsideSystemd: Flag,
      shutdownSeconds: Finite,
      // By the name of the Kuma, as `deliveries`: of which an agent of before had several.
      missed: v.optional(v.array(v.tuple([Text, Missed])), []),
      httpFailure: v.optional(TextOrNull, null),
      ownRestarts: v.optional(v.array(v.tuple([Text, OwnRestart])), []),
      unit: v.optional(UnitHistory, NO_UNIT_HISTORY),
      causes: v.optional(v.array(Text), []),
      flaps: v.optional(Flaps, NO_FLAPS),
      standing: v.optional(v.nullable(Standing), null),
      deliveries: v.optional(v.array(v.tuple([Text, Delivery])), []),
      openSinceMs: v.optional(FiniteOrNull, null),
    }),
  ),
})

/** Arrays of pairs rather than objects: a program may be called `__proto__`. */
export function encodeState(records: Records, bootId: string): string {
  const monitors = [...records].map(([name, { state, statusSince, notifiers }]) => {
    const { problems, programs, ownRestarts, ...rest } = state
    return {
      name,
      ...rest,
      suspects: [...problems],
      programs: [...programs],
      ownRestarts: [...ownRestarts],
      missed: notifiers.flatMap(({ kuma, missed }) => (missed === null ? [] : [[kuma, missed]])),
      standing: statusSince,
      deliveries: notifiers.flatMap(({ kuma, delivery }) => (delivery === null ? [] : [[kuma, delivery]])),
      openSinceMs: notifiers[0]?.openSinceMs ?? null,
    }
  })
  return `${JSON.stringify({ version: VERSION, bootId, monitors })}\n`
}

/**
 * Returns what was kept; from another boot of the host only what needs no time.
 * @throws {Error} of one line, when the text is not a state file of this version
 */
export function decodeState(text: string, bootId: string): Records {
  if (text.trim() === '') throw new Error('it is empty')
  const file = parse(text)
  const isSameBoot = file.bootId === bootId
  return new Map(
    file.monitors.map(({ name, missed, standing, deliveries, openSinceMs, ...kept }) => {
      const { status, total, shutdownSeconds, outsideSystemd, suspects, ...timed } = kept
      const timeless = { status, total, shutdownSeconds, outsideSystemd }
      const maps = {
        problems: new Map(suspects),
        programs: new Map(timed.programs),
        ownRestarts: new Map(timed.ownRestarts),
      }
      const state = isSameBoot ? { ...timeless, ...timed, ...maps } : { ...EMPTY_STATE, ...timeless }
      const notifiers = notifiersOf(new Map(missed), new Map(deliveries), isSameBoot ? openSinceMs : null)
      return [name, { state, statusSince: standing, notifiers }]
    }),
  )
}

function notifiersOf(
  missed: ReadonlyMap<string, MissedState>,
  deliveries: ReadonlyMap<string, NotifierState['delivery']>,
  openSinceMs: number | null,
): NotifierState[] {
  return [...new Set([...missed.keys(), ...deliveries.keys()])].map((kuma) => ({
    kuma,
    missed: missed.get(kuma) ?? null,
    delivery: deliveries.get(kuma) ?? null,
    openSinceMs,
  }))
}

function parse(text: string): v.InferOutput<typeof State> {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch {
    throw new Error('it is not JSON')
  }
  const version = v.safeParse(v.object({ version: Finite }), json)
  if (!version.success) throw new Error('it is not a state file of kuma-supervisor-push')
  if (version.output.version !== VERSION) {
    throw new Error(`it has version ${version.output.version}, this agent writes version ${VERSION}`)
  }
  const state = v.safeParse(State, json)
  if (state.success) return state.output
  const [issue] = state.issues
  // The message quotes what was found.
  throw new Error(cut(oneLine(`${v.getDotPath(issue) ?? 'it'}: ${issue.message}`), MESSAGE_LIMIT))
}
