import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recallUpSeconds } from '../../src/probes/recall-up-seconds.ts'

/** What it reads is told, and how often it has read. */
function start() {
  const state = { nowMs: 0, seconds: 100 as number | null, reads: 0 }
  const recall = recallUpSeconds(
    () => {
      state.reads += 1
      return Promise.resolve(state.seconds)
    },
    () => state.nowMs,
  )
  return { state, recall }
}

test('how long a process has been up goes on without being read', async () => {
  const { state, recall } = start()
  assert.equal(await recall(50), 100)
  state.nowMs += 30_000
  assert.deepEqual([await recall(50), state.reads], [130, 1])
})

test('how long another process has been up is read', async () => {
  const { state, recall } = start()
  await recall(50)
  state.seconds = 3
  assert.deepEqual([await recall(51), state.reads], [3, 2])
})

test('how long a process has been up is read again after a minute', async () => {
  const { state, recall } = start()
  await recall(50)
  state.nowMs += 60_001
  state.seconds = 4_000
  assert.equal(await recall(50), 4_000)
})

test('what cannot be known stays unknown for a minute', async () => {
  const { state, recall } = start()
  state.seconds = null
  await recall(50)
  state.nowMs += 30_000
  assert.deepEqual([await recall(50), state.reads], [null, 1])
})
