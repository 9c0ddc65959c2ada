import type { Doors } from '../collect/snapshot.ts'
import type { SupervisorTarget } from '../config/config.ts'
import type { Log } from '../lib/log.ts'
import { createHttpProbe } from '../collect/http-probe.ts'
import type { MemoryReading } from '../collect/memory-reading.ts'
import { readMemory } from '../collect/read-memory.ts'
import type { SupervisorClient } from '../collect/supervisor/client.ts'
import type { ProcessInfo } from '../collect/supervisor/process-info.ts'
import type { RpcReading } from '../collect/supervisor/rpc-reading.ts'
import { selectPrograms } from '../rules/programs.ts'

/** The doors to what is looked at only where a monitor asks for it. */
export interface Probes extends Pick<Doors, 'readMemory' | 'readHttp' | 'readStderr'> {
  close(): Promise<void>
}

interface ProbesOptions {
  /** Of the supervisord and its monitors, for the log. */
  readonly name: string
  readonly door: Pick<SupervisorClient, 'isLocal' | 'readStderr'>
  readonly targets: readonly SupervisorTarget[]
  readonly log: Log
  /** Masks our own secrets. */
  readonly mask: (text: string) => string
}

/** So long a look waits for a page; one that takes longer is in a later look. */
const HTTP_WAIT_MS = 2_000

export const NO_PROBES: Probes = {
  readMemory: () => Promise.resolve({ kind: 'not-asked' }),
  readHttp: () => Promise.resolve(new Map()),
  readStderr: () => Promise.resolve(new Map()),
  close: () => Promise.resolve(),
}

export function openProbes(options: ProbesOptions): Probes {
  const pages = openPages(options.targets)
  return {
    readMemory: memoryDoor(options),
    readHttp: (rpc, signal) => pages.read(rpc, signal),
    readStderr: stderrDoor(options),
    close: () => pages.close(),
  }
}

function memoryDoor({ name, door, targets, log }: ProbesOptions): Probes['readMemory'] {
  const limited = targets.filter(({ memoryBytes }) => memoryBytes !== null)
  if (limited.length === 0) return NO_PROBES.readMemory
  let lastWhy = ''
  return async (rpc) => {
    if (rpc.kind !== 'answered') return { kind: 'not-asked' }
    const { pid: supervisorPid, processes } = rpc.state
    const pids = selectedBy(limited, processes).flatMap(({ pid }) => (pid === 0 ? [] : [pid]))
    const reading: MemoryReading = door.isLocal()
      ? await readMemory({ supervisorPid, pids: [...new Set(pids)] })
      : { kind: 'failed', why: 'supervisord is asked over TCP; give its socket file as url' }
    const why = reading.kind === 'failed' ? reading.why : ''
    if (why !== '' && why !== lastWhy) log.warn(`${name}: memory limit cannot be checked: ${why}`)
    lastWhy = why
    return reading
  }
}

function selectedBy(
  targets: readonly SupervisorTarget[],
  processes: readonly ProcessInfo[],
): readonly ProcessInfo[] {
  return targets.flatMap((target) => selectPrograms(processes, target).selected)
}

/** One request at a time for each URL, however many monitors ask for it. */
function openPages(targets: readonly SupervisorTarget[]) {
  const checks = targets.flatMap(({ http }) => http ?? [])
  const probes = new Map(
    [...new Set(checks.map(({ url }) => url))].map((url) => {
      const same = checks.filter((check) => check.url === url)
      const timeoutMs = Math.max(...same.map((check) => check.timeoutMs))
      const texts = same.flatMap(({ body }) => body ?? [])
      return [url, createHttpProbe({ url, timeoutMs, texts })]
    }),
  )
  const wanted = (rpc: RpcReading): Set<string> =>
    new Set(targets.flatMap((target) => (target.http !== null && isRipe(target, rpc) ? target.http.url : [])))
  return {
    async read(rpc: RpcReading, signal: AbortSignal): ReturnType<Probes['readHttp']> {
      const urls = wanted(rpc)
      return new Map(
        await Promise.all(
          [...probes]
            .filter(([url]) => urls.has(url))
            .map(async ([url, probe]) => [url, await probe.read(HTTP_WAIT_MS, signal)] as const),
        ),
      )
    },
    async close() {
      await Promise.all([...probes.values()].map((probe) => probe.close()))
    },
  }
}

function isRipe(target: SupervisorTarget, rpc: RpcReading): boolean {
  if (target.http?.when === 'always') return true
  if (rpc.kind !== 'answered') return false
  return selectPrograms(rpc.state.processes, target).selected.some(({ state }) => state === 'RUNNING')
}

function stderrDoor({ door, targets, mask }: ProbesOptions): Probes['readStderr'] {
  const telling = targets.filter(({ stderrTail }) => stderrTail)
  if (telling.length === 0) return NO_PROBES.readStderr
  return async (rpc, signal) => {
    if (rpc.kind !== 'answered') return new Map()
    const { processes, now } = rpc.state
    const lines = await door.readStderr(selectedBy(telling, processes), now, signal)
    return new Map([...lines].map(([name, line]) => [name, mask(line)]))
  }
}
