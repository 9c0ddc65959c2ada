import { hostname } from 'node:os'
import { loadConfig, type LoadedConfig } from '../../config/load.ts'
import { OPTIONS } from '../../config/options.ts'
import {
  addMonitors,
  EditError,
  removeMonitors,
  setKumaUrl,
  writtenMonitors,
} from '../../config/toml-edit.ts'
import { DEFAULT_KUMA_URL } from '../../config/urls.ts'
import { newPushToken, type KumaInventory, type KumaNotification } from '../../kuma/api/monitors.ts'
import { ConfigError } from '../../lib/errors.ts'
import type { OwnFlags } from '../options.ts'
import type { Terminal } from '../terminal.ts'
import { makePlan, type ConfiguredMonitor, type Plan, type PlannedMonitor } from './plan.ts'
import type { Prepared } from './prepare.ts'

/** A plan with all that is needed to show it and to carry it out. */
export interface Draft {
  readonly plan: Plan
  /** Why it must not be carried out; empty when it may. */
  readonly problems: readonly string[]
  readonly alerts: Alerts
  /** New monitors should alert, and Kuma has nothing to alert by. */
  readonly isMute: boolean
  /** Monitors that are no longer wanted are removed. */
  readonly prune: boolean
  /** To be written into the file; null where it is not. */
  readonly newKumaUrl: string | null
  /** The file with the new tokens. */
  readonly text: string
  /** The file without what is no longer wanted. */
  readonly prunedText: string
  /** The configuration that the file will be. */
  readonly next: LoadedConfig
}

/**
 * Plans, and proves that the configuration will be right.
 * @throws {ConfigError} where it would not be
 */
export async function makeDraft(
  prepared: Prepared,
  inventory: KumaInventory,
  { hostName, per = 'group', notify = 'host', notification: named = [], prune = false }: OwnFlags,
  env: Terminal['env'],
): Promise<Draft> {
  const { file, programs, kuma } = prepared
  const plan = makePlan({
    hostName: hostName ?? null,
    ownName: hostname(),
    per,
    programs,
    configured: configuredMonitors(prepared),
    kuma: inventory,
    newToken: newPushToken,
  })
  const isMaking = plan.make.length > 0
  const choice = isMaking ? chooseNotifications(inventory.notifications, notify, named) : []
  const isUnclear = typeof choice === 'string'
  const newKumaUrl = file.kumaUrl === null && kuma.url !== DEFAULT_KUMA_URL ? kuma.url : null
  const texts = edit(prepared, plan, newKumaUrl)
  return {
    plan,
    problems: [...plan.conflicts, ...(isUnclear ? [choice] : [])],
    alerts: { notify, notifications: isUnclear ? [] : choice },
    isMute: isMaking && notify !== 'none' && inventory.notifications.length === 0,
    prune,
    newKumaUrl,
    ...texts,
    next: await prove(prepared, prune ? texts.prunedText : texts.text, env),
  }
}

function configuredMonitors({ file, loaded, kuma }: Prepared): ConfiguredMonitor[] {
  const written = writtenMonitors(file.text)
  // Without any, the loader makes one of the options.
  const monitors = file.monitorCount === 0 ? [] : loaded.config.monitors
  return monitors.flatMap(({ name, push, target }, index) =>
    target.kind === 'unit'
      ? []
      : {
          index,
          name,
          token: push?.baseUrl === kuma.url ? push.token : null,
          programs: target.programs,
          isWritten: written.has(index),
        },
  )
}

function edit({ file, intervalSeconds }: Prepared, plan: Plan, newKumaUrl: string | null) {
  try {
    const monitors = plan.make
      .filter(({ isWritten }) => !isWritten)
      .map((monitor) => ({ ...monitor, kumaIntervalMs: intervalSeconds * 1000 }))
    const withUrl = newKumaUrl === null ? file.text : setKumaUrl(file.text, newKumaUrl)
    const text = addMonitors(withUrl, monitors)
    return { text, prunedText: removeMonitors(text, new Set(plan.surplus.map(({ index }) => index))) }
  } catch (error) {
    if (!(error instanceof EditError)) throw error
    throw new ConfigError([`${file.path} ${error.message}; nothing was changed`])
  }
}

/** Loads the file by itself: without --kuma-url, and with every token. */
function prove({ file, flags }: Prepared, text: string, env: Terminal['env']): Promise<LoadedConfig> {
  const { kumaUrl: _url, dryRun: _dry, ...rest } = flags
  const { [OPTIONS.kumaUrl.env]: _urlToo, ...around } = env
  return loadConfig({ flags: rest, env: around, home: env['HOME'] ?? '', files: file.filesWith(text) })
}

/** The new monitors that alert. */
type Notify = NonNullable<OwnFlags['notify']>

export interface Alerts {
  readonly notify: Notify
  readonly notifications: readonly KumaNotification[]
}

/** Returns what alerts about a new monitor; about the new group for null. */
export function alertsOf(
  { notify, notifications }: Alerts,
  monitor: PlannedMonitor | null,
): readonly KumaNotification[] {
  if (monitor === null) return notify === 'group' ? notifications : []
  return notify === 'each' || (notify === 'host' && monitor.isHost) ? notifications : []
}

/**
 * Chooses the notifications that were named; else those that Kuma itself attaches to new monitors; else the only one there
 * is. Returns a line that says why none can be chosen.
 */
function chooseNotifications(
  all: readonly KumaNotification[],
  notify: Notify,
  named: readonly string[],
): readonly KumaNotification[] | string {
  if (notify === 'none') return []
  const names = all.map(({ name }) => `"${name}"`).join(', ')
  const missing = named.find((wanted) => !all.some(({ name }) => name === wanted))
  if (missing !== undefined) {
    const known = all.length === 0 ? 'it has none' : `it has ${names}`
    return `--notification: Kuma has no notification "${missing}"; ${known}`
  }
  if (named.length > 0) return all.filter(({ name }) => named.includes(name))
  const defaults = all.filter(({ isDefault }) => isDefault)
  if (defaults.length > 0) return defaults
  if (all.length <= 1) return all
  return (
    `Kuma has ${all.length} notifications and none is its default: choose by --notification (${names}; repeatable), ` +
    'or have none by --notify none'
  )
}
