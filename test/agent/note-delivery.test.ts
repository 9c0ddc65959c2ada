import assert from 'node:assert/strict'
import { test } from 'node:test'
import { noteDelivery } from '../../src/agent/note-delivery.ts'

const accepted = { kind: 'accepted', says: 'Kuma accepted it' } as const
const refused = { kind: 'refused', says: 'Kuma refuses connections' } as const

test('the last heartbeat that Kuma took is remembered while later ones fail', () => {
  const first = noteDelivery(null, { status: 'up' }, accepted, 1)
  assert.deepEqual(first, {
    delivered: { atMs: 1, status: 'up' },
    answer: { atMs: 1, kind: 'accepted', says: 'Kuma accepted it' },
  })
  const second = noteDelivery(first, { status: 'down' }, refused, 2)
  assert.deepEqual(second, {
    delivered: { atMs: 1, status: 'up' },
    answer: { atMs: 2, kind: 'refused', says: 'Kuma refuses connections' },
  })
  assert.deepEqual(noteDelivery(null, { status: 'up' }, refused, 2)?.delivered, null)
})

test('a push that the agent gave up because it stops is no answer of Kuma', () => {
  const first = noteDelivery(null, { status: 'up' }, accepted, 1)
  assert.equal(noteDelivery(first, { status: 'down' }, { kind: 'aborted', says: 'given up' }, 2), first)
})
