import { readFile } from 'node:fs/promises'
import { version } from '../../package.json'
import type { Clock } from '../agent/clock.ts'
import type { Telling } from '../agent/monitor.ts'
import type { Config, KumaConfig, MonitorConfig } from '../config/config.ts'
import { ConfigError } from '../errors.ts'
import { openKumaConnection } from '../kuma/kuma-connection.ts'
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
  close(): Promise<void>
}

interface OutboxesOptions {
  readonly config: Config
  readonly dryRun: boolean
  readonly clock: Clock
  readonly log: Log
  /** Called when what a monitor had to tell has reached Kuma. */
  readonly onDelivered: (monitor: string, telling: Telling) => void
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
    close: () => Promise.resolve(),
  }
}

async function kumaOutboxes({ config, clock, log, onDelivered }: OutboxesOptions): Promise<Outboxes> {
  const { kuma, monitors } = config
  const connection = await openKumaConnection({
    headers: kuma.headers,
    ca: await readPem(kuma, 'caFile'),
    clientCert: await readPem(kuma, 'clientCertFile'),
    clientKey: await readPem(kuma, 'clientKeyFile'),
    proxy: kuma.proxy,
    timeoutMs: kuma.timeoutMs,
    version,
    now: () => clock.now(),
  })
  const open = ({ name, push }: MonitorConfig): [string, Outbox<Message>][] => {
    if (push === null) return []
    const pusher = connection.pusher(push)
    const outbox = createOutbox<Message>({
      name,
      push: (heartbeat, signal) => pusher.push(heartbeat, signal),
      onDelivered: ({ telling }) => onDelivered(name, telling),
      sleep: (ms, signal) => clock.sleep(ms, signal),
      random: () => clock.random(),
      now: () => clock.now(),
      log,
    })
    return [[name, outbox]]
  }
  const outboxes = new Map(monitors.flatMap(open))
  return {
    offer(monitor, telling) {
      outboxes.get(monitor)?.offer(messageOf(telling))
    },
    async settled(monitor) {
      const delivery = await outboxes.get(monitor)?.settled()
      return delivery?.answer.kind === 'accepted'
    },
    async close() {
      await Promise.all([...outboxes.values()].map((outbox) => outbox.close()))
      await connection.close()
    },
  }
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
