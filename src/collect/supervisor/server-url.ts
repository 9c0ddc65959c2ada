/** A supervisord's address, taken apart. */
export interface ServerUrl {
  /** As shown to people, without credentials: `unix:///run/supervisor.sock`, `http://10.0.0.7:9001`. */
  readonly shown: string
  /** Where to POST; with a socket the host is only a name. */
  readonly endpoint: URL
  readonly socketPath: string | null
  /** Credentials that stood in the URL, decoded. */
  readonly username: string | null
  readonly password: string | null
}

/**
 * Takes apart `unix:///path`, `http://host:port` and `https://host:port`, the latter with an optional path prefix.
 * @returns what is wrong, without credentials, when it is none of these
 */
export function parseServerUrl(text: string): ServerUrl | { readonly wrong: string } {
  const unix = /^unix:\/\/(.*)$/s.exec(text)?.[1]
  if (unix !== undefined) {
    if (!unix.startsWith('/'))
      return {
        wrong: `unix:// needs an absolute path, like unix:///run/supervisor.sock, got ${quoted(text)}`,
      }
    return {
      shown: `unix://${unix}`,
      endpoint: new URL('http://localhost/RPC2'),
      socketPath: unix,
      username: null,
      password: null,
    }
  }
  const url = URL.canParse(text) ? new URL(text) : null
  if (url === null || !/^https?:$/.test(url.protocol)) {
    return { wrong: `expected unix:///path, http://host:port or https://host:port, got ${quoted(text)}` }
  }
  const prefix = url.pathname.replace(/\/+(?:RPC2\/*)?$/, '')
  return {
    shown: `${url.protocol}//${url.host}${prefix}`,
    endpoint: new URL(`${url.protocol}//${url.host}${prefix}/RPC2`),
    socketPath: null,
    username: url.username === '' ? null : decoded(url.username),
    password: url.password === '' ? null : decoded(url.password),
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part)
  } catch {
    return part
  }
}

function quoted(text: string): string {
  return JSON.stringify(text.replace(/\/\/.*@/s, '//').slice(0, 100))
}
