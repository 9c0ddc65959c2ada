import { createInterface } from 'node:readline'
import { Writable } from 'node:stream'

/** Asks at the terminal, on standard error, so that output can be kept; null when nobody answers. */
export function ask(question: string, isSecret: boolean): Promise<string | null> {
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
