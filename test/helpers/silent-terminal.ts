import { Readable } from 'node:stream'
import type { Terminal } from '../../src/cli/terminal.ts'

/** A terminal at which nobody sits, but for what is given. */
export function silentTerminal(more: Partial<Terminal> = {}): Terminal {
  return {
    env: {},
    print: () => {},
    printError: () => {},
    pipes: { input: Readable.from([]), output: () => {} },
    hide: () => {},
    ask: () => Promise.resolve(null),
    isInteractive: false,
    isScreen: false,
    noteCrashIn: () => {},
    holdStop: () => null,
    screenSize: () => ({ columns: null, rows: null }),
    onSignal: () => () => {},
    ...more,
  }
}
