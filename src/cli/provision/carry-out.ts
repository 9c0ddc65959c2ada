import { DEFAULT_FILE } from '../../config/load.ts'
import { realFiles, replaceConfigFile } from '../../config/files.ts'
import { codeOf, ConfigError, EXIT, type ExitCode } from '../../lib/errors.ts'
import { SessionError } from '../../kuma/provisioning/session-error.ts'
import { oneLine } from '../../lib/text.ts'
import type { Terminal } from '../terminal.ts'
import { pushAll, type Pushed } from '../../agent/push-all.ts'
import { fit, textWidth } from '../screen.ts'
import { styleOf, paint, type Style } from '../screen.ts'
import type { Draft } from './draft.ts'
import type { OpenKuma } from './enter-kuma.ts'
import { makeInKuma } from './make-in-kuma.ts'
import type { OpenFile } from './open-file.ts'
import type { Plan } from './plan.ts'
import type { Prepared } from './prepare.ts'
import type { Progress } from '../terminal.ts'

interface Surroundings {
  readonly prepared: Prepared
  readonly terminal: Terminal
  readonly progress: Progress
  readonly signal: AbortSignal
}

/**
 * Tokens first, then the monitors with them, then the first heartbeats: wherever it is interrupted, the next run knows
 * its own monitors by their tokens and goes on from there.
 * @throws {SessionError}
 * @throws {ConfigError} where the file cannot be written
 */
export async function carryOut(
  draft: Draft,
  open: OpenKuma,
  { prepared: { file, intervalSeconds, cron }, terminal, progress, signal }: Surroundings,
): Promise<ExitCode> {
  const { plan, prune, text, prunedText, notificationIds } = draft
  const { print, env } = terminal
  const removed = prune ? plan.surplus : []
  if (plan.make.length === 0 && removed.length === 0 && text === file.text) {
    print('\nNothing to change.\n')
    return EXIT.ok
  }
  await write(file, file.text, text)
  const onStep = (says: string) => progress.show(says)
  let group = plan.group.id
  try {
    if (plan.make.length > 0)
      group = await makeInKuma(plan, open, { intervalSeconds, notificationIds, onStep })
    for (const { kumaName, kumaId } of removed) {
      onStep(`removing ${kumaName}`)
      if (kumaId !== null) await open.session.remove(kumaId)
    }
  } catch (error) {
    if (!(error instanceof SessionError)) throw error
    const way = 'run the same again: it goes on from there'
    throw new SessionError(error.failure, `${error.message}; not all of it is done, ${way}`)
  }
  if (removed.length > 0) await write(file, text, prunedText)

  onStep('pushing the first heartbeats')
  const made = new Map(plan.make.map(({ name, kumaName }) => [name, kumaName]))
  const monitors = draft.next.config.monitors.filter(({ name }) => made.has(name))
  const pushed = monitors.length === 0 ? [] : await pushAll({ ...draft.next.config, monitors }, env, signal)
  if (plan.make.length > 0 && plan.group.id === null && group !== null) await wake(open, group)
  progress.clear()
  print(`\n${describeMade(plan, removed.length)}`)
  const width = Math.max(0, ...pushed.map(({ monitor }) => textWidth(oneLine(made.get(monitor) ?? ''))))
  for (const one of pushed) {
    const kumaName = fit(oneLine(made.get(one.monitor) ?? ''), width)
    print(describePushed(one, kumaName, styleOf(terminal)))
  }
  print(`\n${cron === null ? nextStep(file, intervalSeconds) : BY_CRON}\n`)
  return pushed.every(({ answer }) => answer?.kind === 'accepted') ? EXIT.ok : EXIT.undelivered
}

const BY_CRON = 'Nothing is left to do: cron pushes to them at its next run.'

/** Whichever agent pushes these, it has to know them by then. */
function nextStep({ path }: OpenFile, intervalSeconds: number): string {
  const how =
    path === DEFAULT_FILE
      ? 'systemctl reload-or-restart kuma-supervisor-push (install.sh does it itself)'
      : `kuma-supervisor-push run --config ${path} (or reload the one that runs)`
  return `Next, within ${intervalSeconds} s: ${how}`
}

/** A new group has had nothing to look at so far, and would look again only after its interval. */
async function wake({ session }: OpenKuma, group: number): Promise<void> {
  try {
    await session.restart(group)
  } catch (error) {
    // It gets there by itself.
    if (!(error instanceof SessionError)) throw error
  }
}

async function write({ path }: OpenFile, before: string, text: string): Promise<void> {
  if (text === before) return
  try {
    const now = await realFiles.read(path, Buffer.byteLength(before) + 1).catch(missingIsEmpty)
    if (!Buffer.from(now.bytes).equals(Buffer.from(before))) {
      throw new ConfigError([`${path} was changed by somebody else meanwhile; run the same again`])
    }
    await replaceConfigFile(path, text)
  } catch (error) {
    const code = codeOf(error)
    if (code === null) throw error
    throw new ConfigError([`${path} cannot be written: ${code}; run the same again where it can`])
  }
}

function missingIsEmpty(error: unknown): { bytes: Uint8Array } {
  if (codeOf(error) === 'ENOENT') return { bytes: new Uint8Array() }
  throw error
}

function describeMade({ make, group }: Plan, removed: number): string {
  const made = make.length === 0 ? '' : `Made ${make.length} in the group "${oneLine(group.name)}". `
  return `${made}${removed === 0 ? '' : `Removed ${removed}. `}`.trimEnd().concat('\n')
}

/** `up    host-a / celery  4 of 4 running` */
function describePushed({ telling, answer }: Pushed, name: string, style: Style): string {
  if (telling === null) return `${paint('?   ', 'yellow', style)}  ${name}  nothing can be said yet\n`
  if (answer?.kind !== 'accepted') {
    return `${paint('lost', 'red', style)}  ${name}  ${oneLine(answer?.says ?? 'not pushed')}\n`
  }
  const { status, message } = telling.verdict
  return `${paint(status.padEnd(4), status === 'up' ? 'green' : 'red', style)}  ${name}  ${oneLine(message)}\n`
}
