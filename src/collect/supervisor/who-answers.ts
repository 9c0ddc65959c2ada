import { lstat, readFile, readlink, stat } from 'node:fs/promises'
import { connect, isIPv4, type Socket, type TcpNetConnectOpts } from 'node:net'
import { endianness } from 'node:os'
import { dirname, join } from 'node:path'
import { isMissing } from '../../lib/errors.ts'

/** Where to connect, and who may answer there beside root and this user. */
export interface GuardedAddress {
  readonly at: { readonly path: string } | Pick<TcpNetConnectOpts, 'host' | 'port'>
  /** The user of the key `owner`; null where none is given. */
  readonly ownerUid: number | null
  readonly timeoutMs: number
  /** Told where nobody of this host listens, as behind a tunnel: who answers there cannot be known. */
  readonly onUnknown: (place: string) => void
}

/** Returns where an `http:` URL or a socket file is to be connected to. */
export function addressOf(endpoint: URL, socketPath: string | null): GuardedAddress['at'] {
  if (socketPath !== null) return { path: socketPath }
  return { host: endpoint.hostname.replaceAll(/[[\]]/g, ''), port: Number(endpoint.port || 80) }
}

/** Another user of this host listens at the address. */
export class ForeignOwnerError extends Error {
  override name = 'ForeignOwnerError'
}

/**
 * Connects to an address of supervisord. What answers there could be anybody's: so nothing is sent before it is known that
 * root, this user or the owner of the configuration listens, wherever another user of the host could.
 * @throws {ForeignOwnerError}
 */
export async function connectGuarded(address: GuardedAddress): Promise<Socket> {
  const { at } = address
  if (!('path' in at)) {
    const socket = await open(address)
    return await keepIf(socket, () => checkListener(socket, address))
  }
  if (!(await isOpenToOthers(at.path, address.ownerUid))) return open(address)
  // Where it is not there yet, or not to be seen, connecting says so.
  const before = await readOwner(at.path, address.ownerUid).catch((error: unknown) => {
    if (error instanceof ForeignOwnerError) throw error
    return null
  })
  const socket = await open(address)
  return await keepIf(socket, async () => {
    const after = await readOwner(at.path, address.ownerUid)
    if (after === before) return
    const exchanged = new Error(`${at.path} was exchanged while it was opened`)
    throw Object.assign(exchanged, { code: 'ECONNRESET' })
  })
}

function open({ at, timeoutMs }: GuardedAddress): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(at)
    const timer = setTimeout(() => {
      const late = new Error(`no connection within ${timeoutMs} ms`)
      socket.destroy(Object.assign(late, { code: 'ETIMEDOUT' }))
    }, timeoutMs)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    socket.once('close', () => clearTimeout(timer))
    socket.on('error', reject)
    socket.once('connect', () => {
      clearTimeout(timer)
      resolve(socket)
    })
  })
}

async function keepIf(socket: Socket, check: () => Promise<void>): Promise<Socket> {
  try {
    await check()
    return socket
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** Returns what tells one socket file of a trusted user from another one: a rename changes its ctime. */
async function readOwner(path: string, ownerUid: number | null): Promise<string> {
  const { dev, ino, ctimeNs, uid } = await stat(path, { bigint: true })
  await refuseForeign(path, [Number(uid)], ownerUid)
  return `${dev}:${ino}:${ctimeNs}`
}

async function refuseForeign(place: string, uids: readonly number[], ownerUid: number | null): Promise<void> {
  const isTrusted = await readTrust(ownerUid)
  const foreign = uids.find((uid) => !isTrusted(uid))
  if (foreign === undefined) return
  const isHidden = foreign === HIDDEN_UID && ownerUid !== null && ownerUid !== HIDDEN_UID
  const hint = isHidden ? '; where that is the owner, set PrivateUsers=no in a drop-in of the unit' : ''
  throw new ForeignOwnerError(
    `${place} belongs to another user (uid ${foreign}): nothing was sent to it${hint}`,
  )
}

/** Stands for every user that a user namespace does not have, as with `PrivateUsers=yes` of systemd. */
const HIDDEN_UID = 65_534

async function readTrust(ownerUid: number | null): Promise<(uid: number) => boolean> {
  const isNobodyReal = (await readText('/proc/self/uid_map')).split('\n').some((line) => {
    const [first = NaN, , count = NaN] = line.trim().split(/\s+/).map(Number)
    return first <= HIDDEN_UID && HIDDEN_UID < first + count
  })
  const trusted = new Set([0, process.getuid?.(), ownerUid])
  if (!isNobodyReal) trusted.delete(HIDDEN_UID)
  return (uid) => trusted.has(uid)
}

const MAX_LINKS = 40

/**
 * Returns true where a user who is not trusted could put another socket at the path: into its folder, or by a folder or a
 * link above it. A folder that a trusted user has given to somebody is that user's to listen in.
 */
async function isOpenToOthers(path: string, ownerUid: number | null): Promise<boolean> {
  const isTrusted = await readTrust(ownerUid)
  const heirs = new Set<number>()
  const rest = path.split('/')
  let folder = '/'
  try {
    for (let links = 0; links < MAX_LINKS;) {
      const name = rest.shift()
      if (name === undefined) return false
      if (name === '..') folder = dirname(folder)
      if (name === '' || name === '.' || name === '..') continue
      const above = await lstat(folder)
      const isKept = isTrusted(above.uid) || heirs.has(above.uid)
      // RHEL's /run/supervisor is writable to root's own group.
      const others = above.gid === 0 ? 0o002 : 0o022
      const isWritable = !isKept || (above.mode & others) !== 0
      const entry = await lstat(join(folder, name))
      // In a sticky folder others cannot take an entry away.
      const stays = isKept && (above.mode & 0o1000) !== 0 && isTrusted(entry.uid) && !entry.isSocket()
      if (isWritable && !stays) return true
      if (entry.isSymbolicLink()) {
        const target = await readlink(join(folder, name))
        if (target.startsWith('/')) folder = '/'
        rest.unshift(...target.split('/'))
        links += 1
      } else {
        if (!isWritable) heirs.add(entry.uid)
        folder = join(folder, name)
      }
    }
  } catch {
    // Unknown is not safe; a socket that is not there shows when it is opened.
  }
  return true
}

/** Refuses a connection within this host whose other end is another user's. */
async function checkListener(socket: Socket, { ownerUid, onUnknown }: GuardedAddress): Promise<void> {
  const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket
  const isWithinHost = remoteAddress === localAddress || /^(?:::ffff:)?127\.|^::1$/.test(remoteAddress)
  if (!isWithinHost) return
  const place = remoteAddress.includes(':')
    ? `[${remoteAddress}]:${remotePort}`
    : `${remoteAddress}:${remotePort}`
  const uids = await readListenerUids(
    { address: remoteAddress, port: remotePort },
    { address: localAddress, port: localPort },
  )
  if (uids.length === 0) onUnknown(place)
  else await refuseForeign(place, uids, ownerUid)
}

interface Endpoint {
  readonly address: string
  readonly port: number
}

const LISTEN = '0A'

/**
 * Returns the users who listen at the address, the nearest match alone as the kernel chooses; where nobody listens any more,
 * the user who took the connection; empty where neither is a process of this network namespace.
 * @see https://docs.kernel.org/networking/proc_net_tcp.html
 */
async function readListenerUids(to: Endpoint, from: Endpoint): Promise<readonly number[]> {
  const tables = await Promise.all(['/proc/net/tcp', '/proc/net/tcp6'].map(readText))
  const rows = tables.flatMap((text) =>
    text
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/)),
  )
  const uidsOf = (local: string, isWanted: (remote: string, state: string) => boolean): number[] =>
    rows
      .filter((row) => row[1] === local && isWanted(row[2] ?? '', row[3] ?? ''))
      .map((row) => Number(row[7]))
  const spellings = spellingsOf(to)
  const wildcards = isV4(to.address)
    ? [rowOf({ address: '0.0.0.0', port: to.port }), rowOf({ address: '::', port: to.port })]
    : [rowOf({ address: '::', port: to.port })]
  for (const local of [...spellings, ...wildcards]) {
    const uids = uidsOf(local, (_remote, state) => state === LISTEN)
    if (uids.length > 0) return uids
  }
  const ours = new Set(spellingsOf(from))
  return spellings.flatMap((local) => uidsOf(local, (remote) => ours.has(remote)))
}

function isV4(address: string): boolean {
  return isIPv4(address.replace(/^::ffff:/, ''))
}

/** An IPv4 address is mapped where a socket of IPv6 has it. */
function spellingsOf({ address, port }: Endpoint): readonly string[] {
  if (!isV4(address)) return [rowOf({ address, port })]
  const plain = address.replace(/^::ffff:/, '')
  return [rowOf({ address: plain, port }), rowOf({ address: `::ffff:${plain}`, port })]
}

/** `0100007F:2329`: the words of the address as they lie in memory. */
function rowOf({ address, port }: Endpoint): string {
  const bytes = isIPv4(address) ? address.split('.').map(Number) : bytesOfV6(address)
  const hex: string[] = []
  for (let at = 0; at < bytes.length; at += 4) {
    const word = bytes.slice(at, at + 4)
    hex.push(...(endianness() === 'LE' ? word.toReversed() : word).map((byte) => hexOf(byte, 2)))
  }
  return `${hex.join('')}:${hexOf(port, 4)}`
}

function hexOf(value: number, width: number): string {
  return value.toString(16).toUpperCase().padStart(width, '0')
}

function bytesOfV6(address: string): number[] {
  const dotted = /[\d.]+$/.exec(address)?.[0] ?? ''
  const v4 = isIPv4(dotted) ? dotted.split('.').map(Number) : []
  const text = v4.length > 0 ? address.slice(0, -dotted.length).replace(/([^:]):$/, '$1') : address
  const [head = '', tail = ''] = text.replace(/%.*$/, '').split('::')
  const [before, after] = [head, tail].map((part) =>
    part.split(':').flatMap((group) => {
      const value = Number.parseInt(group, 16)
      return group === '' ? [] : [value >> 8, value & 0xff]
    }),
  )
  const fill = Math.max(0, 16 - (before?.length ?? 0) - (after?.length ?? 0) - v4.length)
  return [...(before ?? []), ...Array<number>(fill).fill(0), ...(after ?? []), ...v4]
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (isMissing(error)) return ''
    throw error
  }
}
