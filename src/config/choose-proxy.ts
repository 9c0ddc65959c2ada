import { BlockList, isIP } from 'node:net'
import { parseProxyUrl } from './urls.ts'
import type { Environment } from './secrets.ts'

/** The proxy on the way to one URL, null for none. `warning`: a variable names one that cannot be used. */
export interface ProxyChoice {
  readonly proxy: string | null
  readonly warning: string | null
}

const NO_PROXY: ProxyChoice = { proxy: null, warning: null }

/**
 * Returns the proxy that HTTPS_PROXY or HTTP_PROXY names, unless the URL is exempt by NO_PROXY or is of this host. Lower case
 * names win, as for curl. undici's EnvHttpProxyAgent does not tell which proxy it takes, knows no networks in NO_PROXY, and
 * asks a proxy for this host too.
 * @param target a URL as `URL` writes it
 * @see https://everything.curl.dev/usingcurl/proxies/env.html
 */
export function chooseProxy(env: Environment, target: string): ProxyChoice {
  const isHttps = target.startsWith('https:')
  const name = isHttps ? 'HTTPS_PROXY' : 'HTTP_PROXY'
  const given = variable(env, name)
  const { hostname, port } = new URL(target)
  const host = hostname.replace(/^\[|\]$/g, '')
  if (given === '' || isThisHost(host)) return NO_PROXY
  const portOrDefault = port === '' ? (isHttps ? '443' : '80') : port
  if (isExempt(variable(env, 'NO_PROXY'), host, portOrDefault)) return NO_PROXY
  const parsed = parseProxyUrl(/^[a-z][a-z0-9+.-]*:\/\//i.test(given) ? given : `http://${given}`)
  if ('value' in parsed) return { proxy: parsed.value, warning: null }
  return { proxy: null, warning: `${name}: ${parsed.wrong}; it is not used` }
}

function variable(env: Environment, name: string): string {
  return (env[name.toLowerCase()] ?? env[name] ?? '').trim()
}

function isThisHost(host: string): boolean {
  return host === 'localhost' || host.endsWith('.localhost') || host === '::1' || /^127(\.\d+){3}$/.test(host)
}

function isExempt(list: string, host: string, port: string): boolean {
  return list
    .split(/[\s,]+/)
    .filter((entry) => entry !== '')
    .some((entry) => matches(entry.toLowerCase(), host, port))
}

/** An entry is `*`, a name with all below it, an address, or a network such as `10.0.0.0/8`; each but the last may have a port. */
function matches(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true
  const [network = '', bits] = entry.split('/')
  if (bits !== undefined) return /^\d+$/.test(bits) && isWithin(network, Number(bits), host)
  const match = /^(?:\[(.*)\]|([^:]*)|(.*:.*:.*))(?::(\d+))?$/.exec(entry)
  const name = (match?.[1] ?? match?.[2] ?? match?.[3] ?? '').replace(/^\*?\./, '')
  if (name === '' || (match?.[4] !== undefined && match[4] !== port)) return false
  return host === name || (isIP(host) === 0 && host.endsWith(`.${name}`))
}

function isWithin(network: string, bits: number, host: string): boolean {
  const family = isIP(network)
  if (family === 0 || isIP(host) !== family) return false
  if (bits > (family === 4 ? 32 : 128)) return false
  const type = family === 4 ? 'ipv4' : 'ipv6'
  const networks = new BlockList()
  networks.addSubnet(network, bits, type)
  return networks.check(host, type)
}
