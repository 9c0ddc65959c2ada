import type { SupervisorConfig } from '../../config/config.ts'
import type { Wake } from '../../agent/wake.ts'
import type { Clock } from '../../lib/clock.ts'
import type { Log } from '../../lib/log.ts'
import { type Address, type CallResult, Connection } from './connection.ts'
import { type DiscoveryOptions, findSupervisor } from './discovery.ts'
import { RecentEvents, LastLines } from './log.ts'
import { parseClock, parseProcessInfos, type ProcessInfo, type ProgramConfig } from './process-info.ts'
import { ProgramConfigs } from './program-configs.ts'
import {
  describeFailure,
  FAULT,
  type OwnProcess,
  type RpcFailure,
  type RpcReading,
  withoutOwn,
} from './rpc-reading.ts'
import { asFault, isArray, isStruct, type XmlRpcParam, type XmlRpcValue } from './xmlrpc.ts'

export interface SupervisorClientOptions extends Pick<
  SupervisorConfig,
  'url' | 'username' | 'password' | 'caFile' | 'timeoutMs'
> {
  readonly clock: Pick<Clock, 'now'>
  /** The surroundings in which `auto` finds the address. */
  readonly discovery?: DiscoveryOptions
  /** This process among those of a supervisord, which is left out of the readings; null where none runs it. */
  readonly own?: OwnProcess | null
  readonly log?: Pick<Log, 'warn'>
  /** The key `owner`: a user who may run supervisord, beside root and this one. */
  readonly ownerUid?: number | null
  /** Notified when supervisord ends an idle connection: it most likely died. At most once per connection. */
  readonly wake?: Pick<Wake, 'notify'>
}

const ALL_PROCESSES = 'supervisor.getAllProcessInfo'
const READ_LOG = {
  stderr: 'supervisor.readProcessStderrLog',
  stdout: 'supervisor.readProcessStdoutLog',
} as const

/** An answer may take this many times what the last one took. */
const ANSWER_FACTOR = 4
/** The configurations are larger than the states: so many times, in supervisord's own time. */
const CONFIGS_FACTOR = 8
/** Some dozens of lines. */
const LOG_SAMPLE_BYTES = 8_192
/** A check must come to its end before its verdict grows old. */
const MAX_TIMEOUT_MS = 30_000

/**
 * One supervisord, at the address that the configuration gives or where it is found. Failures are results, and after one
 * the next call begins anew.
 */
export class SupervisorClient {
  readonly #options: SupervisorClientOptions
  #connection: Connection | null = null
  /** With `auto`, an address that does not answer is looked for again: supervisord may have been set up anew. */
  #hasAnswered = false
  /** Other implementations have no `system.multicall`; learned by the first answer that shows it. */
  #hasMulticall = true
  /** How long the last answer took. */
  #answerMs = 0
  readonly #configs = new ProgramConfigs()
  readonly #recentEvents = new RecentEvents()
  readonly #lastLines = new LastLines()
  #version: { readonly pid: number | null; readonly text: string } | null = null
  readonly #warned = new Set<string>()

  /** @throws {TypeError} for a URL of a wrong kind, which the configuration refuses before */
  constructor(options: SupervisorClientOptions) {
    this.#options = options
    if (options.url !== 'none' && options.url !== 'auto') this.#connect(options)
  }

  /** Returns true where supervisord listens on a socket file, so that its pids are this host's. */
  isLocal(): boolean {
    return this.#connection?.isLocal() ?? false
  }

  /**
   * @param isFresh asks a small question first: supervisord looks only once a second which processes have ended, and at
   * the end of each turn of its loop in which it was asked something
   */
  async read(signal: AbortSignal, isFresh = false): Promise<RpcReading> {
    if (this.#options.url === 'none') return { kind: 'not-asked' }
    const connection = await this.#find()
    if (!(connection instanceof Connection)) return { kind: 'failed', failure: connection }
    const reading = await this.#readFrom(connection, signal, isFresh)
    this.#hasAnswered = reading.kind === 'answered'
    const own = this.#options.own ?? null
    if (reading.kind !== 'answered' || own === null) return reading
    const { state, copies } = withoutOwn(reading.state, own, connection.displayUrl)
    if (copies > 1) {
      this.#warnOnce(
        `supervisord runs ${copies} of this agent and each of them pushes: ` +
          `take numprocs out of [eventlistener:${own.group}]`,
      )
    }
    return { kind: 'answered', state }
  }

  /** Makes a call that acts: it is never sent twice. */
  async call(
    method: string,
    params: readonly XmlRpcParam[],
    signal: AbortSignal,
  ): Promise<
    | { readonly kind: 'value'; readonly value: XmlRpcValue }
    | { readonly kind: 'failed'; readonly failure: RpcFailure }
  > {
    const connection = this.#connection
    if (connection === null) {
      const failure = {
        reason: 'no-address',
        url: this.#options.url,
        detail: 'supervisord is not asked',
      } as const
      return { kind: 'failed', failure }
    }
    const timeoutMs = this.#timeoutMs(ANSWER_FACTOR)
    const deadlineMs = this.#options.clock.now() + timeoutMs
    const result = await connection.call(method, params, { signal, deadlineMs, isRepeatable: false })
    return result.kind === 'value'
      ? result
      : { kind: 'failed', failure: describeFailure(result, method, timeoutMs, connection) }
  }

  /**
   * Has supervisord go through its loop now, which may else sleep for a second: what it is asked next, it answers after
   * that. Never throws.
   */
  async wake(signal: AbortSignal): Promise<void> {
    if (this.#connection !== null) await this.#ask(this.#connection, 'supervisor.getState', [], signal)
  }

  /** Returns supervisord's own version, asked for once for each of its pids; null when it does not tell. */
  async readVersion(pid: number | null, signal: AbortSignal): Promise<string | null> {
    if (this.#version !== null && this.#version.pid === pid) return this.#version.text
    if (this.#connection === null) return null
    const result = await this.#ask(this.#connection, 'supervisor.getSupervisorVersion', [], signal)
    const text = result.kind === 'value' && typeof result.value === 'string' ? result.value : null
    this.#version = text === null ? null : { pid, text }
    return text
  }

  /** Returns why supervisord's log cannot tell how programs ended; null where it can. */
  async findLogFault(signal: AbortSignal): Promise<string | null> {
    if (this.#connection === null) return null
    const result = await this.#ask(this.#connection, 'supervisor.readLog', [-LOG_SAMPLE_BYTES, 0], signal)
    const text = result.kind === 'value' && typeof result.value === 'string' ? result.value : ''
    if (text === '') return 'its log cannot be read'
    return / (?:INFO|DEBG|TRAC|BLAT) /.test(text) ? null : 'its log has no line of the level info'
  }

  /**
   * Returns the last line that programs wrote that failed, or came back after they had, by `group:name`.
   * @param nowSeconds on supervisord's clock
   */
  async readLastLines(
    processes: readonly ProcessInfo[],
    nowSeconds: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>> {
    const connection = this.#connection
    if (connection === null) return new Map()
    return this.#lastLines.read(
      processes,
      nowSeconds,
      this.#configs.known,
      (stream, fullName, bytes) => this.#ask(connection, READ_LOG[stream], [fullName, -bytes, 0], signal),
      signal,
    )
  }

  /** Ends the calls that are under way. */
  async close(): Promise<void> {
    await this.#connection?.close()
  }

  #connect(address: Address): Connection {
    const { caFile, clock, wake = null, ownerUid = null } = this.#options
    this.#connection = new Connection(address, caFile, clock, wake, {
      ownerUid,
      onUnknown: (place) =>
        this.#warnOnce(
          `nobody of this host is seen to listen at ${place}, as behind a tunnel: who answers there cannot be known`,
        ),
    })
    return this.#connection
  }

  async #find(): Promise<Connection | RpcFailure> {
    const last = this.#connection
    if (last !== null && (this.#hasAnswered || this.#options.url !== 'auto')) return last
    const found = await findSupervisor(this.#options, this.#options.discovery ?? { env: {} })
    if (found.kind === 'failed') return found.failure
    if (found.warning !== null) this.#warnOnce(found.warning)
    if (last !== null && isSame(last.address, found)) return last
    await last?.close()
    return this.#connect(found)
  }

  async #readFrom(connection: Connection, signal: AbortSignal, isFresh: boolean): Promise<RpcReading> {
    const { clock } = this.#options
    const timeoutMs = this.#timeoutMs(ANSWER_FACTOR)
    const deadlineMs = clock.now() + timeoutMs
    const silence = await findSilence(connection, signal, deadlineMs, isFresh)
    const startedMs = clock.now()
    const { result, pid } =
      silence === null ? await this.#askAll(connection, signal, deadlineMs) : { result: silence, pid: null }
    const ms = clock.now() - startedMs
    if (result.kind !== 'value') {
      // The next answer may be that of another program.
      this.#hasMulticall = true
      if (result.kind === 'no-answer' && result.began === true) this.#answerMs = ms
      return { kind: 'failed', failure: describeFailure(result, ALL_PROCESSES, timeoutMs, connection) }
    }
    const processes = parseProcessInfos(result.value)
    if ('wrong' in processes) {
      const { displayUrl: url, mask } = connection
      const detail = `${ALL_PROCESSES} answered something else at ${url}: ${mask(processes.wrong)}`
      return { kind: 'failed', failure: { reason: 'bad-answer', url, detail } }
    }
    this.#answerMs = ms
    const nowSeconds = parseClock(result.value)
    const configs = await this.#readConfigs(connection, pid, processes, signal)
    const events = await this.#recentEvents.read(processes, nowSeconds, (bytes) =>
      this.#ask(connection, 'supervisor.readLog', [-bytes, 0], signal),
    )
    return { kind: 'answered', state: { ms, pid, now: nowSeconds, processes, configs, events } }
  }

  /** Asks for the programs, and for supervisord's pid where that takes no second question. */
  async #askAll(
    connection: Connection,
    signal: AbortSignal,
    deadlineMs: number,
  ): Promise<{ readonly result: CallResult; readonly pid: number | null }> {
    if (this.#hasMulticall) {
      const both = splitMulticall(
        await connection.call('system.multicall', [MULTICALL], { signal, deadlineMs }),
      )
      if (both !== null) return both
    }
    const result = await connection.call(ALL_PROCESSES, [], { signal, deadlineMs })
    if (result.kind === 'value') this.#hasMulticall = false
    return { result, pid: null }
  }

  async #readConfigs(
    connection: Connection,
    pid: number | null,
    processes: readonly ProcessInfo[],
    signal: AbortSignal,
  ): Promise<readonly ProgramConfig[] | null> {
    const { clock } = this.#options
    const configs = this.#configs
    if (configs.follow(pid, processes, clock.now())) {
      const askedMs = clock.now()
      const deadlineMs = askedMs + this.#timeoutMs(CONFIGS_FACTOR)
      const result = await connection.call('supervisor.getAllConfigInfo', [], { signal, deadlineMs })
      configs.take(result, pid, askedMs, clock.now())
    }
    return configs.known
  }

  /** Asks for a text. Control characters, which programs write into their logs, come as their pictures. */
  #ask(
    connection: Connection,
    method: string,
    params: readonly XmlRpcParam[],
    signal: AbortSignal,
  ): Promise<CallResult> {
    const deadlineMs = this.#options.clock.now() + this.#timeoutMs(ANSWER_FACTOR)
    return connection.call(method, params, { signal, deadlineMs, controls: 'picture' })
  }

  /**
   * Returns how long an answer may take: as the configuration says, or longer where supervisord is large and therefore slow.
   * One that hangs does not even begin to answer.
   */
  #timeoutMs(factor: number): number {
    return Math.max(this.#options.timeoutMs, Math.min(Math.round(factor * this.#answerMs), MAX_TIMEOUT_MS))
  }

  #warnOnce(warning: string): void {
    if (this.#warned.has(warning)) return
    this.#warned.add(warning)
    this.#options.log?.warn(warning)
  }
}

function isSame(a: Address, b: Address): boolean {
  return a.url === b.url && a.username === b.username && a.password === b.password
}

/** Returns why there is no use in asking for the programs; null when there may be. */
async function findSilence(
  connection: Connection,
  signal: AbortSignal,
  deadlineMs: number,
  isFresh: boolean,
): Promise<CallResult | null> {
  if (await connection.isSocketMissing()) {
    return { kind: 'no-answer', code: 'not-found-socket', detail: 'ENOENT' }
  }
  const woken = isFresh ? await connection.call('supervisor.getState', [], { signal, deadlineMs }) : null
  return woken?.kind === 'no-answer' ? woken : null
}

const MULTICALL: XmlRpcParam = ['supervisor.getPID', ALL_PROCESSES].map((methodName) => ({
  methodName,
  params: [],
}))

/** Returns the two answers of one multicall; null when the server cannot do it, or not as supervisord does. */
function splitMulticall(
  result: CallResult,
): { readonly result: CallResult; readonly pid: number | null } | null {
  const isUnknown =
    (result.kind === 'fault' && result.code !== FAULT.shutdownState) ||
    (result.kind === 'http-status' && result.status !== 401 && result.status !== 403)
  if (isUnknown) return null
  if (result.kind !== 'value') return { result, pid: null }
  const [pidItem, item] = isArray(result.value) ? result.value : []
  const pid = typeof pidItem === 'number' ? pidItem : null
  if (isArray(item) && item.every(isStruct)) return { result: { kind: 'value', value: item }, pid }
  const fault = asFault(item)
  return fault && { result: fault, pid }
}
