import { headers } from './headers.ts'
import { httpCheck } from './http-check.ts'
import { choice, duration, flag, integer, parsedBy, path, size, text, texts } from './kind.ts'
import {
  parseKumaUrl,
  parseProxyUrl,
  parsePushAddress,
  parsePushUrl,
  parseSupervisorUrl,
  parseUnitName,
} from './urls.ts'

/**
 * Every key of the configuration file, by table.
 *
 * An own list and no validation library: options, variables, suggestions and the check of the example read it too,
 * each wrong value has words of its own, and valibot's strict objects tell one unknown key only.
 */
export const SCHEMA = {
  kuma: {
    name: text,
    url: parsedBy(parseKumaUrl, 'http://… or https://…'),
    username: text,
    password: text,
    password_file: path,
    headers,
    ca_file: path,
    insecure: flag,
    client_cert_file: path,
    client_key_file: path,
    proxy: parsedBy(
      (given) => (given === 'none' ? { value: given } : parseProxyUrl(given)),
      'http://[user:password@]host:port or "none"',
    ),
    timeout: duration('1s', '5m'),
  },
  agent: {
    push_every: duration('1s', '24h'),
    check_every: duration('1s', '24h'),
    schedule: text,
    state_file: path,
    on_stop: choice('none', 'down'),
  },
  supervisor: {
    name: text,
    unit: parsedBy(
      (given) => (given === 'auto' || given === 'none' ? { value: given } : parseUnitName(given)),
      '"auto", "none" or the name of a unit',
      ['auto', 'none'],
    ),
    url: parsedBy(parseSupervisorUrl, '"auto", "none", unix:///…, http://… or https://…', ['auto', 'none']),
    username: text,
    password: text,
    password_file: path,
    ca_file: path,
    timeout: duration('100ms', '5m'),
  },
  monitor: {
    name: text,
    token: parsedBy(parsePushAddress, 'a push token or push URL'),
    token_file: path,
    push_url: parsedBy(parsePushUrl, 'a push URL'),
    kuma: text,
    kuma_interval: duration('1s', '24d'),
    supervisor: text,
    programs: texts,
    exclude: texts,
    min_running: integer(1),
    stopped: choice('down', 'ok'),
    memory: size('1MB', '1024GB'),
    http: httpCheck,
    on_failure: choice('report', 'restart'),
    restart_cooldown: duration('10s', '24h'),
    stderr_tail: flag,
    unit: parsedBy(parseUnitName, 'the name of a unit'),
  },
} as const

export type TableName = keyof typeof SCHEMA

export const TABLES: readonly TableName[] = ['kuma', 'agent', 'supervisor', 'monitor']

/** Tells which tables there may be several of; `[kuma]` may stand there as a single table too. */
export function isMany(table: TableName): boolean {
  return table === 'supervisor' || table === 'monitor'
}

/** `[agent]`, `[[monitor]]` */
export function headingOf(table: TableName): string {
  return isMany(table) ? `[[${table}]]` : `[${table}]`
}
