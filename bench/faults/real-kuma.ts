// A real Uptime Kuma goes away in several ways; what it recorded is compared with the truth.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { startAgent } from '../../test/helpers/agent-process.ts'
import { startKuma, type Kuma, type RecordedHeartbeat } from '../../test/helpers/kuma.ts'
import { startSupervisord } from '../../test/helpers/supervisord.ts'
import type { Outcome } from './fault.ts'

interface KumaFault {
  readonly name: string
  /** How long it lasts, in seconds. */
  readonly seconds: number
  begin(kuma: Kuma, monitorId: number): Promise<unknown>
  end(kuma: Kuma, monitorId: number): Promise<unknown>
}

/** Kuma's smallest, in seconds. */
const INTERVAL = 20
const LOCK = `import sqlite3, sys, time
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute('BEGIN EXCLUSIVE')
print('locked', flush=True)
time.sleep(120)`

let unlock: () => unknown = () => undefined

/** Only where there is time for it: with --long, and for what is kept. */
const LONG: KumaFault = {
  name: 'Kuma is stopped for 10 minutes',
  seconds: 600,
  begin: (kuma) => kuma.halt(),
  end: (kuma) => kuma.start(),
}

const FAULTS: readonly KumaFault[] = [
  { name: 'Kuma is stopped for two intervals', seconds: 40, begin: (kuma) => kuma.halt(), end: (kuma) => kuma.start() },
  { name: 'Kuma is restarted', seconds: 0, begin: (kuma) => kuma.restart(), end: () => Promise.resolve() },
  { name: 'Kuma is killed and started again', seconds: 3, begin: (kuma) => kuma.halt('SIGKILL'), end: (kuma) => kuma.start() },
  { name: 'Kuma is frozen', seconds: 8, begin: async (kuma) => process.kill(kuma.pid, 'SIGSTOP'), end: async (kuma) => process.kill(kuma.pid, 'SIGCONT') },
  { name: "Kuma's monitor is paused and resumed", seconds: 6, begin: (kuma, id) => kuma.pause(id), end: (kuma, id) => kuma.resume(id) },
  {
    name: "Kuma's database is locked by another program",
    seconds: 8,
    async begin({ dataDir }) {
      const locker = spawn('python3', ['-c', LOCK, join(dataDir, 'kuma.db')], { stdio: ['ignore', 'pipe', 'inherit'] })
      unlock = () => locker.kill('SIGKILL')
      await once(locker.stdout, 'data')
    },
    end: async () => unlock(),
  },
] // prettier-ignore

/** The long one and the others side by side. */
export async function tryKumaFaults(
  isWanted: (name: string) => boolean,
  tell: (outcome: Outcome) => void,
  { isLong }: { isLong: boolean },
): Promise<Outcome[]> {
  const lists = [FAULTS, isLong ? [LONG] : []]
  const wanted = lists.map((list) => list.filter(({ name }) => isWanted(name)))
  return (await Promise.all(wanted.map((list) => tryOnOneKuma(list, tell)))).flat()
}

/** One after the other, each with a monitor of its own. */
async function tryOnOneKuma(
  wanted: readonly KumaFault[],
  tell: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  if (wanted.length === 0) return []
  const kuma = await startKuma()
  const outcomes: Outcome[] = []
  try {
    for (const fault of wanted) {
      const outcome = await tryKumaFault(kuma, fault)
      tell(outcome)
      outcomes.push(outcome)
    }
    return outcomes
  } finally {
    unlock()
    await kuma.stop()
  }
}

async function tryKumaFault(kuma: Kuma, fault: KumaFault): Promise<Outcome> {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-fault-'))
  const supervisord = await startSupervisord({ programs: { web: { command: 'sleep 600', startsecs: 0 } } })
  const { id, token } = await kuma.createPushMonitor({ name: fault.name, interval: INTERVAL })
  await writeFile(join(folder, 'config.toml'), configOf(kuma.url, token, supervisord.url, folder), { mode: 0o600 })
  const agent = startAgent(['run', '--config', join(folder, 'config.toml')], { env: { HOME: folder } })
  const row = { name: fault.name, by: 'real Kuma', says: '' }
  try {
    await kuma.waitForHeartbeat(id, ({ status }) => status === 'up')
    await sleep(5000)
    const before = await agent.memory()
    await fault.begin(kuma, id)
    await supervisord.ctl('stop', 'web')
    await sleep(fault.seconds * 1000)
    await fault.end(kuma, id)
    const endedMs = Date.now()
    const down = await kuma.waitForHeartbeat(id, ({ msg }) => msg.startsWith('web STOPPED by hand'), 90_000)
    const recoverySeconds = Math.max(0, Math.round((down.time.getTime() - endedMs) / 100) / 10)
    await supervisord.ctl('start', 'web')
    await kuma.waitForHeartbeat(id, (one) => one.id > down.id && one.status === 'up', 90_000)
    const memory = await agent.memory()
    const ended = await agent.stop()
    const recorded = await kuma.heartbeats(id)
    const said = /^warn: (?:not delivered: supervisor: )?(.*)$/m.exec(agent.stderr)?.[1] ?? ''
    return {
      ...row,
      pushed: `up ${count(recorded, 'up')}, down ${count(recorded, 'down')}`,
      lost: ended === 0 ? falseDown(recorded, down) : `the agent ended with ${ended}`,
      recoverySeconds,
      memory: [before, memory],
      says: said.replaceAll(kuma.url, 'http://KUMA'),
    }
  } catch (error) {
    const lost = `${error instanceof Error ? error.message : String(error)} ${agent.stderr.slice(-500)}`.replaceAll('\n', ' ')
    return { ...row, pushed: '', lost, recoverySeconds: null, memory: [0, 0] }
  } finally {
    await agent.stop()
    await supervisord.stop()
    await rm(folder, { recursive: true, force: true })
  }
} // prettier-ignore

/** Kuma adds rows of its own while a DOWN lasts; one before the truth was DOWN is a false alarm. */
function falseDown(recorded: readonly RecordedHeartbeat[], down: RecordedHeartbeat): string | null {
  const early = recorded.find(({ id, status }) => status === 'down' && id < down.id)
  return early === undefined ? null : `a DOWN that was none: ${early.msg}`
}

function count(recorded: readonly RecordedHeartbeat[], status: string): number {
  return recorded.filter((one) => one.status === status).length
}

function configOf(kuma: string, token: string, supervisor: string, folder: string): string {
  return `[kuma]
url = "${kuma}"
[agent]
check_every = "1s"
push_every = "2s"
state_file = "${folder}/state.json"
[[supervisor]]
unit = "none"
url = "${supervisor}"
[[monitor]]
token = "${token}"
kuma_interval = "${INTERVAL}s"
`
}
