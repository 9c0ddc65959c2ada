import type { Config } from './config.ts'

/** What no output may show; for `createMask`. */
export interface Secrets {
  readonly tokens: readonly string[]
  readonly passwords: readonly string[]
}

/** Collects the secrets of a configuration. */
export function secretsOf({
  kumas,
  supervisors,
  monitors,
}: Pick<Config, 'kumas' | 'supervisors' | 'monitors'>): Secrets {
  const headers = kumas.flatMap((kuma) => Object.values(kuma.headers))
  const pushes = monitors.flatMap((monitor) => monitor.pushes)
  const credentials = headers.flatMap((value) => [value, value.replace(/^\w+ +/, '')])
  const logins = headers.flatMap((value) => basicPassword(value) ?? [])
  const proxies = [...kumas, ...pushes].map(({ proxy }) => proxy)
  return {
    tokens: [...new Set(pushes.map(({ token }) => token))],
    passwords: [
      ...new Set([
        ...supervisors.flatMap(({ password }) => password ?? []),
        ...logins,
        ...proxies.flatMap((proxy) => (proxy === null ? [] : proxyPasswords(proxy))),
        // A header of a few characters is no secret, and masking it would blot out ordinary words.
        ...credentials.filter((value) => value.length >= 8),
      ]),
    ],
  }
}

function basicPassword(header: string): string | null {
  const encoded = /^basic +(.+)$/i.exec(header)?.[1]
  if (encoded === undefined) return null
  const password = /:(.+)$/s.exec(Buffer.from(encoded, 'base64').toString())?.[1]
  return password ?? null
}

/** As the URL holds it, as it is meant, and as basic authentication carries it. */
function proxyPasswords(url: string): string[] {
  const { username, password } = new URL(url)
  if (password === '') return []
  try {
    const meant = decodeURIComponent(password)
    const basic = Buffer.from(`${decodeURIComponent(username)}:${meant}`).toString('base64')
    return [password, meant, basic]
  } catch {
    return [password]
  }
}
