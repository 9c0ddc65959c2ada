// Builds dist/: the program as one file, and the licences of what is in it.
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from 'esbuild'
import { licences } from './bundle/licences.ts'

const root = join(import.meta.dirname, '..')
const bundle = 'dist/kuma-supervisor-push.cjs'

await rm(join(root, 'dist'), { recursive: true, force: true })
await mkdir(join(root, 'dist'))

const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: ['src/main.ts'],
  outfile: bundle,
  bundle: true,
  minify: true,
  platform: 'node',
  target: 'node20.18',
  // CommonJS starts faster than an ES module.
  format: 'cjs',
  banner: { js: '#!/usr/bin/env node' },
  legalComments: 'none',
  alias: {
    // Kuma is asked through our own HTTP, without websockets.
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
})
await chmod(join(root, bundle), 0o755)
await writeFile(join(root, 'dist/THIRD-PARTY-LICENSES'), await licences(root, Object.keys(metafile.inputs)))
