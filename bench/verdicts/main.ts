// npm run bench:verdicts [text]: the scenario table against real supervisords, ours beside the peers.
import { describeWrong, printTable } from './print-table.ts'
import { runTable } from './run-table.ts'
import { SCENARIOS } from './scenarios.ts'

const [wanted = ''] = process.argv.slice(2)
const outcomes = await runTable(SCENARIOS.filter(({ name }) => name.includes(wanted)))
printTable(outcomes, console.log)
if (wanted !== '') for (const { status, message } of outcomes) console.log(`  ${status}: ${message}`)
const wrong = describeWrong(outcomes)
for (const line of wrong) console.log(line)
console.log(`\n${outcomes.length} verdicts of ${SCENARIOS.length} scenarios, ${wrong.length} wrong`)
process.exit(wrong.length === 0 ? 0 : 1)
