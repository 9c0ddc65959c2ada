import type { MonitorConfig, PushTarget, SupervisorConfig, SupervisorTarget, UnitTarget } from './config.ts'
import type { Entry, TableValues } from './document.ts'
import type { Given, Place } from './given.ts'
import type { LoadContext } from './load-context.ts'
import type { ResolvedKuma } from './resolve-kumas.ts'
import { SCHEMA, valueOr } from './schema.ts'
import { parsePushAddress, type PushAddress } from './urls.ts'

/** The keys of a monitor over a plain unit. */
const UNIT_KEYS: ReadonlySet<string> = new Set([
  'name',
  'token',
  'token_file',
  'push_url',
  'kuma',
  'kuma_interval',
  'unit',
])

/**
 * Fills in every monitor of the file, or the one that options and variables describe.
 * @param needsToken false with `--dry-run`
 */
export async function resolveMonitors(
  context: LoadContext,
  entries: readonly Entry<'monitor'>[],
  kumas: readonly ResolvedKuma[],
  supervisors: readonly SupervisorConfig[],
  needsToken: boolean,
): Promise<MonitorConfig[]> {
  context.refuseAmbiguous('monitor', entries.length, 'token', 'tokenFile', 'pushUrl', 'programs')
  const tables: readonly { place: Place | null; values: TableValues<'monitor'> }[] =
    entries.length === 0 ? [{ place: null, values: {} }] : entries
  const pushes: (ResolvedPush | null)[] = []
  const targets: (SupervisorTarget | UnitTarget)[] = []
  for (const { place, values } of tables) {
    const push = await resolvePush(context, values, kumas, needsToken)
    if (push === null && needsToken && place !== null) {
      context.problems.add(place, 'needs token, token_file or push_url')
    }
    pushes.push(push)
    targets.push(resolveTarget(context, values, supervisors))
  }
  refuseSharedTokens(context, pushes)
  const names = context.resolveNames(
    tables.map(({ values }, index) => ({
      given: values.name,
      fallback: defaultName(targets[index], supervisors),
    })),
  )
  return targets.map((target, index) => ({
    name: names[index] ?? '',
    push: pushes[index]?.target ?? null,
    kumaIntervalMs: tables[index]?.values.kuma_interval?.value ?? null,
    target,
  }))
}

function resolveTarget(
  context: LoadContext,
  values: TableValues<'monitor'>,
  supervisors: readonly SupervisorConfig[],
): SupervisorTarget | UnitTarget {
  const programs = context.given('programs', values.programs)
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
  const names = supervisors.map(({ name }) => name)
  if (values.supervisor !== undefined) context.isKnown('supervisor', values.supervisor, names)
  return {
    kind: 'supervisor',
    supervisor: values.supervisor?.value ?? names[0] ?? '',
    programs: programs?.value ?? [],
    exclude: values.exclude?.value ?? [],
    minRunning: values.min_running?.value ?? null,
    stopped: valueOr(values.stopped, SCHEMA.monitor.stopped),
    memoryBytes: values.memory?.value ?? null,
    http: values.http?.value ?? null,
    onFailure: valueOr(values.on_failure, SCHEMA.monitor.on_failure),
    restartCooldownMs: valueOr(values.restart_cooldown, SCHEMA.monitor.restart_cooldown),
    logTail: valueOr(values.log_tail, SCHEMA.monitor.log_tail),
  }
}

function defaultName(
  target: SupervisorTarget | UnitTarget | undefined,
  supervisors: readonly SupervisorConfig[],
): string {
  if (target?.kind === 'unit') return target.unit
  if (target !== undefined && target.programs.length > 0) return target.programs.join(', ')
  return supervisors.length > 1 && target !== undefined ? target.supervisor : SCHEMA.monitor.name.default
}

/** Where one monitor's heartbeats go, and where that was said; the target is null when it was wrong. */
interface ResolvedPush {
  readonly place: Place
  readonly target: PushTarget | null
}

/** The three ways in which one source can say where heartbeats go. */
interface PushSource {
  readonly token?: Given<PushAddress> | undefined
  readonly tokenFile?: Given<string> | undefined
  readonly pushUrl?: Given<PushAddress> | undefined
  /** Kuma's base URL when this very source gives it, which must then agree with a pasted push URL. */
  readonly kumaUrl?: Given<string> | undefined
}

/** Takes the first source that says where the heartbeats go, options before the file; null when none does. */
async function resolvePush(
  context: LoadContext,
  { token, token_file: tokenFile, push_url: pushUrl, kuma: named }: TableValues<'monitor'>,
  kumas: readonly ResolvedKuma[],
  needsToken: boolean,
): Promise<ResolvedPush | null> {
  let kuma = kumas[0]
  if (named !== undefined) {
    const names = kumas.map(({ config }) => config.name)
    // One problem with the name is enough: no second one about a token that is missing.
    if (!context.isKnown('kuma', named, names)) return { place: named.place, target: null }
    kuma = kumas.find(({ config }) => config.name === named.value)
  }
  const sources: PushSource[] = [...context.layers, { token, tokenFile, pushUrl }]
  const source = sources.find((one) => one.token ?? one.tokenFile ?? one.pushUrl)
  if (source === undefined || kuma === undefined) return null
  const [first, ...others] = [source.token, source.tokenFile, source.pushUrl].flatMap((one) => one ?? [])
  for (const { place } of others) {
    context.problems.add(place, 'is one too many: give only one of token, token file and push URL')
  }
  if (first === undefined) return null
  const address = await readAddress(context, source, needsToken)
  if (address === null) return { place: first.place, target: null }
  const stated = source.kumaUrl
  if (typeof stated?.value === 'string' && address.baseUrl !== null && address.baseUrl !== stated.value) {
    context.problems.add(
      stated.place,
      `differs from the push URL, which says ${address.baseUrl}; leave it out`,
    )
  }
  const baseUrl = address.baseUrl ?? kuma.config.url
  const target = { kuma: kuma.config.name, baseUrl, token: address.token, proxy: kuma.proxyFor(baseUrl) }
  return { place: first.place, target }
}

async function readAddress(
  context: LoadContext,
  { token, tokenFile, pushUrl }: PushSource,
  isNeeded: boolean,
): Promise<PushAddress | null> {
  const whole = token ?? pushUrl
  if (whole !== undefined || tokenFile === undefined) return whole?.value ?? null
  const secret = await context.readSecret(tokenFile, isNeeded)
  if (secret === null) return null
  const parsed = parsePushAddress(secret)
  if ('value' in parsed) return parsed.value
  context.problems.add(tokenFile.place, `the token in ${tokenFile.value} ${parsed.wrong}`)
  return null
}

/** Kuma would see two answers for one monitor, and alarm at every difference. */
function refuseSharedTokens({ problems }: LoadContext, pushes: readonly (ResolvedPush | null)[]): void {
  const places = new Map<string, Place>()
  for (const push of pushes) {
    if (push === null || push.target === null) continue
    const id = `${push.target.baseUrl}/${push.target.token}`
    const first = places.get(id)
    if (first === undefined) places.set(id, push.place)
    else if (first.line > 0) {
      const what = `has the same token as line ${first.line}; each monitor needs a push monitor of its own in Kuma`
      problems.add(push.place, what)
    }
  }
}
