import { chooseProxy } from './choose-proxy.ts'
import type { KumaConfig } from './config.ts'
import type { Entry, TableValues } from './document.ts'
import type { Given } from './given.ts'
import type { LoadContext } from './load-context.ts'
import { SCHEMA, valueOr } from './schema.ts'
import { pushTimeouts } from './timing.ts'
import { isSendable, NOT_SENDABLE, type HeaderValue } from './values.ts'

/** A Kuma with what its monitors need to know of it. */
export interface ResolvedKuma {
  readonly config: KumaConfig
  /** Returns the proxy on the way to a base URL, which may be another one than Kuma's own. */
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
  context.refuseAmbiguous('kuma', entries.length, 'kumaUrl')
  const tables: TableValues<'kuma'>[] = entries.length === 0 ? [{}] : entries.map(({ values }) => values)
  const names = context.resolveNames(
    tables.map(({ name, url }) => ({
      given: name,
      fallback: tables.length > 1 ? new URL(valueOr(url, SCHEMA.kuma.url)).host : 'kuma',
    })),
  )
  const resolved: ResolvedKuma[] = []
  for (const [index, values] of tables.entries()) {
    resolved.push(await resolveKuma(context, names[index] ?? '', values, everyMs))
  }
  return resolved
}

async function resolveKuma(
  context: LoadContext,
  name: string,
  values: TableValues<'kuma'>,
  everyMs: number,
): Promise<ResolvedKuma> {
  await checkTls(context, values)
  const proxyFor = (baseUrl: string): string | null => {
    if (values.proxy !== undefined) return values.proxy.value === 'none' ? null : values.proxy.value
    const { proxy, warning } = chooseProxy(context.env, baseUrl)
    if (warning !== null && !context.warnings.includes(warning)) context.warnings.push(warning)
    return proxy
  }
  const url = valueOr(context.given('kumaUrl', values.url), SCHEMA.kuma.url)
  const config = {
    name,
    url,
    headers: {
      ...(await readHeaders(context, values.headers)),
      ...(await readAuthorization(context, values)),
    },
    caFile: values.ca_file?.value ?? null,
    insecure: valueOr(values.insecure, SCHEMA.kuma.insecure),
    clientCertFile: values.client_cert_file?.value ?? null,
    clientKeyFile: values.client_key_file?.value ?? null,
    proxy: proxyFor(url),
    ...pushTimeouts(values.timeout?.value ?? null, everyMs),
  }
  return { config, proxyFor }
}

async function checkTls(context: LoadContext, values: TableValues<'kuma'>): Promise<void> {
  const { client_cert_file: cert, client_key_file: key, ca_file: ca, insecure } = values
  if (cert !== undefined && key === undefined) context.problems.add(cert.place, 'needs client_key_file too')
  if (key !== undefined && cert === undefined) context.problems.add(key.place, 'needs client_cert_file too')
  for (const file of [ca, cert, key]) await context.checkUsable(file)
  if (insecure?.value !== true) return
  if (ca !== undefined) context.problems.add(ca.place, 'has no use with insecure = true')
  context.warnings.push(
    `${insecure.place.label} is true, so Kuma's certificate is not checked: whoever is on the way can read the token; ` +
      'give its CA as ca_file instead',
  )
}

async function readHeaders(
  context: LoadContext,
  headers: Given<Readonly<Record<string, HeaderValue>>> | undefined,
): Promise<Record<string, string>> {
  const read: Record<string, string> = {}
  if (headers === undefined) return read
  for (const [name, header] of Object.entries(headers.value ?? {})) {
    if (typeof header === 'string') {
      read[name] = header
      continue
    }
    const place = { line: headers.place.line, label: `${headers.place.label}.${name}` }
    const value = await context.readSecret({ place, value: header.file })
    if (value !== null && !isSendable(value)) context.problems.add(place, `${header.file} ${NOT_SENDABLE}`)
    if (value !== null) read[name] = value
  }
  return read
}

async function readAuthorization(
  context: LoadContext,
  values: TableValues<'kuma'>,
): Promise<{ Authorization?: string }> {
  const { username, headers } = values
  const password = await context.readPassword(values)
  if (username === undefined || username.value === null || password === null) return {}
  if (Object.keys(headers?.value ?? {}).some((name) => name.toLowerCase() === 'authorization')) {
    context.problems.add(username.place, 'cannot stand beside the header Authorization')
  }
  return { Authorization: `Basic ${Buffer.from(`${username.value}:${password}`).toString('base64')}` }
}
