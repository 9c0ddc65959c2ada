import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { fullName } from './text.ts'

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
function globExpression(pattern: string): RegExp {
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

interface Program {
  readonly group: string
  readonly name: string
}

interface Selection<T> {
  readonly selected: readonly T[]
  /** Patterns of `programs` that match nothing. */
  readonly unmatched: readonly string[]
}

/** Applies the globs of a monitor; no `programs` selects every program. */
export function selectPrograms<T extends Program>(
  all: readonly T[],
  { programs, exclude }: { readonly programs: readonly string[]; readonly exclude: readonly string[] },
): Selection<T> {
  const wanted = programs.map((pattern) => ({ pattern, isMatch: matcher(pattern) }))
  const unwanted = exclude.map(matcher)
  const selected = all.filter(
    (program) =>
      (wanted.length === 0 || wanted.some(({ isMatch }) => isMatch(program))) &&
      !unwanted.some((isMatch) => isMatch(program)),
  )
  const unmatched = wanted.filter(({ isMatch }) => !all.some(isMatch))
  return { selected, unmatched: unmatched.map(({ pattern }) => pattern) }
}

/** `group:name` matches both; a pattern without a colon matches a name in any group. */
function matcher(pattern: string): (program: Program) => boolean {
  const expression = globExpression(pattern)
  return pattern.includes(':')
    ? (program) => expression.test(fullName(program))
    : ({ name }) => expression.test(name)
}
