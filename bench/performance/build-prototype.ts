import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { leaveOut } from '../../scripts/bundle/leave-out.ts'
import { parserApart } from '../../scripts/bundle/parser-apart.ts'

/** Builds the prototype into a folder, as the agent is built; gives the file to run. */
export async function buildPrototype(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  await build({
    entryPoints: [join(import.meta.dirname, 'prototype.ts')],
    outfile: join(folder, 'prototype.cjs'),
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20.18',
    format: 'cjs',
    banner: { js: '(function(require,__dirname,beforeExit){' },
    footer: { js: '})' },
    plugins: [leaveOut, parserApart],
  })
  const file = join(folder, 'run-prototype.cjs')
  await copyFile(join(import.meta.dirname, 'run-prototype.cjs'), file)
  return file
}
