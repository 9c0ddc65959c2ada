import type { Command } from 'commander'
import { createProgram } from '../../src/cli/program.ts'
import { silentTerminal } from '../../test/helpers/silent-terminal.ts'

/** The command line as the program parses it, beside a terminal that does nothing. */
export function readProgram(): Command {
  return createProgram(silentTerminal(), AbortSignal.abort(), () => {})
}
