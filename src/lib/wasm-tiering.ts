import { setFlagsFromString } from 'node:v8'

/**
 * Whether V8 11 (Node 20) may compile WebAssembly a second time, with its optimising compiler. For undici's parser this
 * costs 100 to 200 ms of CPU and 35 MB after the first few kilobytes, and the end of the process waits for it. Other
 * versions of V8 are left alone: there it is slower without.
 *
 * To be switched off only when the modules are loaded, since V8 refuses code that was compiled under other flags.
 */
export function setWasmTiering(state: 'on' | 'off'): void {
  if (!process.versions.v8.startsWith('11.')) return
  const no = state === 'off' ? 'no-' : ''
  setFlagsFromString(`--${no}wasm-tier-up`)
  setFlagsFromString(`--${no}wasm-dynamic-tiering`)
}
