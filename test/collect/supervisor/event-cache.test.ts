import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createEventCache } from '../../../src/collect/supervisor/event-cache.ts'
import type { CallResult } from '../../../src/collect/supervisor/call.ts'
import { program } from '../../helpers/snapshots.ts'

const LOG = "2026-11-21 05:10:11,123 INFO spawned: 'web' with pid 4711\n"
const SPAWNED = { name: 'web', kind: 'spawned', pid: 4711 }

/** A cache over a log that answers as told; the last answer is given from then on. */
function cacheOver(...answers: CallResult[]) {
  const cache = createEventCache()
  const asked: number[] = []
  const time = { now: 1_700_000_100 }
  const getAll = (processes: readonly ReturnType<typeof program>[]) =>
    cache.get(processes, time.now, (bytes) => {
      asked.push(bytes)
      return Promise.resolve((answers.length > 1 ? answers.shift() : answers[0]) as CallResult)
    })
  const get = (...processes: ReturnType<typeof program>[]) => getAll(processes)
  return { get, getAll, asked, time }
}

const value = (text: string): CallResult => ({ kind: 'value', value: text })
const brokenText: CallResult = { kind: 'http-status', status: 500 }
const web = (more = {}) => program('web', 'RUNNING', more)

test('the log is read once for the same processes, and again for another', async () => {
  const { get, asked, time } = cacheOver(value(LOG))
  assert.deepEqual(await get(web()), [SPAWNED])
  time.now += 5
  assert.deepEqual(await get(web()), [SPAWNED])
  assert.equal(asked.length, 1)
  await get(web({ pid: 99 }))
  await get(web({ pid: 99, start: 1_700_000_050 }))
  assert.equal(asked.length, 3)
})

test('the log is not read when nothing was started within the hour', async () => {
  const { get, asked, time } = cacheOver(value(LOG))
  time.now = 1_700_010_000
  assert.equal(await get(web(), program('never', 'STOPPED', { start: 0 })), null)
  assert.deepEqual(asked, [])
})

test('a piece that begins within a character is asked for again, some bytes on', async () => {
  const { get, asked } = cacheOver(brokenText, brokenText, value(LOG))
  assert.deepEqual(await get(web()), [SPAWNED])
  assert.deepEqual(asked, [32_768, 32_767, 32_766])
})

test('a log that is no text at all is given up, and not asked for at every look', async () => {
  const { get, asked } = cacheOver(brokenText)
  assert.equal(await get(web()), null)
  assert.equal(await get(web()), null)
  assert.equal(asked.length, 8)
})

test('a log that cannot be had is asked for once', async () => {
  for (const answer of [
    { kind: 'http-status', status: 401 },
    { kind: 'fault', code: 1, message: 'UNKNOWN_METHOD' },
    { kind: 'no-answer', code: 'timeout', detail: 'timed out' },
    { kind: 'value', value: 42 },
  ] satisfies CallResult[]) {
    const { get, asked } = cacheOver(answer)
    assert.equal(await get(web()), null)
    assert.equal(asked.length, 1)
  }
})
