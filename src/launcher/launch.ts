// The command: runs agent.cjs, which stands beside it, with the code that V8 made of it in an earlier run.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Script } from 'node:vm'
import { setWasmTiering } from '../wasm-tiering.ts'
import { openCodeCache } from './code-cache.ts'

const path = join(__dirname, 'agent.cjs')

// Compiled code is of use only under the flags that it was compiled under.
const isPlain = process.execArgv.length === 0 && process.env['NODE_OPTIONS'] === undefined
const uid = process.geteuid?.()
const cache = isPlain && uid !== undefined ? openCodeCache({ source: path, env: process.env, uid }) : null
const kept = cache?.read() ?? undefined

// It is ASCII.
const source = readFileSync(path, 'latin1')
const script = new Script(`(function(exports,require,module,__filename,__dirname){${source}\n})`, {
  filename: path,
  ...(kept !== undefined && { cachedData: kept }),
})
const isMissing = kept === undefined || script.cachedDataRejected === true

// The one command that starts again and again: what it compiled on its way is kept, too.
if (cache !== null && isMissing && process.argv.includes('once')) {
  process.once('exit', (code) => {
    if (code > 1) return
    setWasmTiering('on')
    cache.write(script.createCachedData())
  })
}

const run: (...given: unknown[]) => void = script.runInThisContext()
run(exports, require, module, path, __dirname)
