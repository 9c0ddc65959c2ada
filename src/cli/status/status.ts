import { realpath } from 'node:fs/promises'
import { resolve } from 'node:path'
import { gatherStatus } from '../../agent/gather-status.ts'
import { readSocket } from '../../agent/read-socket.ts'
import { peekState, type Records } from '../../agent/state.ts'
import { parseStatus, type Status, type TargetStatus } from '../../agent/status.ts'
import { BUSY, statusFolders, statusSocket } from '../../agent/status-server.ts'
import { Targets } from '../../agent/targets.ts'
import { readMemory } from '../../collect/processes.ts'
import { OPTION_NAMES, OPTIONS, type OptionName, type SharedFlags } from '../../config/options.ts'
import { EXIT, type ExitCode } from '../../lib/errors.ts'
import { readBootId, realClock } from '../../lib/clock.ts'
import { load } from '../load.ts'
import type { OwnFlags } from '../options.ts'
import { waitVisibly, type Terminal } from '../terminal.ts'
import { createDisplay } from './live.ts'

/** One snapshot does not decide about a supervisord that does not answer. */
const PATIENCE_MS = 12_000
const REDRAW_MS = 2_000

/** `status`: shows the status of the running agent, or takes snapshots itself, once or again and again; pushes nothing. */
export async function status(
  flags: SharedFlags & OwnFlags,
  terminal: Terminal,
  stop: AbortSignal,
): Promise<ExitCode> {
  const { json = false, watch = false } = flags
  const display = createDisplay({ json, watch }, terminal, stop)
  // Shown again and again, it need not wait for a verdict.
  const source = new StatusSource(flags, terminal, watch ? 0 : PATIENCE_MS)
  try {
    for (;;) {
      const reading = source.read(stop)
      const shown = await (json || watch ? reading : waitVisibly('looking', reading, terminal))
      if (stop.aborted) return EXIT.ok
      display.draw(shown)
      if (!watch) return shown.monitors.every((monitor) => monitor.status === 'up') ? EXIT.ok : EXIT.unwell
      await realClock.sleep(REDRAW_MS, stop)
    }
  } finally {
    display.close()
    await source.close()
  }
}

/** Reads the status from the running agent; without one it takes snapshots of the targets, and changes nothing. */
class StatusSource {
  readonly #flags: SharedFlags
  readonly #terminal: Terminal
  readonly #patienceMs: number
  /** Null as long as an agent answers. */
  #targets: Targets | null = null
  /** The state of the last run: the command goes on from there. */
  #records: Records = new Map()
  #isFirst = true
  #isWarned = false

  /** @param patienceMs how long to check again where one check leaves the verdict open */
  constructor(flags: SharedFlags, terminal: Terminal, patienceMs: number) {
    this.#flags = flags
    this.#terminal = terminal
    this.#patienceMs = patienceMs
  }

  /** @throws {ConfigError} */
  async read(signal: AbortSignal): Promise<Status> {
    const answer = await askAgent(this.#flags, this.#terminal.env, signal)
    if (answer.status !== null) return addMemory(answer.status)
    if (answer.silence !== null && !this.#isWarned) {
      this.#terminal.printError(`warn: ${answer.silence}: the command looks itself\n`)
      this.#isWarned = true
    }
    this.#targets ??= await this.#open()
    const targets = this.#targets.all
    await Promise.all(targets.map((target) => target.checkUntilJudged(this.#patienceMs, signal)))
    const surroundings = { service: null, records: this.#records, isFirst: this.#isFirst }
    this.#isFirst = false
    return addMemory(await gatherStatus(targets, surroundings, signal))
  }

  async close(): Promise<void> {
    await this.#targets?.close()
  }

  async #open(): Promise<Targets> {
    // Nothing is pushed and nothing restarted: no token is needed.
    const { loaded, log, mask } = await load({ ...this.#flags, dryRun: true }, this.#terminal)
    const { config } = loaded
    const records = await peekState(config.agent.stateFile, await readBootId())
    this.#records = records
    return Targets.open({
      config,
      records,
      env: this.#terminal.env,
      own: null,
      listens: false,
      restarting: null,
      clock: realClock,
      log,
      mask,
    })
  }
}

export interface AgentAnswer {
  /** Null when no agent runs, or none by the configuration that is asked for. */
  readonly status: Status | null
  /** One line about an agent that listens and did not answer; else null. */
  readonly silence: string | null
}

const ANSWER_TIMEOUT_MS = 3_000

/** Asks the running agent of this host for its status. */
export async function askAgent(
  flags: SharedFlags,
  env: Terminal['env'],
  signal: AbortSignal,
): Promise<AgentAnswer> {
  // An empty variable counts as not set.
  const given = (name: OptionName): unknown => flags[name] ?? (env[OPTIONS[name].env]?.trim() || undefined)
  // The other options leave it open what is watched; in a container they are variables that the agent has, too.
  const isOther = OPTION_NAMES.some(
    (name) => OPTIONS[name].topic === 'What is watched' && given(name) !== undefined,
  )
  if (isOther) return { status: null, silence: null }
  const config = given('config')
  let silence: string | null = null
  for (const path of (await statusFolders(env)).map(statusSocket)) {
    const within = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)])
    const text = await readSocket(path, within)
    if (within.aborted && !signal.aborted)
      silence = `the agent that listens at ${path} did not answer within ${ANSWER_TIMEOUT_MS} ms`
    if (text === BUSY) silence = `the agent that listens at ${path} is busy with other readers`
    const found = text === null ? null : parseStatus(text)
    if (found === null) continue
    if (typeof config !== 'string' || (await isSameFile(config, found.service?.config ?? null)))
      return { status: found, silence: null }
  }
  return { status: null, silence }
}

async function isSameFile(asked: string, config: string | null): Promise<boolean> {
  return config !== null && (await realPath(asked)) === (await realPath(config))
}

function realPath(path: string): Promise<string> {
  return realpath(path).catch(() => resolve(path))
}

/** Adds how much memory the programs use, as far as they run on this host and this user may see them. */
async function addMemory(shown: Status): Promise<Status> {
  return { ...shown, watches: await Promise.all(shown.watches.map(addMemoryTo)) }
}

async function addMemoryTo(target: TargetStatus): Promise<TargetStatus> {
  const { supervisord } = target
  if (supervisord === null) return target
  const { pid: supervisorPid, programs } = supervisord
  // Pids of another host or container are no children of a supervisord of that pid here, and so are not read.
  const memory = readMemory({ supervisorPid, pids: programs.flatMap(({ pid }) => pid ?? []) })
  if (memory.kind !== 'read') return target
  const measured = programs.map((program) => ({
    ...program,
    memory_bytes: program.pid === null ? null : memory.bytes.get(program.pid) || null,
  }))
  return { ...target, supervisord: { ...supervisord, programs: measured } }
}
