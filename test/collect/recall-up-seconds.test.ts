import assert from 'node:assert/strict'
import { test } from 'node:test'
import { recallUpSeconds } from '../../src/collect/recall-up-seconds.ts'

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

test('what cannot be known is read again at the next check', async () => {
  const { state, recall } = start()
  state.seconds = null
  await recall(50)
  state.nowMs += 5_000
  state.seconds = 105
  assert.deepEqual([await recall(50), await recall(50), state.reads], [105, 105, 2])
})

test('what is never known is read once a minute in the end', async () => {
  const { state, recall } = start()
  state.seconds = null
  const readsAt: number[] = []
  for (let check = 0; check < 60; check++) {
    const before = state.reads
    await recall(50)
    if (state.reads > before) readsAt.push(state.nowMs / 1000)
    state.nowMs += 5_000
  }
  assert.deepEqual(readsAt, [0, 5, 15, 35, 75, 140, 205, 270])
})

test('what could not be known of one process is asked of another', async () => {
  const { state, recall } = start()
  state.seconds = null
  for (const ms of [0, 40_000, 41_000]) {
    state.nowMs = ms
    await recall(50)
  }
  assert.equal(state.reads, 2)
  await recall(51)
  assert.equal(state.reads, 3)
})
