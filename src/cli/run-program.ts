import { CommanderError } from 'commander'
import { EXIT, type ExitCode } from '../lib/errors.ts'
import type { Terminal } from './load.ts'
import { createProgram } from './program.ts'

/** Runs the command that the arguments of the process ask for; what is wrong with them is told. */
export async function runProgram(
  argv: readonly string[],
  terminal: Terminal,
  stop: AbortSignal,
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok
  const program = createProgram(terminal, stop, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(argv)
    return exitCode
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage
    throw error
  }
}
