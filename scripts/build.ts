// Builds dist/: the one bundled file that a host needs, and the licences of what is in it.
import { chmod, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { build } from 'esbuild'

const root = join(import.meta.dirname, '..')
const bundle = 'dist/kuma-supervisor-push.cjs'

await rm(join(root, 'dist'), { recursive: true, force: true })
await mkdir(join(root, 'dist'))

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['src/cli.ts'],
  outfile: bundle,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20.18',
  // CommonJS starts faster than an ES module.
  format: 'cjs',
  banner: { js: '#!/usr/bin/env node' },
  legalComments: 'none',
  metafile: true,
  logLevel: 'warning',
})
await chmod(join(root, bundle), 0o755)
await writeFile(
  join(root, 'dist/THIRD-PARTY-LICENSES'),
  await licences(bundledPackages(Object.keys(metafile.inputs))),
)

/** The folders of the packages that really are in the bundle, sorted. */
function bundledPackages(inputs: string[]): string[] {
  const folders = inputs.flatMap(
    (input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? [],
  )
  return [...new Set(folders)].toSorted()
}

async function licences(folders: string[]): Promise<string> {
  const parts = await Promise.all(
    folders.map(async (folder) => {
      const { name, version, license } = JSON.parse(
        await readFile(join(root, folder, 'package.json'), 'utf8'),
      ) as Record<string, string>
      const text = await licenceText(folder)
      return `${name} ${version} (${license})\n\n${text.trim()}\n`
    }),
  )
  return parts.join(`\n${'-'.repeat(78)}\n\n`)
}

async function licenceText(folder: string): Promise<string> {
  for (const name of ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license', 'LICENCE', 'LICENSE-MIT']) {
    const text = await readFile(join(root, folder, name), 'utf8').catch(() => null)
    if (text !== null) return text
  }
  throw new Error(`${folder}: no licence file found in the package ${dirname(folder)}`)
}
