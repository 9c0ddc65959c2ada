import type { SharedFlags } from '../../config/options.ts'
import { EXIT, type ExitCode } from '../../lib/errors.ts'
import type { Terminal } from '../load.ts'
import type { OwnFlags } from '../own-options.ts'
import { waitVisibly } from '../wait-visibly.ts'
import { realClock } from '../../lib/real-clock.ts'
import { canMove, looksOf } from '../screen.ts'
import { addMemory } from './add-memory.ts'
import { askAgent } from './ask-agent.ts'
import { describeStatus } from './describe-status.ts'
import { openLiveScreen } from './live-screen.ts'
import { openEyes, type OwnEyes } from './open-eyes.ts'
import { statusJson } from '../../agent/status-json.ts'
import type { Status } from '../../agent/status.ts'

/** One look does not decide about a supervisord that does not answer. */
const PATIENCE_MS = 12_000
const REDRAW_MS = 2_000
/** Where the output is no terminal. */
const USUAL_COLUMNS = 80

/** `status`: shows what the running agent sees, or looks itself, once or again and again; pushes nothing. */
export async function status(
  flags: SharedFlags & OwnFlags,
  terminal: Terminal,
  stop: AbortSignal,
): Promise<ExitCode> {
  const { json = false, watch = false } = flags
  const show = watch ? again(json, terminal, stop) : once(json, terminal)
  // Drawn again and again, it need not wait for a verdict.
  const view = openView(flags, terminal, watch ? 0 : PATIENCE_MS)
  try {
    for (;;) {
      const seeing = view.see(stop)
      const seen = await (json || watch ? seeing : waitVisibly('looking', seeing, terminal))
      if (stop.aborted) return EXIT.ok
      show.draw(seen)
      if (!watch) return seen.monitors.every(({ status: is }) => is === 'up') ? EXIT.ok : EXIT.down
      await realClock.sleep(REDRAW_MS, stop)
    }
  } finally {
    show.close()
    await view.close()
  }
}

/** What the running agent tells, or without one what the command itself sees. */
function openView(flags: SharedFlags, terminal: Terminal, patienceMs: number) {
  let eyes: OwnEyes | null = null
  let isWarned = false
  const warnOnce = (says: string): void => {
    if (!isWarned) terminal.printError(`warn: ${says}: the command looks itself\n`)
    isWarned = true
  }
  return {
    async see(signal: AbortSignal): Promise<Status> {
      const told = await askAgent(flags, terminal.env, signal, warnOnce)
      if (told !== null) return addMemory(told)
      eyes ??= await openEyes(flags, terminal)
      return addMemory(await eyes.look(patienceMs, signal))
    },
    async close(): Promise<void> {
      await eyes?.close()
    },
  }
}

interface Show {
  draw(seen: Status): void
  close(): void
}

function once(json: boolean, { print, screenSize, ...terminal }: Terminal): Show {
  const looks = looksOf(terminal)
  return {
    draw(seen) {
      print(
        json
          ? `${JSON.stringify(statusJson(seen), null, 2)}\n`
          : describeStatus(seen, widthOf(screenSize().columns), looks),
      )
    },
    close: nothing,
  }
}

const nothing = (): void => {}

/** In place on a terminal, else one after the other. */
function again(json: boolean, terminal: Terminal, stop: AbortSignal): Show {
  const { print } = terminal
  const looks = looksOf(terminal)
  if (json) return { draw: (seen) => print(`${JSON.stringify(statusJson(seen))}\n`), close: nothing }
  if (!canMove(terminal)) {
    const draw = (seen: Status): void =>
      print(`${seen.at.toISOString()}\n${describeStatus(seen, USUAL_COLUMNS, looks)}\n`)
    return { draw, close: nothing }
  }
  const screen = openLiveScreen(terminal)
  // At once: what is under way may take longer than the process has left.
  stop.addEventListener('abort', () => screen.close(), { once: true })
  return {
    draw(seen) {
      const time = seen.at.toLocaleTimeString('en-GB')
      screen.draw(
        (columns) => `${time}  Ctrl-C ends\n\n${describeStatus(seen, widthOf(columns), looks, true)}`,
      )
    },
    close: () => screen.close(),
  }
}

/** The last column stays free: some terminals would begin a new line there. */
function widthOf(columns: number | null): number {
  return columns === null ? USUAL_COLUMNS : columns - 1
}
