import { dirname, isAbsolute, join } from 'node:path'
import { formatDuration } from '../lib/duration.ts'
import { quote } from '../lib/quote.ts'
import type { AgentConfig, Config, SupervisorConfig } from './config.ts'
import type { DocumentValues, Entry, TableValues } from './document.ts'
import { readTextFile } from './files.ts'
import type { Given } from './given.ts'
import type { LoadContext } from './load-context.ts'
import { resolveKumas } from './resolve-kumas.ts'
import { resolveMonitors } from './resolve-monitors.ts'
import { SCHEMA, valueOr } from './schema.ts'
import { checkInterval, checkTimeouts, rhythmOf, whyNoSchedule } from './timing.ts'

/** A configuration, and why its heartbeats and Kuma's intervals cannot work together. */
export interface Resolved {
  readonly config: Config
  readonly timing: readonly string[]
}

/**
 * Fills in every default, and checks what depends on several keys.
 * @param needsToken false with `--dry-run`
 */
export async function resolveConfig(
  context: LoadContext,
  values: DocumentValues,
  needsToken: boolean,
): Promise<Resolved> {
  const agent = await resolveAgent(context, values.agent[0]?.values ?? {})
  const rhythm = await rhythmOf(agent)
  const resolvedKumas = await resolveKumas(context, values.kuma, rhythm.everyMs)
  const allSupervisors = await resolveSupervisors(context, values.supervisor)
  const monitors = await resolveMonitors(context, values.monitor, resolvedKumas, allSupervisors, needsToken)

  const allKumas = resolvedKumas.map((kuma) => kuma.config)
  const pushedTo = new Set(monitors.flatMap(({ push }) => push?.kuma ?? []))
  // With --dry-run nothing may be pushed at all.
  const isAnyUnused = allKumas.length > 1 && pushedTo.size > 0
  const kumas = isAnyUnused ? context.keepUsed(allKumas, values.kuma, pushedTo, 'gets nothing') : allKumas

  const watched = new Set(monitors.flatMap(({ target }) => (target.kind === 'unit' ? [] : target.supervisor)))
  if (watched.size === 0) {
    for (const place of context.placesOf('unit', 'supervisorUrl')) {
      context.problems.add(place, 'has no use: every [[monitor]] watches a unit of its own')
    }
  }
  const supervisors = context.keepUsed(allSupervisors, values.supervisor, watched, 'not watched')

  const config = { kumas, agent, supervisors, monitors }
  const timing = values.monitor.flatMap(({ values: { kuma_interval: interval } }) =>
    typeof interval?.value === 'number'
      ? (checkInterval(interval.place.label, interval.value, rhythm) ?? [])
      : [],
  )
  return { config, timing: timing.length > 0 ? timing : checkTimeouts(config, rhythm) }
}

/** Fills in when the agent looks and pushes, and where it keeps its memory. */
async function resolveAgent(context: LoadContext, values: TableValues<'agent'>): Promise<AgentConfig> {
  const { schedule, pushEvery } = chooseRhythm(context, values)
  const whyNot = typeof schedule?.value === 'string' ? await whyNoSchedule(schedule.value) : null
  if (schedule !== undefined && whyNot !== null) context.problems.add(schedule.place, whyNot)
  const pushEveryMs = valueOr(pushEvery, SCHEMA.agent.push_every)
  const checkEvery = context.given('checkEvery', values.check_every)
  // Looking less often than pushing is right for a supervisord with very many programs, but should be meant.
  const checkEveryMs =
    checkEvery?.value ?? Math.min(valueOr(undefined, SCHEMA.agent.check_every), pushEveryMs)
  if (schedule === undefined && checkEvery !== undefined && checkEveryMs > pushEveryMs) {
    const [check, push] = [formatDuration(checkEveryMs), formatDuration(pushEveryMs)]
    context.warnings.push(
      `${checkEvery.place.label} ${check} is longer than push_every (${push}): a heartbeat may tell what was seen ${check} before`,
    )
  }
  return {
    pushEveryMs,
    checkEveryMs,
    schedule: whyNot === null ? (schedule?.value ?? null) : null,
    stateFile: context.given('stateFile', values.state_file)?.value ?? (await defaultStateFile(context)),
    onStop: valueOr(values.on_stop, SCHEMA.agent.on_stop),
  }
}

interface GivenRhythm {
  readonly pushEvery?: Given<number> | undefined
  readonly schedule?: Given<string> | undefined
}

/** The first source that gives one of the two decides. One source cannot give both. */
function chooseRhythm({ layers, problems }: LoadContext, values: TableValues<'agent'>): GivenRhythm {
  const sources: GivenRhythm[] = [...layers, { pushEvery: values.push_every, schedule: values.schedule }]
  for (const { pushEvery, schedule } of sources) {
    if (pushEvery === undefined || schedule === undefined) continue
    const other = pushEvery.place.label.replace(/^.*:\d+: |:$/g, '')
    problems.add(schedule.place, `takes the place of ${other}; give one of them`)
  }
  return sources.find(({ pushEvery, schedule }) => pushEvery !== undefined || schedule !== undefined) ?? {}
}

/** @see https://specifications.freedesktop.org/basedir-spec/latest/ */
async function defaultStateFile({ files, env, home }: LoadContext): Promise<string> {
  const file = SCHEMA.agent.state_file.default
  const stateHome = env['XDG_STATE_HOME'] ?? ''
  const base = isAbsolute(stateHome) ? stateHome : home === '' ? null : join(home, '.local/state')
  if (base === null || (await files.canWriteIn(dirname(file)))) return file
  return join(base, 'kuma-supervisor-push/state.json')
}

/** Fills in every supervisord that is configured, or the local one where none is. */
async function resolveSupervisors(
  context: LoadContext,
  entries: readonly Entry<'supervisor'>[],
): Promise<SupervisorConfig[]> {
  context.refuseAmbiguous('supervisor', entries.length, 'unit', 'supervisorUrl')
  const tables: TableValues<'supervisor'>[] =
    entries.length === 0 ? [{}] : entries.map(({ values }) => values)
  const urls = tables.map(({ url }) => valueOr(context.given('supervisorUrl', url), SCHEMA.supervisor.url))
  const names = context.resolveNames(
    tables.map(({ name }, index) => ({ given: name, fallback: defaultName(urls[index] ?? '') })),
  )
  const resolved: SupervisorConfig[] = []
  for (const [index, values] of tables.entries()) {
    const url = urls[index] ?? ''
    const unit = context.given('unit', values.unit)
    checkAccess(context, values)
    await context.checkUsable(values.ca_file)
    resolved.push({
      name: names[index] ?? '',
      unit: unit?.value ?? (isElsewhere(url) ? 'none' : SCHEMA.supervisor.unit.default),
      url,
      username: values.username?.value ?? null,
      password: await context.readPassword(values),
      caFile: values.ca_file?.value ?? null,
      ownerUid: await resolveOwner(context, values.owner),
      timeoutMs: valueOr(values.timeout, SCHEMA.supervisor.timeout),
    })
  }
  return resolved
}

const MAX_USERS_BYTES = 1024 * 1024

async function resolveOwner({ files, problems }: LoadContext, owner?: Given<string>): Promise<number | null> {
  const name = owner?.value ?? null
  if (owner === undefined || name === null) return null
  if (/^\d{1,9}$/.test(name)) return Number(name)
  const users = await readTextFile(files, '/etc/passwd', MAX_USERS_BYTES)
  const line = users.kind === 'text' ? users.text.split('\n').find((one) => one.startsWith(`${name}:`)) : null
  const uid = Number(line?.split(':')[2] ?? NaN)
  if (Number.isInteger(uid)) return uid
  problems.add(owner.place, `is no user of /etc/passwd: ${quote(name)}; give the number that \`id -u\` tells`)
  return null
}

/** Refuses what does not go with the URL or the unit. */
function checkAccess(context: LoadContext, values: TableValues<'supervisor'>): void {
  const { problems } = context
  const url = context.given('supervisorUrl', values.url)
  if (url?.value === 'none') {
    if (context.given('unit', values.unit)?.value === 'none') {
      problems.add(url.place, 'leaves nothing to look at, since the unit is "none" too')
    }
    for (const given of [values.username, values.password, values.password_file]) {
      if (given !== undefined) problems.add(given.place, 'has no use with url = "none"')
    }
  }
  if (values.ca_file !== undefined && !/^(https:|auto$)/.test(url?.value ?? 'auto')) {
    problems.add(values.ca_file.place, 'has a use with an https:// url only')
  }
}

function defaultName(url: string): string {
  return /^https?:/.test(url) ? new URL(url).host : SCHEMA.supervisor.name.default
}

/** The systemd of this host knows nothing of a supervisord on another one. */
function isElsewhere(url: string): boolean {
  if (!/^https?:/.test(url)) return false
  return !/^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname)
}
