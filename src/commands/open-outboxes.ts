import { readFile } from 'node:fs/promises'
import { version } from '../../package.json'
import type { Clock } from '../agent/clock.ts'
import { withMissed } from '../agent/describe-missed.ts'
import { Missed, type MissedMemory } from '../agent/missed.ts'
import type { Telling } from '../agent/monitor.ts'
import type { Memories } from '../agent/state-file.ts'
import type { Config, KumaConfig } from '../config/config.ts'
import { ConfigError } from '../errors.ts'
import { openKumaConnection, type Pusher } from '../kuma/kuma-connection.ts'
import type { Heartbeat } from '../kuma/heartbeat.ts'
import { createOutbox, type Outbox } from '../kuma/outbox.ts'
import type { Log } from '../log.ts'
import { describeHeartbeat } from './describe-heartbeat.ts'

/** Where the verdicts of all monitors go: to Kuma, or with `--dry-run` to standard output. */
export interface Outboxes {
  /** Hands over what one monitor has to tell; does not block. */
  offer(monitor: string, telling: Telling): void
  /** Waits until the last heartbeat of a monitor is delivered or given up; true when it was delivered. */
  settled(monitor: string): Promise<boolean>
  /** What a monitor has still to tell, by the name of the Kuma; for the state file. */
  missed(monitor: string): ReadonlyMap<string, MissedMemory>
  close(): Promise<void>
}

interface OutboxesOptions {
  readonly config: Config
  readonly dryRun: boolean
  readonly memories: Memories
  readonly clock: Clock
  /** Wall clock in milliseconds, for the times that people are told. */
  readonly wallNow: () => number
  readonly log: Log
  /** Called when what a monitor had to tell has reached Kuma. */
  readonly onDelivered: (monitor: string, telling: Telling) => void
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

function printer({ print, onDelivered }: OutboxesOptions): Outboxes {
  return {
    offer(monitor, telling) {
      print(describeHeartbeat(monitor, messageOf(telling), new Date()))
      onDelivered(monitor, telling)
    },
    settled: () => Promise.resolve(true),
    missed: () => new Map(),
    close: () => Promise.resolve(),
  }
}

/** The way from one monitor to its Kuma. */
interface Channel {
  readonly outbox: Outbox<Message>
  readonly missed: Missed
}

/** Names the only Kuma in the state file. */
const KUMA = 'kuma'

async function kumaOutboxes(options: OutboxesOptions): Promise<Outboxes> {
  const { kuma, monitors } = options.config
  const connection = await openKumaConnection({
    headers: kuma.headers,
    ca: await readPem(kuma, 'caFile'),
    clientCert: await readPem(kuma, 'clientCertFile'),
    clientKey: await readPem(kuma, 'clientKeyFile'),
    insecure: kuma.insecure,
    timeoutMs: kuma.timeoutMs,
    version,
    now: () => options.clock.now(),
  })
  const channels = new Map(
    monitors.flatMap(({ name, push }): [string, Channel][] =>
      push === null ? [] : [[name, openChannel(name, connection.pusher(push), options)]],
    ),
  )
  return {
    offer(monitor, telling) {
      const channel = channels.get(monitor)
      if (channel?.missed.note(telling.verdict, options.wallNow()) === true) options.onMissed()
      channel?.outbox.offer(messageOf(telling))
    },
    async settled(monitor) {
      const delivery = await channels.get(monitor)?.outbox.settled()
      return delivery?.answer.kind === 'accepted'
    },
    missed(monitor) {
      const missed = channels.get(monitor)?.missed.memory
      return new Map(missed === undefined ? [] : [[KUMA, missed]])
    },
    async close() {
      await Promise.all([...channels.values()].map(({ outbox }) => outbox.close()))
      await connection.close()
    },
  }
}

function openChannel(
  name: string,
  pusher: Pusher,
  { memories, clock, wallNow, log, onDelivered, onMissed }: OutboxesOptions,
): Channel {
  const missed = new Missed(memories.get(name)?.missed.get(KUMA))
  const outbox = createOutbox<Message>({
    name,
    push(heartbeat, signal) {
      const msg = withMissed(heartbeat.msg, missed.tell(), wallNow())
      return pusher.push({ ...heartbeat, msg }, signal)
    },
    onDelivered({ status, telling }) {
      if (missed.told(status)) onMissed()
      onDelivered(name, telling)
    },
    sleep: (ms, signal) => clock.sleep(ms, signal),
    random: () => clock.random(),
    now: () => clock.now(),
    log,
  })
  return { outbox, missed }
}

function messageOf(telling: Telling): Message {
  const { status, message, ping } = telling.verdict
  return { status, msg: message, ping, telling }
}

const PEM_KEYS = {
  caFile: 'ca_file',
  clientCertFile: 'client_cert_file',
  clientKeyFile: 'client_key_file',
} as const

async function readPem(kuma: KumaConfig, key: keyof typeof PEM_KEYS): Promise<string | null> {
  const path = kuma[key]
  if (path === null) return null
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error)
    throw new ConfigError([`kuma.${PEM_KEYS[key]}: ${path} cannot be read: ${reason}`])
  }
}
