import { CommanderError } from 'commander'
import type { Terminal } from './commands/load.ts'
import { createProgram } from './commands/program.ts'
import { ConfigError, EXIT, type ExitCode } from './errors.ts'

const stop = new AbortController()

/** The first signal stops cleanly, within a bounded time; a second one at once. */
const STOP_WITHIN_MS = 1_500
for (const [signal, number] of [
  ['SIGTERM', 15],
  ['SIGINT', 2],
] as const) {
  process.on(signal, () => {
    if (stop.signal.aborted) process.exit(128 + number)
    stop.abort()
    setTimeout(() => process.exit(EXIT.ok), STOP_WITHIN_MS).unref()
  })
}
// Node would open its debugger's port.
process.on('SIGUSR1', () => {})

const printError = (text: string): void => void process.stderr.write(text)
const print = (text: string): void => void process.stdout.write(text)
// A pager or head that was closed is no reason to stop watching.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {})

async function main(): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok
  const terminal: Terminal = {
    env: process.env,
    print,
    printError,
    isInteractive: process.stdin.isTTY,
    onSignal: (signal, listener) => void process.on(signal, listener),
  }
  const program = createProgram(terminal, stop.signal, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(process.argv)
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    if (!(error instanceof ConfigError)) throw error
    for (const problem of error.problems) printError(`${problem}\n`)
    return EXIT.config
  }
}

void main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    printError(
      `kuma-supervisor-push: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`,
    )
    process.exit(EXIT.software)
  },
)
