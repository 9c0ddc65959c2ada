import { join } from 'node:path'
import type { Plugin } from 'esbuild'

const filesAtOnce = join(import.meta.dirname, '../../src/lib/files-at-once.ts')
const absent = join(import.meta.dirname, 'absent.ts')

/** Keeps every command but `once` out of the bundle, and has it read its files at once. */
export const onlyOnce: Plugin = {
  name: 'only once',
  setup(build) {
    build.onResolve({ filter: /^(?:\.\.?\/)+files\.ts$/ }, ({ importer }) =>
      importer.includes('/node_modules/') ? undefined : { path: filesAtOnce },
    )
    build.onResolve({ filter: /^\.\/[a-z-]+\.ts$/ }, ({ path, importer, kind }) => {
      const isCommand = kind === 'dynamic-import' && importer.endsWith('/src/cli/commands.ts')
      return isCommand && path !== './once.ts' ? { path: absent } : undefined
    })
  },
}
