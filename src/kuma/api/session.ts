import { io, type Socket } from 'socket.io-client'
import type { HttpAnswer, HttpFailure } from '../../lib/http.ts'
import type { KumaClient } from '../push.ts'
import {
  parseMonitorList,
  parseNotificationList,
  type KumaInventory,
  type KumaMonitor,
  type KumaNotification,
} from './monitors.ts'
import { createPollingTransport, describeNoSession } from './transport.ts'

/** Why Kuma could not be set up; decide by these, never by the text. */
export type SessionFailure =
  /** No answer that is one of Kuma's: network, proxy, another program, Kuma waiting in its own set-up. */
  | 'unreachable'
  /** Kuma has no user yet. */
  | 'no-user'
  /** Kuma did not take user and password, or the code. */
  | 'login'
  | 'version'
  /** Kuma refused what it was asked for, in its own words. */
  | 'refused'
  /** The connection ended midway, or Kuma did not answer in time. */
  | 'lost'
  | 'aborted'

export const NOTHING_ENTERED = 'nothing was entered, and nothing was changed'

/** A set-up of Kuma that cannot go on; the message is one line with the way out. */
export class SessionError extends Error {
  override name = 'SessionError'
  readonly failure: SessionFailure

  constructor(failure: SessionFailure, message: string) {
    super(message)
    this.failure = failure
  }
}

interface Login {
  readonly username: string
  readonly password: string
  /** Of the second factor; empty where there is none yet. */
  readonly code: string
}

const TIMEOUT_MS = 30_000
const KUMA_3_TIMEOUT_MS = 5_000
/** How long Kuma may take to tell whether anybody must log in. */
const MAX_OPENNESS_MS = 1_500

/** A session with Kuma's page, as a browser has it. Every method throws `SessionError`. */
export class KumaSession {
  readonly #kuma: KumaClient
  /** `Kuma at http://…`, for the messages. */
  readonly #name: string
  readonly #socket: Socket
  readonly #told: Told
  readonly #signal: AbortSignal
  readonly #timeoutMs: number
  /** Ends the requests that are under way. */
  readonly #ended = new AbortController()
  readonly #onAbort = (): void => this.#disconnect()
  /** The first one. */
  #failure: HttpFailure | HttpAnswer | null = null

  private constructor(kuma: KumaClient, signal: AbortSignal, timeoutMs: number) {
    const { origin, pathname } = new URL(kuma.config.url)
    this.#kuma = kuma
    this.#name = `Kuma at ${kuma.config.url}`
    this.#signal = signal
    this.#timeoutMs = timeoutMs
    const ended = AbortSignal.any([signal, this.#ended.signal])
    this.#socket = io(origin, {
      path: `${pathname.replace(/\/+$/, '')}/socket.io`,
      transports: [createPollingTransport(kuma, ended, (failure) => (this.#failure ??= failure))],
      forceNew: true,
      reconnection: false,
      timeout: timeoutMs,
      autoConnect: false,
    })
    this.#told = listen(this.#socket)
    signal.addEventListener('abort', this.#onAbort, { once: true })
  }

  /**
   * Connects to Kuma.
   * @param timeoutMs for the connection, and for each answer
   */
  static async open(kuma: KumaClient, signal: AbortSignal, timeoutMs = TIMEOUT_MS): Promise<KumaSession> {
    const session = new KumaSession(kuma, signal, timeoutMs)
    const refusal = session.#refuseKuma3()
    try {
      await Promise.all([session.#begin(), refusal])
      return session
    } catch (error) {
      // The answer of Kuma 3 to a session of 2.x says less than its login page does.
      const cause: unknown = await refusal.then(
        () => error,
        (isKuma3: unknown) => isKuma3,
      )
      session.close()
      throw cause
    }
  }

  async #begin(): Promise<void> {
    await this.#connect()
    if ((await this.#ask('needSetup'))['answer'] === true) {
      const way = 'open it in a browser, make one there, then run this again'
      throw new SessionError('no-user', `${this.#name} has no user yet: ${way}`)
    }
  }

  /** Kuma 3 takes a login by HTTP, and says so of one without a user; versions before know no such page. */
  async #refuseKuma3(): Promise<void> {
    const url = new URL(this.#kuma.config.url)
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/auth/sign-in/username`
    const headers = { 'content-type': 'application/json' }
    const options = { url, headers, body: '{}', signal: this.#signal, maxBytes: 64 * 1024 }
    const request = this.#kuma.request({ ...options, method: 'POST', timeoutMs: KUMA_3_TIMEOUT_MS })
    const answer = await request.catch(() => null)
    const isJson = /^\s*\{.*\}\s*$/s.test(answer?.body.toString('utf8') ?? '')
    if (!isJson || ![400, 401, 422].includes(answer?.status ?? 0)) return
    throw new SessionError(
      'version',
      `${this.#name}: this is Kuma 3: provision and doctor --user do not support its login yet; pushing does`,
    )
  }

  /** Tells whether Kuma asks nobody to log in (its setting "Disable Auth"). */
  isOpen(): Promise<boolean> {
    return within(this.#told.openness, MAX_OPENNESS_MS, false)
  }

  /** Logs in, for this session only. `code-needed`: Kuma wants the code of the second factor too. */
  async login({ username, password, code }: Login): Promise<'in' | 'code-needed'> {
    const answer = await this.#ask('login', { username, password, token: code })
    if (answer['tokenRequired'] === true) return 'code-needed'
    if (answer['ok'] === true) return 'in'
    throw new SessionError(
      'login',
      `${this.#name} refuses the login: ${quote(answer['msg'])}; ` +
        'it takes 20 logins a minute in all, a user name with its capitals, and a code only once',
    )
  }

  /** Returns what Kuma tells after the login. */
  async inventory(): Promise<KumaInventory> {
    const { version, monitors, notifications, end } = this.#told
    const all = Promise.all([version, monitors, notifications])
    const told = await within(Promise.race([all, end]), this.#timeoutMs, null)
    if (this.#signal.aborted) throw interrupted()
    if (told === 'ended') {
      throw new SessionError('lost', `the connection to ${this.#name} ended before it told what it has`)
    }
    if (told === null) {
      const what = 'its version, monitors and notifications as 1.23 and 2.x do after a login'
      throw new SessionError('lost', `${this.#name} does not tell ${what}`)
    }
    return { version: told[0], monitors: told[1], notifications: told[2] }
  }

  /** Has Kuma make a monitor and returns its id. */
  async add(payload: Readonly<Record<string, unknown>>): Promise<number> {
    const { monitorID: id } = await this.#order('add', payload)
    if (typeof id !== 'number') throw new SessionError('refused', 'Kuma told no id of the new monitor')
    return id
  }

  async remove(monitorId: number): Promise<void> {
    await this.#order('deleteMonitor', monitorId)
  }

  /** Has Kuma check a monitor at once. */
  async restart(monitorId: number): Promise<void> {
    await this.#order('resumeMonitor', monitorId)
  }

  close(): void {
    this.#signal.removeEventListener('abort', this.#onAbort)
    this.#disconnect()
  }

  #disconnect(): void {
    this.#socket.disconnect()
    // What is left to be sent has its turn before.
    setTimeout(() => this.#ended.abort(), 0).unref()
  }

  #connect(): Promise<void> {
    return new Promise((resolve, reject) => {
      const fail = (message: string): void =>
        reject(this.#signal.aborted ? interrupted() : new SessionError('unreachable', message))
      const described = (): string => describeNoSession(this.#failure, this.#kuma.config)
      this.#socket.once('connect', resolve)
      // Its own words for its own deadline; everything else has gone through the transport.
      this.#socket.once('connect_error', ({ message }) =>
        fail(
          message === 'timeout' ? `${this.#name} does not answer within ${this.#timeoutMs} ms` : described(),
        ),
      )
      this.#socket.once('disconnect', () => fail(described()))
      this.#socket.connect()
    })
  }

  async #ask(event: string, ...args: unknown[]): Promise<Record<string, unknown>> {
    let answer: unknown
    try {
      answer = await this.#socket.timeout(this.#timeoutMs).emitWithAck(event, ...args)
    } catch {
      if (this.#signal.aborted) throw interrupted()
      const message = this.#socket.connected
        ? `${this.#name} did not answer "${event}" within ${this.#timeoutMs} ms`
        : `the connection to ${this.#name} ended midway (${event})`
      throw new SessionError('lost', message)
    }
    return typeof answer === 'object' && answer !== null ? { ...answer } : { answer }
  }

  async #order(event: string, ...args: unknown[]): Promise<Record<string, unknown>> {
    const answer = await this.#ask(event, ...args)
    if (answer['ok'] === true) return answer
    throw new SessionError('refused', `Kuma refused it: ${quote(answer['msg'])}`)
  }
}

function interrupted(): SessionError {
  return new SessionError('aborted', 'interrupted')
}

/** The events that Kuma sends unasked. */
interface Told {
  readonly openness: Promise<boolean>
  readonly version: Promise<string>
  readonly monitors: Promise<readonly KumaMonitor[]>
  readonly notifications: Promise<readonly KumaNotification[]>
  /** That it will tell nothing more. */
  readonly end: Promise<'ended'>
}

/** Takes the first event of each kind. */
function listen(socket: Socket): Told {
  const first = <T>(event: string, read: (value: unknown) => T | null) =>
    new Promise<T>((resolve) => {
      socket.on(event, (value: unknown) => {
        const found = read(value)
        if (found !== null) resolve(found)
      })
    })
  return {
    openness: Promise.race([first('autoLogin', () => true), first('loginRequired', () => false)]),
    // Before the login it comes without the version.
    version: first('info', (value) =>
      typeof value === 'object' && value !== null && 'version' in value && typeof value.version === 'string'
        ? value.version
        : null,
    ),
    monitors: first('monitorList', parseMonitorList),
    notifications: first('notificationList', parseNotificationList),
    end: new Promise((resolve) => socket.once('disconnect', () => resolve('ended'))),
  }
}

async function within<T, E>(promise: Promise<T>, ms: number, otherwise: E): Promise<T | E> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<E>((resolve) => {
    timer = setTimeout(() => resolve(otherwise), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Quotes Kuma's own words, which some versions give as the key of a translation: `authIncorrectCreds`. */
function quote(msg: unknown): string {
  return typeof msg === 'string' ? `"${msg.replaceAll(/\s+/g, ' ').slice(0, 200)}"` : 'without a word'
}
