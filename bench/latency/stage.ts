import { readdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs'
import { bootSystem, type BootedSystem } from '../../test/helpers/booted-system.ts'
import { eventually } from '../../test/helpers/eventually.ts'

/** A booted Debian with its own supervisor.service and the programs that are to die. */
export interface Stage {
  readonly host: BootedSystem
  /** Runs a line of sh in it, which must succeed. */
  readonly sh: (line: string) => Promise<string>
  /** The pid as this process sees it, of a process that has another one inside. */
  readonly outerPid: (pid: number) => number
  /** Waits until every program that should run does. */
  allRun(): Promise<void>
}

/** One is killed at a time: three restarts of the same one would be a crash loop. */
export const RESTARTED = 10

const PROGRAMS = `
[program:fatal]
command=sh -c 'test ! -e /run/broken && exec sleep 1000000; exit 1'
startretries=0

[program:retries]
command=sh -c 'test ! -e /run/broken && exec sleep 1000000; date +%%s.%%N >/run/tried; exit 1'
startretries=1

[program:exits]
command=sleep 1000000
autorestart=false

[program:leaves]
command=sh -c 'read word </run/leave; exit 3'
autorestart=false

[program:again]
command=sleep 1000000
process_name=%(program_name)s_%(process_num)02d
numprocs=${RESTARTED}
`
/** The listener is one too. */
const COUNT = 4 + RESTARTED + 1

/** @param listener the section of an event listener */
export async function openStage(listener: string): Promise<Stage> {
  const host = await bootSystem()
  writeFileSync(`${host.root}/etc/supervisor/conf.d/programs.conf`, PROGRAMS + listener)
  const sh = async (line: string): Promise<string> => {
    const { code, stdout, stderr } = await host.run(line)
    if (code !== 0) throw new Error(`${line} ended with ${code}: ${stdout}${stderr}`)
    return stdout
  }
  await sh('mkfifo /run/leave; systemctl restart supervisor')
  return {
    host,
    sh,
    outerPid: (pid) => outerPid(host.leaderPid, pid),
    async allRun() {
      const running = `supervisorctl status | grep -c RUNNING`
      await eventually(
        'all programs run',
        async () => Number((await host.run(running)).stdout),
        (count) => count === COUNT,
      )
    },
  }
}

function outerPid(leader: number, pid: number): number {
  const space = readlinkSync(`/proc/${leader}/ns/pid`)
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const status = readFileSync(`/proc/${entry}/status`, 'utf8')
      const inner = /^NSpid:.*\s(\d+)$/m.exec(status)?.[1]
      if (Number(inner) === pid && readlinkSync(`/proc/${entry}/ns/pid`) === space) return Number(entry)
    } catch {
      // It ended while it was read.
    }
  }
  throw new Error(`there is no process ${pid} in the booted system`)
}
