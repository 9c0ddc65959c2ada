import { readFile, stat } from 'node:fs/promises'
import type { buildConnector, Client } from 'undici'
import type { Wake } from '../../agent/wake.ts'
import type { Clock } from '../../lib/clock.ts'
import { isMissing, messageOf } from '../../lib/errors.ts'
import { type HttpAnswer, HttpFailure, type HttpFailureCode, loadClient, request } from '../../lib/http.ts'
import { createMask } from '../../lib/secret.ts'
import { parseServerUrl, type ServerUrl } from './discovery.ts'
import { addressOf, connectGuarded, ForeignOwnerError, type GuardedAddress } from './who-answers.ts'
import { encodeCall, type XmlRpcAnswer, type XmlRpcParam } from './xmlrpc.ts'
import { decodeAnswer, XmlRpcDecodeError } from './xmlrpc-decode.ts'

/** The address and login of a supervisord. */
export interface Address {
  /** `unix:///…`, `http://…`, `https://…`; credentials in it count where the others are null. */
  readonly url: string
  readonly username: string | null
  readonly password: string | null
}

/** How a call ended; every `detail` is half a sentence in one line. */
export type CallResult =
  | XmlRpcAnswer
  /** Any status but 200. */
  | { readonly kind: 'http-status'; readonly status: number }
  /** Status 200 and no XML-RPC. */
  | { readonly kind: 'not-xmlrpc'; readonly detail: string }
  | {
      readonly kind: 'no-answer'
      readonly code: HttpFailureCode
      readonly detail: string
      /** An answer had begun to come. */
      readonly began?: true
    }
  /** The file of trusted certificates cannot be read, so supervisord was not asked. */
  | { readonly kind: 'no-ca'; readonly detail: string }
  /** Another user of this host listens there, so nothing was sent. */
  | { readonly kind: 'foreign'; readonly detail: string }

interface CallOptions {
  readonly signal: AbortSignal
  /** For the whole answer, in monotonic milliseconds. */
  readonly deadlineMs: number
  /** False for a call that must not be sent twice; others are, once, when a kept-alive connection turns out to be dead. */
  readonly isRepeatable?: boolean
  /** Control characters in the answer are refused, or come as their pictures. */
  readonly controls?: 'refuse' | 'picture'
}

/** supervisord's largest honest answer, for a thousand programs, is 2.4 MB. */
const MAX_BYTES = 16 * 1024 * 1024

/** Longer than any pause between two checks: the idle connection is also how the end of the server is noticed. */
const KEEP_ALIVE_MS = 24 * 60 * 60 * 1000

class NoCaError extends Error {}

/** Who may answer beside root and this user, and who hears that it cannot be known. */
export type Trust = Pick<GuardedAddress, 'ownerUid' | 'onUnknown'>

/** One kept-alive connection to the XML-RPC server at an address, opened by the first call and again after it was lost. */
export class Connection {
  readonly address: Address
  /** Without credentials. */
  readonly displayUrl: string
  /** Replaces the credentials in a text: what answers at the address may send back what it was sent. */
  readonly mask: (text: string) => string
  readonly #server: ServerUrl
  readonly #headers: Record<string, string>
  readonly #caFile: string | null
  readonly #clock: Pick<Clock, 'now'>
  readonly #wake: Pick<Wake, 'notify'> | null
  readonly #trust: Trust
  #client: Client | null = null
  /** The answers over the client's present connection. */
  #answers = 0
  #callsUnderWay = 0
  #isClosed = false

  /**
   * @param caFile a PEM file of the certificates to trust over https; null for the system's
   * @param wake notified when the server ends the connection while it is idle: the server most likely died
   * @throws {TypeError} for a URL of a wrong kind, which the configuration refuses before
   */
  constructor(
    address: Address,
    caFile: string | null,
    clock: Pick<Clock, 'now'>,
    wake: Pick<Wake, 'notify'> | null,
    trust: Trust = { ownerUid: null, onUnknown: () => {} },
  ) {
    const server = parseServerUrl(address.url)
    if ('wrong' in server) throw new TypeError(`supervisor url: ${server.wrong}`)
    const username = address.username ?? server.username
    const password = address.password ?? server.password
    const basic = Buffer.from(`${username ?? ''}:${password ?? ''}`).toString('base64')
    this.address = address
    this.displayUrl = server.displayUrl
    this.mask = createMask({ tokens: [], passwords: password === null ? [] : [basic, password] })
    this.#server = server
    this.#headers = {
      'content-type': 'text/xml',
      accept: 'text/xml',
      ...(username !== null && { authorization: `Basic ${basic}` }),
    }
    this.#caFile = caFile
    this.#clock = clock
    this.#wake = wake
    this.#trust = trust
  }

  /** Returns true where the server listens on a socket file, so that its pids are this host's. */
  isLocal(): boolean {
    return this.#server.socketPath !== null
  }

  /** Returns true when nobody else can reach the server: a kept-alive connection outlives its socket file. */
  async isSocketMissing(): Promise<boolean> {
    const { socketPath } = this.#server
    return socketPath !== null && stat(socketPath).then(() => false, isMissing)
  }

  /**
   * Makes one call; whatever the server and the network do is a result.
   * @throws {RangeError} for params that XML-RPC cannot carry
   */
  async call(method: string, params: readonly XmlRpcParam[], options: CallOptions): Promise<CallResult> {
    const body = encodeCall(method, params)
    this.#callsUnderWay++
    try {
      const answer = await this.#post(body, options)
      return answer.status === 200
        ? decodeAnswer(answer.body, options.controls)
        : { kind: 'http-status', status: answer.status }
    } catch (error) {
      if (error instanceof XmlRpcDecodeError) return { kind: 'not-xmlrpc', detail: error.message }
      if (error instanceof NoCaError) return { kind: 'no-ca', detail: error.message }
      if (error instanceof HttpFailure) {
        if (error.cause instanceof ForeignOwnerError) return { kind: 'foreign', detail: error.message }
        const began = error.status === null ? {} : ({ began: true } as const)
        return { kind: 'no-answer', code: error.code, detail: error.message, ...began }
      }
      throw error
    } finally {
      this.#callsUnderWay--
    }
  }

  /** Ends the calls that are under way; later ones fail. */
  async close(): Promise<void> {
    this.#isClosed = true
    const client = this.#client
    this.#client = null
    await client?.destroy()
  }

  async #post(body: string, options: CallOptions): Promise<HttpAnswer> {
    const client = this.#client ?? (await this.#open(options.deadlineMs))
    try {
      return await this.#postOver(client, body, options)
    } catch (error) {
      const failure = error instanceof HttpFailure ? error : null
      // A connection that does not open is left behind, so that the next call begins anew.
      if (failure !== null && !failure.sent && this.#client === client) {
        this.#client = null
        void client.close().catch(() => {})
      }
      // A server that restarted closes kept-alive connections: seen only when the next call is already on its way.
      const isStale = failure?.code === 'reset' && failure.status === null && this.#answers > 0
      if (!isStale || options.isRepeatable === false) throw error
      return await this.#postOver(client, body, options)
    }
  }

  async #postOver(client: Client, body: string, { signal, deadlineMs }: CallOptions): Promise<HttpAnswer> {
    const answer = await request({
      dispatcher: client,
      url: this.#server.endpoint,
      method: 'POST',
      headers: this.#headers,
      body,
      signal,
      timeoutMs: this.#leftMs(deadlineMs),
      maxBytes: MAX_BYTES,
    })
    this.#answers++
    return answer
  }

  async #open(deadlineMs: number): Promise<Client> {
    const [UndiciClient, ca] = await Promise.all([loadClient(), this.#readCa()])
    if (this.#isClosed) throw new HttpFailure('aborted', 'the connection was closed by us')
    if (this.#client !== null) return this.#client
    const { endpoint } = this.#server
    const timeout = this.#leftMs(deadlineMs)
    const client = new UndiciClient(endpoint.origin, {
      // Over https the certificate tells who answers.
      connect:
        endpoint.protocol === 'https:' ? { timeout, ...(ca !== null && { ca }) } : this.#guarded(timeout),
      keepAliveTimeout: KEEP_ALIVE_MS,
      keepAliveMaxTimeout: KEEP_ALIVE_MS,
    })
    client.on('connect', () => (this.#answers = 0))
    client.on('disconnect', (_origin, _targets, { code }) => {
      // UND_ERR_INFO: our own side closed it, as agreed. A server that ends every connection says nothing by it.
      const isIdle = this.#callsUnderWay === 0 && this.#client === client
      if (isIdle && this.#answers > 1 && code !== 'UND_ERR_INFO') this.#wake?.notify()
    })
    this.#client = client
    return client
  }

  #guarded(timeoutMs: number): buildConnector.connector {
    const { endpoint, socketPath } = this.#server
    const at = addressOf(endpoint, socketPath)
    return (_options, settle) => {
      connectGuarded({ at, timeoutMs, ...this.#trust }).then(
        (socket) => settle(null, socket),
        (error: Error) => settle(error, null),
      )
    }
  }

  async #readCa(): Promise<string | null> {
    if (this.#caFile === null) return null
    try {
      return await readFile(this.#caFile, 'utf8')
    } catch (error) {
      throw new NoCaError(`ca_file ${this.#caFile} cannot be read: ${messageOf(error)}`)
    }
  }

  #leftMs(deadlineMs: number): number {
    return Math.max(1, Math.ceil(deadlineMs - this.#clock.now()))
  }
}
