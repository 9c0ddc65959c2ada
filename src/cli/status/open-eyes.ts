import { peekState } from '../../agent/peek-state.ts'
import type { Memories } from '../../agent/state-file.ts'
import type { Watch } from '../../agent/watch.ts'
import type { SharedFlags } from '../../config/options.ts'
import { load, type Terminal } from '../load.ts'
import { lookOnly } from '../../agent/look-only.ts'
import { openWatches } from '../../agent/open-watches.ts'
import { readBootId } from '../../lib/read-boot-id.ts'
import { realClock } from '../../lib/real-clock.ts'
import { gatherStatus, type GatherOptions } from '../../agent/gather-status.ts'
import type { Status } from '../../agent/status.ts'

/** The eyes of the command itself, for when no running agent tells what it sees. */
export interface OwnEyes {
  /** @param patienceMs how long to look again where one look leaves the verdict open */
  look(patienceMs: number, signal: AbortSignal): Promise<Status>
  close(): Promise<void>
}

/**
 * Goes on from what a state file remembers, as the next one-shot would, and changes nothing: not even that file.
 * @throws {ConfigError}
 */
export async function openEyes(flags: SharedFlags, terminal: Terminal): Promise<OwnEyes> {
  // Nothing is pushed: no token is needed.
  const { loaded, log, mask } = await load({ ...flags, dryRun: true }, terminal)
  const { config } = loaded
  const clock = realClock
  const memories = await peekState(config.agent.stateFile, await readBootId())
  const opened = await openWatches({
    config,
    env: terminal.env,
    memories,
    clock,
    log,
    mask,
    // It shows, and restarts nothing.
    dryRun: true,
    listens: false,
  })
  let looks = 0
  return {
    async look(patienceMs, signal) {
      await lookOnly(opened.watches, { clock, patienceMs, until: 'judged' }, signal)
      looks += 1
      const gathered: GatherOptions = {
        ...opened,
        service: null,
        check: () => null,
        followsRestarts: (watch) => looks > 1 || isRemembered(watch, memories),
        standingOf: (monitor) => memories.get(monitor)?.standing ?? null,
        notifierOf: (monitor) => memories.get(monitor)?.notifiers[0] ?? null,
        now: () => clock.now(),
        wallNow: () => Date.now(),
      }
      return gatherStatus(gathered, signal)
    },
    close: () => opened.close(),
  }
}

/** Whether a state file knows the supervisord that answers now. */
function isRemembered({ monitors }: Watch, memories: Memories): boolean {
  return monitors.some(({ name, memory: { supervisorPid } }) => {
    const before = memories.get(name)?.memory.supervisorPid ?? null
    return before !== null && before === supervisorPid
  })
}
