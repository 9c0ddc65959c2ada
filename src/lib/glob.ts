import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

/**
 * The paths that match a pattern of `*`, `?` and `[…]`, sorted; what cannot be read is left out.
 * As in Python's `glob`, a wildcard does not match a leading dot. (Node 20 has no glob.)
 */
export async function glob(pattern: string): Promise<string[]> {
  return (await expandPath(resolve(pattern))).toSorted()
}

async function expandPath(path: string): Promise<string[]> {
  if (!/[*?[]/.test(path)) return existsSync(path) ? [path] : []
  const name = path.slice(path.lastIndexOf('/') + 1)
  const folders = await expandPath(dirname(path))
  const found = await Promise.all(
    folders.map(async (folder) => {
      if (!/[*?[]/.test(name)) return expandPath(join(folder, name))
      const entries = await readdir(folder).catch(() => [])
      return entries.filter((entry) => matches(name, entry)).map((entry) => join(folder, entry))
    }),
  )
  return found.flat()
}

function matches(pattern: string, name: string): boolean {
  if (name.startsWith('.') && !pattern.startsWith('.')) return false
  return globExpression(pattern).test(name)
}

/** Returns the expression that matches what a pattern of `*`, `?`, `[abc]` and `[!abc]` does, as in a shell. */
export function globExpression(pattern: string): RegExp {
  const source = pattern.replaceAll(/\*|\?|\[(!?)([^\]]+)\]|[\s\S]/gu, (token, not: string, set?: string) => {
    if (token === '*') return '[^]*'
    if (token === '?') return '[^]'
    return (set === undefined ? null : classSource(not === '!', set)) ?? literal(token)
  })
  return new RegExp(`^${source}$`, 'u')
}

/** Returns null for a range that runs backwards: its brackets then stand for themselves, as in a shell. */
function classSource(isNegated: boolean, set: string): string | null {
  try {
    return new RegExp(`[${isNegated ? '^' : ''}${set.replaceAll(/[\\\][^]/g, '\\$&')}]`, 'u').source
  } catch {
    return null
  }
}

function literal(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, '\\$&')
}
