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

/** Returns the message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** Returns the stack, several lines, of an error that is a mistake of the program. */
export function traceOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error)
}

/** Returns the code of a system error such as `ENOENT`, or of Node such as `ERR_…`; null for any other. */
export function codeOf(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null
}

/** Returns true for an error of the file system that says that nothing is at a path, as where it is below a file. */
export function isMissing(error: unknown): boolean {
  return ['ENOENT', 'ENOTDIR'].includes(codeOf(error) ?? '')
}

const NO_DESCRIPTORS: Readonly<Record<string, string>> = {
  EMFILE: 'the agent has no file descriptors left (EMFILE): raise its limit (LimitNOFILE, ulimit -n)',
  ENFILE: 'this host has no file descriptors left (ENFILE): find what uses them up, or raise fs.file-max',
}

/** Returns the words for a system error that means that no file descriptor is left; null for any other code. */
export function noDescriptors(code: string): string | null {
  return NO_DESCRIPTORS[code] ?? null
}
