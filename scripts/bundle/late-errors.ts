import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import type { Plugin } from 'esbuild'

/**
 * undici makes 25 classes of errors at each start, 2 KB each, and where all is well it needs none of them. Here they are made
 * when the first is thrown or asked for; until then there stands another thing for each, which passes everything on.
 */
export const lateErrors: Plugin = {
  name: 'late errors',
  setup(build) {
    build.onLoad({ filter: /\/undici\/lib\/core\/errors\.js$/ }, async ({ path }) => {
      const names = Object.keys(createRequire(path)(path) as Record<string, unknown>)
      return {
        contents: `
          const make = (module) => {
            ${await readFile(path, 'utf8')}
            return module.exports
          }
          let made
          const late = (name) => {
            const real = () => (made ??= make({}))[name]
            return new Proxy(function () {}, {
              construct: (_, given) => new (real())(...given),
              get: (_, key) => real()[key],
            })
          }
          for (const name of ${JSON.stringify(names)}) exports[name] = late(name)
        `,
      }
    })
  },
}
