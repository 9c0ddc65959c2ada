import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nearest } from '../../src/lib/nearest.ts'

const KNOWN = ['push_every', 'check_every', 'schedule', 'state_file', 'unit', 'url']

const rows: [string, string | null][] = [
  ['push_evry', 'push_every'],
  ['push-every', 'push_every'],
  ['pushEvery', 'push_every'],
  ['chekc_every', 'check_every'],
  ['sheduel', 'schedule'],
  ['statefile', 'state_file'],
  ['units', 'unit'],
  ['URL', 'url'],
  ['ulr', 'url'],
  ['colour', null],
  ['x', null],
  ['', null],
]
for (const [word, meant] of rows) {
  test(`takes "${word}" for ${meant ?? 'none of the known words'}`, () => {
    assert.equal(nearest(word, KNOWN), meant)
  })
}
