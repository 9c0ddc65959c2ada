import { readFile, stat } from 'node:fs/promises'
import { isMissing, messageOf } from '../../lib/errors.ts'
import { createMask } from '../../lib/secret.ts'
import { call, type CallResult, type DecodeOptions } from './call.ts'
import { createPeer, type Peer } from './peer.ts'
import { asFault, isArray, type XmlRpcParam, type XmlRpcValue } from './xmlrpc.ts'
import { createConfigCache } from './config-cache.ts'
import { RecentEvents, StderrLines } from './log.ts'
import { describeFailure, FAULT } from './rpc-reading.ts'
import { parseClock, parseProcessInfos, type ProcessInfo } from './process-info.ts'
import { Patience } from './patience.ts'
import type { RpcFailure, RpcReading } from './rpc-reading.ts'
import { parseServerUrl } from './discovery.ts'

export interface SupervisorClientOptions {
  /** `unix:///…`, `http://…`, `https://…`; credentials in it count where the others are null. */
  readonly url: string
  readonly username: string | null
  readonly password: string | null
  /** PEM file of the certificates to trust over https, read at the first use; null for the system's. */
  readonly caFile: string | null
  /** For an answer, as long as supervisord is not known to be slower. */
  readonly timeoutMs: number
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** supervisord ended an idle connection: it most likely died. At most once per connection. */
  readonly onEnd?: () => void
}

type SupervisorCall =
  | { readonly kind: 'value'; readonly value: XmlRpcValue }
  | { readonly kind: 'failed'; readonly failure: RpcFailure }

/** One supervisord; failures are results, and after one the next call begins anew. */
export interface SupervisorClient {
  /**
   * @param isFresh asks a small question first: supervisord looks only once a second which processes have ended, and at
   * the end of each turn in which it was asked something
   */
  read(signal: AbortSignal, isFresh?: boolean): Promise<RpcReading>
  /** For methods that act: never sent twice. */
  call(method: string, params: readonly XmlRpcParam[], signal: AbortSignal): Promise<SupervisorCall>
  /**
   * Returns the last line of stderr of programs that failed, or came back after they had, by `group:name`.
   * @param nowSeconds on supervisord's clock
   */
  readStderr(
    processes: readonly ProcessInfo[],
    nowSeconds: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>>
  /**
   * For texts of programs: control characters come as their pictures, `␛` for ESC.
   * @returns null when there is none, or it cannot be had
   */
  readText(method: string, params: readonly XmlRpcParam[], signal: AbortSignal): Promise<string | null>
  close(): Promise<void>
}

const ALL_PROCESSES = 'supervisor.getAllProcessInfo'

/** @throws {TypeError} for a URL of a wrong kind, which the configuration refuses before. */
export function createSupervisorClient(options: SupervisorClientOptions): SupervisorClient {
  const { now } = options
  const patience = new Patience(options.timeoutMs)
  const address = parseServerUrl(options.url)
  if ('wrong' in address) throw new TypeError(`supervisor url: ${address.wrong}`)
  const url = address.displayUrl
  const username = options.username ?? address.username
  const password = options.password ?? address.password
  const mask = maskCredentials(username, password)
  const configs = createConfigCache(now)
  const recentEvents = new RecentEvents()
  const stderrLines = new StderrLines()
  let peer: Peer | null = null
  /** Other implementations have no `system.multicall`; learned by the first answer that shows it. */
  let multicall = true

  const openPeer = async (): Promise<Peer> => {
    const ca = options.caFile === null ? null : await readFile(options.caFile, 'utf8')
    peer ??= createPeer(
      {
        url: address.endpoint,
        socketPath: address.socketPath,
        username,
        password,
        ca,
      },
      () => options.onEnd?.(),
      now,
    )
    return peer
  }

  /** Calls within one deadline. */
  const session = async (signal: AbortSignal, withinMs = patience.ms) => {
    const deadline = now() + withinMs
    const opened = peer ?? (await openPeer())
    return (method: string, params: readonly XmlRpcParam[], idempotent: boolean, how: DecodeOptions = {}) =>
      call(opened, method, params, { signal, timeoutMs: deadline - now(), idempotent, ...how })
  }
  type Ask = Awaited<ReturnType<typeof session>>

  const failedToOpen = (error: unknown): RpcFailure => ({
    reason: 'unreachable',
    url,
    detail: `ca_file ${options.caFile} cannot be read: ${messageOf(error)}`,
  })

  const askAll = async (ask: Ask): Promise<{ processes: CallResult; pid: number | null }> => {
    if (multicall) {
      const both = splitMulticall(await ask('system.multicall', [MULTICALL], true))
      if (both) return both
      const processes = await ask(ALL_PROCESSES, [], true)
      if (processes.kind === 'value') multicall = false
      return { processes, pid: null }
    }
    return { processes: await ask(ALL_PROCESSES, [], true), pid: null }
  }

  /** Why there is no use in asking; null when there may be. */
  const tryOut = async (ask: Ask, isFresh: boolean): Promise<CallResult | null> => {
    // A connection that is kept alive outlives its socket file, without which nobody else comes through any more.
    if (address.socketPath !== null && (await stat(address.socketPath).then(() => false, isMissing))) {
      return NO_SOCKET
    }
    const woken = isFresh ? await ask('supervisor.getState', [], true) : null
    return woken?.kind === 'no-answer' ? woken : null
  }

  return {
    async read(signal, isFresh = false) {
      const ask = await session(signal).catch(failedToOpen)
      if (typeof ask !== 'function') return { kind: 'failed', failure: ask }
      const timeoutMs = patience.ms
      const silence = await tryOut(ask, isFresh)
      const startedAt = now()
      const { processes: result, pid } =
        silence === null ? await askAll(ask) : { processes: silence, pid: null }
      const ms = now() - startedAt
      const processes = result.kind === 'value' ? parseProcessInfos(result.value) : result
      if ('kind' in processes) {
        // What answers next may be another program.
        multicall = true
        if (processes.kind === 'no-answer' && processes.began === true) patience.answered(ms)
        return {
          kind: 'failed',
          failure: describeFailure(processes, { method: ALL_PROCESSES, url, timeoutMs, mask }),
        }
      }
      if ('wrong' in processes) {
        const detail = `${ALL_PROCESSES} answered something else at ${url}: ${mask(processes.wrong)}`
        return { kind: 'failed', failure: { reason: 'bad-answer', url, detail } }
      }
      patience.answered(ms)
      const clock = result.kind === 'value' ? parseClock(result.value) : 0
      const known = await configs.get(pid, processes, async () => {
        const askLonger = await session(signal, patience.configsMs)
        return askLonger('supervisor.getAllConfigInfo', [], true)
      })
      const askOn = await session(signal)
      const events = await recentEvents.read(processes, clock, (bytes) =>
        // With loglevel=debug it has what programs write, colours included.
        askOn('supervisor.readLog', [-bytes, 0], true, { controls: 'picture' }),
      )
      return { kind: 'answered', state: { ms, pid, now: clock, processes, configs: known, events } }
    },

    async call(method, params, signal) {
      const timeoutMs = patience.ms
      const ask = await session(signal).catch(failedToOpen)
      if (typeof ask !== 'function') return { kind: 'failed', failure: ask }
      const result = await ask(method, params, false)
      return result.kind === 'value'
        ? result
        : { kind: 'failed', failure: describeFailure(result, { method, url, timeoutMs, mask }) }
    },

    async readStderr(processes, nowSeconds, signal) {
      return stderrLines.read(
        processes,
        nowSeconds,
        async (fullName, bytes) => {
          const ask = await session(signal)
          return ask('supervisor.readProcessStderrLog', [fullName, -bytes, 0], true, { controls: 'picture' })
        },
        signal,
      )
    },

    async readText(method, params, signal) {
      const ask = await session(signal).catch(failedToOpen)
      const result =
        typeof ask === 'function' ? await ask(method, params, true, { controls: 'picture' }) : null
      return result?.kind === 'value' && typeof result.value === 'string' ? result.value : null
    },

    async close() {
      await peer?.close()
    },
  }
}

/** The password by itself, and as basic authentication carries it. */
function maskCredentials(username: string | null, password: string | null): (text: string) => string {
  const basic = Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64')
  return createMask({ tokens: [], passwords: password === null ? [] : [basic, password] })
}

const NO_SOCKET: CallResult = { kind: 'no-answer', code: 'not-found-socket', detail: 'ENOENT' }

const MULTICALL: readonly XmlRpcParam[] = ['supervisor.getPID', ALL_PROCESSES].map((methodName) => ({
  methodName,
  params: [],
}))

/** The two answers of one multicall; null when the server cannot do it. */
function splitMulticall(result: CallResult): { processes: CallResult; pid: number | null } | null {
  const unknown =
    (result.kind === 'fault' && result.code !== FAULT.shutdownState) ||
    (result.kind === 'http-status' && result.status !== 401 && result.status !== 403)
  if (unknown) return null
  if (result.kind !== 'value') return { processes: result, pid: null }
  const [pidItem, item] = isArray(result.value) ? result.value : []
  const pid = unwrap(pidItem, (value) => typeof value === 'number')
  const processes = unwrap(item, (value) => isArray(value) && !isArray(value[0]))
  const known = typeof pid === 'number' ? pid : null
  if (processes !== undefined) return { processes: { kind: 'value', value: processes }, pid: known }
  const fault = asFault(item)
  return fault && { processes: fault, pid: known }
}

/** Each answer of a multicall should stand in an array of its own; supervisord's do not. */
function unwrap(
  item: XmlRpcValue | undefined,
  fits: (value: XmlRpcValue | undefined) => boolean,
): XmlRpcValue | undefined {
  if (fits(item)) return item
  return isArray(item) && fits(item[0]) ? item[0] : undefined
}
