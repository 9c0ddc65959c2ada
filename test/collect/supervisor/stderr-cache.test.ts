import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStderrCache } from '../../../src/collect/supervisor/stderr-cache.ts'
import { program } from '../../helpers/snapshots.ts'

const never = new AbortController().signal
const LOGGED = { stderrLogfile: '/var/log/web.err' }
const fatal = (name: string, more = {}) =>
  program(name, 'FATAL', { spawnerr: 'Exited too quickly', ...LOGGED, ...more })
const exited = (more = {}) => program('web', 'EXITED', { exitstatus: 1, ...LOGGED, ...more })

/** A cache over programs whose last words are `<program> says <count>`. */
function cache(signal = never) {
  const asked: string[] = []
  const time = { now: 1_700_000_100 }
  const known = createStderrCache((name) => {
    asked.push(name)
    return Promise.resolve(`${name} says ${asked.length}`)
  })
  return {
    asked,
    get: (...processes: ReturnType<typeof program>[]) => known.get(processes, time.now, signal),
    time,
  }
}

test('the last words of a failed program are asked for once', async () => {
  const { asked, get } = cache()
  const said = new Map([['web:web', 'web:web says 1']])
  assert.deepEqual(await get(fatal('web')), said)
  assert.deepEqual(await get(fatal('web')), said)
  assert.deepEqual(asked, ['web:web'])
})

test('another end of the same program has words of its own', async () => {
  const { asked, get } = cache()
  await get(exited())
  await get(exited({ start: 1_700_000_050 }))
  assert.deepEqual(asked, ['web:web', 'web:web'])
})

test('a program that is well has no last words, nor has one without a log of its own', async () => {
  const { asked, get } = cache()
  const well = program('web', 'RUNNING', LOGGED)
  const expected = program('batch', 'EXITED', { stop: 0, ...LOGGED })
  assert.equal((await get(well, expected, fatal('quiet', { stderrLogfile: '' }))).size, 0)
  assert.deepEqual(asked, [])
})

test('one that came back lately tells why, and long after nothing', async () => {
  const { get } = cache()
  const back = { stop: 1_699_999_999, ...LOGGED }
  assert.equal((await get(program('web', 'RUNNING', back))).size, 1)
  const { get: getLater, time } = cache()
  time.now = 1_700_000_400
  assert.equal((await getLater(program('web', 'RUNNING', back))).size, 0)
})

test('five are asked in one look, the failed ones first, the others in the next', async () => {
  const { asked, get } = cache()
  const back = program('back', 'RUNNING', { stop: 1_699_999_999, ...LOGGED })
  const processes = [back, ...['a', 'b', 'c', 'd', 'e'].map((name) => fatal(name))]
  assert.equal((await get(...processes)).has('back:back'), false)
  assert.equal(asked.length, 5)
  assert.equal((await get(...processes)).has('back:back'), true)
  assert.equal(asked.length, 6)
})

test('what was cut off by the deadline is asked for again', async () => {
  const { asked, get } = cache(AbortSignal.abort())
  await get(fatal('web'))
  await get(fatal('web'))
  assert.equal(asked.length, 2)
})

test('a program that is gone is forgotten', async () => {
  const { asked, get } = cache()
  await get(fatal('web'))
  await get()
  await get(fatal('web'))
  assert.equal(asked.length, 2)
})
