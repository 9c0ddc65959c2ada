import type { Agent, Client, Dispatcher, ProxyAgent } from 'undici'
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

/** Loads what opens a connection for each request: to whoever makes hardly more than one, what keeps them is a load of 1 ms. */
export async function loadSingleUse(): Promise<new (options: Client.Options) => Dispatcher> {
  const [Client, { default: Dispatcher }] = await Promise.all([
    loadClient(),
    import('undici/lib/dispatcher/dispatcher.js'),
  ])
  return class SingleUse extends Dispatcher {
    readonly #options: Client.Options
    readonly #clients: Client[] = []

    constructor(options: Client.Options) {
      super()
      this.#options = options
    }

    override dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler): boolean {
      const client = new Client(options.origin ?? '', this.#options)
      this.#clients.push(client)
      return client.dispatch(options, handler)
    }

    override async destroy(): Promise<void> {
      await Promise.all(this.#clients.map((client) => client.destroy()))
    }
  }
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
