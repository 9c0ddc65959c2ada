import type { Config } from './config.ts'

/** What no output may show; for `createMask`. */
export interface Secrets {
  readonly tokens: readonly string[]
  readonly passwords: readonly string[]
}

/** Collects the secrets of a configuration. */
export function secretsOf({ kuma, supervisors, monitors }: Config): Secrets {
  const credentials = Object.values(kuma.headers).flatMap((value) => [value, value.replace(/^\w+ +/, '')])
  return {
    tokens: [...new Set(monitors.flatMap(({ push }) => push?.token ?? []))],
    passwords: [
      ...new Set([
        ...supervisors.flatMap(({ password }) => password ?? []),
        // A header of a few characters is no secret, and masking it would blot out ordinary words.
        ...credentials.filter((value) => value.length >= 8),
      ]),
    ],
  }
}
