// A Kuma whose page is spoken to by socket.io over HTTP long-polling, in as many versions and moods as a test wants. It is
// as strict about new monitors as the real ones are, and takes pushes for them.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { ServerOptions } from 'node:https'
import { type Cleanup, serveHttp } from './scripted-server.ts'

interface PageMonitor {
  id: number
  name: string
  type: string
  parent: number | null
  pushToken?: string
  active: boolean
  interval: number
  notificationIDList: Record<string, boolean>
  [other: string]: unknown
}

interface PageKumaOptions {
  version?: string
  /** `admin`'s. */
  password?: string
  /** Of the second factor; without it there is none. */
  code?: string
  /** False: Kuma has no user yet. */
  hasUser?: boolean
  /** Nobody needs to log in. */
  isOpen?: boolean
  /** How many logins it takes. */
  logins?: number
  notifications?: { id: number; name: string; isDefault?: boolean; active?: boolean }[]
  monitors?: Partial<PageMonitor>[]
  /** False: it takes a login and says nothing of what it has. */
  tellsItself?: boolean
  /** Events that are never answered. */
  silent?: string[]
  /** Says why a new monitor is refused. */
  refuse?: (monitor: PageMonitor) => string | null
  /** Hangs up in the place of the answer to this one's making. */
  hangUpAt?: (monitor: PageMonitor) => boolean
  /** Where a proxy shows it: `/kuma`. */
  base?: string
  /** Answers in the place of Kuma; true when it did. */
  before?: (req: IncomingMessage, res: ServerResponse) => boolean
  tls?: ServerOptions
}

export interface PageKuma {
  readonly url: string
  readonly monitors: PageMonitor[]
  /** Events of the page, in order. */
  readonly events: string[]
  /** Tokens and statuses that were pushed, in order. */
  readonly pushes: string[]
  /** Ends every connection. */
  readonly hangUp: () => void
  /** How often a websocket was asked for. */
  readonly upgrades: number
  options: PageKumaOptions
}

/** Columns of the table of monitors that a new one may fill, the same in every version. */
const COLUMNS = new Set(
  (
    'type name parent interval retryInterval maxretries resendInterval upsideDown active notificationIDList ' +
    'accepted_statuscodes pushToken'
  ).split(' '),
)

export async function startPageKuma(t: Cleanup, options: PageKumaOptions = {}): Promise<PageKuma> {
  const monitors: PageMonitor[] = (options.monitors ?? []).map((monitor, index) => ({
    id: index + 1,
    name: '',
    type: 'push',
    parent: null,
    active: true,
    interval: 60,
    notificationIDList: {},
    ...monitor,
  }))
  const sessions = new Map<string, Session>()
  const events: string[] = []
  const pushes: string[] = []
  let upgrades = 0
  let logins = 0
  let nextId = 100

  const kuma: PageKuma = {
    url: '',
    monitors,
    events,
    pushes,
    hangUp: () => server.hangUp(),
    get upgrades() {
      return upgrades
    },
    options,
  }
  const now = () => kuma.options

  function open(session: Session): void {
    const { version = '2.5.3', notifications = [], tellsItself = true } = now()
    session.isIn = true
    if (!tellsItself) return
    session.emit('info', { version, latestVersion: version })
    session.emit('monitorList', Object.fromEntries(monitors.map((one) => [one.id, one])))
    session.emit(
      'notificationList',
      notifications.map((one) => ({ isDefault: false, active: true, config: '{}', ...one })),
    )
  }

  const refusal = (msg: string) => ({ ok: false, msg })

  const handlers: Record<string, (session: Session, argument: Record<string, unknown>) => unknown> = {
    needSetup: () => now().hasUser === false,
    login(session, { username, password, token }) {
      logins += 1
      if (logins > (now().logins ?? 20)) return refusal('Too frequently, try again later.')
      if (username !== 'admin' || password !== (now().password ?? 'right')) {
        return refusal('Incorrect username or password.')
      }
      const { code } = now()
      if (code !== undefined && token === '') return { tokenRequired: true }
      if (code !== undefined && token !== code) return refusal('Invalid Token!')
      open(session)
      return { ok: true, token: 'a.jwt.of-it' }
    },
    add(session, argument) {
      if (!session.isIn) return refusal('You are not logged in.')
      const columns = new Set(COLUMNS)
      if (/^2\.\d+\.\d+$/.test(now().version ?? '2.5.3')) {
        columns.add('conditions')
        if (!Array.isArray(argument['conditions'])) return refusal('conditions is not iterable')
      }
      const unknown = Object.keys(argument).find((key) => !columns.has(key))
      if (unknown !== undefined) return refusal(`table monitor has no column named ${unknown}`)
      if (!Array.isArray(argument['accepted_statuscodes']))
        return refusal('accepted_statuscodes is undefined')
      if (Number(argument['interval']) < 20) return refusal('Interval cannot be less than 20 seconds')
      if (!(Number(argument['retryInterval']) >= 1)) return refusal('NOT NULL constraint failed')
      const monitor = { ...argument, id: nextId } as PageMonitor
      const why = now().refuse?.(monitor) ?? null
      if (why !== null) return refusal(why)
      nextId += 1
      monitors.push(monitor)
      return now().hangUpAt?.(monitor) === true ? HANG_UP : { ok: true, monitorID: monitor.id }
    },
    deleteMonitor(_session, id) {
      monitors.splice(
        monitors.findIndex((one) => one.id === Number(id)),
        1,
      )
      return { ok: true, msg: 'Deleted Successfully.' }
    },
    resumeMonitor: () => ({ ok: true, msg: 'Resumed Successfully.' }),
  }

  function receive(session: Session, text: string): void {
    for (const packet of text.split('\u001E')) {
      if (packet.startsWith('40')) {
        session.send('40{"sid":"a"}')
        session.emit('info', { isContainer: false })
        if (now().isOpen === true) {
          open(session)
          session.emit('autoLogin')
        }
        continue
      }
      const call = /^42(\d+)(\[.*\])$/s.exec(packet)
      if (call === null) continue
      const [event, argument = {}] = JSON.parse(call[2] ?? '') as [string, Record<string, unknown>?]
      events.push(event)
      if (now().silent?.includes(event) === true) continue
      const answer = handlers[event]?.(session, argument)
      if (answer === HANG_UP) server.hangUp()
      else session.send(`43${call[1]}${JSON.stringify([answer])}`)
    }
  }

  const server = await serveHttp(
    t,
    (req, res) => {
      if (req.headers.upgrade !== undefined) upgrades += 1
      if (now().before?.(req, res) === true) return
      const { pathname, searchParams } = new URL(req.url ?? '', 'http://kuma')
      const base = now().base ?? ''
      const token = pathname.startsWith(`${base}/api/push/`) ? pathname.slice(base.length + 10) : null
      if (token !== null) {
        const isKnown = monitors.some(({ pushToken }) => pushToken === token)
        pushes.push(`${token} ${searchParams.get('status')}`)
        res.writeHead(isKnown ? 200 : 404, { 'content-type': 'application/json' })
        res.end(JSON.stringify(isKnown ? { ok: true } : refusal('Monitor not found or not active.')))
      } else if (pathname !== `${base}/socket.io/`) res.writeHead(404).end('Cannot GET')
      else if (searchParams.get('transport') !== 'polling') res.writeHead(400).end()
      else serveSession(req, res, searchParams.get('sid'))
    },
    now().tls === undefined ? {} : { tls: now().tls as ServerOptions },
  )

  function serveSession(req: IncomingMessage, res: ServerResponse, sid: string | null): void {
    if (sid === null) {
      const id = `s${sessions.size}`
      sessions.set(id, createSession())
      res.end(
        `0{"sid":"${id}","upgrades":["websocket"],"pingInterval":25000,"pingTimeout":20000,"maxPayload":1000000}`,
      )
      return
    }
    const session = sessions.get(sid)
    if (session === undefined) res.writeHead(400).end('{"code":1,"message":"Session ID unknown"}')
    else if (req.method === 'GET') session.poll(res)
    else {
      let body = ''
      req.setEncoding('utf8').on('data', (text: string) => (body += text))
      req.on('end', () => {
        res.end('ok')
        receive(session, body)
      })
    }
  }

  const { tls, base = '' } = options
  return Object.assign(kuma, { url: `${tls ? 'https' : 'http'}://127.0.0.1:${server.port}${base}` })
}

const HANG_UP = Symbol('hang up')

interface Session {
  isIn: boolean
  poll(res: ServerResponse): void
  send(packet: string): void
  emit(event: string, ...args: unknown[]): void
}

function createSession(): Session {
  const queue: string[] = []
  let waiting: ServerResponse | null = null
  const flush = () => {
    if (waiting === null || queue.length === 0) return
    waiting.end(queue.splice(0).join('\u001E'))
    waiting = null
  }
  const session: Session = {
    isIn: false,
    poll(res) {
      waiting = res
      flush()
    },
    send(packet) {
      queue.push(packet)
      flush()
    },
    emit: (event, ...args) => session.send(`42${JSON.stringify([event, ...args])}`),
  }
  return session
}
