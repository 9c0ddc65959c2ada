// The bundled agent as a process, as a host runs it.
import { spawn, type ChildProcess } from 'node:child_process'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from './eventually.ts'
import { runCommand } from './run-command.ts'
import { unitFlags } from './unit-flags.ts'

/** Its folder. */
export const PROJECT = join(import.meta.dirname, '../..')
/** What a host runs. */
export const BUNDLE = join(PROJECT, 'dist/kuma-supervisor-push.cjs')

interface AgentOptions {
  /** Beside PATH alone; nothing else of this process's environment reaches it. */
  env?: Readonly<Record<string, string>>
  cwd?: string
  /** Another copy of the bundle than `BUNDLE`. */
  bundle?: string
  /** Another Node than the one that runs the tests. */
  node?: string
  /** Options of Node itself, before the bundle; those of the service for `run`, unless given. */
  nodeOptions?: readonly string[]
  /** A command that runs the rest of its line, such as `prlimit --nofile=64`. */
  under?: readonly string[]
}

export interface AgentProcess {
  readonly pid: number
  readonly stdout: string
  readonly stderr: string
  /** Whether it runs still. */
  readonly isAlive: boolean
  kill(signal: NodeJS.Signals): void
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | NodeJS.Signals>
  /** Ends it by SIGTERM, or by SIGKILL after a minute: it has bounds of its own, which are what is tested. */
  stop(): Promise<number | NodeJS.Signals>
  /** Resident memory in MB. */
  memory(): Promise<number>
}

// A test that dies must not leave its agents behind.
const running = new Set<ChildProcess>()
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL')
})

/** Builds the bundle where a source of it or of the build is newer. */
export async function buildBundle(): Promise<void> {
  const built = await stat(BUNDLE).catch(() => null)
  const changed = await Promise.all(['src', 'scripts'].map((folder) => newest(join(PROJECT, folder))))
  if (built !== null && built.mtimeMs > Math.max(...changed)) return
  const { code, stderr } = await runCommand([process.execPath, '--import', 'tsx', 'scripts/build.ts'])
  if (code !== 0) throw new Error(`the bundle cannot be built:\n${stderr}`)
}

async function newest(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true })
  const times = await Promise.all(names.map(async (name) => (await stat(join(folder, name))).mtimeMs))
  return Math.max(...times)
}

/** Starts the bundle; call `buildBundle` before, and stop it in `after`. */
export function startAgent(args: readonly string[], options: AgentOptions = {}): AgentProcess {
  const { env = {}, cwd = '/', bundle = BUNDLE, node = process.execPath, under = [] } = options
  const nodeOptions = options.nodeOptions ?? (args[0] === 'run' ? unitFlags() : [])
  const [file = '', ...rest] = [...under, node, ...nodeOptions, bundle, ...args]
  const child = spawn(file, rest, {
    cwd,
    // It neither serves its status in a folder of this host nor asks an agent of it.
    env: { PATH: process.env['PATH'], RUNTIME_DIRECTORY: '/dev/null', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const isAlive = () => child.exitCode === null && child.signalCode === null
  const ended = new Promise<number | NodeJS.Signals>((resolve, reject) => {
    child.once('error', reject)
    child.once('close', (code, signal) => resolve(code ?? signal ?? 0))
  })
  running.add(child)
  child.once('close', () => running.delete(child))
  const pid = child.pid ?? 0
  return {
    pid,
    get stdout() {
      return stdout
    },
    get stderr() {
      return stderr
    },
    get isAlive() {
      return isAlive()
    },
    kill: (signal) => void child.kill(signal),
    ended,
    async stop() {
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      const impatience = setTimeout(() => child.kill('SIGKILL'), 60_000)
      const how = await ended
      clearTimeout(impatience)
      return how
    },
    async memory() {
      const status = await readFile(`/proc/${pid}/status`, 'utf8')
      return Math.round(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1024)
    },
  }
}

/** Runs the bundle to its end. */
export async function runAgent(
  args: readonly string[],
  options: AgentOptions = {},
): Promise<{ code: number | NodeJS.Signals; stdout: string; stderr: string }> {
  const agent = startAgent(args, options)
  // A one-shot that cannot deliver tries for half a minute.
  const patience = { timeoutMs: 120_000 }
  await eventually(
    `the agent ends by itself: ${args.join(' ')}`,
    () => !agent.isAlive,
    Boolean,
    patience,
  ).catch(async (error: unknown) => {
    await agent.stop()
    throw new Error(`${String(error)}\n${agent.stderr}`, { cause: error })
  })
  return { code: await agent.ended, stdout: agent.stdout, stderr: agent.stderr }
}
