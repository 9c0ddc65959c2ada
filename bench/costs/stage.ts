import { spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BUNDLE } from '../../test/helpers/agent-process.ts'
import { bootSystem } from '../../test/helpers/booted-system.ts'
import { eventually } from '../../test/helpers/eventually.ts'
import { startReceiver } from '../../test/helpers/receiver.ts'
import { unitFlags } from '../../test/helpers/unit-flags.ts'

/** A booted system with a supervisord over five programs, and a server in Kuma's place. */
export interface Stage {
  /** The URL of a monitor, without a query. */
  readonly pushUrl: string
  /** Describes a command for the scripts in Python. */
  readonly command: (...argv: readonly string[]) => Command
  /** Describes the agent as the service runs it. */
  readonly agent: (node: string, ...args: readonly string[]) => Command
  /** Runs a script of this folder inside, with a plan on standard input; returns the JSON that it prints. */
  readonly measure: <T>(script: string, plan: unknown) => Promise<T>
  close(): Promise<void>
}

export interface Command {
  readonly argv: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

const ENV = { PATH: '/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LC_ALL: 'C.UTF-8' }

const command = (...argv: readonly string[]): Command => ({ argv, env: ENV })

export async function openStage(): Promise<Stage> {
  const ends: (() => unknown)[] = []
  const scope = { after: (end: () => unknown) => void ends.push(end) }
  const host = await bootSystem()
  const programs = [1, 2, 3, 4, 5].map((number) => `[program:p${number}]\ncommand=sleep 1000000\n`)
  writeFileSync(`${host.root}/etc/supervisor/conf.d/programs.conf`, programs.join('\n'))
  await host.run('systemctl restart supervisor')
  await eventually(
    'five programs run',
    async () => (await host.run('supervisorctl status')).stdout,
    (status) => status.split('RUNNING').length === 6,
  )
  const receiver = await startReceiver(scope)
  const pushUrl = `${receiver.url}/api/push/AWbUXTosJG`
  return {
    pushUrl,
    command,
    // As the unit has it.
    agent: (node, ...args) => ({
      argv: [node, ...unitFlags(), BUNDLE, 'run', ...args],
      env: { ...ENV, MALLOC_ARENA_MAX: '1' },
    }),
    measure: (script, plan) => measure(host.leaderPid, script, plan),
    async close() {
      for (const end of ends) await end()
      await host.stop()
    },
  }
}

async function measure<T>(leaderPid: number, script: string, plan: unknown): Promise<T> {
  const enter = ['--target', String(leaderPid), '--all', '--', 'python3', join(import.meta.dirname, script)]
  const child = spawn('nsenter', enter, { stdio: ['pipe', 'pipe', 'inherit'], env: ENV })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
  child.stdin.end(JSON.stringify(plan))
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  if (code !== 0) throw new Error(`${script} ended with ${code}`)
  return JSON.parse(output) as T
}
