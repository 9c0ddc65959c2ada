import type { Command } from 'commander'
import type { SharedFlags } from '../config/options.ts'
import { EXIT, type ExitCode } from '../lib/errors.ts'
import { readCommandLine, type CommandLine } from './command-line.ts'
import { completeInBash } from './completion/bash.ts'
import { completeInZsh } from './completion/zsh.ts'
import type { Terminal } from './load.ts'

const SHELLS: Readonly<Record<string, (line: CommandLine) => string>> = {
  bash: completeInBash,
  zsh: completeInZsh,
}

/** `completion`: prints a script that completes this very command line in a shell. */
export function completion(
  _flags: SharedFlags,
  { print }: Terminal,
  _stop: AbortSignal,
  command: Command,
): Promise<ExitCode> {
  const shell = SHELLS[command.args[0] ?? '']
  if (shell === undefined || command.parent === null) throw new Error(`no such shell: ${command.args[0]}`)
  print(shell(readCommandLine(command.parent)))
  return Promise.resolve(EXIT.ok)
}
