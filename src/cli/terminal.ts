import { Writable } from 'node:stream'
import type { EventPipes } from '../collect/supervisor/events.ts'

/** The streams, variables and signals of this process, given by `main.ts`. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly print: (text: string) => void
  readonly printError: (text: string) => void
  /** Standard input, and output as it is: nothing is hidden in it. */
  readonly pipes: EventPipes
  /** From now on, whatever is printed goes through this, a crash included. */
  readonly hide: (mask: (text: string) => string) => void
  /** A person runs this at a terminal. */
  readonly isInteractive: boolean
  /** Asks that person; what is typed as a secret is not shown. Null when the answer is none: Ctrl-C, Ctrl-D. */
  readonly ask: (question: string, isSecret: boolean) => Promise<string | null>
  /** Standard output is a terminal. */
  readonly isScreen: boolean
  /** From now on, an exception that ends the process is noted in this file for its next start. */
  readonly noteCrashIn: (path: string) => void
  /**
   * Has a stop of the process, which would else end it by force after a moment, wait until what it gives is called; null where
   * none was asked for.
   */
  readonly holdStop: () => (() => void) | null
  /** The size of that terminal now; nulls where it has none. */
  readonly screenSize: () => { readonly columns: number | null; readonly rows: number | null }
  /** Calls back at every such signal to the process, until what it gives is called. */
  readonly onSignal: (signal: 'SIGUSR1' | 'SIGHUP' | 'SIGWINCH', listener: () => void) => () => void
}

/** Asks at the terminal, on standard error, so that output can be kept; null when nobody answers. */
export async function ask(question: string, isSecret: boolean): Promise<string | null> {
  const { createInterface } = await import('node:readline')
  process.stderr.write(question)
  // The line editor shows what is typed by writing it itself.
  const shown = isSecret ? new Writable({ write: (_chunk, _encoding, done) => done() }) : process.stderr
  const lines = createInterface({ input: process.stdin, output: shown, terminal: true, historySize: 0 })
  // It begins its line anew, from the first column.
  if (!isSecret) lines.setPrompt(question)
  return new Promise((resolve) => {
    let answer: string | null = null
    lines.once('line', (line) => {
      answer = line
      lines.close()
    })
    lines.once('SIGINT', () => lines.close())
    lines.once('close', () => {
      if (isSecret || answer === null) process.stderr.write('\n')
      resolve(answer)
    })
  })
}

type Screen = Pick<Terminal, 'env' | 'isScreen' | 'print' | 'screenSize'>

/** Returns whether standard output takes escape sequences. */
export function takesEscapes({ env, isScreen }: Pick<Terminal, 'env' | 'isScreen'>): boolean {
  return isScreen && (env['TERM'] ?? 'dumb') !== 'dumb'
}

/** A line that says what is waited for, on a terminal that can take it away again; elsewhere nothing. */
export class Progress {
  readonly #terminal: Screen

  constructor(terminal: Screen) {
    this.#terminal = terminal
  }

  show(text: string): void {
    this.#write(`${text} …`)
  }

  clear(): void {
    this.#write('')
  }

  #write(text: string): void {
    if (!takesEscapes(this.#terminal)) return
    // A line that is broken in two could not be taken away.
    const columns = (this.#terminal.screenSize().columns ?? 80) - 1
    const line = Array.from(text).slice(0, columns).join('')
    // From its beginning, so that a line of the log goes over it.
    this.#terminal.print(`\r\u001B[K${line}${line === '' ? '' : '\r'}`)
  }
}

const SHOW_EVERY_MS = 1_000

/**
 * Shows what is waited for, and since when, from the second second on.
 * @param task such as `asking supervisord`
 */
export async function waitVisibly<T>(task: string, work: Promise<T>, terminal: Screen): Promise<T> {
  const progress = new Progress(terminal)
  let seconds = 0
  const timer = setInterval(() => {
    seconds += 1
    progress.show(`${task}, ${seconds} s`)
  }, SHOW_EVERY_MS)
  try {
    return await work
  } finally {
    clearInterval(timer)
    if (seconds > 0) progress.clear()
  }
}
