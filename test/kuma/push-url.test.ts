import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pushUrl } from '../../src/kuma/push-url.ts'

const TARGET = { baseUrl: 'http://h:3001', token: 'AWbUXTosJG' }

describe('the ping of a push URL', () => {
  const TABLE: [number | null, string | null][] = [
    [12, '12'],
    [12.6, '13'],
    [0.2, '1'],
    [0, null],
    [-1, null],
    [NaN, null],
    [Infinity, null],
    [null, null],
  ]
  for (const [ping, expected] of TABLE) {
    test(`of ${ping} ms is ${expected ?? 'left out'}`, () => {
      assert.equal(pushUrl(TARGET, { status: 'up', msg: 'x', ping }).searchParams.get('ping'), expected)
    })
  }
})

function msg(text: string): string | null {
  return pushUrl(TARGET, { status: 'down', msg: text, ping: null }).searchParams.get('msg')
}

describe('the message of a push URL', () => {
  test('arrives as it is when it is one line of at most 250 characters', () => {
    for (const text of ['a&b=c#d?e%41+f "g"', '🔴'.repeat(250), 'Müller · 東京'])
      assert.equal(msg(text), text)
  })

  test('is cut at a whole character', () => {
    assert.equal(msg('🔴'.repeat(251)), `${'🔴'.repeat(249)}…`)
  })

  test('has no control characters, line ends or half characters', () => {
    assert.equal(msg('\u001B[1ma\r\n\u2028b\u0000\u0085c\uDC00\n'), '[1ma b c\uFFFD')
  })
})

test('a push URL keeps the path of the base URL and drops its query', () => {
  const url = pushUrl({ ...TARGET, baseUrl: 'https://h/kuma//?a=b#c' }, { status: 'up', msg: '', ping: null })
  assert.equal(url.href, 'https://h/kuma/api/push/AWbUXTosJG?status=up&msg=')
})
