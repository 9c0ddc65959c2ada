import { Readable } from 'node:stream'
import type { Command } from 'commander'
import { createProgram } from '../../src/commands/program.ts'

/** The command line as the program parses it, beside a terminal that does nothing. */
export function readProgram(): Command {
  return createProgram(
    {
      env: {},
      print: () => {},
      printError: () => {},
      pipes: { input: Readable.from([]), output: () => {} },
      hide: () => {},
      ask: () => Promise.resolve(null),
      isInteractive: false,
      isScreen: false,
      onFault: () => {},
      screenSize: () => ({ columns: null, rows: null }),
      onSignal: () => () => {},
    },
    AbortSignal.abort(),
    () => {},
  )
}
