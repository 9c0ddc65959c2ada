import assert from 'node:assert/strict'
import { test } from 'node:test'
import { remember } from '../../src/rules/remember.ts'

test('gives the last result again for the very same arguments, and computes it anew for any other', () => {
  let computed = 0
  const add = remember((one: { n: number }, two: { n: number }) => {
    computed++
    return { sum: one.n + two.n }
  })
  const [a, b, c] = [{ n: 1 }, { n: 2 }, { n: 2 }]
  const first = add(a, b)
  assert.equal(add(a, b), first)
  assert.equal(computed, 1)
  assert.notEqual(add(a, c), first)
  assert.notEqual(add(c, b), first)
  assert.deepEqual(add(a, b), { sum: 3 })
  assert.equal(computed, 4)
  assert.deepEqual(add(c, b), { sum: 4 })
  assert.equal(computed, 4)
})
