import { hostname } from 'node:os'
import {
  addMonitors,
  EditError,
  removeMonitors,
  setKumaUrl,
  writtenMonitors,
} from '../../config/toml-edit.ts'
import { DEFAULT_KUMA_URL } from '../../config/urls.ts'
import { loadConfig, type LoadedConfig } from '../../config/load.ts'
import { OPTIONS } from '../../config/options.ts'
import { ConfigError } from '../../lib/errors.ts'
import type { KumaInventory } from '../../kuma/provisioning/kuma-inventory.ts'
import { newPushToken } from '../../kuma/provisioning/new-push-token.ts'
import type { OwnFlags } from '../options.ts'
import { chooseNotifications } from './choose-notifications.ts'
import type { PlanWords } from './describe-plan.ts'
import { makePlan, type ConfiguredMonitor, type Plan } from './plan.ts'
import type { Prepared } from './prepare.ts'

/** A plan with all that is needed to carry it out. */
export interface Draft {
  readonly plan: Plan
  readonly words: PlanWords
  /** Why it must not be carried out; empty when it may. */
  readonly problems: readonly string[]
  /** The ids of the notifications of a new monitor, by its token; the group's under null. */
  readonly notificationIds: (token: string | null) => readonly number[]
  /** The file with the new tokens. */
  readonly text: string
  /** The file without what is no longer wanted. */
  readonly prunedText: string
  /** What the file will mean. */
  readonly next: LoadedConfig
  readonly prune: boolean
}

/**
 * Plans, and proves that the configuration will be right.
 * @throws {ConfigError} where it would not be
 */
export async function draft(
  prepared: Prepared,
  kuma: KumaInventory,
  { hostName, per = 'group', notify = 'host', notification: named = [], prune = false }: OwnFlags,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Draft> {
  const { file, programs, intervalSeconds } = prepared
  const plan = makePlan({
    hostName: hostName ?? null,
    ownName: hostname(),
    per,
    programs,
    configured: configuredMonitors(prepared),
    kuma,
    newToken: newPushToken,
  })
  const isMaking = plan.make.length > 0
  const choice = isMaking ? chooseNotifications(kuma.notifications, { notify, named }) : null
  const chosen = choice?.kind === 'chosen' ? choice.notifications : []
  const hosts = new Set(plan.make.filter(({ isHost }) => isHost).map(({ token }) => token))
  const notificationsOf = (token: string | null) => {
    if (token === null) return notify === 'group' ? chosen : []
    return notify === 'each' || (notify === 'host' && hosts.has(token)) ? chosen : []
  }
  const newKumaUrl =
    file.kumaUrl === null && prepared.kuma.url !== DEFAULT_KUMA_URL ? prepared.kuma.url : null
  const texts = edit(prepared, plan, newKumaUrl)
  return {
    plan,
    problems: [...plan.conflicts, ...(choice?.kind === 'unclear' ? [choice.says] : [])],
    notificationIds: (token) => notificationsOf(token).map(({ id }) => id),
    ...texts,
    next: await prove(prepared, prune ? texts.prunedText : texts.text, env),
    prune,
    words: {
      kumaUrl: prepared.kuma.url,
      version: kuma.version,
      file: file.path,
      newKumaUrl,
      intervalSeconds,
      isMute: isMaking && notify !== 'none' && kuma.notifications.length === 0,
      alerts: (token) => notificationsOf(token).map(({ name }) => name),
      prune,
    },
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

/** The file has to stand by itself: without --kuma-url, and with every token. */
function prove(
  { file, flags }: Prepared,
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<LoadedConfig> {
  const { kumaUrl: _url, dryRun: _dry, ...rest } = flags
  const { [OPTIONS.kumaUrl.env]: _urlToo, ...around } = env
  return loadConfig({ flags: rest, env: around, home: env['HOME'] ?? '', files: file.filesWith(text) })
}
