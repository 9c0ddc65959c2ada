/** The exit codes of the command line; 64 to 78 are those of `sysexits.h`. */
export const EXIT = {
  ok: 0,
  down: 1,
  unwell: 1,
  usage: 64,
  undelivered: 69,
  software: 70,
  locked: 75,
  config: 78,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The configuration is wrong; one problem per entry, each one line with its place and the way out. */
export class ConfigError extends Error {
  override name = 'ConfigError'
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(problems.join('\n'))
    this.problems = problems
  }
}

/** What whatever was thrown says, for a line that names what failed. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Where a mistake of ours was made, for whoever mends it; several lines. */
export function traceOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** The code of a system error such as `ENOENT`, or of Node such as `ERR_…`; null for any other. */
export function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}
