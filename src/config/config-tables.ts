import { maskToken } from '../lib/secret.ts'
import type { Config, HttpCheck, KumaConfig, MonitorConfig, SupervisorConfig } from './config.ts'
import { formatDuration } from '../lib/duration.ts'
import { formatSize } from '../lib/size.ts'

/** What a key can hold; null where it is not set. */
export type ConfigValue =
  string | number | boolean | null | readonly (string | number)[] | { readonly [key: string]: ConfigValue }

/** One table of the file: every key that it knows, in order. */
export type ConfigTable = Readonly<Record<string, ConfigValue>>

/** The tables of a configuration file that would say all of a resolved configuration. */
export interface ConfigTables {
  readonly kuma: readonly ConfigTable[]
  readonly agent: ConfigTable
  readonly supervisor: readonly ConfigTable[]
  readonly monitor: readonly ConfigTable[]
}

/** Takes a resolved configuration apart into the file's own keys and notation, secrets masked. */
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
          stderr_tail: target.stderrTail,
        }),
  }
}

function httpTable({ url, status, body, timeoutMs, when }: HttpCheck): ConfigTable {
  // A query can hold a key.
  return { url: url.replace(/\?.*$/s, '?…'), status, body, timeout: formatDuration(timeoutMs), when }
}
