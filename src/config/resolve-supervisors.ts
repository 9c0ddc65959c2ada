import type { MonitorConfig, SupervisorConfig } from './config.ts'
import type { LoadContext } from './load-context.ts'
import { checkUsable, firstGiven, placesOf, refuseAmbiguous } from './load-context.ts'
import { quote } from '../lib/quote.ts'
import type { Entry, TableValues } from './read-document.ts'
import { resolvePassword } from './resolve-password.ts'
import { resolveNames } from './resolve-names.ts'

/** Fills in every supervisord that is configured, or the local one where none is. */
export async function resolveSupervisors(
  context: LoadContext,
  entries: readonly Entry<'supervisor'>[],
): Promise<SupervisorConfig[]> {
  refuseAmbiguous(context, { heading: '[[supervisor]]', count: entries.length }, 'unit', 'supervisorUrl')
  const tables: TableValues<'supervisor'>[] =
    entries.length === 0 ? [{}] : entries.map(({ values }) => values)
  const urls = tables.map((values) => firstGiven(context, 'supervisorUrl', values.url))
  const names = resolveNames(
    tables.map((values, index) => ({
      given: values.name,
      fallback: defaultName(urls[index]?.value ?? 'auto'),
    })),
    context.problems,
  )
  const resolved: SupervisorConfig[] = []
  for (const [index, values] of tables.entries()) {
    const unit = firstGiven(context, 'unit', values.unit)
    const url = urls[index]
    if (unit?.value === 'none' && url?.value === 'none') {
      context.problems.add(url.place, 'leaves nothing to look at, since the unit is "none" too')
    }
    if (url?.value === 'none') refuseAccessKeys(context, values)
    if (values.ca_file !== undefined && !/^(https:|auto$)/.test(url?.value ?? 'auto')) {
      context.problems.add(values.ca_file.place, 'has a use with an https:// url only')
    }
    await checkUsable(context, values.ca_file)
    resolved.push({
      name: names[index] ?? '',
      unit: unit?.value ?? defaultUnit(url?.value ?? 'auto'),
      url: url?.value ?? 'auto',
      username: values.username?.value ?? null,
      password: await resolvePassword(context, values),
      caFile: values.ca_file?.value ?? null,
      timeoutMs: values.timeout?.value ?? 5000,
    })
  }
  return resolved
}

/** Drops the supervisords that no monitor is over, and tells of those that the file names. */
export function keepUsed(
  context: LoadContext,
  supervisors: readonly SupervisorConfig[],
  entries: readonly Entry<'supervisor'>[],
  monitors: readonly MonitorConfig[],
): SupervisorConfig[] {
  const used = new Set(
    monitors.map(({ target }) => (target.kind === 'supervisor' ? target.supervisor : null)),
  )
  if (used.size === 1 && used.has(null)) {
    for (const place of placesOf(context, 'unit', 'supervisorUrl')) {
      context.problems.add(place, 'has no use: every [[monitor]] watches a unit of its own')
    }
  }
  for (const [index, { place }] of entries.entries()) {
    const name = supervisors[index]?.name ?? ''
    if (!used.has(name))
      context.warnings.push(`${place.label} ${quote(name)} is in no [[monitor]] and not watched`)
  }
  return supervisors.filter(({ name }) => used.has(name))
}

function defaultName(url: string): string {
  return /^https?:/.test(url) ? new URL(url).host : 'local'
}

/** The systemd of this host knows nothing of a supervisord on another one. */
function defaultUnit(url: string): string {
  if (!/^https?:/.test(url)) return 'auto'
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname) ? 'auto' : 'none'
}

function refuseAccessKeys({ problems }: LoadContext, values: TableValues<'supervisor'>): void {
  for (const given of [values.username, values.password, values.password_file]) {
    if (given !== undefined) problems.add(given.place, 'has no use with url = "none"')
  }
}
