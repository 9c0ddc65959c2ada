import type { Wake } from '../agent/wake.ts'
import type { SupervisorTarget } from '../config/config.ts'
import { selectPrograms } from '../lib/glob.ts'
import type { Log } from '../lib/log.ts'
import { maskCredentials } from '../lib/secret.ts'
import { cut, oneLine } from '../lib/text.ts'
import { HttpProbe, type HttpReading } from './http-check.ts'
import { PidWatch } from './pid-watch.ts'
import { readMemory, readUpSeconds, type MemoryReading } from './processes.ts'
import type { SupervisorClient } from './supervisor/client.ts'
import type { ProcessInfo } from './supervisor/process-info.ts'
import type { RpcReading } from './supervisor/rpc-reading.ts'
import type { UnitReader, UnitReading } from './systemd/units.ts'

/** Of a last line; it stands in a message of 250. */
const MAX_LAST_LINE = 120

/** Everything one check saw of one supervisord, or of one plain unit (`rpc` is then `not-asked`). */
export interface Snapshot {
  readonly unit: UnitReading
  readonly rpc: RpcReading
  /** Seconds that supervisord, or the plain unit, has been up; null when unknown. */
  readonly upSeconds: number | null
  readonly memory: MemoryReading
  /** The answers of the HTTP checks by URL; one that was not asked in this check is not there. */
  readonly http: ReadonlyMap<string, HttpReading>
  /** The last line that programs wrote that failed, by `group:name`: without secrets, at most 120 characters. */
  readonly lastLines: ReadonlyMap<string, string>
}

/** The sources that a collector reads, and the wake that it notifies of changes. */
export interface Sources {
  /** Of the target, for the log. */
  readonly name: string
  /** As the configuration names it. */
  readonly unit: string
  readonly unitTimeoutMs: number
  /** Null where no unit is asked for. */
  readonly units: Pick<UnitReader, 'read' | 'subscribe'> | null
  /** Null for a plain unit. */
  readonly supervisor: Pick<
    SupervisorClient,
    'read' | 'wake' | 'isLocal' | 'readLastLines' | 'readVersion' | 'close'
  > | null
  /** The settings of the monitors over it: memory, HTTP checks and last lines are read where one of them asks for it. */
  readonly settings: readonly SupervisorTarget[]
  /** Notified when the unit or a process changes; null for a single check. */
  readonly wake: Pick<Wake, 'notify'> | null
  readonly log: Log
  /** Masks our own secrets in texts of others. */
  readonly mask: (text: string) => string
}

/** How long a check waits for a page; one that takes longer is in a later snapshot. */
const HTTP_WAIT_MS = 2_000

/** Takes snapshots of one supervisord or of one plain unit. A reading that fails is a value, so it throws only by mistake. */
export class Collector {
  readonly #sources: Sources
  /** Null where nobody hears of changes. */
  readonly #pids: PidWatch | null
  /** By URL: each is asked once, however many monitors ask for it. */
  readonly #pages: ReadonlyMap<string, HttpProbe>
  readonly #closing = new AbortController()
  #saidBlind = false
  /** Why memory could last not be read; empty when it could. */
  #memoryFailure = ''

  constructor(sources: Sources) {
    const { wake, units, unit, supervisor, settings } = sources
    this.#sources = sources
    this.#pids =
      wake === null || supervisor === null ? null : new PidWatch((change) => void this.#pidsChanged(change))
    this.#pages = openPages(settings)
    if (wake !== null) units?.subscribe(unit, () => wake.notify())
  }

  /** When the end of a program is noticed; null where there are no programs, and for a single check. */
  get deaths(): 'at once' | 'at the next check' | null {
    if (this.#pids === null) return null
    return this.#pids.isSeen === true ? 'at once' : 'at the next check'
  }

  /** Reads side by side, as far as one need not know what another says. */
  async snapshot(signal: AbortSignal): Promise<Snapshot> {
    const { unit: name, units, unitTimeoutMs } = this.#sources
    const [unit, rpc] = await Promise.all([
      units?.read(name, { signal, timeoutMs: unitTimeoutMs }) ?? { kind: 'not-asked' as const },
      this.#readSupervisor(signal),
    ])
    const upSeconds = this.#findUpSeconds(unit, rpc)
    const memory = this.#readMemory(rpc)
    const [http, lastLines] = await Promise.all([
      this.#readPages(rpc, signal),
      this.#readLastLines(rpc, signal),
    ])
    return { unit, rpc, upSeconds, memory, http, lastLines }
  }

  /** Returns supervisord's own version; null when it does not say, and for a plain unit. */
  async readVersion(pid: number | null, signal: AbortSignal): Promise<string | null> {
    return (await this.#sources.supervisor?.readVersion(pid, signal)) ?? null
  }

  /** Leaves the unit reader open, which is shared. */
  async close(): Promise<void> {
    this.#closing.abort()
    this.#pids?.close()
    const pages = [...this.#pages.values()].map((page) => page.close())
    await Promise.all([this.#sources.supervisor?.close(), ...pages])
  }

  /**
   * Reads supervisord and watches the processes that it reports. Where they are not to be seen, supervisord is woken before
   * it is asked: what it says would else be up to a second old.
   */
  async #readSupervisor(signal: AbortSignal): Promise<RpcReading> {
    const { supervisor, name, log } = this.#sources
    if (supervisor === null) return { kind: 'not-asked' }
    const pids = this.#pids
    const rpc = await supervisor.read(signal, pids?.isSeen === false)
    if (rpc.kind !== 'answered' || pids === null) return rpc
    pids.watch(
      rpc.state.pid,
      rpc.state.processes.flatMap(({ pid }) => (pid > 0 ? pid : [])),
    )
    const isBlind = pids.isSeen === false
    if (isBlind && !this.#saidBlind) {
      const why = 'another host, a container, or hidepid'
      log.debug(
        `${name}: its processes are not to be seen here (${why}): the next check notices their deaths`,
      )
    }
    this.#saidBlind = isBlind
    return rpc
  }

  async #pidsChanged(change: 'death' | 'start'): Promise<void> {
    const { supervisor, wake } = this.#sources
    // It may not take notice of a death for a second, and so say that the program runs.
    if (change === 'death') await supervisor?.wake(this.#closing.signal)
    wake?.notify()
  }

  #findUpSeconds(unit: UnitReading, rpc: RpcReading): number | null {
    const pid = rpc.kind === 'answered' ? rpc.state.pid : null
    const isOfUnit = unit.kind === 'state' && (pid === null || pid === unit.unit.mainPid)
    if (isOfUnit && unit.unit.activeSeconds !== null) return unit.unit.activeSeconds
    // Over TCP the pid may be another host's.
    return pid !== null && this.#sources.supervisor?.isLocal() === true ? readUpSeconds(pid) : null
  }

  #readMemory(rpc: RpcReading): MemoryReading {
    const { settings, supervisor, name, log } = this.#sources
    const limited = settings.filter(({ memoryBytes }) => memoryBytes !== null)
    if (limited.length === 0 || rpc.kind !== 'answered') return { kind: 'not-asked' }
    const { pid: supervisorPid, processes } = rpc.state
    const pids = new Set(selectedBy(limited, processes).flatMap(({ pid }) => (pid > 0 ? pid : [])))
    const reading: MemoryReading =
      supervisor?.isLocal() === true
        ? readMemory({ supervisorPid, pids: [...pids] })
        : { kind: 'failed', why: 'supervisord is asked over TCP; give its socket file as url' }
    const why = reading.kind === 'failed' ? reading.why : ''
    if (why !== '' && why !== this.#memoryFailure) log.warn(`${name}: memory limit cannot be checked: ${why}`)
    this.#memoryFailure = why
    return reading
  }

  async #readPages(rpc: RpcReading, signal: AbortSignal): Promise<Snapshot['http']> {
    const wanted = this.#sources.settings.filter((one) => one.http !== null && isDue(one, rpc))
    const urls = new Set(wanted.map(({ http }) => http?.url))
    const due = [...this.#pages].filter(([url]) => urls.has(url))
    return new Map(
      await Promise.all(
        due.map(async ([url, page]) => [url, await page.read(HTTP_WAIT_MS, signal)] as const),
      ),
    )
  }

  async #readLastLines(rpc: RpcReading, signal: AbortSignal): Promise<Snapshot['lastLines']> {
    const { settings, supervisor, mask } = this.#sources
    const wanted = settings.filter(({ logTail }) => logTail)
    if (wanted.length === 0 || supervisor === null || rpc.kind !== 'answered') return new Map()
    const { processes, now } = rpc.state
    const lines = await supervisor.readLastLines(selectedBy(wanted, processes), now, signal)
    return new Map(
      [...lines].map(([name, line]) => [name, cut(oneLine(maskCredentials(mask(line))), MAX_LAST_LINE)]),
    )
  }
}

function openPages(settings: readonly SupervisorTarget[]): ReadonlyMap<string, HttpProbe> {
  const checks = settings.flatMap(({ http }) => http ?? [])
  return new Map(
    checks.map(({ url }) => {
      const same = checks.filter((check) => check.url === url)
      const timeoutMs = Math.max(...same.map((check) => check.timeoutMs))
      const texts = same.flatMap(({ body }) => body ?? [])
      return [url, new HttpProbe(url, timeoutMs, texts)]
    }),
  )
}

function isDue(target: SupervisorTarget, rpc: RpcReading): boolean {
  if (target.http?.when === 'always') return true
  if (rpc.kind !== 'answered') return false
  return selectPrograms(rpc.state.processes, target).selected.some(({ state }) => state === 'RUNNING')
}

function selectedBy(
  targets: readonly SupervisorTarget[],
  processes: readonly ProcessInfo[],
): readonly ProcessInfo[] {
  return targets.flatMap((target) => selectPrograms(processes, target).selected)
}
