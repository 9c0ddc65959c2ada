// From a death to the arrival at Kuma's place, for the agent and for what people use instead:
// npm run bench:latency [-- --runs 100] [--write] [words of a cause, or flood]. Needs root: it boots a Debian.
import { parseArgs } from 'node:util'
import { buildBundle } from '../../test/helpers/agent-process.ts'
import { writeSection } from '../write-section.ts'
import { runCauses } from './run-causes.ts'
import { runFlood } from './flood.ts'

const { values, positionals: words } = parseArgs({
  allowPositionals: true,
  options: { runs: { type: 'string', default: '100' }, write: { type: 'boolean', default: false } },
})
const isFlood = words.includes('flood')
const date = `${new Date().toISOString().slice(0, 10)}, Node ${process.version}`

await buildBundle()
if (!isFlood) await show('latency', await runCauses(Number(values.runs), words))
if (isFlood || words.length === 0) await show('flood', await runFlood())

async function show(section: string, table: string): Promise<void> {
  process.stdout.write(`${table}\n`)
  if (values.write) await writeSection(section, `${date}.\n\n${table}`, 'latency.md')
}
