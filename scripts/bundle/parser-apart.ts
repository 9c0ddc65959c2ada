import { writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import type { Plugin } from 'esbuild'

const READ_PART = JSON.stringify(join(import.meta.dirname, '../../src/lib/read-part.ts'))

/**
 * Puts undici's parser of HTTP, which is WebAssembly, beside the bundle as it is: as text within it, each start would read
 * it twice, once in the source and once in the compiled code, and the build for processors without SIMD as well.
 */
export const parserApart: Plugin = {
  name: 'the parser apart',
  setup(build) {
    const { absWorkingDir = '.', outfile = '' } = build.initialOptions
    const folder = dirname(resolve(absWorkingDir, outfile))
    build.onLoad({ filter: /\/undici\/lib\/llhttp\/llhttp(?:_simd)?-wasm\.js$/ }, async ({ path }) => {
      const name = basename(path).replace('-wasm.js', '.wasm')
      const parser = createRequire(path)(path) as Buffer
      await writeFile(join(folder, name), parser)
      return {
        contents: `module.exports = require(${READ_PART}).readPart(\`\${__dirname}/${name}\`, ${parser.length})`,
      }
    })
  },
}
