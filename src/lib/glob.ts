import { dirname, join, resolve } from 'node:path'
import { exists, readdir } from './files.ts'

/**
 * The paths that match a pattern of `*`, `?` and `[…]`, sorted; what cannot be read is left out.
 * As in Python's `glob`, a wildcard does not match a leading dot. (Node 20 has no glob.)
 */
export async function glob(pattern: string): Promise<string[]> {
  return (await expandPath(resolve(pattern))).toSorted()
}

async function expandPath(path: string): Promise<string[]> {
  if (!/[*?[]/.test(path)) return (await exists(path)) ? [path] : []
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
  const source = pattern.replace(
    /\[(!?)([^\]]+)\]|[\s\S]/g,
    (sign, not: string | undefined, set: string | undefined) => {
      if (set !== undefined) return `[${not === '!' ? '^' : ''}${set.replace(/[\\^[]/g, '\\$&')}]`
      if (sign === '*') return '.*'
      return sign === '?' ? '.' : sign.replace(/[\\^$.|+()[\]{}]/g, '\\$&')
    },
  )
  try {
    return new RegExp(`^${source}$`, 's').test(name)
  } catch {
    // A range like [z-a], which Python finds no match for either.
    return false
  }
}
