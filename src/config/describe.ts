import { printableJson } from '../lib/text.ts'
import { formatDuration } from '../lib/duration.ts'
import { maskToken } from '../lib/secret.ts'
import { formatSize } from '../lib/size.ts'
import type { Config, HttpCheck, KumaConfig, MonitorConfig, SupervisorConfig } from './config.ts'
import { withoutQuery } from '../lib/text.ts'

/** The value of a key; null where it is not set. */
type ConfigValue =
  string | number | boolean | null | readonly (string | number)[] | { readonly [key: string]: ConfigValue }

/** One table of the file: every key that it knows, in order. */
type ConfigTable = Readonly<Record<string, ConfigValue>>

/** The tables of a configuration file that would say all of a resolved configuration. */
interface ConfigTables {
  readonly kuma: readonly ConfigTable[]
  readonly agent: ConfigTable
  readonly supervisor: readonly ConfigTable[]
  readonly monitor: readonly ConfigTable[]
}

/** Writes a resolved configuration as TOML, defaults included and secrets masked, without the keys that are not set. */
export function describeConfig(config: Config): string {
  const { kuma, agent, supervisor, monitor } = configTables(config)
  return [
    ...kuma.map((one) => writeTable(kuma.length > 1 ? '[[kuma]]' : '[kuma]', one)),
    writeTable('[agent]', agent),
    ...supervisor.map((one) => writeTable('[[supervisor]]', one)),
    ...monitor.map((one) => writeTable('[[monitor]]', one)),
  ].join('\n')
}

/** Returns a resolved configuration in the keys and notation of the file, secrets masked. */
export function configTables({ kumas, agent, supervisors, monitors }: Config): ConfigTables {
  return {
    kuma: kumas.map((kuma) => kumaTable(kuma, kumas.length > 1)),
    agent: {
      push_every: agent.schedule === null ? formatDuration(agent.pushEveryMs) : null,
      schedule: agent.schedule,
      check_every: formatDuration(agent.checkEveryMs),
      state_file: agent.stateFile,
      on_stop: agent.onStop,
    },
    supervisor: supervisors.map(supervisorTable),
    monitor: monitors.map((monitor) => monitorTable(monitor, kumas.length > 1)),
  }
}

function kumaTable(kuma: KumaConfig, isOneOfMany: boolean): ConfigTable {
  return {
    name: isOneOfMany ? kuma.name : null,
    url: kuma.url,
    headers: Object.fromEntries(Object.keys(kuma.headers).map((name) => [name, '…'])),
    ca_file: kuma.caFile,
    insecure: kuma.insecure ? true : null,
    client_cert_file: kuma.clientCertFile,
    client_key_file: kuma.clientKeyFile,
    proxy: kuma.proxy === null ? null : kuma.proxy.replace(/\/\/.*@/, '//…@'),
    timeout: formatDuration(kuma.timeoutMs),
  }
}

function supervisorTable(supervisor: SupervisorConfig): ConfigTable {
  return {
    name: supervisor.name,
    unit: supervisor.unit,
    url: supervisor.url,
    username: supervisor.username,
    password: supervisor.password === null ? null : '…',
    ca_file: supervisor.caFile,
    owner: supervisor.ownerUid === null ? null : String(supervisor.ownerUid),
    timeout: formatDuration(supervisor.timeoutMs),
  }
}

function monitorTable(
  { name, push, kumaIntervalMs, target }: MonitorConfig,
  isKumaNamed: boolean,
): ConfigTable {
  return {
    name,
    kuma: isKumaNamed ? (push?.kuma ?? null) : null,
    push_url: push === null ? null : `${push.baseUrl}/api/push/${maskToken(push.token)}`,
    kuma_interval: kumaIntervalMs === null ? null : formatDuration(kumaIntervalMs),
    ...(target.kind === 'unit'
      ? { unit: target.unit }
      : {
          supervisor: target.supervisor,
          programs: target.programs,
          exclude: target.exclude,
          min_running: target.minRunning,
          stopped: target.stopped,
          memory: target.memoryBytes === null ? null : formatSize(target.memoryBytes),
          http: target.http === null ? null : httpTable(target.http),
          on_failure: target.onFailure,
          restart_cooldown: target.onFailure === 'restart' ? formatDuration(target.restartCooldownMs) : null,
          log_tail: target.logTail,
        }),
  }
}

function httpTable({ url, status, body, timeoutMs, when }: HttpCheck): ConfigTable {
  return { url: withoutQuery(url), status, body, timeout: formatDuration(timeoutMs), when }
}

function writeTable(heading: string, table: ConfigTable): string {
  return `${[heading, ...writeEntries(table)].join('\n')}\n`
}

function writeEntries(table: ConfigTable): string[] {
  return Object.entries(table).flatMap(([key, value]) => {
    const written = writeValue(value)
    return written === null ? [] : `${/^[\w-]+$/.test(key) ? key : JSON.stringify(key)} = ${written}`
  })
}

/** JSON's strings and arrays are TOML's; its objects are not. Returns null for what is not set. */
function writeValue(value: ConfigValue): string | null {
  if (value === null || (isList(value) && value.length === 0)) return null
  if (typeof value !== 'object' || isList(value)) return printableJson(value)
  const entries = writeEntries(value)
  return entries.length === 0 ? null : `{ ${entries.join(', ')} }`
}

function isList(value: ConfigValue): value is readonly (string | number)[] {
  return Array.isArray(value)
}
