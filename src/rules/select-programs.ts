import type { ProcessInfo } from '../collect/supervisor/process-info.ts'
import { globExpression } from '../lib/glob.ts'
import { remember } from './remember.ts'

interface Selecting {
  readonly programs: readonly string[]
  readonly exclude: readonly string[]
}

interface Selection {
  readonly selected: readonly ProcessInfo[]
  /** Patterns of `programs` that match nothing. */
  readonly unmatched: readonly string[]
}

/** Applies the globs of a monitor; no `programs` selects every program. */
export function selectPrograms(processes: readonly ProcessInfo[], rules: Selecting): Selection {
  return selectBy(rules, processes)
}

const selectBy = remember(
  ({ programs, exclude }: Selecting, processes: readonly ProcessInfo[]): Selection => {
    const wanted = programs.map((pattern) => ({ pattern, matches: matcher(pattern) }))
    const unwanted = exclude.map(matcher)
    const selected = processes.filter(
      (info) =>
        (wanted.length === 0 || wanted.some(({ matches }) => matches(info))) &&
        !unwanted.some((matches) => matches(info)),
    )
    const unmatched = wanted.filter(({ matches }) => !processes.some((info) => matches(info)))
    return { selected, unmatched: unmatched.map(({ pattern }) => pattern) }
  },
)

/** `group:name` matches both; a pattern without a colon matches a name in any group. `*`, `?` and `[abc]` as in a shell. */
function matcher(pattern: string): (info: ProcessInfo) => boolean {
  const expression = globExpression(pattern)
  return pattern.includes(':')
    ? ({ group, name }) => expression.test(`${group}:${name}`)
    : ({ name }) => expression.test(name)
}
