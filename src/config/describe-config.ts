import { maskToken } from '../secret.ts'
import type { Config, HttpCheck, KumaConfig, MonitorConfig, PushTarget, SupervisorConfig } from './config.ts'
import { formatDuration } from './duration.ts'
import { formatSize } from './size.ts'

type Value =
  string | number | boolean | null | readonly (string | number)[] | { readonly [key: string]: Value }

/** Writes a resolved configuration as TOML, defaults included, secrets masked; what is not set is left out. */
export function describeConfig({ kumas, agent, supervisors, monitors }: Config): string {
  return [
    ...kumas.map((kuma) => describeKuma(kuma, kumas.length > 1)),
    table('[agent]', {
      push_every: agent.schedule === null ? formatDuration(agent.pushEveryMs) : null,
      schedule: agent.schedule,
      check_every: formatDuration(agent.checkEveryMs),
      state_file: agent.stateFile,
      on_stop: agent.onStop,
    }),
    ...supervisors.map(describeSupervisor),
    ...monitors.map((monitor) => describeMonitor(monitor, kumas.length > 1)),
  ].join('\n')
}

function describeKuma(kuma: KumaConfig, isOneOfMany: boolean): string {
  return table(isOneOfMany ? '[[kuma]]' : '[kuma]', {
    name: isOneOfMany ? kuma.name : null,
    url: kuma.url,
    headers: Object.fromEntries(Object.keys(kuma.headers).map((name) => [name, '…'])),
    ca_file: kuma.caFile,
    insecure: kuma.insecure ? true : null,
    client_cert_file: kuma.clientCertFile,
    client_key_file: kuma.clientKeyFile,
    proxy: kuma.proxy === null ? null : kuma.proxy.replace(/\/\/.*@/, '//…@'),
    timeout: formatDuration(kuma.timeoutMs),
  })
}

function describeSupervisor(supervisor: SupervisorConfig): string {
  return table('[[supervisor]]', {
    name: supervisor.name,
    unit: supervisor.unit,
    url: supervisor.url,
    username: supervisor.username,
    password: supervisor.password === null ? null : '…',
    ca_file: supervisor.caFile,
    timeout: formatDuration(supervisor.timeoutMs),
  })
}

function urlOf({ baseUrl, token }: PushTarget): string {
  return `${baseUrl}/api/push/${maskToken(token)}`
}

function describeMonitor(
  { name, pushes, kumaIntervalMs, target }: MonitorConfig,
  isKumaNamed: boolean,
): string {
  const [push] = pushes
  return table('[[monitor]]', {
    name,
    kuma: isKumaNamed && pushes.length === 1 ? (push?.kuma ?? null) : null,
    push_url: push === undefined || pushes.length > 1 ? null : urlOf(push),
    tokens: pushes.length > 1 ? Object.fromEntries(pushes.map((one) => [one.kuma, urlOf(one)])) : null,
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
          http: target.http === null ? null : describeHttp(target.http),
          on_failure: target.onFailure,
          restart_cooldown: target.onFailure === 'restart' ? formatDuration(target.restartCooldownMs) : null,
          stderr_tail: target.stderrTail,
        }),
  })
}

function describeHttp({ url, status, body, timeoutMs, when }: HttpCheck): Value {
  // A query can hold a key.
  return { url: url.replace(/\?.*$/s, '?…'), status, body, timeout: formatDuration(timeoutMs), when }
}

function table(heading: string, values: Readonly<Record<string, Value>>): string {
  const lines = Object.entries(values).flatMap(([key, value]) => {
    const written = write(value)
    return written === null ? [] : `${key} = ${written}`
  })
  return `${[heading, ...lines].join('\n')}\n`
}

function isList(value: Value): value is readonly (string | number)[] {
  return Array.isArray(value)
}

/** JSON's strings and arrays are TOML's; its objects are not. */
function write(value: Value): string | null {
  if (value === null || (isList(value) && value.length === 0)) return null
  if (typeof value !== 'object' || isList(value)) return JSON.stringify(value)
  const entries = Object.entries(value).flatMap(([key, inner]) => {
    const written = write(inner)
    return written === null ? [] : `${/^[\w-]+$/.test(key) ? key : JSON.stringify(key)} = ${written}`
  })
  return entries.length === 0 ? null : `{ ${entries.join(', ')} }`
}
