import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { test } from 'node:test'
import { runInNewContext } from 'node:vm'
import { build } from 'esbuild'
import { lateErrors } from '../../scripts/bundle/late-errors.ts'

type Errors = Readonly<Record<string, new (...given: readonly unknown[]) => Error & { code: string }>>

const require = createRequire(import.meta.url)
const real = require('undici/lib/core/errors.js') as Errors
const { outputFiles } = await build({
  entryPoints: [require.resolve('undici/lib/core/errors.js')],
  bundle: true,
  format: 'cjs',
  minify: true,
  write: false,
  plugins: [lateErrors],
})
const made: { exports: Errors } = { exports: {} }
runInNewContext(outputFiles[0]?.text ?? '', { module: made, exports: made.exports, Error, Symbol })
const late = made.exports

test('has the same classes as undici', () => {
  assert.ok(Object.keys(real).length > 20)
  assert.deepEqual(Object.keys(late), Object.keys(real))
})

for (const [name, Real] of Object.entries(real)) {
  const Late = late[name] ?? assert.fail()
  test(`a late ${name} is one`, () => {
    const [error, like] = [new Late('what', 1, {}), new Real('what', 1, {})]
    assert.deepEqual(Object.entries(error), Object.entries(like))
    assert.equal(error.message, like.message)
    assert.ok(error instanceof Late)
    assert.ok(error instanceof Error)
    assert.ok(like instanceof Late)
    assert.ok(!(new Error('what') instanceof Late))
  })
}

test('a late class knows what it extends', () => {
  const { AbortError, RequestAbortedError, SocketError } = late
  assert.ok(AbortError && RequestAbortedError && SocketError)
  assert.ok(new RequestAbortedError() instanceof AbortError)
  assert.ok(!(new SocketError() instanceof AbortError))
})
