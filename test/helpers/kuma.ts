// A real Uptime Kuma for tests: installed once by scripts/install-kuma.sh, started on a free loopback port.
import { execFile, spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { io, type Socket } from 'socket.io-client'
import { freePort } from './free-port.ts'

const PROJECT = join(import.meta.dirname, '../..')
const ACCOUNT = { username: 'admin', password: 'kuma-for-tests-1' }
const STATUSES = ['down', 'up', 'pending', 'maintenance'] as const

/** One row of Kuma's `heartbeat` table, its own "No heartbeat in the time window" rows included. */
export interface RecordedHeartbeat {
  readonly id: number
  readonly monitorId: number
  readonly status: (typeof STATUSES)[number]
  readonly msg: string
  /** Milliseconds. */
  readonly ping: number | null
  /** Kuma's time of arrival. */
  readonly time: Date
  /** Whether Kuma lists it as a change of status. */
  readonly important: boolean
}

/** One row of Kuma's `monitor` table. */
export interface RecordedMonitor {
  readonly id: number
  readonly name: string
  readonly type: string
  /** The group it is in. */
  readonly parent: number | null
  /** Seconds. */
  readonly interval: number
  /** How many notifications it alerts by. */
  readonly notifications: number
}

interface PushMonitorOptions {
  name: string
  /** Kuma's Heartbeat Interval in seconds, at least 20 in this version. */
  interval?: number
  /** Chosen by Kuma's page otherwise. */
  token?: string
  /** Of `addWebhookNotification`. */
  notificationIds?: readonly number[]
  maxretries?: number
  upsideDown?: boolean
}

interface KumaOptions {
  /** Kuma's data folder, kept by `stop()`; left out: a temporary one, removed by `stop()`. */
  dir?: string
  port?: number
  /** The address it listens on: 127.0.0.1. */
  host?: string
}

export interface Kuma {
  readonly url: string
  readonly account: Readonly<typeof ACCOUNT>
  readonly port: number
  readonly dataDir: string
  /** Of the running process; changes with `restart()`. */
  readonly pid: number
  /** What Kuma has written so far, all its starts together. */
  readonly output: string
  createPushMonitor(options: PushMonitorOptions): Promise<{ id: number; token: string; pushUrl: string }>
  pause(monitorId: number): Promise<void>
  resume(monitorId: number): Promise<void>
  remove(monitorId: number): Promise<void>
  /** All there are, oldest first. */
  monitors(): Promise<RecordedMonitor[]>
  /** Changes a monitor as its page does. */
  edit(
    monitorId: number,
    changes: { name?: string; parent?: number | null; interval?: number },
  ): Promise<void>
  /** Returns the notification's id, to be given to `createPushMonitor`. */
  addWebhookNotification(url: string): Promise<number>
  /** Everything recorded for the monitor, oldest first; read from the database, so also while Kuma is stopped. */
  heartbeats(monitorId: number): Promise<RecordedHeartbeat[]>
  /** Resolves with the first recorded heartbeat, earlier ones included, that the test accepts. */
  waitForHeartbeat(
    monitorId: number,
    accepts: (heartbeat: RecordedHeartbeat) => boolean,
    timeoutMs?: number,
  ): Promise<RecordedHeartbeat>
  /** Calls back for each heartbeat as Kuma's web page gets it. Returns the function that ends it. */
  onHeartbeat(listener: (heartbeat: RecordedHeartbeat) => void): () => void
  /** Ends the server but keeps port and data, as `restart()` does between its two halves. */
  halt(signal?: 'SIGTERM' | 'SIGKILL'): Promise<void>
  /** Starts it again on the same port and data after `halt()`. */
  start(): Promise<void>
  restart(): Promise<void>
  /** Ends it for good. */
  stop(): Promise<void>
}

/** Starts Kuma, makes its account and logs in; ready for pushes when it resolves (about 10 s). */
export async function startKuma(options: KumaOptions = {}): Promise<Kuma> {
  const home = await installedKuma()
  const dataDir = options.dir ?? (await mkdtemp(join(tmpdir(), 'kuma-')))
  await mkdir(dataDir, { recursive: true })
  await writeFile(join(dataDir, 'db-config.json'), '{"type":"sqlite"}')
  const port = options.port ?? (await freePort())
  const host = options.host ?? '127.0.0.1'
  const url = `http://127.0.0.1:${port}`
  const listeners = new Set<(heartbeat: RecordedHeartbeat) => void>()
  let output = ''
  let child: ChildProcess | null = null
  let socket: Socket | null = null

  // A test that dies must not leave its Kuma behind.
  const killWithUs = () => child?.kill('SIGKILL')
  process.on('exit', killWithUs)

  async function ask(event: string, ...args: unknown[]): Promise<Record<string, unknown>> {
    if (!socket) throw new Error(`Kuma is not running: ${event}`)
    const answer = (await socket.timeout(20_000).emitWithAck(event, ...args)) as Record<string, unknown>
    if (answer['ok'] !== true) throw new Error(`Kuma refused ${event}: ${String(answer['msg'])}`)
    return answer
  }

  async function start() {
    if (child) throw new Error('Kuma is running already')
    const server = spawn(process.execPath, ['extra/cli.js', '--run'], {
      cwd: join(home, 'node_modules/uptime-kuma'),
      env: {
        ...process.env,
        // The test runner's variables make a child speak its protocol.
        NODE_TEST_CONTEXT: undefined,
        NODE_OPTIONS: undefined,
        NODE_ENV: 'production',
        DATA_DIR: `${dataDir}/`,
        UPTIME_KUMA_HOST: host,
        UPTIME_KUMA_PORT: String(port),
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    child = server
    for (const stream of [server.stdout, server.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text))
    }
    server.once('exit', () => {
      if (child === server) child = null
    })
    socket = io(url, { reconnectionDelay: 100, reconnectionDelayMax: 200, forceNew: true })
    socket.on('heartbeat', (beat: Record<string, unknown>) => {
      for (const listener of listeners) listener(fromEvent(beat))
    })
    await connected(socket, server)
    const needsSetup = (await socket.timeout(20_000).emitWithAck('needSetup')) as boolean
    if (needsSetup) await ask('setup', ACCOUNT.username, ACCOUNT.password)
    await ask('login', ACCOUNT)
  }

  async function connected(to: Socket, server: ChildProcess) {
    const deadline = performance.now() + 90_000
    while (!to.connected) {
      if (server.exitCode !== null || server.signalCode !== null) {
        throw new Error(`Kuma ended while starting:\n${output.slice(-2000)}`)
      }
      if (performance.now() > deadline) {
        throw new Error(`Kuma did not start within 90 s:\n${output.slice(-2000)}`)
      }
      await sleep(50)
    }
  }

  async function halt(signal: 'SIGTERM' | 'SIGKILL' = 'SIGTERM') {
    socket?.disconnect()
    socket = null
    const server = child
    if (!server) return
    const ended = new Promise<void>((resolve) => {
      server.once('exit', () => {
        resolve()
      })
    })
    server.kill(signal)
    // A clean stop takes 2 s, and up to 30 s with connections that are kept alive.
    const impatience = setTimeout(() => server.kill('SIGKILL'), 8000)
    await ended
    clearTimeout(impatience)
  }

  const readRows = <R>(sql: string, params: readonly unknown[] = []): Promise<R[]> =>
    queryDatabase<R>(home, join(dataDir, 'kuma.db'), sql, params)

  const kuma: Kuma = {
    url,
    account: ACCOUNT,
    port,
    dataDir,
    get pid() {
      if (!child?.pid) throw new Error('Kuma is not running')
      return child.pid
    },
    get output() {
      return output
    },
    async createPushMonitor({ name, interval = 60, token = newToken(), notificationIds = [], ...more }) {
      const answer = await ask('add', {
        type: 'push',
        name,
        interval,
        retryInterval: interval,
        maxretries: more.maxretries ?? 0,
        resendInterval: 0,
        upsideDown: more.upsideDown ?? false,
        active: true,
        notificationIDList: Object.fromEntries(notificationIds.map((id) => [id, true])),
        accepted_statuscodes: ['200-299'],
        pushToken: token,
      })
      return { id: answer['monitorID'] as number, token, pushUrl: `${url}/api/push/${token}` }
    },
    async pause(monitorId) {
      await ask('pauseMonitor', monitorId)
    },
    async resume(monitorId) {
      await ask('resumeMonitor', monitorId)
    },
    async remove(monitorId) {
      await ask('deleteMonitor', monitorId)
    },
    async addWebhookNotification(target) {
      const answer = await ask(
        'addNotification',
        { name: target, type: 'webhook', webhookURL: target, webhookContentType: 'json' },
        null,
      )
      return answer['id'] as number
    },
    monitors() {
      return readRows<RecordedMonitor>(
        `SELECT id, name, type, parent, interval,
          (SELECT count(*) FROM monitor_notification WHERE monitor_id = monitor.id) AS notifications
          FROM monitor ORDER BY id`,
      )
    },
    async edit(monitorId, changes) {
      const { monitor } = await ask('getMonitor', monitorId)
      await ask('editMonitor', { ...(monitor as object), ...changes })
    },
    async heartbeats(monitorId) {
      const rows = await readRows<Row>(
        'SELECT id, monitor_id, status, msg, ping, time, important FROM heartbeat WHERE monitor_id = ? ORDER BY id',
        [monitorId],
      )
      return rows.map(fromRow)
    },
    async waitForHeartbeat(monitorId, accepts, timeoutMs = 120_000) {
      const deadline = performance.now() + timeoutMs
      for (;;) {
        const rows = await kuma.heartbeats(monitorId)
        const found = rows.find(accepts)
        if (found) return found
        if (performance.now() > deadline) {
          const seen = rows.slice(-5).map((row) => `${row.time.toISOString()} ${row.status} ${row.msg}`)
          throw new Error(`no such heartbeat within ${timeoutMs} ms; the last are:\n${seen.join('\n')}`)
        }
        await sleep(100)
      }
    },
    onHeartbeat(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    halt,
    start,
    async restart() {
      await halt()
      await start()
    },
    async stop() {
      await halt()
      process.off('exit', killWithUs)
      if (options.dir === undefined) await rm(dataDir, { recursive: true, force: true, maxRetries: 9 })
    },
  }

  try {
    await start()
  } catch (error) {
    await kuma.stop()
    throw error
  }
  return kuma
}

async function installedKuma(): Promise<string> {
  const { stdout } = await promisify(execFile)('sh', [join(PROJECT, 'scripts/install-kuma.sh')])
  return join(PROJECT, stdout.trim())
}

/** As Kuma 2 makes them: 32 of A-Z, a-z and 0-9. */
function newToken(): string {
  return randomBytes(32).toString('base64').replaceAll(/[+/=]/g, 'x').slice(0, 32)
}

interface Row {
  id: number
  monitor_id: number
  status: number
  msg: string | null
  ping: number | null
  time: string
  important: number
}

function fromRow(row: Row): RecordedHeartbeat {
  return {
    id: row.id,
    monitorId: row.monitor_id,
    status: STATUSES[row.status] ?? 'pending',
    msg: row.msg ?? '',
    ping: row.ping,
    time: new Date(`${row.time.replace(' ', 'T')}Z`),
    important: row.important === 1,
  }
}

function fromEvent(beat: Record<string, unknown>): RecordedHeartbeat {
  return fromRow({
    id: beat['id'] as number,
    monitor_id: beat['monitorID'] as number,
    status: beat['status'] as number,
    msg: beat['msg'] as string | null,
    ping: beat['ping'] as number | null,
    time: beat['time'] as string,
    important: Number(beat['important']),
  })
}

/** The part of Kuma's own sqlite that is used here. */
interface Sqlite {
  OPEN_READONLY: number
  Database: new (
    file: string,
    mode: number,
    done: (error: Error | null) => void,
  ) => {
    configure(option: 'busyTimeout', milliseconds: number): void
    all(sql: string, params: readonly unknown[], done: (error: Error | null, rows: unknown[]) => void): void
    close(done: () => void): void
  }
}

function queryDatabase<R>(home: string, file: string, sql: string, params: readonly unknown[]): Promise<R[]> {
  const sqlite = createRequire(join(home, 'package.json'))('@louislam/sqlite3') as Sqlite
  return new Promise((resolve, reject) => {
    const database = new sqlite.Database(file, sqlite.OPEN_READONLY, (failure) => {
      if (failure) {
        reject(failure)
        return
      }
      database.configure('busyTimeout', 5000)
      database.all(sql, params, (error, rows) => {
        database.close(() => {
          if (error) reject(error)
          else resolve(rows as R[])
        })
      })
    })
  })
}
