import type { SharedFlags } from '../config/options.ts'
import { EXIT, type ExitCode } from '../errors.ts'
import { load, type Terminal } from './load.ts'
import { lookOnly } from './look-only.ts'
import { openWatches } from './open-watches.ts'
import type { OwnFlags } from './own-options.ts'
import { realClock } from './real-clock.ts'
import { canMove, looksOf } from './screen.ts'
import { describeStatus } from './status/describe-status.ts'
import { gatherStatus, type Status } from './status/status.ts'
import { statusJson } from './status/status-json.ts'

/** One look does not decide about a supervisord that does not answer. */
const PATIENCE_MS = 12_000
const REDRAW_MS = 2_000
/** Where the output is no terminal. */
const USUAL_COLUMNS = 80

/** `status`: looks once, or again and again, and shows what is seen and judged; pushes nothing. */
export async function status(
  flags: SharedFlags & OwnFlags,
  terminal: Terminal,
  stop: AbortSignal,
): Promise<ExitCode> {
  const { json = false, watch = false } = flags
  // Nothing is pushed: no token is needed.
  const { loaded, log, mask } = await load({ ...flags, dryRun: true }, terminal)
  const { env, print } = terminal
  const clock = realClock
  const opened = await openWatches({
    config: loaded.config,
    env,
    memories: new Map(),
    clock,
    log,
    mask,
    // It shows, and restarts nothing.
    dryRun: true,
    listens: false,
  })
  const draw = json ? (seen: Status) => print(statusJson(seen, watch)) : drawer(terminal, watch)
  try {
    for (;;) {
      // Drawn again and again, it need not wait for a verdict.
      const patienceMs = watch ? 0 : PATIENCE_MS
      const looks = await lookOnly(opened.watches, { clock, patienceMs, until: 'judged' }, stop)
      if (stop.aborted) return EXIT.ok
      const seen = gatherStatus(looks, new Date())
      draw(seen)
      if (!watch) return seen.monitors.every(({ status: is }) => is === 'up') ? EXIT.ok : EXIT.down
      await clock.sleep(REDRAW_MS, stop)
    }
  } finally {
    await opened.close()
  }
}

function drawer(terminal: Terminal, isAgain: boolean): (seen: Status) => void {
  const { print, screenSize } = terminal
  const looks = looksOf(terminal)
  const inPlace = isAgain && canMove(terminal)
  let isFirst = true
  return (seen) => {
    const { columns, rows } = screenSize()
    // The last column stays free: some terminals would begin a new line there.
    const text = describeStatus(seen, (columns ?? USUAL_COLUMNS) - (columns === null ? 0 : 1), looks)
    if (!isAgain) print(text)
    else if (inPlace)
      print(redraw(`${seen.at.toLocaleTimeString('en-GB')}  Ctrl-C ends\n\n${text}`, { isFirst, rows }))
    else print(`${seen.at.toISOString()}\n${text}\n`)
    isFirst = false
  }
}

/** Overwrites what stands there line by line, so that nothing flickers; what does not fit is left out. */
function redraw(text: string, { isFirst, rows }: { isFirst: boolean; rows: number | null }): string {
  const lines = text.trimEnd().split('\n')
  const room = rows === null ? lines.length : Math.max(1, rows - 1)
  const shown =
    lines.length <= room ? lines : [...lines.slice(0, room - 1), `(+${lines.length - room + 1} lines)`]
  const clear = isFirst ? '\u001B[2J' : ''
  return `${clear}\u001B[H${shown.map((line) => `${line}\u001B[K\n`).join('')}\u001B[J`
}
