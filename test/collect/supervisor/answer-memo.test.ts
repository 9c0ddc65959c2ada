import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { createAnswerMemo } from '../../../src/collect/supervisor/answer-memo.ts'
import { decodePlain } from '../../../src/collect/supervisor/decode-plain.ts'
import { isArray, isStruct, type XmlRpcValue } from '../../../src/collect/supervisor/value.ts'
import { createMutator, FUZZ_ROUNDS } from '../../helpers/fuzz.ts'

const fixture = (name: string): Buffer => readFileSync(new URL(`../../fixtures/${name}`, import.meta.url))
const BODY = fixture('supervisord-4.2.5/multicall.xml')
const TEXT = BODY.toString()

/** A memo that has read an answer, and what that was read to. */
function read(body: Buffer) {
  const memo = createAnswerMemo('now', 'description')
  assert.equal(memo.recall(body), undefined)
  const value = decodePlain(body) ?? assert.fail('it is plain')
  memo.keep(value)
  return { memo, value }
}

/** Some seconds later: all that changes where nothing happens. */
const LATER = TEXT.replaceAll(
  /(<name>now<\/name>\s*<value><int>)(\d+)/g,
  (_, head, now) => `${head}${Number(now) + 70}`,
).replaceAll(/uptime \d:\d\d:\d\d/g, 'uptime 1 day, 10:00:07')

test('recalls the very same value where only time has passed, and tells the time', () => {
  const { memo, value } = read(BODY)
  const before = Number(/<name>now<\/name>\s*<value><int>(\d+)/.exec(TEXT)?.[1])
  assert.equal(memo.time, null)
  assert.notEqual(LATER, TEXT)
  assert.equal(memo.recall(Buffer.from(LATER)), value)
  assert.equal(memo.time, before + 70)
  assert.equal(memo.recall(BODY), value)
  assert.equal(memo.time, before)
})

test('recalls nothing when any other member has changed, and the new value after that', () => {
  const members = [...TEXT.matchAll(/<name>(?!now|description)(\w+)<\/name>\s*<value><(?:int|string)>/g)]
  assert.ok(members.length > 50)
  for (const { 0: head, index } of members) {
    const { memo } = read(BODY)
    const at = index + head.length
    const other = TEXT[at] === '0' ? '1' : '0'
    const changed = Buffer.from(TEXT.slice(0, at) + other + TEXT.slice(head.endsWith('<int>') ? at + 1 : at))
    assert.equal(memo.recall(changed), undefined, head)
    const value = decodePlain(changed) ?? assert.fail(head)
    memo.keep(value)
    assert.equal(memo.recall(changed), value)
    assert.equal(memo.recall(BODY), undefined)
  }
})

test('recalls nothing after an answer that could not be read, but what was read before that', () => {
  const { memo, value } = read(BODY)
  assert.equal(memo.recall(Buffer.from('<html>')), undefined)
  assert.equal(memo.time, null)
  assert.equal(memo.recall(BODY), value)
})

test('reads an answer in another form each time', () => {
  const other = Buffer.from(TEXT.replaceAll('<int>', '<i4>').replaceAll('</int>', '</i4>'))
  const { memo, value } = read(other)
  assert.equal(
    memo.recall(Buffer.from(other.toString().replaceAll(/(<name>now<.*\n<value><i4>)\d/g, '$12'))),
    undefined,
  )
  assert.equal(memo.recall(other), value)
})

test('recalls only what the reader would read to the same, but for the time', () => {
  const { memo, value } = read(BODY)
  const { below, pick, text } = createMutator([TEXT, LATER])
  let recalled = 0
  for (let round = 0; round < FUZZ_ROUNDS; round++) {
    const at = below(LATER.length)
    const one =
      LATER.slice(0, at) + pick(['7', 'x', ' ', '\n', '<', '&', '\0', 'ö', '']) + LATER.slice(at + below(3))
    const body = Buffer.from(pick([() => one, text])())
    const known = memo.recall(body)
    if (known === undefined) continue
    recalled++
    assert.equal(known, value)
    assert.deepEqual(timeless(decodePlain(body)), timeless(value), body.toString())
  }
  assert.ok(recalled > 0)
})

/** Without the members that go with the time. */
function timeless(value: XmlRpcValue | undefined): unknown {
  if (isArray(value)) return value.map(timeless)
  if (!isStruct(value)) return value
  return [...value].filter(([name]) => name !== 'now' && name !== 'description')
}
