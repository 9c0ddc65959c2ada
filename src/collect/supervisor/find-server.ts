import { existsSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import { noDescriptors } from '../../lib/errors.ts'
import type { RpcFailure } from './rpc-reading.ts'
import { parseServerUrl } from './server-url.ts'
import {
  type ConfServer,
  type ConfSurroundings,
  loadSupervisorConf,
  type SupervisorConf,
} from './supervisor-conf.ts'

/** Where supervisord listens and how that was found out. */
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

export interface FindServerOptions extends ConfSurroundings {
  readonly cwd: string
  /** supervisord.conf candidates in order; by default those of supervisorctl. */
  readonly confPaths?: readonly string[]
  /** Sockets to try when no configuration tells. */
  readonly socketPaths?: readonly string[]
}

const SOCKET_PATHS = [
  '/run/supervisor.sock',
  '/var/run/supervisor.sock',
  '/run/supervisor/supervisor.sock',
  '/tmp/supervisor.sock',
]

/** Finds the local supervisord as supervisorctl does, and by the usual sockets where its configuration cannot be read. */
export async function findServer(
  options: FindServerOptions,
): Promise<FoundServer | { readonly kind: 'failed'; readonly failure: RpcFailure }> {
  const confPaths = options.confPaths ?? searchPaths(options)
  const socketPaths = options.socketPaths ?? SOCKET_PATHS
  const { path, conf } = await firstConf(confPaths, options)
  const own = conf.kind === 'unreadable' ? noDescriptors(conf.cause) : null
  if (own !== null) {
    return { kind: 'failed', failure: { reason: 'no-descriptors', url: 'auto', detail: own } }
  }
  const servers = conf.kind === 'read' ? conf.servers : []
  const looked: string[] = []

  const fromEnv = options.env['SUPERVISOR_SERVER_URL']
  if (fromEnv !== undefined && fromEnv !== '') {
    const found = asFound({ url: fromEnv, ...NO_CREDENTIALS }, servers, 'SUPERVISOR_SERVER_URL')
    if ('url' in found) return found
    looked.push(`SUPERVISOR_SERVER_URL: ${found.wrong}`)
  }
  for (const server of servers) {
    const found = asFound(server, servers, `${path} [${server.section}]`)
    if ('url' in found) return found
    looked.push(`${path} [${server.section}]: ${found.wrong}`)
  }
  looked.push(...describeConf(path, conf, confPaths))
  for (const socketPath of socketPaths) {
    if (!(await isSocket(socketPath))) continue
    const source =
      conf.kind === 'missing'
        ? socketPath
        : `${socketPath} (${describeConf(path, conf, confPaths).join('; ')})`
    return {
      kind: 'found',
      url: `unix://${socketPath}`,
      username: null,
      password: null,
      source,
      warning: null,
    }
  }
  looked.push(`no socket at ${socketPaths.join(', ')}`)
  const detail = `no supervisord found: ${looked.join('; ')}; set its url`
  return { kind: 'failed', failure: { reason: 'no-address', url: 'auto', detail } }
}

const NO_CREDENTIALS = { username: null, password: null, hashed: false }

/** The places where supervisorctl looks, around the supervisorctl of this PATH. */
function searchPaths({ env, cwd }: FindServerOptions): string[] {
  const folders = (env['PATH'] ?? '').split(delimiter).filter((folder) => folder.startsWith('/'))
  const bin = folders.find((folder) => existsSync(join(folder, 'supervisorctl')))
  const around =
    bin === undefined
      ? []
      : ['etc/supervisord.conf', 'supervisord.conf'].map((name) => join(dirname(bin), name))
  return [
    ...around,
    resolve(cwd, 'supervisord.conf'),
    resolve(cwd, 'etc/supervisord.conf'),
    '/etc/supervisord.conf',
    '/etc/supervisor/supervisord.conf',
  ]
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
): FoundServer | { wrong: string } {
  const parsed = parseServerUrl(server.url)
  if ('wrong' in parsed) return parsed
  const same = all.filter(({ url }) => addressKey(url) === addressKey(server.url))
  const known = [server, ...same].find(({ username, password }) => username !== null && password !== null)
  const hashed = [server, ...same].some((candidate) => candidate.hashed)
  return {
    kind: 'found',
    url: parsed.shown,
    username: known?.username ?? parsed.username,
    password: known?.password ?? parsed.password,
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
  return 'wrong' in parsed ? url : parsed.shown.replace('//localhost', '//127.0.0.1')
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
