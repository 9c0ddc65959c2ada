// From a death to the arrival at Kuma's place, for the agent and for what people use instead:
// npm run bench:latency [-- --runs 100] [--write] [words of a cause, or flood]. Needs root: it boots a Debian.
import { buildBundle } from '../../test/helpers/agent-process.ts'
import { writeSection } from '../write-section.ts'
import { runCauses } from './run-causes.ts'
import { runFlood } from './flood.ts'

const args = process.argv.slice(2)
const runsAt = args.indexOf('--runs')
const runs = runsAt === -1 ? 100 : Number(args[runsAt + 1])
const words = args.filter((word, index) => !word.startsWith('--') && index !== runsAt + 1)
const date = `${new Date().toISOString().slice(0, 10)}, Node ${process.version}`

await buildBundle()
if (!words.includes('flood')) await show('latency', await runCauses(runs, words))
if (words.length === 0 || words.includes('flood')) await show('flood', await runFlood())

async function show(section: string, table: string): Promise<void> {
  process.stdout.write(`${table}\n`)
  if (args.includes('--write')) await writeSection(section, `${date}.\n\n${table}`, 'latency.md')
}
