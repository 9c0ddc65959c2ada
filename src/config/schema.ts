import * as v from 'valibot'
import type { Given } from './given.ts'
import {
  DEFAULT_KUMA_URL,
  parseKumaUrl,
  parseProxyUrl,
  parsePushAddress,
  parsePushUrl,
  parseSupervisorUrl,
  parseUnitName,
} from './urls.ts'
import {
  choice,
  duration,
  flag,
  headers,
  httpCheck,
  integer,
  parsedBy,
  path,
  size,
  text,
  texts,
  type Kind,
} from './values.ts'

/** A key of the configuration file. */
export interface Key extends Kind<unknown> {
  /** The words above it in config.example.toml, which the reference and the manual have too. */
  readonly help: string
  /** As the file would write it. Left out where leaving out the key is no value of its own. */
  readonly default?: string | boolean
}

/** Stands above user name and password alike. */
const BASIC_AUTHENTICATION = 'Basic authentication of a reverse proxy in front of Kuma.'
const SUPERVISOR_LOGIN =
  'What [unix_http_server] or [inet_http_server] of supervisord asks for; found by itself with url = "auto".'
const PASSWORD_FILE = 'Rather than a password, the file that holds it.'
const CLIENT_CERTIFICATE = 'A certificate of this host and its key, where Kuma asks for one (PEM files).'

/** Every key of the configuration file, by table. Options, `check-config`, the pages and the completion follow from it. */
export const SCHEMA = {
  kuma: {
    name: {
      ...text,
      help: 'What [[monitor]] calls it, where there are several; the host of its URL, unless set.',
    },
    url: {
      ...parsedBy(parseKumaUrl, 'http://… or https://…'),
      default: DEFAULT_KUMA_URL,
      help: 'Where Uptime Kuma is. A path in front of it stays: "https://status.example.com/kuma".',
    },
    username: { ...text, help: BASIC_AUTHENTICATION },
    password: { ...text, help: BASIC_AUTHENTICATION },
    password_file: { ...path, help: PASSWORD_FILE },
    headers: {
      ...headers,
      help: 'Sent with every heartbeat, for what else stands in front of Kuma, such as Cloudflare Access; a value or its file.',
    },
    ca_file: { ...path, help: 'A private certificate authority (a PEM file).' },
    insecure: {
      ...flag,
      default: false,
      help: "Does not check Kuma's certificate at all. Whoever is on the way can then read the token: warned of at every start.",
    },
    client_cert_file: { ...path, help: CLIENT_CERTIFICATE },
    client_key_file: { ...path, help: CLIENT_CERTIFICATE },
    proxy: {
      ...parsedBy(
        (given) => (given === 'none' ? { value: given } : parseProxyUrl(given)),
        'http://[user:password@]host:port or "none"',
      ),
      help:
        'An HTTP proxy on the way to Kuma: http://[user:password@]host:port, or "none". Unless set, as HTTPS_PROXY or ' +
        'HTTP_PROXY and NO_PROXY say.',
    },
    timeout: {
      ...duration('1s', '5m'),
      default: '25s',
      help:
        'How long a heartbeat that brings news waits for its answer, connecting included: Kuma 2 answers it only after it ' +
        'has sent its notifications. Unless set, at most 1.25 × push_every. One that repeats what Kuma knows has half of ' +
        'push_every and one more try. A DOWN is not given up then: for five minutes no other one follows it before its answer.',
    },
  },
  agent: {
    push_every: {
      ...duration('1s', '24h'),
      default: '24s',
      help:
        'How often a heartbeat goes out: 0.4 × the monitor\'s "Heartbeat Interval" in Kuma. For Kuma\'s 60 s that is 24 s: ' +
        'it survives one lost heartbeat, and Kuma\'s deadline falls between two of them. In Kuma, set "Retries" to 0.',
    },
    check_every: {
      ...duration('1s', '24h'),
      default: '5s',
      help:
        'How often to look. What changes is pushed at once, whatever push_every says. Up to push_every, unless set. A ' +
        'supervisord that is slow to answer, as with a thousand programs, is looked at more rarely: our questions take at ' +
        'most 5 % of its time.',
    },
    schedule: {
      ...text,
      help: 'A cron expression in the place of push_every; with seconds, where it has six fields.',
    },
    state_file: {
      ...path,
      default: '/var/lib/kuma-supervisor-push/state.json',
      help: 'What the agent remembers over a restart. A user who cannot write there has it below $XDG_STATE_HOME.',
    },
    on_stop: {
      ...choice('none', 'down'),
      default: 'none',
      help: 'What a planned stop of the agent pushes: none (Kuma alarms after its interval) | down (at once, and says that it was one).',
    },
  },
  supervisor: {
    name: {
      ...text,
      default: 'local',
      help: 'What [[monitor]] calls it, where there are several; the host of the URL, or "local", unless set.',
    },
    unit: {
      ...parsedBy(
        (given) => (given === 'auto' || given === 'none' ? { value: given } : parseUnitName(given)),
        '"auto", "none" or the name of a unit',
        ['auto', 'none'],
      ),
      default: 'auto',
      help: "auto (supervisord.service, supervisor.service) | a unit's name | none. For a URL of another host it is none.",
    },
    url: {
      ...parsedBy(parseSupervisorUrl, '"auto", "none", unix:///…, http://… or https://…', ['auto', 'none']),
      default: 'auto',
      help: 'auto (as supervisorctl finds it) | unix:///run/supervisor.sock | http://host:9001 | https://host:9001 | none',
    },
    username: { ...text, help: SUPERVISOR_LOGIN },
    password: { ...text, help: SUPERVISOR_LOGIN },
    password_file: { ...path, help: PASSWORD_FILE },
    ca_file: { ...path, help: 'A private certificate authority, for https://.' },
    owner: {
      ...text,
      help:
        "The user who runs supervisord, where that is neither root nor the agent's own: a name or a number. Where others " +
        'could listen at the url (in /tmp, or on a port), nothing is sent to anybody else.',
    },
    timeout: {
      ...duration('100ms', '5m'),
      default: '5s',
      help: 'How long one answer may take in all.',
    },
  },
  monitor: {
    name: {
      ...text,
      default: 'supervisor',
      help: 'What the log and status call it; the programs, the unit or "supervisor", unless set.',
    },
    token: {
      ...parsedBy(parsePushAddress, 'a push token or push URL'),
      help: "The push token: the letters and digits after /api/push/ in the Push URL on the monitor's page in Kuma.",
    },
    token_file: { ...path, help: 'Rather than the token, the file that holds it.' },
    push_url: {
      ...parsedBy(parsePushUrl, 'a push URL'),
      help: 'Rather than the token, the whole Push URL as Kuma shows it.',
    },
    kuma: {
      ...text,
      help:
        'Where there are several [[kuma]]: the one that the token is of; the first one, unless set. A monitor pushes to ' +
        'one: to tell two of the same programs, write two [[monitor]] tables.',
    },
    kuma_interval: {
      ...duration('1s', '24d'),
      help: "The monitor's Heartbeat Interval in Kuma. With it, the agent warns when push_every and the interval cannot work together.",
    },
    supervisor: {
      ...text,
      default: 'local',
      help: 'The name of a [[supervisor]]; the first one, unless set.',
    },
    programs: {
      ...texts,
      help: 'Which programs count: patterns for group:name, where a name alone means any group. All, unless set.',
    },
    exclude: { ...texts, help: 'Which of them do not count.' },
    min_running: { ...integer(1), help: 'How many of them must run; all, unless set.' },
    stopped: {
      ...choice('down', 'ok'),
      default: 'down',
      help: 'What a program means that somebody stopped by hand: down | ok',
    },
    memory: {
      ...size('1MB', '1024GB'),
      help: 'How much resident memory one process may have, its children included. KB, MB and GB count by 1024, as for superlance.',
    },
    http: {
      ...httpCheck,
      help: 'What a URL must answer; asked while the programs are RUNNING, unless when = "always".',
    },
    on_failure: {
      ...choice('report', 'restart'),
      default: 'report',
      help: 'What too much memory or a failed HTTP check brings about: report | restart (over RPC, once in restart_cooldown)',
    },
    restart_cooldown: {
      ...duration('10s', '24h'),
      default: '10m',
      help: 'How long after a restart the next one may come.',
    },
    log_tail: {
      ...flag,
      default: false,
      help:
        'Adds the last line that a dead program wrote to the message: of its stderr, or of its stdout where ' +
        'redirect_stderr=true. It goes to Kuma and all who are notified; passwords in it are masked where they are known as such.',
    },
    unit: { ...parsedBy(parseUnitName, 'the name of a unit'), help: 'The unit, in the place of programs.' },
  },
} satisfies Record<string, Record<string, Key>>

export type TableName = keyof typeof SCHEMA

export const TABLES: readonly TableName[] = ['kuma', 'agent', 'supervisor', 'monitor']

/** Returns the keys of a table, by their names. */
export function keysOf(table: TableName): Readonly<Record<string, Key>> {
  return SCHEMA[table]
}

/** Tells of which tables there may be several. `[kuma]` may stand there as a single table too. */
export function isMany(table: TableName): boolean {
  return table === 'supervisor' || table === 'monitor'
}

/** `[agent]`, `[[monitor]]` */
export function headingOf(table: TableName): string {
  return isMany(table) ? `[[${table}]]` : `[${table}]`
}

/** Returns a given value, or the default of its key where there is none. */
export function valueOr<T>(
  given: Given<T> | undefined,
  { schema, default: written }: Kind<T> & { readonly default: unknown },
): T {
  return given?.value ?? v.parse(schema, written)
}
