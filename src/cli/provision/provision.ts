import type { SharedFlags } from '../../config/options.ts'
import { SessionError } from '../../kuma/api/session.ts'
import { EXIT, type ExitCode } from '../../lib/errors.ts'
import { createMask } from '../../lib/secret.ts'
import type { OwnFlags } from '../options.ts'
import { styleOf } from '../screen.ts'
import { Progress, type Terminal } from '../terminal.ts'
import { applyDraft } from './apply.ts'
import { formatPlan } from './describe.ts'
import { makeDraft } from './draft.ts'
import { openKuma, type OpenKuma } from './login.ts'
import { prepare } from './prepare.ts'

/** `provision`: makes this host's monitors in Kuma, writes their tokens into the configuration, pushes at once. */
export async function provision(
  flags: SharedFlags & OwnFlags,
  terminal: Terminal,
  stop: AbortSignal,
): Promise<ExitCode> {
  const { print, printError, hide, env } = terminal
  const progress = new Progress(terminal)
  let opened: OpenKuma | null = null
  try {
    const prepared = await prepare(flags, terminal, stop)
    if (prepared === null) return EXIT.undelivered
    const { kuma, login, loaded, file, intervalSeconds } = prepared
    const passwords = [...loaded.secrets.passwords, flags.twoFactorCode ?? '']
    opened = await openKuma(kuma, {
      login,
      terminal,
      progress,
      onPassword(password) {
        passwords.push(password)
        hide(createMask({ tokens: loaded.secrets.tokens, passwords }))
      },
      signal: stop,
    })
    const { inventory } = opened
    const draft = await makeDraft(prepared, inventory, flags, env)
    const newTokens = draft.plan.make.map(({ token }) => token)
    hide(createMask({ tokens: [...loaded.secrets.tokens, ...newTokens], passwords }))
    for (const problem of draft.problems) printError(`error: ${problem}\n`)
    if (draft.problems.length > 0) return EXIT.undelivered
    const about = { kumaUrl: kuma.url, version: inventory.version, file: file.path, intervalSeconds }
    print(formatPlan(draft, about, styleOf(terminal)))
    if (prepared.dryRun) return EXIT.ok
    return await applyDraft(draft, opened, prepared, terminal, progress, stop)
  } catch (error) {
    progress.clear()
    if (!(error instanceof SessionError)) throw error
    printError(`error: ${error.message}\n`)
    return EXIT.undelivered
  } finally {
    await opened?.close()
  }
}
