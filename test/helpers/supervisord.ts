import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { freePort } from './free-port.ts'
import { runCommand } from './run-command.ts'

interface Credentials {
  username: string
  password: string
}

export interface SupervisordOptions {
  /**
   * Sections by name: `web` is `[program:web]`, `group:g` and `eventlistener:x` are themselves.
   * A text is the command; other options of supervisord.conf beside it as they are written there.
   */
  programs?: Record<string, string | Record<string, string | number | boolean>>
  /** false: no unix socket at all. */
  unix?: boolean
  unixAuth?: Credentials
  /** Listens on a free port of 127.0.0.1 too. */
  inet?: boolean | Credentials
  /** Leaves `[rpcinterface:supervisor]` out. */
  rpcInterface?: boolean
  /** More text at the end of supervisord.conf. */
  extra?: string
}

/** A private supervisord, run from a folder of its own. */
export interface Supervisord {
  /** `unix:///…`, or the port's URL where there is no socket. */
  readonly url: string
  /** `http://127.0.0.1:…`; empty without `inet`. */
  readonly inetUrl: string
  readonly socket: string
  readonly conf: string
  readonly dir: string
  /** Of the present process; 0 when it does not run. */
  pid(): number
  /** Resolves when that many of its programs are RUNNING; until then an agent may find them STARTING. */
  running(count: number): Promise<void>
  /** supervisorctl's output. */
  ctl(...args: string[]): Promise<string>
  /** Sends a signal to supervisord itself. */
  kill(signal: NodeJS.Signals): void
  /** Starts it again after its end. */
  start(): Promise<void>
  /** Asks it to end with its programs and waits for that; the folder stays. */
  end(): Promise<void>
  /** Ends everything, by force what takes long, and removes the folder. */
  stop(): Promise<void>
  /** supervisord's own log, for a failure's sake. */
  log(): Promise<string>
}

/** Starts a supervisord and waits until it listens. Stop it in `after`. */
export async function startSupervisord(options: SupervisordOptions = {}): Promise<Supervisord> {
  const dir = await mkdtemp(join(tmpdir(), 'ksp-supervisord-'))
  const socket = join(dir, 'supervisor.sock')
  const conf = join(dir, 'supervisord.conf')
  const withSocket = options.unix ?? true
  const port = options.inet === undefined || options.inet === false ? 0 : await freePort()
  const inetUrl = port === 0 ? '' : `http://127.0.0.1:${port}`
  const url = withSocket ? `unix://${socket}` : inetUrl
  await writeFile(conf, confText(options, { dir, socket: withSocket ? socket : '', port, url }))

  let child: ChildProcess | null = null
  const alive = () => child !== null && child.exitCode === null && child.signalCode === null
  const log = () => readFile(join(dir, 'supervisord.log'), 'utf8').catch(() => '')

  const ctl = async (...args: string[]) => (await runCommand(['supervisorctl', '-c', conf, ...args])).stdout

  const start = async () => {
    // It ends, and its programs with it, even when the test run is killed.
    const command = ['--pdeathsig', 'TERM', 'supervisord', '--nodaemon', '--configuration', conf]
    child = spawn('setpriv', command, { cwd: dir, stdio: 'ignore' })
    child.on('error', () => undefined)
    await eventually(
      'supervisord listens',
      async () => {
        if (!alive() || child?.pid === undefined)
          throw new Error(`supervisord did not start:\n${await log()}`)
        return connects(withSocket ? { path: socket } : { host: '127.0.0.1', port })
      },
      (listens) => listens,
    )
  }

  // A killed supervisord leaves its programs behind: they are ended with the rest.
  const programs = new Set<number>()
  const kill = (signal: NodeJS.Signals) => {
    if (!alive()) return
    for (const pid of childrenOf(child?.pid ?? 0)) programs.add(pid)
    child?.kill(signal)
  }

  const end = async (timeoutMs = 60_000) => {
    kill('SIGCONT')
    kill('SIGTERM')
    await eventually('supervisord ends', () => !alive(), Boolean, { timeoutMs }).catch(() => kill('SIGKILL'))
    await eventually('supervisord is gone', () => !alive())
    for (const pid of programs) killQuietly(pid)
    programs.clear()
  }

  await start().catch(async (error: unknown) => {
    await rm(dir, { recursive: true, force: true, maxRetries: 9 })
    throw error
  })
  return {
    url,
    inetUrl,
    socket,
    conf,
    dir,
    pid: () => (alive() ? (child?.pid ?? 0) : 0),
    async running(count) {
      const isEnough = (text: string) => text.match(/ RUNNING /g)?.length === count
      await eventually(`${count} programs run`, () => ctl('status'), isEnough)
    },
    ctl,
    kill,
    start,
    end: () => end(),
    async stop() {
      await end(5000)
      await rm(dir, { recursive: true, force: true, maxRetries: 9 })
    },
    log,
  }
}

function confText(
  options: SupervisordOptions,
  { dir, socket, port, url }: { dir: string; socket: string; port: number; url: string },
): string {
  const inetAuth = typeof options.inet === 'object' ? options.inet : undefined
  const sections: [string, Record<string, string | number | boolean>][] = [
    [
      'supervisord',
      {
        logfile: `${dir}/supervisord.log`,
        pidfile: `${dir}/supervisord.pid`,
        childlogdir: dir,
        loglevel: 'debug',
        minfds: 256,
      },
    ],
    ['supervisorctl', { serverurl: url, ...(socket === '' ? inetAuth : options.unixAuth) }],
  ]
  if (socket !== '') sections.push(['unix_http_server', { file: socket, ...options.unixAuth }])
  if (port !== 0) sections.push(['inet_http_server', { port: `127.0.0.1:${port}`, ...inetAuth }])
  if (options.rpcInterface ?? true) {
    const factory = 'supervisor.rpcinterface:make_main_rpcinterface'
    sections.push(['rpcinterface:supervisor', { 'supervisor.rpcinterface_factory': factory }])
  }
  for (const [name, program] of Object.entries(options.programs ?? {})) {
    const section = /^(?:group|eventlistener|fcgi-program|program):/.test(name) ? name : `program:${name}`
    sections.push([section, typeof program === 'string' ? { command: program } : program])
  }
  const texts = sections.map(([name, entries]) => {
    const lines = Object.entries(entries).map(([key, value]) => `${key} = ${String(value)}\n`)
    return `[${name}]\n${lines.join('')}\n`
  })
  return texts.join('') + (options.extra ?? '')
}

function connects(to: { path: string } | { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(to)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

function childrenOf(pid: number): number[] {
  const path = `/proc/${pid}/task/${pid}/children`
  return existsSync(path) ? readFileSync(path, 'utf8').split(' ').filter(Boolean).map(Number) : []
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended with supervisord.
  }
}
