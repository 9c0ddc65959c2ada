import { pushAll, type Pushed } from '../../agent/push-all.ts'
import { realFiles, replaceConfigFile } from '../../config/files.ts'
import { DEFAULT_FILE } from '../../config/load.ts'
import { monitorPayload } from '../../kuma/api/monitors.ts'
import { SessionError } from '../../kuma/api/session.ts'
import { codeOf, ConfigError, EXIT, type ExitCode } from '../../lib/errors.ts'
import { oneLine } from '../../lib/text.ts'
import { fit, paint, styleOf, textWidth, type Style } from '../screen.ts'
import type { Progress, Terminal } from '../terminal.ts'
import { alertsOf, type Draft } from './draft.ts'
import type { OpenKuma } from './login.ts'
import type { PlannedMonitor } from './plan.ts'
import type { ConfigFile, Prepared } from './prepare.ts'

/**
 * Writes the tokens first, then makes the monitors with them, then pushes their first heartbeats: wherever it is
 * interrupted, the next run knows its own monitors by their tokens and goes on from there.
 * @throws {SessionError}
 * @throws {ConfigError} where the file cannot be written
 */
export async function applyDraft(
  draft: Draft,
  kuma: OpenKuma,
  { file, intervalSeconds, cron }: Prepared,
  terminal: Terminal,
  progress: Progress,
  signal: AbortSignal,
): Promise<ExitCode> {
  const { plan, prune, text, prunedText, next } = draft
  const { print, env } = terminal
  const removed = prune ? plan.surplus : []
  if (plan.make.length === 0 && removed.length === 0 && text === file.text) {
    print('\nNothing to change.\n')
    return EXIT.ok
  }
  await write(file, file.text, text)
  const newGroup = await changeKuma(draft, kuma, intervalSeconds, progress)
  if (removed.length > 0) await write(file, text, prunedText)

  progress.show('pushing the first heartbeats')
  const made = new Map(plan.make.map(({ name, kumaName }) => [name, oneLine(kumaName)]))
  const monitors = next.config.monitors.filter(({ name }) => made.has(name))
  const pushed = monitors.length === 0 ? [] : await pushAll({ ...next.config, monitors }, env, signal)
  if (newGroup !== null) await restartGroup(kuma, newGroup)
  progress.clear()
  print(`\n${describeChanges(draft)}`)
  const width = Math.max(0, ...[...made.values()].map(textWidth))
  const style = styleOf(terminal)
  for (const one of pushed) print(formatPushed(one, fit(made.get(one.monitor) ?? '', width), style))
  print(`\n${cron === null ? nextStep(file, intervalSeconds) : BY_CRON}\n`)
  return pushed.every(({ answer }) => answer?.kind === 'accepted') ? EXIT.ok : EXIT.undelivered
}

/** How often Kuma checks the children of a group: as often as all its versions can. */
const GROUP_INTERVAL_SECONDS = 20

/**
 * Makes the group where there is none yet and the monitors in it, and removes what is no longer wanted.
 * @returns the id of the group where it is new; else null
 * @throws {SessionError}
 */
async function changeKuma(
  { plan: { make, group, surplus }, alerts, prune }: Draft,
  { session, hasConditions }: OpenKuma,
  intervalSeconds: number,
  progress: Progress,
): Promise<number | null> {
  const add = (monitor: PlannedMonitor | null, parent: number | null): Promise<number> => {
    const payload = {
      type: monitor === null ? 'group' : 'push',
      name: monitor?.kumaName ?? group.name,
      parent,
      intervalSeconds: monitor === null ? GROUP_INTERVAL_SECONDS : intervalSeconds,
      notificationIds: alertsOf(alerts, monitor).map(({ id }) => id),
      pushToken: monitor?.token ?? null,
    } as const
    return session.add(monitorPayload(payload, hasConditions))
  }
  let newGroup: number | null = null
  try {
    if (make.length > 0 && group.id === null) {
      progress.show(`making the group ${group.name}`)
      newGroup = await add(null, null)
    }
    for (const [index, monitor] of make.entries()) {
      progress.show(`making ${index + 1} of ${make.length}: ${monitor.kumaName}`)
      await add(monitor, group.id ?? newGroup)
    }
    for (const { kumaName, kumaId } of prune ? surplus : []) {
      progress.show(`removing ${kumaName}`)
      if (kumaId !== null) await session.remove(kumaId)
    }
  } catch (error) {
    if (!(error instanceof SessionError)) throw error
    const next = 'not all of it is done, run the same again: it goes on from there'
    throw new SessionError(error.failure, `${error.message}; ${next}`)
  }
  return newGroup
}

/** A new group has had no children to check so far, and would check again only after its interval. */
async function restartGroup({ session }: OpenKuma, group: number): Promise<void> {
  try {
    await session.restart(group)
  } catch (error) {
    // It gets there by itself.
    if (!(error instanceof SessionError)) throw error
  }
}

async function write({ path }: ConfigFile, before: string, text: string): Promise<void> {
  if (text === before) return
  try {
    const now = await realFiles.read(path, Buffer.byteLength(before) + 1).catch(emptyIfMissing)
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

function emptyIfMissing(error: unknown): { bytes: Uint8Array } {
  if (codeOf(error) === 'ENOENT') return { bytes: new Uint8Array() }
  throw error
}

function describeChanges({ plan: { make, group, surplus }, prune }: Draft): string {
  const made = make.length === 0 ? [] : [`Made ${make.length} in the group "${oneLine(group.name)}".`]
  const removed = prune && surplus.length > 0 ? [`Removed ${surplus.length}.`] : []
  return `${[...made, ...removed].join(' ')}\n`
}

/** `up    host-a / celery  4 of 4 running` */
function formatPushed({ verdict, answer }: Pushed, name: string, style: Style): string {
  if (verdict === null) return `${paint('?   ', 'yellow', style)}  ${name}  nothing can be said yet\n`
  if (answer?.kind !== 'accepted') {
    return `${paint('lost', 'red', style)}  ${name}  ${oneLine(answer?.message ?? 'not pushed')}\n`
  }
  const { status, message } = verdict
  return `${paint(status.padEnd(4), status === 'up' ? 'green' : 'red', style)}  ${name}  ${oneLine(message)}\n`
}

const BY_CRON = 'Nothing is left to do: cron pushes to them at its next run.'

/** Whichever agent pushes these, it has to know them by then. */
function nextStep({ path }: ConfigFile, intervalSeconds: number): string {
  const how =
    path === DEFAULT_FILE
      ? 'systemctl reload-or-restart kuma-supervisor-push (install.sh does it itself)'
      : `kuma-supervisor-push run --config ${path} (or reload the one that runs)`
  return `Next, within ${intervalSeconds} s: ${how}`
}
