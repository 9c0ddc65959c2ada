import { join } from 'node:path'
import type { Plugin } from 'esbuild'

const INSTEAD: Readonly<Record<string, string>> = { '../files.ts': 'files-at-once.ts' }

/** Keeps every command but `once` out of the bundle, and has it read its files at once. */
export const onlyOnce: Plugin = {
  name: 'only once',
  setup(build) {
    build.onResolve({ filter: /^\.\.?\/[a-z-]+\.ts$/ }, ({ path, importer, kind }) => {
      const isCommand = kind === 'dynamic-import' && importer.endsWith('/src/commands/commands.ts')
      const file = isCommand && path !== './once.ts' ? 'absent.ts' : INSTEAD[path]
      return file === undefined ? undefined : { path: join(import.meta.dirname, file) }
    })
  },
}
