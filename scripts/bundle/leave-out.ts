import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Plugin } from 'esbuild'

/** What a package asks for and never uses: the file to take instead, by whose it is and what it asks for. */
const INSTEAD: readonly { readonly by: RegExp; readonly asks: RegExp; readonly file: string }[] = [
  // A parser less to trust: it is for introspection over D-Bus, which is never asked for.
  { by: /\/dbus-next\//, asks: /^fast-xml-(?:parser|builder)$/, file: 'no-xml.ts' },
  // Logins by a cookie and buses that are found by a command: we log in by our user id at a known socket.
  { by: /\/dbus-next\//, asks: /^(?:node:)?(?:crypto|child_process|fs\/promises|util)$/, file: 'absent.ts' },
  // HTTP/2, SOCKS proxies, and bodies as fetch has them.
  { by: /\/undici\//, asks: /\/(?:client-h2|socks5-proxy-agent|fetch\/body)(?:\.js)?$/, file: 'absent.ts' },
  // Only for two small things, and Node takes 5 ms to load it.
  { by: /\/undici\//, asks: /^node:http$/, file: 'no-http.ts' },
  { by: /\/undici\//, asks: /^\.\/tree$/, file: 'no-tree.ts' },
  { by: /\/undici\/lib\/core\//, asks: /^\.\/constants$/, file: 'no-names.ts' },
  { by: /\/undici\//, asks: /\/diagnostics(?:\.js)?$/, file: 'no-diagnostics.ts' },
  // Where the rest of the agent does without them, they would be loaded for these alone, in 2 ms.
  { by: /\/(?:undici|dbus-next)\//, asks: /^(?:node:)?assert$/, file: 'plain-assert.cjs' },
  // Commands in files of their own.
  { by: /\/commander\//, asks: /^node:child_process$/, file: 'absent.ts' },
]

/** Keeps out of the bundle what only would be loaded, never used. */
export const leaveOut: Plugin = {
  name: 'leave out what is never used',
  setup(build) {
    build.onResolve(
      { filter: /^(?:fast-xml-|node:|assert$|crypto$|child_process$)|^\.\.?\// },
      ({ path, importer }) => {
        const found = INSTEAD.find(({ by, asks }) => by.test(importer) && asks.test(path))
        return found === undefined ? undefined : { path: join(import.meta.dirname, found.file) }
      },
    )
    build.onLoad({ filter: /\/undici\/lib\/llhttp\/constants\.js$/ }, async ({ path }) => ({
      contents: `module.exports = ${JSON.stringify(await usedTables(path))}`,
    }))
  },
}

/** Of undici's tables about HTTP those that its reader of answers uses: to make all of them takes as long as to load the reader. */
async function usedTables(path: string): Promise<Record<string, unknown>> {
  const tables = createRequire(path)(path) as Record<string, unknown>
  const reader = await readFile(join(path, '../../dispatcher/client-h1.js'), 'utf8')
  const used = new Set(reader.match(/(?<=\bconstants\.)[A-Z_]+\b/g))
  return Object.fromEntries([...used].map((name) => [name, tables[name]]))
}
