import { printableJson } from '../../lib/text.ts'
import { existsSync } from 'node:fs'
import { lstat, stat } from 'node:fs/promises'
import { hostname } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'
import { noDescriptors } from '../../lib/errors.ts'
import { type ConfServer, type ConfSurroundings, loadSupervisorConf, type SupervisorConf } from './conf.ts'
import type { RpcFailure } from './rpc-reading.ts'

/** The address of a supervisord, and how it was found. */
export interface FoundServer {
  readonly kind: 'found'
  /** Without credentials. */
  readonly url: string
  readonly username: string | null
  readonly password: string | null
  /** `/etc/supervisor/supervisord.conf [supervisorctl]`, `SUPERVISOR_SERVER_URL`, … */
  readonly source: string
  /** One line when something stands in the way of using it, like a password known only as a hash; else null. */
  readonly warning: string | null
}

export interface DiscoveryOptions extends Partial<ConfSurroundings> {
  readonly env: ConfSurroundings['env']
  readonly cwd?: string
  /** supervisord.conf candidates in order; by default those of supervisorctl. */
  readonly confPaths?: readonly string[]
  /** Sockets to try when no configuration tells. */
  readonly socketPaths?: readonly string[]
}

interface Login {
  readonly username: string | null
  readonly password: string | null
}

const SOCKET_PATHS = [
  '/run/supervisor.sock',
  '/var/run/supervisor.sock',
  '/run/supervisor/supervisor.sock',
  '/tmp/supervisor.sock',
]

/**
 * Finds the supervisord of this host as supervisorctl does, and by the usual sockets where its configuration cannot be read.
 * @param login wins over the credentials that are found
 */
export async function findSupervisor(
  login: Login,
  {
    env,
    hostname: name = hostname(),
    cwd = process.cwd(),
    confPaths,
    socketPaths = SOCKET_PATHS,
  }: DiscoveryOptions,
): Promise<FoundServer | { readonly kind: 'failed'; readonly failure: RpcFailure }> {
  const tried = confPaths ?? (await searchPaths(env['PATH'] ?? '', cwd))
  const { path, conf } = await firstConf(tried, { env, hostname: name })
  const own = conf.kind === 'unreadable' ? noDescriptors(conf.cause) : null
  if (own !== null) {
    return { kind: 'failed', failure: { reason: 'no-descriptors', url: 'auto', detail: own } }
  }
  const servers = conf.kind === 'read' ? conf.servers : []
  const looked: string[] = []

  const fromEnv = env['SUPERVISOR_SERVER_URL']
  if (fromEnv !== undefined && fromEnv !== '') {
    const server = { url: fromEnv, username: null, password: null, hashed: false }
    const found = asFound(server, servers, 'SUPERVISOR_SERVER_URL', login)
    if ('url' in found) return found
    looked.push(`SUPERVISOR_SERVER_URL: ${found.wrong}`)
  }
  for (const server of servers) {
    const found = asFound(server, servers, `${path} [${server.section}]`, login)
    if ('url' in found) return found
    looked.push(`${path} [${server.section}]: ${found.wrong}`)
  }
  const told = describeConf(path, conf, tried)
  looked.push(...told)
  for (const socketPath of socketPaths) {
    if (!(await isSocket(socketPath))) continue
    const source = conf.kind === 'missing' ? socketPath : `${socketPath} (${told.join('; ')})`
    const { username, password } = login
    return { kind: 'found', url: `unix://${socketPath}`, username, password, source, warning: null }
  }
  looked.push(`no socket at ${socketPaths.join(', ')}`)
  const detail = `no supervisord found: ${looked.join('; ')}; set its url`
  return { kind: 'failed', failure: { reason: 'no-address', url: 'auto', detail } }
}

/** Returns the places where supervisorctl looks, around the supervisorctl of this PATH. */
async function searchPaths(path: string, cwd: string): Promise<string[]> {
  const folders = path.split(delimiter).filter((folder) => folder.startsWith('/'))
  const bin = folders.find((folder) => existsSync(join(folder, 'supervisorctl')))
  const around =
    bin === undefined
      ? []
      : ['etc/supervisord.conf', 'supervisord.conf'].map((name) => join(dirname(bin), name))
  const here = [resolve(cwd, 'supervisord.conf'), resolve(cwd, 'etc/supervisord.conf')]
  const traps = await Promise.all(here.map(isTrap))
  return [
    ...around,
    ...here.filter((_, index) => traps[index] === false),
    '/etc/supervisord.conf',
    '/etc/supervisor/supervisord.conf',
  ]
}

/** Returns true where root would read what another user has laid into the working folder. */
async function isTrap(path: string): Promise<boolean> {
  if (process.getuid?.() !== 0) return false
  const about = [lstat(path), stat(path), stat(dirname(path))]
  const owners = await Promise.all(about.map((one) => one.catch(() => null)))
  return owners.some((owner) => owner !== null && owner.uid !== 0)
}

/** The first that exists counts, as for supervisorctl, even when it cannot be read. */
async function firstConf(
  paths: readonly string[],
  around: ConfSurroundings,
): Promise<{ path: string; conf: SupervisorConf }> {
  for (const path of paths) {
    const conf = await loadSupervisorConf(path, around)
    if (conf.kind !== 'missing') return { path, conf }
  }
  return { path: '', conf: { kind: 'missing' } }
}

/** Credentials come from the same section, else from another one about the same address. */
function asFound(
  server: Pick<ConfServer, 'url' | 'username' | 'password' | 'hashed'>,
  all: readonly ConfServer[],
  source: string,
  login: Login,
): FoundServer | { wrong: string } {
  const parsed = parseServerUrl(server.url)
  if ('wrong' in parsed) return parsed
  const same = all.filter(({ url }) => addressKey(url) === addressKey(server.url))
  const known = [server, ...same].find(({ username, password }) => username !== null && password !== null)
  const hashed = [server, ...same].some((candidate) => candidate.hashed)
  return {
    kind: 'found',
    url: parsed.displayUrl,
    username: login.username ?? known?.username ?? parsed.username,
    password: login.password ?? known?.password ?? parsed.password,
    source,
    warning:
      hashed && known === undefined && parsed.password === null
        ? `${source}: the password is only known as a {SHA} hash, which cannot be used; set username and password_file`
        : null,
  }
}

/** Two spellings of one address give one key. */
function addressKey(url: string): string {
  const parsed = parseServerUrl(url)
  return 'wrong' in parsed ? url : parsed.displayUrl.replace('//localhost', '//127.0.0.1')
}

function describeConf(path: string, conf: SupervisorConf, tried: readonly string[]): string[] {
  if (conf.kind === 'missing') return [`no ${[...new Set(tried)].join(', ')}`]
  if (conf.kind === 'unreadable') return [`${path} cannot be read (${conf.cause})`]
  return conf.problems.length > 0 ? [...conf.problems] : [`${path} names no address`]
}

function isSocket(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isSocket(),
    () => false,
  )
}

/** The parts of a supervisord's address. */
export interface ServerUrl {
  /** For people, without credentials: `unix:///run/supervisor.sock`, `http://10.0.0.7:9001`. */
  readonly displayUrl: string
  /** The URL to POST to; with a socket the host is only a name. */
  readonly endpoint: URL
  readonly socketPath: string | null
  /** Credentials that stood in the URL, decoded. */
  readonly username: string | null
  readonly password: string | null
}

/**
 * Parses `unix:///path`, `http://host:port` and `https://host:port`, the latter two with an optional path prefix.
 * @returns what is wrong, without credentials, when it is none of these
 */
export function parseServerUrl(text: string): ServerUrl | { readonly wrong: string } {
  const socketPath = text.startsWith('unix://') ? text.slice('unix://'.length) : null
  if (socketPath !== null) {
    if (!socketPath.startsWith('/')) {
      return {
        wrong: `unix:// needs an absolute path, like unix:///run/supervisor.sock, got ${quoted(text)}`,
      }
    }
    return {
      displayUrl: `unix://${socketPath}`,
      endpoint: new URL('http://localhost/RPC2'),
      socketPath,
      username: null,
      password: null,
    }
  }
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return { wrong: `expected unix:///path, http://host:port or https://host:port, got ${quoted(text)}` }
  }
  const prefix = url.pathname.replace(/\/+(?:RPC2\/*)?$/, '')
  return {
    displayUrl: `${url.protocol}//${url.host}${prefix}`,
    endpoint: new URL(`${url.protocol}//${url.host}${prefix}/RPC2`),
    socketPath: null,
    username: url.username === '' ? null : decoded(url.username),
    password: url.password === '' ? null : decoded(url.password),
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function quoted(text: string): string {
  return printableJson(text.replace(/\/\/.*@/s, '//').slice(0, 100))
}
