import type { MonitorConfig, SupervisorConfig, SupervisorTarget, UnitTarget } from './config.ts'
import type { LoadContext } from './load-context.ts'
import { firstGiven, refuseAmbiguous } from './load-context.ts'
import { nearest } from '../lib/nearest.ts'
import type { Given, Place } from '../lib/place.ts'
import { quote } from '../lib/quote.ts'
import type { Entry, TableValues } from './read-document.ts'
import { resolveNames } from './resolve-names.ts'
import type { ResolvedKuma } from './resolve-kuma.ts'
import type { ResolvedPush } from './resolve-push.ts'
import { findKuma, resolvePush } from './resolve-push.ts'

interface MonitorRequest {
  readonly entries: readonly Entry<'monitor'>[]
  readonly kumas: readonly ResolvedKuma[]
  readonly supervisors: readonly SupervisorConfig[]
  /** False with `--dry-run`. */
  readonly needsToken: boolean
}

/** What a monitor over a plain unit may have. */
const UNIT_KEYS: ReadonlySet<string> = new Set([
  'name',
  'token',
  'token_file',
  'push_url',
  'kuma',
  'kuma_interval',
  'unit',
])

/** Fills in every monitor of the file, or the one that options and variables describe. */
export async function resolveMonitors(
  context: LoadContext,
  request: MonitorRequest,
): Promise<MonitorConfig[]> {
  const { entries, supervisors, needsToken } = request
  const several = { heading: '[[monitor]]', count: entries.length }
  refuseAmbiguous(context, several, 'token', 'tokenFile', 'pushUrl', 'programs')
  const tables: readonly { place: Place | null; values: TableValues<'monitor'> }[] =
    entries.length === 0 ? [{ place: null, values: {} }] : entries
  const pushes: (ResolvedPush | null)[] = []
  const targets: (SupervisorTarget | UnitTarget)[] = []
  for (const { place, values } of tables) {
    const push = await resolveMonitorPush(context, values, request)
    if (push === null && needsToken && place !== null) {
      context.problems.add(place, 'needs token, token_file or push_url')
    }
    pushes.push(push)
    targets.push(resolveTarget(context, values, supervisors))
  }
  refuseSharedTokens(context, pushes)
  const names = resolveNames(
    tables.map(({ values }, index) => ({
      given: values.name,
      fallback: defaultName(targets[index], supervisors),
    })),
    context.problems,
  )
  return targets.map((target, index) => ({
    name: names[index] ?? '',
    push: pushes[index]?.target ?? null,
    kumaIntervalMs: tables[index]?.values.kuma_interval?.value ?? null,
    target,
  }))
}

/** Options win over the file. */
async function resolveMonitorPush(
  context: LoadContext,
  values: TableValues<'monitor'>,
  { kumas, needsToken }: MonitorRequest,
): Promise<ResolvedPush | null> {
  const { token, token_file: tokenFile, push_url: pushUrl, kuma: named } = values
  const kuma = named === undefined ? (kumas[0] ?? null) : findKuma(context, named, kumas)
  // One problem with the name is enough: no second one about a token that is missing.
  if (kuma === null) return named === undefined ? null : { place: named.place, target: null }
  return resolvePush(context, [...context.layers, { token, tokenFile, pushUrl }], kuma, needsToken)
}

function resolveTarget(
  context: LoadContext,
  values: TableValues<'monitor'>,
  supervisors: readonly SupervisorConfig[],
): SupervisorTarget | UnitTarget {
  const programs = firstGiven(context, 'programs', values.programs)
  if (values.unit !== undefined) {
    for (const [key, given] of Object.entries({ ...values, programs })) {
      if (given === undefined || UNIT_KEYS.has(key)) continue
      context.problems.add(given.place, 'has no use beside unit, which has no programs')
    }
    return { kind: 'unit', unit: values.unit.value ?? '' }
  }
  if (values.on_failure?.value === 'restart' && values.memory === undefined && values.http === undefined) {
    context.problems.add(values.on_failure.place, 'is about memory and http, and neither is set')
  }
  return {
    kind: 'supervisor',
    supervisor: resolveSupervisorName(context, values.supervisor, supervisors),
    programs: programs?.value ?? [],
    exclude: values.exclude?.value ?? [],
    minRunning: values.min_running?.value ?? null,
    stopped: values.stopped?.value ?? 'down',
    memoryBytes: values.memory?.value ?? null,
    http: values.http?.value ?? null,
    onFailure: values.on_failure?.value ?? 'report',
    restartCooldownMs: values.restart_cooldown?.value ?? 600_000,
    stderrTail: values.stderr_tail?.value ?? false,
  }
}

function resolveSupervisorName(
  { problems }: LoadContext,
  given: Given<string> | undefined,
  supervisors: readonly SupervisorConfig[],
): string {
  const names = supervisors.map(({ name }) => name)
  if (given !== undefined && given.value !== null && !names.includes(given.value)) {
    const near = nearest(given.value, names)
    const hint = near === null ? `known are ${names.map(quote).join(', ')}` : `did you mean ${quote(near)}?`
    problems.add(given.place, `must be the name of a [[supervisor]], got ${quote(given.value)}; ${hint}`)
  }
  return given?.value ?? names[0] ?? ''
}

function defaultName(
  target: SupervisorTarget | UnitTarget | undefined,
  supervisors: readonly SupervisorConfig[],
): string {
  if (target?.kind === 'unit') return target.unit
  if (target !== undefined && target.programs.length > 0) return target.programs.join(', ')
  return supervisors.length > 1 && target !== undefined ? target.supervisor : 'supervisor'
}

/** Kuma would see two answers for one monitor, and alarm at every difference. */
function refuseSharedTokens({ problems }: LoadContext, pushes: readonly (ResolvedPush | null)[]): void {
  const first = new Map<string, Place>()
  for (const push of pushes) {
    if (push === null || push.target === null) continue
    const id = `${push.target.baseUrl}/${push.target.token}`
    const taken = first.get(id)
    if (taken === undefined) first.set(id, push.place)
    else if (taken.line > 0) {
      const what = `has the same token as line ${taken.line}; each monitor needs a push monitor of its own in Kuma`
      problems.add(push.place, what)
    }
  }
}
