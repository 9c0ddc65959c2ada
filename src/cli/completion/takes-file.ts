import type { LineOption } from '../command-line.ts'

/** Tells an option whose value is a file, which a shell can complete. */
export function takesFile({ placeholder }: LineOption): boolean {
  return placeholder === '<file>'
}
