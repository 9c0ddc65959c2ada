// The command: runs agent.cjs, which stands beside it; or once.cjs, which is the same with one command only, with the code that
// V8 made of it in an earlier run.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Script } from 'node:vm'
import { codeOf, EXIT, messageOf } from '../errors.ts'
import { noDescriptors } from '../no-descriptors.ts'
import { NotWhole } from '../read-part.ts'
import { setShortRun } from '../short-run.ts'
import { setWasmTiering } from '../wasm-tiering.ts'
import { openCodeCache, type CodeCache } from './code-cache.ts'

const ENOUGH_RUNS = 2

interface Loaded {
  readonly script: Script
  readonly run: (...given: unknown[]) => void
  readonly cache: CodeCache | null
  /** How many have added to what is kept. */
  readonly runs: number
}

// The one command that starts again and again.
const isOnce = process.argv[2] === 'once'
const path = join(__dirname, isOnce ? 'once.cjs' : 'agent.cjs')

const { script, run, cache, runs } = load()

// What it compiled on its way is kept, too. The first run has no state to read yet, so the second adds to it.
if (cache !== null && runs < ENOUGH_RUNS) {
  process.once('exit', (code) => {
    if (code > 1) return
    setWasmTiering('on')
    setShortRun('off')
    cache.write({ code: script.createCachedData(), runs: runs + 1 })
  })
}

run(exports, require, module, path, __dirname)

function load(): Loaded {
  try {
    // Compiled code is of use only under the flags that it was compiled under.
    const isPlain = isOnce && process.execArgv.length === 0 && process.env['NODE_OPTIONS'] === undefined
    const uid = process.geteuid?.()
    const cache = isPlain && uid !== undefined ? openCodeCache({ source: path, env: process.env, uid }) : null
    const kept = cache?.read() ?? null

    // It is ASCII, and a function already.
    const script = new Script(readFileSync(path, 'latin1'), {
      filename: path,
      ...(kept !== null && { cachedData: kept.code }),
    })
    const run: unknown = script.runInThisContext()
    if (typeof run !== 'function') throw new Error('there is no agent in it')
    const runs = kept === null || script.cachedDataRejected === true ? 0 : kept.runs
    return { script, run: run as Loaded['run'], cache, runs }
  } catch (error) {
    process.stderr.write(`kuma-supervisor-push: ${describeUnusable(error)}\n`)
    process.exit(EXIT.software)
  }
}

function describeUnusable(error: unknown): string {
  const code = codeOf(error)
  // Without a code it is one of V8, about what it was given to compile.
  const why = code === null ? `is damaged (${messageOf(error)})` : `cannot be read (${code})`
  return noDescriptors(code ?? '') ?? new NotWhole(path, why).message
}
