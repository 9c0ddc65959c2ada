import { composeMessage } from '../rules/message.ts'
import { withMissed } from './describe-missed.ts'
import { Missed } from './missed.ts'
import type { Telling } from './monitor.ts'
import { noteDelivery, type NotifierState } from './note-delivery.ts'
import type { Memories } from './state.ts'
import type { Config } from '../config/config.ts'
import { secretsOf } from '../config/secrets.ts'
import type { Pusher } from '../kuma/kuma-connection.ts'
import type { Heartbeat } from './heartbeat.ts'
import { createOutbox, type Outbox } from './outbox.ts'
import type { Log } from '../lib/log.ts'
import { createMask } from '../lib/secret.ts'
import { describeHeartbeat } from './describe-heartbeat.ts'
import { openKumas } from './open-kumas.ts'
import { realClock as clock } from '../lib/real-clock.ts'

/** Where the verdicts of all monitors go: to Kuma, or with `--dry-run` to standard output. */
export interface Outboxes {
  /** Hands over what one monitor has to tell; does not block. */
  offer(monitor: string, telling: Telling): void
  /** Waits until the last heartbeat of a monitor is delivered or given up; true when Kuma has it. */
  settled(monitor: string): Promise<boolean>
  /** What a monitor has still to tell and what became of its heartbeats, for the state file; null for a dry run. */
  state(monitor: string): NotifierState | null
  close(): Promise<void>
}

interface OutboxesOptions {
  readonly config: Config
  readonly dryRun: boolean
  /** Whether each monitor is to push once. */
  readonly isOneShot: boolean
  readonly memories: Memories
  readonly log: Log
  /** Called when Kuma has been told of a monitor's restarts up to a time, in monotonic milliseconds. */
  readonly onTold: (monitor: string, untilMs: number) => void
  /** Called when there is something else to remember of what Kuma has missed. */
  readonly onMissed: () => void
  /** Writes to standard output. */
  readonly print: (text: string) => void
}

/** A heartbeat with what it was made from. */
interface Message extends Heartbeat {
  readonly telling: Telling
}

/** @throws {ConfigError} when a certificate or key cannot be read or used */
export async function openOutboxes(options: OutboxesOptions): Promise<Outboxes> {
  return options.dryRun ? printer(options) : kumaOutboxes(options)
}

function printer({ print, onTold }: OutboxesOptions): Outboxes {
  return {
    offer(monitor, telling) {
      print(describeHeartbeat(monitor, asMessage(telling), new Date()))
      if (telling.restartsUntilMs !== null) onTold(monitor, telling.restartsUntilMs)
    },
    settled: () => Promise.resolve(true),
    state: () => null,
    close: () => Promise.resolve(),
  }
}

/** The way from one monitor to its Kuma. */
interface Channel {
  readonly outbox: Outbox<Message>
  readonly missed: Missed
  readonly state: () => NotifierState
}

async function kumaOutboxes(options: OutboxesOptions): Promise<Outboxes> {
  const { config, isOneShot, onMissed } = options
  const connections = await openKumas(config.kumas, () => clock.now(), isOneShot)
  const mask = createMask(secretsOf(config))
  const channels = new Map(
    config.monitors.flatMap(({ name, push }) => {
      const connection = push === null ? undefined : connections.get(push.kuma)
      return push === null || connection === undefined
        ? []
        : [[name, openChannel(name, push.kuma, connection.pusher(push), { ...options, mask })]]
    }),
  )
  return {
    offer(monitor, telling) {
      const channel = channels.get(monitor)
      if (channel === undefined) return
      if (channel.missed.note(telling.verdict, Date.now())) onMissed()
      channel.outbox.offer(asMessage(telling))
    },
    async settled(monitor) {
      const delivery = await channels.get(monitor)?.outbox.settled()
      return delivery?.answer.kind === 'accepted'
    },
    state: (monitor) => channels.get(monitor)?.state() ?? null,
    async close() {
      await Promise.all([...channels.values()].map(({ outbox }) => outbox.close()))
      await Promise.all([...connections.values()].map((connection) => connection.close()))
    },
  }
}

interface ChannelOptions extends OutboxesOptions {
  /** Masks our own secrets. One for all: each of a thousand monitors would else hold the tokens of the others. */
  readonly mask: (text: string) => string
}

function openChannel(
  name: string,
  kuma: string,
  pusher: Pusher,
  { memories, log, onTold, onMissed, mask }: ChannelOptions,
): Channel {
  const before = memories.get(name)?.notifiers.find((state) => state.kuma === kuma)
  const missed = new Missed(before?.missed ?? undefined)
  let delivery = before?.delivery ?? null
  /** Until when restarts have been told. */
  let toldMs: number | null = null
  const outbox = createOutbox<Message>({
    name,
    async push(heartbeat, signal) {
      const { content } = heartbeat.telling
      const says = toldMs === null || content === null ? heartbeat.msg : composeMessage(content, toldMs)
      const msg = withMissed(says, missed.tell(), Date.now())
      const answer = await pusher.push({ ...heartbeat, msg }, signal, missed.isRepeat(heartbeat.status))
      // It is kept in a file and shown to others, and what stands in Kuma's place may send back what it was sent.
      delivery = noteDelivery(delivery, heartbeat, { ...answer, says: mask(answer.says) }, Date.now())
      return answer
    },
    onDelivered({ status, telling: { restartsUntilMs } }) {
      if (missed.told(status)) onMissed()
      if (restartsUntilMs === null) return
      toldMs = restartsUntilMs
      onTold(name, restartsUntilMs)
    },
    sleep: (ms, signal) => clock.sleep(ms, signal),
    random: () => clock.random(),
    now: () => clock.now(),
    log,
  })
  return { outbox, missed, state: () => ({ kuma, missed: missed.memory, delivery }) }
}

function asMessage(telling: Telling): Message {
  const { status, message, ping } = telling.verdict
  return { status, msg: message, ping, telling }
}
