import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'

/** A process that stands in for many supervisords. */
export interface LightHost {
  /** Where its sockets are, as the booted system sees it. */
  readonly folder: string
  /** Makes one program of the last supervisord FATAL. */
  fail(): void
  stop(): Promise<void>
}

export async function startLightHost(root: string, count: number, programs: number): Promise<LightHost> {
  const folder = await mkdtemp(join(root, 'run/light-'))
  const script = join(import.meta.dirname, 'light-supervisords.ts')
  const args = ['--import', 'tsx', script, folder, String(count), String(programs)]
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  await once(child.stdout, 'data')
  return {
    folder: join('/run', basename(folder)),
    fail: () => void child.kill('SIGUSR2'),
    async stop() {
      child.kill()
      await rm(folder, { recursive: true })
    },
  }
}
