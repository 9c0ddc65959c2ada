import type { KumaConfig } from './config.ts'
import { DEFAULT_KUMA_URL } from './kuma-url.ts'
import type { LoadContext } from './load-context.ts'
import { firstGiven } from './load-context.ts'
import { checkReadable } from './check-readable.ts'
import type { TableValues } from './read-document.ts'

/** Fills in how Kuma is reached. */
export async function resolveKuma(context: LoadContext, values: TableValues<'kuma'>): Promise<KumaConfig> {
  const { client_cert_file: cert, client_key_file: key } = values
  if (cert !== undefined && key === undefined) context.problems.add(cert.place, 'needs client_key_file too')
  if (key !== undefined && cert === undefined) context.problems.add(key.place, 'needs client_cert_file too')
  for (const file of [values.ca_file, cert, key]) await checkReadable(context, file)
  return {
    url: firstGiven(context, 'kumaUrl', values.url)?.value ?? DEFAULT_KUMA_URL,
    headers: values.headers?.value ?? {},
    caFile: values.ca_file?.value ?? null,
    clientCertFile: cert?.value ?? null,
    clientKeyFile: key?.value ?? null,
    proxy: values.proxy?.value ?? null,
    timeoutMs: values.timeout?.value ?? 25_000,
  }
}
