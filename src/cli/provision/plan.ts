import type { ProcessInfo } from '../../collect/supervisor/process-info.ts'
import type { KumaInventory, KumaMonitor } from '../../kuma/api/monitors.ts'
import { selectPrograms } from '../../lib/glob.ts'

/** The things that get a monitor of their own beside the host. */
type Per = 'program' | 'group' | 'host'

/** A `[[monitor]]` of the file over programs of supervisord. */
export interface ConfiguredMonitor {
  /** Its place among all `[[monitor]]`. */
  readonly index: number
  readonly name: string
  /** Its token at this Kuma; null where it pushes to another one only. */
  readonly token: string | null
  readonly programs: readonly string[]
  /** It was written by the program, which may remove it. */
  readonly isWritten: boolean
}

export interface PlanRequest {
  /** The name of this host that was asked for, or null. */
  readonly hostName: string | null
  /** The name that it has otherwise. */
  readonly ownName: string
  readonly per: Per
  readonly programs: readonly ProcessInfo[]
  readonly configured: readonly ConfiguredMonitor[]
  readonly kuma: Pick<KumaInventory, 'monitors'>
  readonly newToken: () => string
}

export interface PlannedMonitor {
  /** In the configuration. */
  readonly name: string
  readonly kumaName: string
  readonly programs: readonly string[]
  readonly token: string
  /** It is over the whole supervisord. */
  readonly isHost: boolean
  /** The configuration has it already, from a set-up that was interrupted. */
  readonly isWritten: boolean
}

/** A monitor that is there and is left as it is. */
interface KeptMonitor {
  /** Its name in Kuma. */
  readonly name: string
  readonly programs: readonly string[]
  /** Where it is not as it should be: why. */
  readonly doubt: string | null
}

/** A monitor that the program made and that is no longer wanted. */
interface SurplusMonitor {
  readonly index: number
  readonly name: string
  readonly kumaName: string
  /** Null where it is gone from Kuma already. */
  readonly kumaId: number | null
  readonly why: string
}

export interface Plan {
  /** The group that new monitors are made in; its id is null where it must be made first. */
  readonly group: { readonly id: number | null; readonly name: string }
  readonly make: readonly PlannedMonitor[]
  readonly keep: readonly KeptMonitor[]
  readonly surplus: readonly SurplusMonitor[]
  /** Why it must not be done; empty when it may. */
  readonly conflicts: readonly string[]
}

/** Compares what should be with what the configuration and Kuma have. Tokens decide, names never. */
export function makePlan(request: PlanRequest): Plan {
  const { configured, kuma, programs, per } = request
  const inKuma = new Map(
    kuma.monitors.flatMap((one) => (one.pushToken === null ? [] : [[one.pushToken, one] as const])),
  )
  const find = ({ token }: ConfiguredMonitor): KumaMonitor | null => inKuma.get(token ?? '') ?? null
  const ours = new Set(configured.flatMap((one) => find(one) ?? []))
  const written = configured.filter(({ isWritten }) => isWritten).flatMap((one) => find(one) ?? [])
  const group = findGroup(request, written)
  const hostName = request.hostName ?? group.name
  const make: PlannedMonitor[] = []
  const keep: KeptMonitor[] = []
  const used = new Set<ConfiguredMonitor>()
  const names = new Set(configured.map(({ name }) => name))

  for (const wanted of wantedMonitors(programs, per)) {
    const planned = {
      ...wanted,
      kumaName: `${hostName} / ${wanted.name}`,
      isHost: wanted.programs.length === 0,
    }
    const found = configured.find((one) => one.token !== null && covers(one, wanted, programs))
    if (found === undefined || found.token === null) {
      const name = unused(wanted.name, names)
      make.push({ ...planned, name, token: request.newToken(), isWritten: false })
      continue
    }
    used.add(found)
    const { name, token, programs: globs } = found
    const there = find(found)
    if (there !== null) {
      keep.push({ name: there.name, programs: globs, doubt: there.isActive ? null : 'paused in Kuma' })
    } else if (found.isWritten) {
      make.push({ ...planned, name, token, isWritten: true })
    } else {
      const doubt = 'its token, written by hand, is of no monitor that this user has in Kuma'
      keep.push({ name, programs: globs, doubt })
    }
  }

  const surplus = configured
    .filter((one) => one.isWritten && one.token !== null && !used.has(one))
    .map((one): SurplusMonitor => {
      const { index, name, programs: globs } = one
      const there = find(one)
      const isGone = selectPrograms(programs, { programs: globs, exclude: [] }).selected.length === 0
      const why = isGone ? `no program matches ${globs.join(', ')} any more` : `not wanted with --per ${per}`
      return { index, name, kumaName: there?.name ?? name, kumaId: there?.id ?? null, why }
    })
  const conflicts = make.length === 0 ? [] : conflictsIn(group, make, kuma.monitors, ours)
  return { group: { id: group.id, name: group.name }, make, keep, surplus, conflicts }
}

/** Returns whether a monitor has the same glob as is wanted, or selects just the same programs. */
function covers(
  { programs: globs }: ConfiguredMonitor,
  wanted: WantedMonitor,
  programs: readonly ProcessInfo[],
): boolean {
  if (wanted.programs.length === 0 || globs.length === 0) return globs.length === wanted.programs.length
  if (wanted.programs.every((glob) => globs.includes(glob))) return true
  const select = (chosen: readonly string[]) =>
    new Set(selectPrograms(programs, { programs: chosen, exclude: [] }).selected)
  const [have, want] = [select(globs), select(wanted.programs)]
  return have.size === want.size && [...want].every((program) => have.has(program))
}

interface FoundGroup {
  readonly id: number | null
  readonly name: string
}

/** Finds the group that the monitors made before are in, whatever it is called by now; else one of this host's name. */
function findGroup(
  { hostName, ownName, kuma: { monitors } }: PlanRequest,
  written: readonly KumaMonitor[],
): FoundGroup {
  const groups = monitors.filter(({ type }) => type === 'group')
  const home = groups.find(({ id }) => written.some(({ parent }) => parent === id))
  if (home !== undefined) return home
  const name = hostName ?? ownName
  const named = groups.filter((group) => group.parent === null && group.name === name)
  const isEmpty = ({ id }: KumaMonitor): boolean => monitors.every(({ parent }) => parent !== id)
  // An empty one is what an interrupted set-up leaves behind.
  return named.find((group) => !isEmpty(group)) ?? named[0] ?? { id: null, name }
}

/** Finds what Kuma has under these names and is not ours. */
function conflictsIn(
  { id, name }: FoundGroup,
  make: readonly PlannedMonitor[],
  monitors: readonly KumaMonitor[],
  ours: ReadonlySet<KumaMonitor>,
): string[] {
  if (id === null) return []
  const inside = monitors.filter(({ parent }) => parent === id)
  if (inside.length > 0 && !inside.some((monitor) => ours.has(monitor))) {
    return [
      `Kuma has a group "${name}" already, with monitors whose tokens are not in this configuration (${inside.length}): another ` +
        'host of that name, or this one before its configuration was lost; name this host otherwise by --host-name, ' +
        'or delete that group in Kuma',
    ]
  }
  const foreign = inside.filter(
    (monitor) => !ours.has(monitor) && make.some(({ kumaName }) => kumaName === monitor.name),
  )
  return foreign.map(
    (monitor) =>
      `Kuma has a monitor "${monitor.name}" in the group "${name}" already, whose token is not in this configuration: ` +
      'rename or delete it in Kuma, or name this host otherwise by --host-name',
  )
}

function unused(name: string, names: Set<string>): string {
  let free = name
  for (let count = 2; names.has(free); count += 1) free = `${name} ${count}`
  names.add(free)
  return free
}

type Program = Pick<ProcessInfo, 'group' | 'name'>

/** A monitor that there should be. */
interface WantedMonitor {
  readonly name: string
  /** Globs on `group:name`; empty for the host's own, over the whole supervisord. */
  readonly programs: readonly string[]
}

const HOST_NAME = 'supervisord'

/** Returns the host's own monitor, and one for each program or group of programs, in supervisord's order. */
function wantedMonitors(programs: readonly Program[], per: Per): WantedMonitor[] {
  const parts = per === 'host' ? [] : per === 'group' ? byGroup(programs) : programs.map(single)
  // A program may be named so too.
  const host = parts.some(({ name }) => name === HOST_NAME) ? `whole ${HOST_NAME}` : HOST_NAME
  return [{ name: host, programs: [] }, ...parts]
}

function byGroup(programs: readonly Program[]): WantedMonitor[] {
  const groups = [...new Set(programs.map(({ group }) => group))]
  return groups.map((group) => ({ name: group, programs: [`${literal(group)}:*`] }))
}

function single({ group, name }: Program): WantedMonitor {
  return {
    // As supervisorctl writes it.
    name: group === name ? name : `${group}:${name}`,
    programs: [`${literal(group)}:${literal(name)}`],
  }
}

/** Returns a glob that matches the text alone. */
function literal(text: string): string {
  return text.replaceAll(/[*?[]/g, '[$&]')
}
