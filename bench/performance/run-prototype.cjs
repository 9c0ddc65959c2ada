// Runs the prototype that lies beside it, with the code that V8 made of it in an earlier run: node run-prototype.cjs <push URL>
'use strict'
const { existsSync, readFileSync, writeFileSync } = require('node:fs')
const { Script } = require('node:vm')

const path = `${__dirname}/prototype.cjs`
const cache = `${path}.cache`
const kept = existsSync(cache) ? readFileSync(cache) : undefined
const script = new Script(readFileSync(path).toString('latin1'), { filename: path, cachedData: kept })
const keep = () => {
  if (kept === undefined) writeFileSync(cache, script.createCachedData())
}
script.runInThisContext()(require, __dirname, keep)
