// Shows the agent at work, without root and without Kuma: a private supervisord with a few programs, one of which fails
// and is repaired, the bundled agent, and a receiver in Kuma's place that prints each heartbeat as it would arrive there.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { wrapWords } from '../src/cli/screen.ts'

const BUNDLE = join(import.meta.dirname, '../dist/kuma-supervisor-push.cjs')
const TOKEN = 'DemoToken1'
/** What Kuma is expected to show, in this order. */
const STORY = ['up', 'down', 'up']
const WITHIN_MS = 50_000
/** Of what a heartbeat says, behind its time and status. */
const INDENT = 16

const folder = await mkdtemp(join(tmpdir(), 'kuma-supervisor-push-demo-'))
const children: ChildProcess[] = []
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort())

try {
  process.exitCode = await demonstrate()
} finally {
  await Promise.all(children.toReversed().map(end))
  await rm(folder, { recursive: true, force: true })
}

async function demonstrate(): Promise<number> {
  await writeFile(join(folder, 'supervisord.conf'), configuration())
  start('supervisord', ['--nodaemon', '--configuration', join(folder, 'supervisord.conf')])
  await listens(join(folder, 'supervisor.sock'))

  const seen: string[] = []
  const { server, url } = await receive((status, line) => {
    process.stdout.write(`${line}\n`)
    if (seen.at(-1) !== status) seen.push(status)
  })
  process.stdout.write(`supervisord runs web, mail and worker; worker is going to fail in a few seconds.
Each line is a heartbeat as Kuma would receive it:

`)
  await writeFile(join(folder, 'config.toml'), '')
  const options = {
    '--config': join(folder, 'config.toml'),
    '--push-url': `${url}/api/push/${TOKEN}`,
    '--state-file': join(folder, 'state.json'),
    '--supervisor-url': `unix://${folder}/supervisor.sock`,
    '--unit': 'none',
    '--check-every': '1s',
    '--push-every': '5s',
    '--log-level': 'error',
  }
  start(process.execPath, [BUNDLE, ...Object.entries(options).flat()])

  const endMs = performance.now() + WITHIN_MS
  let repaired = false
  while (seen.length < STORY.length && performance.now() < endMs && !stop.signal.aborted) {
    await sleep(200)
    if (repaired || seen.at(-1) !== 'down') continue
    repaired = true
    await sleep(3_000)
    process.stdout.write('          … somebody repairs worker and types: supervisorctl start worker\n')
    await writeFile(join(folder, 'repaired'), '')
    start('supervisorctl', ['--configuration', join(folder, 'supervisord.conf'), 'start', 'worker'])
  }
  server.close()
  server.closeAllConnections()
  if (seen.join() === STORY.join()) {
    process.stdout.write('\nThat is all: up, down with the cause, up again. For real: sudo ./install.sh\n')
    return 0
  }
  const got = seen.length === 0 ? 'no heartbeat' : seen.join(', ')
  process.stdout.write(`\nThe demo ended early: expected the heartbeats ${STORY.join(', ')}, got ${got}.\n`)
  return 1
}

/** Waits for supervisord's socket: an agent that is quicker would begin the story with a DOWN. */
async function listens(socket: string): Promise<void> {
  const endMs = performance.now() + WITHIN_MS
  while (!existsSync(socket) && performance.now() < endMs && !stop.signal.aborted) await sleep(50)
}

/** The worker runs for some seconds, then fails at every start until it is repaired. */
function configuration(): string {
  const worker = `if [ -e ${folder}/repaired ]; then exec sleep 600; fi; if [ -e ${folder}/failed ]; then exit 1; fi; touch ${folder}/failed; sleep 8; exit 1`
  return `[unix_http_server]
file = ${folder}/supervisor.sock
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl = unix://${folder}/supervisor.sock
[supervisord]
logfile = ${folder}/supervisord.log
pidfile = ${folder}/supervisord.pid
childlogdir = ${folder}
[program:web]
command = sleep 600
[program:mail]
command = sleep 600
[program:worker]
command = sh -c "${worker}"
startretries = 1
`
}

/** Answers every push as Kuma does. */
async function receive(
  onHeartbeat: (status: string, line: string) => void,
): Promise<{ server: Server; url: string }> {
  const server = createServer(({ url = '' }, response) => {
    const { searchParams } = new URL(url, 'http://kuma')
    const [status = '', message = '', ping = ''] = ['status', 'msg', 'ping'].map(
      (key) => searchParams.get(key) ?? '',
    )
    const time = new Date().toTimeString().slice(0, 8)
    const label = status === 'up' ? colour(32, 'UP  ') : colour(31, 'DOWN')
    const text = `${message}${ping === '' ? '' : ` (${ping} ms)`}`
    const columns = process.stdout.columns || Infinity
    const beside = `\n${' '.repeat(INDENT)}`
    onHeartbeat(status, `${time}  ${label}  ${wrapWords(text, columns - INDENT).join(beside)}`)
    response.setHeader('content-type', 'application/json').end('{"ok":true}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port')
  return { server, url: `http://127.0.0.1:${address.port}` }
}

function colour(code: number, text: string): string {
  return process.stdout.isTTY && process.env['NO_COLOR'] === undefined
    ? `\u001b[${code}m${text}\u001b[0m`
    : text
}

function start(command: string, args: string[]): void {
  // A configuration of this host's own is none of the demo's.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('KSP_')))
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'], env })
  child.on('error', (error) => {
    process.stderr.write(`${command} cannot be started: ${error.message}\n`)
    stop.abort()
  })
  children.push(child)
}

async function end(child: ChildProcess): Promise<void> {
  if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
  const ended = once(child, 'exit')
  child.kill('SIGTERM')
  const timer = setTimeout(() => child.kill('SIGKILL'), 8_000)
  await ended
  clearTimeout(timer)
}
