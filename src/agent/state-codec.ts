import * as v from 'valibot'
import { EMPTY_STATE, type MonitorState } from '../rules/state.ts'
import { NO_UNIT_HISTORY } from '../rules/units.ts'
import { cut, MESSAGE_LIMIT, oneLine } from '../lib/text.ts'
import type { MissedMemory } from './missed.ts'
import type { DeliveryMemory, NotifierState } from './note-delivery.ts'
import type { Standing } from './standings.ts'

/** What is kept of one monitor. */
export interface Remembered {
  readonly memory: MonitorState
  /** Since when it is up or down; null before the first verdict. */
  readonly standing: Standing | null
  /** One at most, but for an agent of before that pushed a monitor to several Kumas. */
  readonly notifiers: readonly NotifierState[]
}

/** All that is kept from run to run. */
export interface Kept {
  /** By the monitor's name. */
  readonly monitors: ReadonlyMap<string, Remembered>
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

const Suspect = v.object({
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
      suspects: v.array(v.tuple([Text, Suspect])),
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
      standing: v.optional(v.nullable(Standing), null),
      deliveries: v.optional(v.array(v.tuple([Text, Delivery])), []),
    }),
  ),
})

/** Arrays of pairs rather than objects: a program may be called `__proto__`. */
export function encodeState(kept: Kept, bootId: string): string {
  const monitors = [...kept.monitors].map(([name, { memory, standing, notifiers }]) => {
    const { problems, programs, ownRestarts, ...rest } = memory
    return {
      name,
      ...rest,
      suspects: [...problems],
      programs: [...programs],
      ownRestarts: [...ownRestarts],
      missed: notifiers.flatMap(({ kuma, missed }) => (missed === null ? [] : [[kuma, missed]])),
      standing,
      deliveries: notifiers.flatMap(({ kuma, delivery }) => (delivery === null ? [] : [[kuma, delivery]])),
    }
  })
  return `${JSON.stringify({ version: VERSION, bootId, monitors })}\n`
}

/**
 * What was kept; from another boot of the host only what needs no time is.
 * @throws {Error} of one line, when the text is not a state file of this version
 */
export function decodeState(text: string, bootId: string): Kept {
  if (text.trim() === '') throw new Error('it is empty')
  const state = parse(text)
  const isSameBoot = state.bootId === bootId
  const monitors = new Map(
    state.monitors.map(({ name, missed, standing, deliveries, ...kept }) => {
      const { status, total, shutdownSeconds, outsideSystemd, suspects, ...timed } = kept
      const timeless = { status, total, shutdownSeconds, outsideSystemd }
      const maps = {
        problems: new Map(suspects),
        programs: new Map(timed.programs),
        ownRestarts: new Map(timed.ownRestarts),
      }
      const memory = isSameBoot ? { ...timeless, ...timed, ...maps } : { ...EMPTY_STATE, ...timeless }
      return [name, { memory, standing, notifiers: notifiersOf(new Map(missed), new Map(deliveries)) }]
    }),
  )
  return { monitors }
}

function notifiersOf(
  missed: ReadonlyMap<string, MissedMemory>,
  deliveries: ReadonlyMap<string, DeliveryMemory>,
): NotifierState[] {
  return [...new Set([...missed.keys(), ...deliveries.keys()])].map((kuma) => ({
    kuma,
    missed: missed.get(kuma) ?? null,
    delivery: deliveries.get(kuma) ?? null,
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
