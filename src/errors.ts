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
