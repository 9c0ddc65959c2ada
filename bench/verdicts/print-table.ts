import type { Outcome } from './outcome.ts'
import { PEERS } from './peers.ts'

const MARKS = { right: '·', 'false alarm': 'FALSE', miss: 'MISS', 'wrong message': 'WORDS' } as const
const NAMES = ['ours', ...PEERS.map(({ name }) => name)]

/** One line for each phase: the truth, and what became of it at ours and at each peer (`–`: cannot be asked). */
export function printTable(outcomes: readonly Outcome[], print: (line: string) => void): void {
  const width = Math.max(...outcomes.map(({ scenario }) => scenario.length)) + 3
  const row = (name: string, truth: string, cells: readonly string[]): string =>
    [name.padEnd(width), truth.padEnd(5), ...cells.map((cell) => cell.padEnd(9))].join(' ').trimEnd()
  print(row('scenario', 'truth', NAMES))
  for (const { scenario, phase, truth, ours, peers } of outcomes) {
    const name = phase === 1 ? scenario : `${scenario} (${phase})`
    print(row(name, truth, [MARKS[ours], ...peers.map((peer) => (peer === null ? '–' : MARKS[peer]))]))
  }
  const columns = NAMES.map((_, index) =>
    outcomes.map(({ ours, peers }) => (index === 0 ? ours : (peers[index - 1] ?? null))),
  )
  const total = (what: string): string[] =>
    columns.map((column) => String(column.filter((cell) => cell === what).length))
  print('')
  print(row('false alarms', '', total('false alarm')))
  print(row('misses', '', total('miss')))
  print(
    row(
      'asked',
      '',
      columns.map((column) => String(column.filter((cell) => cell !== null).length)),
    ),
  )
}

/** Returns what we got wrong, with the words, and with each DOWN that was said on the way. */
export function describeWrong(outcomes: readonly Outcome[]): string[] {
  return outcomes
    .filter(({ ours }) => ours !== 'right')
    .flatMap(({ scenario, phase, ours, status, message, expected, downs }) => [
      `${ours}: ${scenario} (${phase}): ${status} "${message}", expected ${String(expected)}`,
      ...downs.map((down) => `  on the way: ${down}`),
    ])
}
