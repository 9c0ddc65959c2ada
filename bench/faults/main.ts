// Tries every fault on the bundled agent and prints the table: npm run bench:faults [-- part of a name] [--long] [--write]
import { buildBundle } from '../../test/helpers/agent-process.ts'
import { writeSection } from '../write-section.ts'
import type { Fault, Outcome } from './fault.ts'
import { hostFaults } from './host-faults.ts'
import { tryKumaFaults } from './real-kuma.ts'
import { kumaFaults } from './kuma-faults.ts'
import { supervisordFaults } from './supervisord-faults.ts'
import { systemdFaults } from './systemd-faults.ts'
import { tryFault } from './try-fault.ts'
import { wayFaults } from './way-faults.ts'

/** Side by side: most of the time of a fault is waiting. */
const AT_ONCE = 5

const isKept = process.argv.includes('--write')
const isLong = isKept || process.argv.includes('--long')
const words = process.argv.slice(2).filter((word) => !word.startsWith('--'))
const isWanted = (name: string) => words.every((word) => name.includes(word))
const faults = [...kumaFaults, ...wayFaults, ...supervisordFaults, ...systemdFaults, ...hostFaults].filter(
  ({ name }) => isWanted(name),
)
await buildBundle()
const [scripted, real] = await Promise.all([tryAll(faults), tryKumaFaults(isWanted, tell, { isLong })])
const outcomes = [...scripted, ...real]
const table = describe(outcomes)
process.stdout.write(`\n${table}\n`)
if (isKept) await writeSection('faults', table)
process.exitCode = outcomes.some(({ lost }) => lost !== null) ? 1 : 0

function tell({ name, lost }: Outcome): void {
  process.stderr.write(lost === null ? `ok   ${name}\n` : `LOST ${name}: ${lost}\n`)
}

async function tryAll(all: readonly Fault[]): Promise<Outcome[]> {
  const found: Outcome[] = []
  const waiting = [...all.entries()]
  const work = async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      const [index, fault] = next
      const outcome = await tryFault(fault)
      found[index] = outcome
      tell(outcome)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, work))
  return found
}

function describe(rows: readonly Outcome[]): string {
  const lines = rows.map(({ name, by, pushed, lost, recoverySeconds, memory, says }) => {
    const late = recoverySeconds === null ? 'not late' : `${recoverySeconds.toFixed(1)} s`
    const cells = [name, by, pushed, lost ?? 'nothing', late, memory.join(' → '), says]
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`
  })
  const lost = rows.filter((row) => row.lost !== null).length
  return `${rows.length} faults, ${lost} with something lost (${new Date().toISOString().slice(0, 10)}, Node ${process.version}).

| fault | played by | Kuma took | lost | right again after | RSS MB | what the agent said |
| --- | --- | --- | --- | --- | --- | --- |
${lines.join('\n')}
`
}
