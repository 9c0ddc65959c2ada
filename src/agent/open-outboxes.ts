import { withMissed } from './describe-missed.ts'
import { Missed, type MissedMemory } from './missed.ts'
import type { Telling } from './monitor.ts'
import { noteDelivery, type DeliveryMemory } from './note-delivery.ts'
import type { Memories } from './state-file.ts'
import type { Config, MonitorConfig } from '../config/config.ts'
import { secretsOf } from '../config/secrets.ts'
import type { KumaConnection } from '../kuma/kuma-connection.ts'
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
  /** Waits until the last heartbeat of a monitor is delivered or given up; true when every Kuma of it has it. */
  settled(monitor: string): Promise<boolean>
  /** What a monitor has still to tell, by the name of the Kuma; for the state file. */
  missed(monitor: string): ReadonlyMap<string, MissedMemory>
  /** What became of a monitor's heartbeats, by the name of the Kuma; one that was never tried is not there. */
  deliveries(monitor: string): ReadonlyMap<string, DeliveryMemory>
  close(): Promise<void>
}

interface OutboxesOptions {
  readonly config: Config
  readonly dryRun: boolean
  /** Whether each monitor is to push once. */
  readonly isOneShot: boolean
  readonly memories: Memories
  readonly log: Log
  /** Called when all Kumas of a monitor have been told of its restarts up to a time, in monotonic milliseconds. */
  readonly onTold: (monitor: string, untilMs: number) => void
  /** Called when what `missed` gives has changed. */
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
    missed: () => new Map(),
    deliveries: () => new Map(),
    close: () => Promise.resolve(),
  }
}

/** The way from one monitor to one of its Kumas. */
interface Channel {
  readonly kuma: string
  readonly outbox: Outbox<Message>
  readonly missed: Missed
  readonly delivery: () => DeliveryMemory | null
}

async function kumaOutboxes(options: OutboxesOptions): Promise<Outboxes> {
  const { config, isOneShot, onMissed } = options
  const connections = await openKumas(config.kumas, () => clock.now(), isOneShot)
  const mask = createMask(secretsOf(config))
  const channels = new Map(
    config.monitors.map((monitor) => [
      monitor.name,
      openChannels(monitor, connections, { ...options, mask }),
    ]),
  )
  const channelsOf = (monitor: string): readonly Channel[] => channels.get(monitor) ?? []
  return {
    offer(monitor, telling) {
      for (const { missed, outbox } of channelsOf(monitor)) {
        if (missed.note(telling.verdict, Date.now())) onMissed()
        outbox.offer(asMessage(telling))
      }
    },
    async settled(monitor) {
      const deliveries = await Promise.all(channelsOf(monitor).map(({ outbox }) => outbox.settled()))
      return deliveries.length > 0 && deliveries.every((delivery) => delivery?.answer.kind === 'accepted')
    },
    missed: (monitor) => new Map(channelsOf(monitor).map(({ kuma, missed }) => [kuma, missed.memory])),
    deliveries: (monitor) =>
      new Map(
        channelsOf(monitor).flatMap(({ kuma, delivery }) => {
          const known = delivery()
          return known === null ? [] : [[kuma, known]]
        }),
      ),
    async close() {
      await Promise.all([...channels.values()].flat().map(({ outbox }) => outbox.close()))
      await Promise.all([...connections.values()].map((connection) => connection.close()))
    },
  }
}

interface ChannelsOptions extends OutboxesOptions {
  /** Masks our own secrets. One for all: each of a thousand monitors would else hold the tokens of the others. */
  readonly mask: (text: string) => string
}

/** Each Kuma has an outbox of its own, so that one that is away holds up no other. */
function openChannels(
  { name, pushes }: MonitorConfig,
  connections: ReadonlyMap<string, KumaConnection>,
  { memories, log, onTold, onMissed, mask }: ChannelsOptions,
): Channel[] {
  /** Until when restarts have been told, by Kuma. */
  const toldMs = new Map<string, number>()
  return pushes.flatMap((target) => {
    const { kuma } = target
    const pusher = connections.get(kuma)?.pusher(target)
    if (pusher === undefined) return []
    const missed = new Missed(memories.get(name)?.missed.get(kuma))
    let delivery = memories.get(name)?.deliveries.get(kuma) ?? null
    const outbox = createOutbox<Message>({
      name: pushes.length > 1 ? `${name} at ${kuma}` : name,
      async push(heartbeat, signal) {
        const told = toldMs.get(kuma)
        const says = told === undefined ? heartbeat.msg : heartbeat.telling.messageFor(told)
        const msg = withMissed(says, missed.tell(), Date.now())
        const answer = await pusher.push({ ...heartbeat, msg }, signal, missed.isRepeat(heartbeat.status))
        // It is kept in a file and shown to others, and what stands in Kuma's place may send back what it was sent.
        delivery = noteDelivery(delivery, heartbeat, { ...answer, says: mask(answer.says) }, Date.now())
        return answer
      },
      onDelivered({ status, telling: { restartsUntilMs } }) {
        if (missed.told(status)) onMissed()
        if (restartsUntilMs !== null) toldMs.set(kuma, restartsUntilMs)
        // What one Kuma has not heard yet is remembered.
        if (toldMs.size === pushes.length) onTold(name, Math.min(...toldMs.values()))
      },
      sleep: (ms, signal) => clock.sleep(ms, signal),
      random: () => clock.random(),
      now: () => clock.now(),
      log,
    })
    return [{ kuma, outbox, missed, delivery: () => delivery }]
  })
}

function asMessage(telling: Telling): Message {
  const { status, message, ping } = telling.verdict
  return { status, msg: message, ping, telling }
}
