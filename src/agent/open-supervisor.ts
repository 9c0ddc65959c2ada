import type { Clock } from '../lib/clock.ts'
import type { RestartOutcome } from './restart-outcome.ts'
import type { ProgramRestarter } from './restarter.ts'
import type { SupervisorConfig } from '../config/config.ts'
import type { Log } from '../lib/log.ts'
import type { ProcessInfo } from '../collect/supervisor/process-info.ts'
import type { RpcReading } from '../collect/supervisor/rpc-reading.ts'
import type { SupervisorClient } from '../collect/supervisor/client.ts'
import { withoutOwn, type OwnProcess } from '../collect/supervisor/rpc-reading.ts'
import { findSupervisor } from '../collect/supervisor/discovery.ts'
import type { Terminal } from '../cli/terminal.ts'
import { restartDeadline } from './restart-deadline.ts'

/** The door to one supervisord, wherever the configuration says it is or it is found. */
export interface SupervisorDoor {
  /** @param isFresh has supervisord go through its loop first */
  read(signal: AbortSignal, isFresh?: boolean): Promise<RpcReading>
  /**
   * Has supervisord go through its loop now, which may else sleep for a second: what it is asked next, it answers after
   * that. Never throws.
   */
  wake(signal: AbortSignal): Promise<void>
  /**
   * Returns the last line of stderr of programs that failed, or came back after they had, by `group:name`.
   * @param nowSeconds on supervisord's clock
   */
  readStderr(
    processes: readonly ProcessInfo[],
    nowSeconds: number,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>>
  /** supervisord's own version, asked for once for each of its pids; null when it does not tell. */
  readVersion(pid: number | null, signal: AbortSignal): Promise<string | null>
  restart: ProgramRestarter['restart']
  /** Whether it listens on a socket file, so that its pids are this host's. */
  isLocal(): boolean
  close(): Promise<void>
}

interface DoorOptions {
  readonly env: Readonly<Record<string, string | undefined>>
  /** This process among those of a supervisord; null where none runs it. */
  readonly own: OwnProcess | null
  readonly clock: Clock
  readonly log: Log
  readonly holdStop: Terminal['holdStop']
  /** supervisord ended the idle connection: it most likely died. */
  readonly onEnd: () => void
}

interface Address {
  readonly url: string
  readonly username: string | null
  readonly password: string | null
}

/** Loads the RPC client when it is first read. */
export function openSupervisor(config: SupervisorConfig, options: DoorOptions): SupervisorDoor {
  if (config.url === 'none') return CLOSED
  const { own } = options
  const now = (): number => options.clock.now()
  let opened: { client: SupervisorClient; address: Address } | null = null
  /** With `auto`, an address that does not answer is looked for again: supervisord may have been set up anew. */
  let isDoubtful = true
  const warned = new Set<string>()
  let version: { readonly pid: number | null; readonly says: string } | null = null

  const warn = (warning: string | null): void => {
    if (warning === null || warned.has(warning)) return
    warned.add(warning)
    options.log.warn(warning)
  }

  const open = async (address: Address): Promise<SupervisorClient> => {
    if (opened !== null && isSame(opened.address, address)) return opened.client
    await opened?.client.close()
    const { createSupervisorClient } = await import('../collect/supervisor/client.ts')
    const { caFile, timeoutMs } = config
    const { onEnd } = options
    const client = createSupervisorClient({ ...address, caFile, timeoutMs, now, onEnd })
    opened = { client, address }
    return opened.client
  }

  return {
    async read(signal, isFresh = false) {
      let address: Address = opened?.address ?? config
      if (config.url === 'auto' && isDoubtful) {
        const found = await findSupervisor(config, options)
        if (found.kind === 'failed') return found
        warn(found.warning)
        address = found
      }
      const client = await open(address)
      const reading = await client.read(signal, isFresh)
      isDoubtful = reading.kind === 'failed'
      if (reading.kind !== 'answered' || own === null) return reading
      const { state, copies } = withoutOwn(reading.state, own, address.url)
      if (copies > 1) {
        warn(
          `supervisord runs ${copies} of this agent and each of them pushes: ` +
            `take numprocs out of [eventlistener:${own.group}]`,
        )
      }
      return { kind: 'answered', state }
    },
    async wake(signal) {
      await opened?.client.call('supervisor.getState', [], signal)
    },
    async readStderr(processes, nowSeconds, signal) {
      return opened?.client.readStderr(processes, nowSeconds, signal) ?? new Map()
    },
    async readVersion(pid, signal) {
      if (version !== null && version.pid === pid) return version.says
      const says = await opened?.client.readText('supervisor.getSupervisorVersion', [], signal)
      version = says === undefined || says === null ? null : { pid, says }
      return version?.says ?? null
    },
    async restart({ program, task }, stopWithinMs, signal) {
      if (opened === null) return NOT_OPEN
      const { restartProgram } = await import('../collect/supervisor/restart-program.ts')
      const { clock, log, holdStop } = options
      const late = restartDeadline(signal, { program, clock, log, holdStop })
      const sleep = (ms: number): Promise<void> => clock.sleep(ms, late.signal)
      const onStopping = late.stopping
      try {
        return await restartProgram(
          opened.client,
          { program, task, stopWithinMs, onStopping, sleep, now },
          late.signal,
        )
      } finally {
        late.close()
      }
    },
    isLocal: () => opened?.address.url.startsWith('unix://') ?? false,
    async close() {
      await opened?.client.close()
    },
  }
}

const NOT_OPEN: RestartOutcome = { kind: 'failed', why: 'supervisord is not asked', leftStopped: false }

const CLOSED: SupervisorDoor = {
  read: () => Promise.resolve({ kind: 'not-asked' }),
  wake: () => Promise.resolve(),
  readStderr: () => Promise.resolve(new Map()),
  readVersion: () => Promise.resolve(null),
  restart: () => Promise.resolve(NOT_OPEN),
  isLocal: () => false,
  close: () => Promise.resolve(),
}

function isSame(a: Address, b: Address): boolean {
  return a.url === b.url && a.username === b.username && a.password === b.password
}
