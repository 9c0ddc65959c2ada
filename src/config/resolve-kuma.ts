import { chooseProxy } from './choose-proxy.ts'
import type { KumaConfig, MonitorConfig } from './config.ts'
import { type GivenHeader, isSendable, NOT_SENDABLE } from './headers.ts'
import { DEFAULT_KUMA_URL } from './urls.ts'
import type { LoadContext } from './load-context.ts'
import { checkUsable, firstGiven, readSecret, refuseAmbiguous } from './load-context.ts'
import type { Given, Place } from '../lib/place.ts'
import { pushTimeouts } from './timing.ts'
import { quote } from '../lib/quote.ts'
import type { Entry, TableValues } from './read-document.ts'
import { resolveNames } from './resolve-names.ts'
import { resolvePassword } from './resolve-password.ts'

/** A Kuma with what its monitors need to know of it. */
export interface ResolvedKuma {
  readonly config: KumaConfig
  /** The proxy on the way to a base URL, which may be another one than Kuma's own. */
  readonly proxyFor: (baseUrl: string) => string | null
}

/**
 * Fills in every Kuma of the file, or the one that options and variables describe.
 * @param everyMs the time between two heartbeats
 */
export async function resolveKumas(
  context: LoadContext,
  entries: readonly Entry<'kuma'>[],
  everyMs: number,
): Promise<ResolvedKuma[]> {
  refuseAmbiguous(context, { heading: '[[kuma]]', count: entries.length }, 'kumaUrl')
  const tables: TableValues<'kuma'>[] = entries.length === 0 ? [{}] : entries.map(({ values }) => values)
  const names = resolveNames(
    tables.map(({ name, url }) => ({
      given: name,
      fallback: tables.length > 1 ? new URL(url?.value ?? DEFAULT_KUMA_URL).host : 'kuma',
    })),
    context.problems,
  )
  const resolved: ResolvedKuma[] = []
  for (const [index, values] of tables.entries()) {
    resolved.push(await resolveKuma(context, names[index] ?? '', values, everyMs))
  }
  return resolved
}

/** Drops the Kumas that no monitor pushes to, and tells of them. */
export function keepUsedKumas(
  context: LoadContext,
  kumas: readonly ResolvedKuma[],
  entries: readonly Entry<'kuma'>[],
  monitors: readonly MonitorConfig[],
): KumaConfig[] {
  const used = new Set(monitors.flatMap(({ push }) => push?.kuma ?? []))
  const configs = kumas.map(({ config }) => config)
  // With --dry-run nothing is pushed at all.
  if (configs.length === 1 || used.size === 0) return configs
  for (const [index, { place }] of entries.entries()) {
    const name = configs[index]?.name ?? ''
    if (!used.has(name))
      context.warnings.push(`${place.label} ${quote(name)} is in no [[monitor]] and gets nothing`)
  }
  return configs.filter(({ name }) => used.has(name))
}

async function resolveKuma(
  context: LoadContext,
  name: string,
  values: TableValues<'kuma'>,
  everyMs: number,
): Promise<ResolvedKuma> {
  const { client_cert_file: cert, client_key_file: key, ca_file: ca, insecure, proxy } = values
  if (cert !== undefined && key === undefined) context.problems.add(cert.place, 'needs client_key_file too')
  if (key !== undefined && cert === undefined) context.problems.add(key.place, 'needs client_cert_file too')
  for (const file of [ca, cert, key]) await checkUsable(context, file)
  const isInsecure = insecure?.value ?? false
  if (insecure !== undefined && isInsecure) {
    if (ca !== undefined) context.problems.add(ca.place, 'has no use with insecure = true')
    context.warnings.push(
      `${insecure.place.label} is true, so Kuma's certificate is not checked: whoever is on the way can read the token; ` +
        'give its CA as ca_file instead',
    )
  }
  const proxyFor = (baseUrl: string): string | null => {
    if (proxy !== undefined) return proxy.value === 'none' ? null : proxy.value
    const { proxy: found, warning } = chooseProxy(context.env, baseUrl)
    if (warning !== null && !context.warnings.includes(warning)) context.warnings.push(warning)
    return found
  }
  const url = firstGiven(context, 'kumaUrl', values.url)?.value ?? DEFAULT_KUMA_URL
  const config = {
    name,
    url,
    headers: {
      ...(await resolveHeaders(context, values.headers)),
      ...(await authorization(context, values)),
    },
    caFile: ca?.value ?? null,
    insecure: isInsecure,
    clientCertFile: cert?.value ?? null,
    clientKeyFile: key?.value ?? null,
    proxy: proxyFor(url),
    ...pushTimeouts(values.timeout?.value ?? null, everyMs),
  }
  return { config, proxyFor }
}

async function resolveHeaders(
  context: LoadContext,
  given: Given<Readonly<Record<string, GivenHeader>>> | undefined,
): Promise<Record<string, string>> {
  const resolved: Record<string, string> = {}
  for (const [name, header] of Object.entries(given?.value ?? {})) {
    const place = { line: given?.place.line ?? 0, label: `${given?.place.label ?? ''}.${name}` }
    const value = typeof header === 'string' ? header : await readHeader(context, place, header.file)
    if (value !== null) resolved[name] = value
  }
  return resolved
}

async function readHeader(context: LoadContext, place: Place, file: string): Promise<string | null> {
  const value = await readSecret(context, { place, value: file })
  if (value === null || isSendable(value)) return value
  context.problems.add(place, `${file} ${NOT_SENDABLE}`)
  return null
}

async function authorization(
  context: LoadContext,
  values: TableValues<'kuma'>,
): Promise<{ Authorization?: string }> {
  const { username, headers } = values
  const password = await resolvePassword(context, values)
  if (username === undefined || username.value === null || password === null) return {}
  if (Object.keys(headers?.value ?? {}).some((name) => name.toLowerCase() === 'authorization')) {
    context.problems.add(username.place, 'cannot stand beside the header Authorization')
  }
  return { Authorization: `Basic ${Buffer.from(`${username.value}:${password}`).toString('base64')}` }
}
