import { setMaxListeners } from 'node:events'
import { isatty } from 'node:tty'
import { writeCrashNote } from './agent/crash-note.ts'
import { runProgram } from './cli/program.ts'
import { ask, type Terminal } from './cli/terminal.ts'
import { ConfigError, EXIT, messageOf, traceOf, type ExitCode } from './lib/errors.ts'
import { oneLine } from './lib/text.ts'

const stop = new AbortController()
// Each monitor has its listeners on it; Node would warn of more than ten.
setMaxListeners(0, stop.signal)

const STOP_WITHIN_MS = 1_500
let force: NodeJS.Timeout | undefined
let holdCount = 0

// The first signal stops cleanly, within a bounded time; a second one at once.
for (const [signal, number] of [
  ['SIGTERM', 15],
  ['SIGINT', 2],
] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(128 + number)
    stop.abort()
    endInTime()
  })
}

function endInTime(): void {
  clearTimeout(force)
  if (holdCount === 0) force = setTimeout(() => process.exit(EXIT.ok), STOP_WITHIN_MS).unref()
}

function holdStop(): (() => void) | null {
  if (!stop.signal.aborted) return null
  holdCount += 1
  endInTime()
  return () => {
    holdCount -= 1
    endInTime()
  }
}

// Node would open its debugger's port.
process.on('SIGUSR1', () => {})

let crashNotePath: string | null = null
let mask = (text: string): string => text
const print = (text: string): void => void process.stdout.write(mask(text))
const printError = (text: string): void => void process.stderr.write(mask(text))
// A pager or head that was closed is no reason to stop watching.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

/** Returns the size now; 0, as over some serial lines, is no size. */
function screenSize(): { columns: number | null; rows: number | null } {
  const [columns, rows] = process.stdout.isTTY ? process.stdout.getWindowSize() : [0, 0]
  return { columns: columns > 0 ? columns : null, rows: rows > 0 ? rows : null }
}

async function main(): Promise<ExitCode> {
  const terminal: Terminal = {
    env: process.env,
    print,
    printError,
    pipes: {
      get input() {
        return process.stdin
      },
      output: (text) => void process.stdout.write(text),
    },
    hide: (by) => void (mask = by),
    isInteractive: isatty(0),
    ask,
    isScreen: isatty(1),
    noteCrashIn: (path) => void (crashNotePath = path),
    holdStop,
    screenSize,
    onSignal(signal, listener) {
      process.on(signal, listener)
      return () => void process.off(signal, listener)
    },
  }
  try {
    return await runProgram(process.argv, terminal, stop.signal)
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    for (const problem of error.problems) printError(`${problem}\n`)
    return EXIT.config
  }
}

const MAX_TRACE_LENGTH = 1_000

/** Ends the process with one line that tells where the exception comes from, and a code of its own: 1 would mean "down and delivered". */
function crash(error: unknown): never {
  try {
    if (crashNotePath !== null) writeCrashNote(crashNotePath, mask(messageOf(error)))
    const trace = oneLine(mask(traceOf(error))).slice(0, MAX_TRACE_LENGTH)
    printError(`kuma-supervisor-push: internal error: ${trace}\n`)
  } finally {
    process.exit(EXIT.software)
  }
}
// Rejections that nobody awaits come here too.
process.on('uncaughtException', crash)

void main().then((code) => process.exit(code), crash)
