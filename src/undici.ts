import type { Agent, Client, ProxyAgent } from 'undici'
import { setWasmTiering } from './wasm-tiering.ts'

// Single modules of undici: the whole package costs every start about 40 ms more.

/** Loads what keeps connections to many servers. */
export async function loadAgent(): Promise<typeof Agent> {
  const { default: loaded } = await import('undici/lib/dispatcher/agent.js')
  setWasmTiering('off')
  return loaded
}

/** Loads what keeps one connection to one server. */
export async function loadClient(): Promise<typeof Client> {
  const { default: loaded } = await import('undici/lib/dispatcher/client.js')
  setWasmTiering('off')
  return loaded
}

/** Loads what reaches servers through an HTTP proxy. */
export async function loadProxyAgent(): Promise<typeof ProxyAgent> {
  const [{ default: loaded }, { default: Dispatcher }, { default: connect }] = await Promise.all([
    import('undici/lib/dispatcher/proxy-agent.js'),
    import('undici/lib/dispatcher/dispatcher.js'),
    import('undici/lib/api/api-connect.js'),
  ])
  // The package's front door gives it to every dispatcher; the proxy's tunnel is opened by it.
  Object.assign(Dispatcher.prototype, { connect })
  setWasmTiering('off')
  return loaded
}
