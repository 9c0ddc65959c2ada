import { io, type Socket } from 'socket.io-client'
import type { Dispatcher } from 'undici'
import type { HttpAnswer, HttpFailure } from '../../lib/http.ts'
import { describeNoSession } from './describe-no-session.ts'
import {
  parseMonitorList,
  parseNotificationList,
  type KumaInventory,
  type KumaMonitor,
  type KumaNotification,
} from './kuma-inventory.ts'
import { createPollingTransport } from './polling-transport.ts'
import { SessionError } from './session-error.ts'

export interface SessionOptions {
  /** Kuma's base URL, without a slash at its end. */
  readonly url: string
  readonly dispatcher: Dispatcher
  readonly headers: Readonly<Record<string, string>>
  /** Of the HTTP proxy on the way, without user and password. */
  readonly proxyOrigin: string | null
  readonly signal: AbortSignal
  /** For the connection, and for each answer. */
  readonly timeoutMs?: number
}

interface Login {
  readonly username: string
  readonly password: string
  /** Of the second factor; empty where there is none yet. */
  readonly code: string
}

/** A session with Kuma's page, as a browser has it; all of it throws `SessionError`. */
export interface KumaSession {
  /** Whether Kuma asks nobody to log in (its setting "Disable Auth"). */
  isOpen(): Promise<boolean>
  /** Logs in, for this session only. `code-needed`: Kuma wants the code of the second factor too. */
  login(login: Login): Promise<'in' | 'code-needed'>
  /** What Kuma tells after the login. */
  inventory(): Promise<KumaInventory>
  /** Has Kuma make a monitor; gives its id. */
  add(payload: Readonly<Record<string, unknown>>): Promise<number>
  remove(monitorId: number): Promise<void>
  /** Has Kuma look at a monitor anew, at once. */
  restart(monitorId: number): Promise<void>
  close(): void
}

const TIMEOUT_MS = 30_000
/** Kuma says of itself that nobody need log in. */
const OPEN_WITHIN_MS = 1_500

/**
 * Connects to Kuma.
 * @throws {SessionError}
 */
export async function openKumaSession(options: SessionOptions): Promise<KumaSession> {
  const { url, signal, timeoutMs = TIMEOUT_MS } = options
  const { origin, pathname } = new URL(url)
  const ended = new AbortController()
  let failure: HttpFailure | HttpAnswer | null = null
  const socket = io(origin, {
    path: `${pathname.replace(/\/+$/, '')}/socket.io`,
    transports: [
      createPollingTransport({
        dispatcher: options.dispatcher,
        headers: options.headers,
        signal: AbortSignal.any([signal, ended.signal]),
        onFailure: (one) => (failure ??= one),
      }),
    ],
    forceNew: true,
    reconnection: false,
    timeout: timeoutMs,
    autoConnect: false,
  })
  const told = listen(socket)
  const noSession = (isLate: boolean): SessionError => {
    if (signal.aborted) return new SessionError('aborted', 'interrupted')
    const says = isLate
      ? `Kuma at ${url} does not answer within ${timeoutMs} ms`
      : describeNoSession(failure, options)
    return new SessionError('unreachable', says)
  }
  const close = (): void => {
    socket.disconnect()
    // What is left to be sent has its turn before.
    setTimeout(() => ended.abort(), 0).unref()
  }

  async function ask(event: string, ...args: unknown[]): Promise<Record<string, unknown>> {
    let answer: unknown
    try {
      answer = await socket.timeout(timeoutMs).emitWithAck(event, ...args)
    } catch {
      if (signal.aborted) throw new SessionError('aborted', 'interrupted')
      if (!socket.connected)
        throw new SessionError('lost', `the connection to Kuma at ${url} ended midway (${event})`)
      throw new SessionError('lost', `Kuma at ${url} did not answer "${event}" within ${timeoutMs} ms`)
    }
    return typeof answer === 'object' && answer !== null ? { ...answer } : { answer }
  }

  async function order(event: string, ...args: unknown[]): Promise<Record<string, unknown>> {
    const answer = await ask(event, ...args)
    if (answer['ok'] === true) return answer
    throw new SessionError('refused', `Kuma refused it: ${words(answer['msg'])}`)
  }

  const aborted = (): void => close()
  signal.addEventListener('abort', aborted, { once: true })
  try {
    await connect(socket, noSession)
    if ((await ask('needSetup'))['answer'] === true) {
      throw new SessionError(
        'no-user',
        `Kuma at ${url} has no user yet: open it in a browser, make one there, then run this again`,
      )
    }
  } catch (error) {
    close()
    throw error
  }

  return {
    isOpen: () => within(told.openness, OPEN_WITHIN_MS, false),
    async login({ username, password, code }) {
      const answer = await ask('login', { username, password, token: code })
      if (answer['tokenRequired'] === true) return 'code-needed'
      if (answer['ok'] === true) return 'in'
      throw new SessionError(
        'login',
        `Kuma at ${url} refuses the login: ${words(answer['msg'])}; ` +
          'it takes 20 logins a minute in all, a user name with its capitals, and a code only once',
      )
    },
    async inventory() {
      const all = Promise.all([told.version, told.monitors, told.notifications])
      const heard = await within(Promise.race([all, told.end]), timeoutMs, null)
      if (signal.aborted) throw new SessionError('aborted', 'interrupted')
      if (heard === 'ended') {
        throw new SessionError('lost', `the connection to Kuma at ${url} ended before it told what it has`)
      }
      if (heard === null) {
        throw new SessionError(
          'lost',
          `Kuma at ${url} does not tell its version, monitors and notifications as 1.23 and 2.x do after a login`,
        )
      }
      const [version, monitors, notifications] = heard
      return { version, monitors, notifications }
    },
    async add(payload) {
      const { monitorID: id } = await order('add', payload)
      if (typeof id !== 'number') throw new SessionError('refused', 'Kuma told no id of the new monitor')
      return id
    },
    remove: async (monitorId) => void (await order('deleteMonitor', monitorId)),
    restart: async (monitorId) => void (await order('resumeMonitor', monitorId)),
    close() {
      signal.removeEventListener('abort', aborted)
      close()
    },
  }
}

interface Told {
  readonly openness: Promise<boolean>
  readonly version: Promise<string>
  readonly monitors: Promise<readonly KumaMonitor[]>
  readonly notifications: Promise<readonly KumaNotification[]>
  /** That it will say nothing more. */
  readonly end: Promise<'ended'>
}

/** What Kuma says by itself, of which the first word counts. */
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

function connect(socket: Socket, why: (isLate: boolean) => SessionError): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve)
    // Its own words for its own deadline; everything else has gone through the transport.
    socket.once('connect_error', ({ message }) => reject(why(message === 'timeout')))
    socket.once('disconnect', () => reject(why(false)))
    socket.connect()
  })
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

/** Kuma's own words, which some versions give as the key of a translation: `authIncorrectCreds`. */
function words(msg: unknown): string {
  return typeof msg === 'string' ? `"${msg.replaceAll(/\s+/g, ' ').slice(0, 200)}"` : 'without a word'
}
