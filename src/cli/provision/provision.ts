import { EXIT, type ExitCode } from '../../lib/errors.ts'
import type { SharedFlags } from '../../config/options.ts'
import { SessionError } from '../../kuma/provisioning/session-error.ts'
import { createMask } from '../../lib/secret.ts'
import type { Terminal } from '../terminal.ts'
import type { OwnFlags } from '../options.ts'
import { carryOut } from './carry-out.ts'
import { describePlan } from './describe-plan.ts'
import { draft } from './draft.ts'
import { enterKuma, type OpenKuma } from './enter-kuma.ts'
import { prepare } from './prepare.ts'
import { Progress } from '../terminal.ts'
import { styleOf } from '../screen.ts'

/** `provision`: makes this host's monitors in Kuma, writes their tokens into the configuration, pushes at once. */
export async function provision(
  flags: SharedFlags & OwnFlags,
  terminal: Terminal,
  stop: AbortSignal,
): Promise<ExitCode> {
  const { print, printError, hide } = terminal
  const progress = new Progress(terminal)
  const passwords = [flags.twoFactorCode ?? '']
  let open: OpenKuma | null = null
  try {
    const prepared = await prepare(flags, terminal, stop)
    if (prepared === null) return EXIT.undelivered
    const { kuma, login, secrets } = prepared
    const mask = (tokens: readonly string[]) =>
      createMask({
        tokens: [...secrets.tokens, ...tokens],
        passwords: [...secrets.passwords, ...passwords],
      })
    open = await enterKuma({
      kuma,
      login,
      code: flags.twoFactorCode ?? null,
      terminal,
      progress,
      onPassword(password) {
        passwords.push(password)
        hide(mask([]))
      },
      signal: stop,
    })
    const drawn = await draft(prepared, open.inventory, flags, terminal.env)
    hide(mask(drawn.plan.make.map(({ token }) => token)))
    for (const problem of drawn.problems) printError(`error: ${problem}\n`)
    if (drawn.problems.length > 0) return EXIT.undelivered
    print(describePlan(drawn.plan, drawn.words, styleOf(terminal)))
    if (prepared.dryRun) return EXIT.ok
    return await carryOut(drawn, open, { prepared, terminal, progress, signal: stop })
  } catch (error) {
    progress.clear()
    if (!(error instanceof SessionError)) throw error
    printError(`error: ${error.message}\n`)
    return EXIT.undelivered
  } finally {
    await open?.close()
  }
}
