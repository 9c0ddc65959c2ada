import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { createSaver } from '../../src/agent/saver.ts'

/** Lets every promise that can settle do so. */
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

suite('what changes is saved', () => {
  test('once for all that changed before, and once more for what changed meanwhile', async () => {
    let value = 0
    const saved: number[] = []
    let finish = (): void => {}
    const saver = createSaver(
      () => {
        saved.push(value)
        return new Promise((resolve) => (finish = resolve))
      },
      () => assert.fail(),
    )
    for (value of [1, 2]) saver.soon()
    await turn()
    for (value of [3, 4]) saver.soon()
    await turn()
    assert.deepEqual(saved, [2])
    finish()
    await turn()
    assert.deepEqual(saved, [2, 4])
    finish()
    value = 5
    const last = saver.last()
    await turn()
    finish()
    await last
    assert.deepEqual(saved, [2, 4, 5])
  })

  test('the next time too when it once cannot be', async () => {
    const failures: unknown[] = []
    let times = 0
    const saver = createSaver(
      () => (times++ === 0 ? Promise.reject(new Error('full')) : Promise.resolve()),
      (error) => void failures.push(error),
    )
    saver.soon()
    await turn()
    saver.soon()
    await turn()
    assert.equal(times, 2)
    assert.deepEqual(failures, [new Error('full')])
  })
})
