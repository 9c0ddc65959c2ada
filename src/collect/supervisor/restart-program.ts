import type { SupervisorClient } from './client.ts'
import { parseProcessInfos } from './process-info.ts'
import type { ProcessState } from './process-info.ts'

interface RestartOptions {
  /** `group:name` */
  readonly program: string
  /** `start` only starts it. */
  readonly task: 'restart' | 'start'
  /** How long its stop may take. */
  readonly stopWithinMs: number
  /** Called each time that supervisord says that it is stopping still. */
  readonly onStopping: () => void
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>
  /** Monotonic milliseconds. */
  readonly now: () => number
}

type Restarted =
  | { readonly kind: 'restarted' }
  | { readonly kind: 'failed'; readonly why: string; readonly leftStopped: boolean }

const ASK_EVERY_MS = 200

/**
 * Stops a program, waits until it has ended, and starts it again. No call waits for the program, so that the connection
 * stays free; a start while it is still stopping would be answered with true and do nothing.
 */
export async function restartProgram(
  client: Pick<SupervisorClient, 'call'>,
  { program, task, stopWithinMs, onStopping, sleep, now }: RestartOptions,
  signal: AbortSignal,
): Promise<Restarted> {
  if (task === 'restart') {
    const stop = await client.call('supervisor.stopProcess', [program, false], signal)
    // Without an answer it may have been stopped all the same.
    const leftStopped = stop.kind === 'value' || stop.failure.reason !== 'fault'
    const untilMs = now() + stopWithinMs
    for (;;) {
      const state = await readState(client, program, signal)
      if (ENDED.has(state)) break
      if (state === 'STOPPING') onStopping()
      if (stop.kind === 'failed') return { kind: 'failed', why: stop.failure.detail, leftStopped }
      if (signal.aborted) return { kind: 'failed', why: INTERRUPTED, leftStopped }
      if (now() >= untilMs) {
        return { kind: 'failed', why: `it has not stopped within ${stopWithinMs / 1000} s`, leftStopped }
      }
      await sleep(ASK_EVERY_MS, signal)
    }
  }
  const start = await client.call('supervisor.startProcess', [program, false], signal)
  // Somebody else may have started it, and then supervisord refuses.
  if (start.kind === 'value' || STARTED.has(await readState(client, program, signal))) {
    return { kind: 'restarted' }
  }
  return { kind: 'failed', why: start.failure.detail, leftStopped: true }
}

const INTERRUPTED = 'cut short by a stop or reload of the agent, which starts it when it runs again'

const ENDED: ReadonlySet<ProcessState | null> = new Set(['STOPPED', 'EXITED', 'FATAL', 'BACKOFF'])
const STARTED: ReadonlySet<ProcessState | null> = new Set(['STARTING', 'RUNNING'])

/** Null when supervisord does not say. */
async function readState(
  client: Pick<SupervisorClient, 'call'>,
  program: string,
  signal: AbortSignal,
): Promise<ProcessState | null> {
  const info = await client.call('supervisor.getProcessInfo', [program], signal)
  const processes = info.kind === 'value' ? parseProcessInfos([info.value]) : { wrong: '' }
  return 'wrong' in processes ? null : (processes[0]?.state ?? null)
}
