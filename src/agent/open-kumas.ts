import { readFile } from 'node:fs/promises'
import { version } from '../../package.json'
import type { KumaConfig } from '../config/config.ts'
import { secretsOf } from '../config/secrets.ts'
import { ConfigError, messageOf } from '../lib/errors.ts'
import { type KumaConnection, openKumaConnection } from '../kuma/kuma-connection.ts'
import { createMask } from '../lib/secret.ts'

/**
 * Makes the connection to every Kuma, by its name; nothing is opened before the first push.
 * @param isOneShot whether each monitor is to push once
 * @throws {ConfigError} when a certificate or key cannot be read or used
 */
export async function openKumas(
  kumas: readonly KumaConfig[],
  now: () => number,
  isOneShot = false,
): Promise<ReadonlyMap<string, KumaConnection>> {
  const connections = new Map<string, KumaConnection>()
  const mask = createMask(secretsOf({ kumas, supervisors: [], monitors: [] }))
  for (const kuma of kumas) {
    const connection = await openKumaConnection({
      headers: kuma.headers,
      ca: await readPem(kuma, 'caFile'),
      insecure: kuma.insecure,
      clientCert: await readPem(kuma, 'clientCertFile'),
      clientKey: await readPem(kuma, 'clientKeyFile'),
      timeoutMs: kuma.timeoutMs,
      repeatTimeoutMs: kuma.repeatTimeoutMs,
      isOneShot,
      mask,
      version,
      now,
    })
    connections.set(kuma.name, connection)
  }
  return connections
}

const PEM_KEYS = {
  caFile: 'ca_file',
  clientCertFile: 'client_cert_file',
  clientKeyFile: 'client_key_file',
} as const

async function readPem(kuma: KumaConfig, key: keyof typeof PEM_KEYS): Promise<string | null> {
  const path = kuma[key]
  if (path === null) return null
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    throw new ConfigError([`kuma.${PEM_KEYS[key]}: ${path} cannot be read: ${messageOf(error)}`])
  }
}
