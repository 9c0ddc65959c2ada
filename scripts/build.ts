// Builds dist/: the command, the agent in one file, that again with `once` alone, the parser of HTTP that both take, and the
// licences of what is in them.
import { isAscii } from 'node:buffer'
import { chmod, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build, type BuildOptions } from 'esbuild'
import { lateErrors } from './bundle/late-errors.ts'
import { leaveOut } from './bundle/leave-out.ts'
import { onlyOnce } from './bundle/only-once.ts'
import { parserApart } from './bundle/parser-apart.ts'

const root = join(import.meta.dirname, '..')
const command = 'dist/kuma-supervisor-push.cjs'

await rm(join(root, 'dist'), { recursive: true, force: true })
await mkdir(join(root, 'dist'))

const options = {
  absWorkingDir: root,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20.18',
  // CommonJS starts faster than an ES module, and V8 can be given compiled code of it.
  format: 'cjs',
  // The agent is no module of its own to Node: it cannot be asked to import anything.
  supported: { 'dynamic-import': false },
  legalComments: 'none',
  alias: {
    // Kuma is asked over our own HTTP alone, without websockets.
    ws: './scripts/bundle/no-transport.ts',
    'xmlhttprequest-ssl': './scripts/bundle/no-transport.ts',
    // The other builds of these write what they send, passwords included, where DEBUG asks for it.
    ...Object.fromEntries(
      ['socket.io-client', 'engine.io-client', 'socket.io-parser'].map((name) => [
        name,
        `./node_modules/${name}/build/esm/index.js`,
      ]),
    ),
  },
  metafile: true,
  logLevel: 'warning',
} as const satisfies BuildOptions

// As Node wraps a module: the launcher would have to copy it all to do so.
const agent = {
  ...options,
  entryPoints: ['src/main.ts'],
  banner: { js: '(function(exports,require,module,__filename,__dirname){' },
  footer: { js: '})' },
} as const satisfies BuildOptions

const { metafile } = await build({
  ...agent,
  outfile: 'dist/agent.cjs',
  plugins: [leaveOut, lateErrors, parserApart],
})
await build({ ...agent, outfile: 'dist/once.cjs', plugins: [onlyOnce, leaveOut, lateErrors, parserApart] })
await build({
  ...options,
  entryPoints: ['src/launcher/launch.ts'],
  outfile: command,
  banner: { js: '#!/usr/bin/env node' },
})
await chmod(join(root, command), 0o755)
// The launcher reads them byte by byte. esbuild writes everything so but regular expressions: write \u… there.
for (const file of ['dist/agent.cjs', 'dist/once.cjs']) {
  if (!isAscii(await readFile(join(root, file)))) throw new Error(`${file} is not ASCII`)
}
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
      const about = JSON.parse(await readFile(join(root, folder, 'package.json'), 'utf8')) as PackageJson
      const text = (await licenceText(folder)) ?? standardText(about)
      return `${about.name} ${about.version} (${about.license})\n\n${text.trim()}\n`
    }),
  )
  return parts.join(`\n${'-'.repeat(78)}\n\n`)
}

interface PackageJson {
  name: string
  version: string
  license: string
  author?: string | { name: string }
}

async function licenceText(folder: string): Promise<string | null> {
  const names = await readdir(join(root, folder))
  const name = names.find((one) => /^licen[cs]e/i.test(one))
  return name === undefined ? null : readFile(join(root, folder, name), 'utf8')
}

/** For a package that names its licence and does not ship the text. */
function standardText({ name, license, author = '' }: PackageJson): string {
  const holder = typeof author === 'string' ? author : author.name
  if (license !== 'ISC' || holder === '')
    throw new Error(`${name}: ships no licence text, and none is known for ${license}`)
  return `Copyright (c) ${holder}

Permission to use, copy, modify, and/or distribute this software for any
purpose with or without fee is hereby granted, provided that the above
copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH
REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND
FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS
OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER
TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF
THIS SOFTWARE.`
}
