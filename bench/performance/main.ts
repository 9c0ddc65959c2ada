// What the agent costs, beside what does the same work: npm run bench [-- --quick] [-- --write]
import { cpus } from 'node:os'
import { buildBundle } from '../../test/helpers/agent-process.ts'
import { unitFlags } from '../../test/helpers/unit-flags.ts'
import { writeSection } from '../write-section.ts'
import { measureDaemon } from './daemon.ts'
import { measureDecoding } from './decoding.ts'
import { measureGuest } from './guest.ts'
import { measureMany } from './many.ts'
import { measureOneShots } from './one-shot.ts'
import { measureSize } from './size.ts'
import { openStage } from './stage.ts'
import { printRows, type Row } from './table.ts'

const isQuick = process.argv.includes('--quick')

// Node 20 reads it at every start, which takes longer than all that is measured here.
delete process.env['NODE_EXTRA_CA_CERTS']
await buildBundle()
const rows: Row[] = []
const add = async (what: string, measured: Promise<readonly Row[]>): Promise<void> => {
  console.error(`${what} …`)
  rows.push(...(await measured))
}
const stage = await openStage()
try {
  await add('one-shots', measureOneShots(stage, isQuick ? 5 : 25))
  await add('the daemon', measureDaemon(stage, isQuick ? 60 : 720))
  await add('many', measureMany(stage))
} finally {
  await stage.close()
}
await add('decoding', measureDecoding(isQuick ? 3 : 7))
await add("supervisord's time", measureGuest([{ programs: 5, rounds: 30 }, { programs: 1000, rounds: isQuick ? 1 : 20 }])) // prettier-ignore
await add('size', measureSize())

const [cpu] = cpus()
const text = `${cpus().length} × ${cpu?.model.trim() ?? 'CPU'}, Node ${process.version}, ${new Date().toISOString().slice(0, 10)}. The service runs it with \`${unitFlags().join(' ')}\`.

${printRows(rows)}`
console.log(text)
if (process.argv.includes('--write')) await writeSection('performance', text, 'performance.md')
