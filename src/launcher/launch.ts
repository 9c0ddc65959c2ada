// The command: runs agent.cjs, which stands beside it; or once.cjs, which is the same with one command only, with the code that
// V8 made of it in an earlier run.
import { join } from 'node:path'
import { EXIT, messageOf } from '../lib/errors.ts'
import { setShortRun } from '../lib/short-run.ts'
import { setWasmTiering } from '../lib/wasm-tiering.ts'
import { loadAgent } from './load-agent.ts'

const ENOUGH_RUNS = 2

// The one command that starts again and again.
const isOnce = process.argv[2] === 'once'
const path = join(__dirname, isOnce ? 'once.cjs' : 'agent.cjs')
const agent = load()

// What it compiled on its way is kept, too. The first run has no state to read yet, so the second adds to it.
if (agent !== null && agent.cache !== null && agent.runs < ENOUGH_RUNS) {
  const { script, cache, runs } = agent
  process.once('exit', (code) => {
    if (code > 1) return
    setWasmTiering('on')
    setShortRun('off')
    cache.write({ code: script.createCachedData(), runs: runs + 1 })
  })
}

agent?.run(exports, require, module, path, __dirname)

/** Null where it cannot, which is told. */
function load(): ReturnType<typeof loadAgent> | null {
  try {
    return loadAgent(path, isOnce)
  } catch (error) {
    process.stderr.write(`kuma-supervisor-push: ${messageOf(error)}\n`)
    process.exitCode = EXIT.software
    return null
  }
}
