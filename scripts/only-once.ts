import { join } from 'node:path'
import type { Plugin } from 'esbuild'

/** Keeps every command but `once` out of the bundle. */
export const onlyOnce: Plugin = {
  name: 'only once',
  setup(build) {
    build.onResolve({ filter: /^\.\/[a-z-]+\.ts$/ }, ({ path, importer, kind }) => {
      const isCommand = kind === 'dynamic-import' && importer.endsWith('/src/commands/commands.ts')
      return isCommand && path !== './once.ts' ? { path: join(import.meta.dirname, 'absent.ts') } : undefined
    })
  },
}
