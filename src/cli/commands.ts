import type { Command } from 'commander'
import type { SharedFlags } from '../config/options.ts'
import { EXIT, type ExitCode } from '../lib/errors.ts'
import type { Terminal } from './load.ts'
import type { OwnFlags, OwnOption } from './own-options.ts'

/** What a command does; `command` is itself as commander knows it, with its arguments and its parent. */
type Action = (
  flags: SharedFlags & OwnFlags,
  terminal: Terminal,
  stop: AbortSignal,
  command: Command,
) => Promise<ExitCode>

/** What exit codes mean, in a few words each. */
export type Exits = Readonly<Record<number, string>>

export interface CommandEntry {
  readonly summary: string
  readonly isDefault?: true
  /** Its one argument, which must be one of a few words. */
  readonly argument?: { readonly name: string; readonly words: readonly string[] }
  /** Options that the others do not have. */
  readonly own?: readonly OwnOption[]
  /** Beside those of every command. */
  readonly exits: Exits
  /** Loads the command's code, and with it whatever that needs. */
  readonly load: () => Promise<Action>
}

/** Every command: one entry here and one file beside. The help, the pages and the completion are made of it. */
export const COMMANDS: Readonly<Record<string, CommandEntry>> = {
  run: {
    summary: 'check and push until stopped (the default)',
    isDefault: true,
    exits: { [EXIT.ok]: 'after a clean stop', [EXIT.locked]: 'another agent runs already (at a terminal)' },
    load: async () => (await import('./run.ts')).run,
  },
  listen: {
    summary: 'run as an event listener of supervisord: no systemd needed',
    exits: { [EXIT.ok]: 'after a clean stop' },
    load: async () => (await import('./listen.ts')).listen,
  },
  once: {
    summary: 'check once, push, exit: for cron or a timer',
    exits: {
      [EXIT.ok]: 'up and delivered',
      [EXIT.down]: 'down and delivered',
      [EXIT.undelivered]: 'not delivered',
      [EXIT.locked]: 'another one-shot is at work',
    },
    load: async () => (await import('./once.ts')).once,
  },
  'check-config': {
    summary: 'print the resolved configuration, secrets masked',
    own: ['json'],
    exits: { [EXIT.ok]: 'right' },
    load: async () => (await import('./check-config.ts')).checkConfig,
  },
  status: {
    summary: 'show what is seen and judged now; pushes nothing',
    own: ['json', 'watch'],
    exits: { [EXIT.ok]: 'all up', [EXIT.unwell]: 'not all up' },
    load: async () => (await import('./status/status.ts')).status,
  },
  provision: {
    summary: 'make the monitors in Kuma and write their tokens here',
    own: ['user', 'passwordFile', 'twoFactorCode', 'hostName', 'per', 'notify', 'notification', 'prune'],
    exits: { [EXIT.ok]: 'done, or nothing to do', [EXIT.undelivered]: 'not, or not all of it' },
    load: async () => (await import('./provision/provision.ts')).provision,
  },
  doctor: {
    summary: 'try every leg of the way; say how to mend what is broken',
    own: ['json', 'push', 'user', 'passwordFile', 'twoFactorCode'],
    exits: { [EXIT.ok]: 'all is well', [EXIT.unwell]: 'not all is well' },
    load: async () => (await import('./doctor/doctor.ts')).doctor,
  },
  completion: {
    summary: 'print what a shell needs to complete the command line',
    argument: { name: 'shell', words: ['bash', 'zsh'] },
    exits: {},
    load: async () => (await import('./completion.ts')).completion,
  },
}

/** The exit codes of every command. */
export const COMMON_EXITS: Exits = {
  [EXIT.usage]: 'wrong usage',
  [EXIT.software]: 'a mistake of the agent',
  [EXIT.config]: 'wrong configuration',
}
