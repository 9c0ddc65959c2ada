import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createMask, maskCredentials } from '../../src/lib/secret.ts'
import { seededRandom } from '../helpers/seeded-random.ts'

describe('the mask of secrets', () => {
  it('shows three characters of a token and none of a password, the longest first', () => {
    const mask = createMask({ tokens: ['AWbUXTosJG', 'AWbUXTosJG2'], passwords: ['hunter2', ''] })
    assert.equal(mask('AWbUXTosJG2 AWbUXTosJG by hunter2, hunter2'), 'AWb… AWb… by …, …')
    assert.equal(mask('nothing of it: AWbUXTos'), 'nothing of it: AWbUXTos')
    assert.equal(createMask({ tokens: [], passwords: [] })('as it is'), 'as it is')
  })

  it('is the same for each of many secrets as for it alone, in whatever text', () => {
    const random = seededRandom(20260)
    const text = (length: number): string =>
      Array.from({ length }, () => 'abcXYZ …'[Math.floor(random() * 8)]).join('')
    for (let turns = 0; turns < 200; turns += 1) {
      const tokens = Array.from({ length: 33 + Math.floor(random() * 40) }, () =>
        text(3 + Math.floor(random() * 6)),
      )
      const shown = (secret: string): string => `${secret.slice(0, 3)}…`
      const longestFirst = tokens.toSorted((a, b) => b.length - a.length)
      const said = `${text(20)}${random() < 0.5 ? (tokens[7] ?? '') : ''}${text(5)}`
      const expected = longestFirst.reduce((masked, token) => masked.replaceAll(token, shown(token)), said)
      assert.equal(createMask({ tokens, passwords: [] })(said), expected)
    }
  })

  it('finds one of a thousand at the beginning and at the end of a text', () => {
    const tokens = Array.from({ length: 1_000 }, (_, index) => `token${String(index).padStart(8, '0')}`)
    const mask = createMask({ tokens, passwords: ['a much longer password than any token'] })
    assert.equal(mask('token00000999'), 'tok…')
    assert.equal(mask('is token00000000'), 'is tok…')
    assert.equal(mask('(a much longer password than any token)'), '(…)')
    assert.equal(mask('token0000099'), 'token0000099')
  })
})

describe('in the last line of a program', () => {
  const rows: [line: string, shown: string][] = [
    ['postgres://app:p@ss/w#rd@db:5432/x refused', 'postgres://…@db:5432/x refused'],
    ['redis://:pw@h', 'redis://…@h'],
    ['see http://a/b, mail x@y.z', 'see http://a/b, mail x@y.z'],
    ['password=hunter2 rest', 'password=… rest'],
    ['Password: "two words" rest', 'Password: … rest'],
    ['{"token": "a\\"b c", "user": "bob"}', '{"token": …, "user": "bob"}'],
    ['{\\"password\\": \\"two words\\", \\"n\\": 1}', '{\\"password\\": …, \\"n\\": 1}'],
    ["connect(passwd=u'two words', host='h')", "connect(passwd=…, host='h')"],
    ['Authorization: Digest username="x", response="y"', 'Authorization: …'],
    ['sent Bearer abc.def', 'sent Bearer …'],
    ['DB_PASS=x', 'DB_PASS=…'],
    ['AWS_SECRET_ACCESS_KEY => abc', 'AWS_SECRET_ACCESS_KEY => …'],
    ['GET /a?token=abc&x=1 failed', 'GET /a?token=… failed'],
    ['--password hunter2 --host h', '--password … --host h'],
    ['Invalid API key: sk-1', 'Invalid API key: …'],
    ['the token is "abc"', 'the token is …'],
    ["KeyError: 'DATABASE_URL'", "KeyError: 'DATABASE_URL'"],
    ['TokenExpiredError: jwt expired', 'TokenExpiredError: jwt expired'],
    ['could not connect to server: Connection refused', 'could not connect to server: Connection refused'],
    ['passed: 3', 'passed: 3'],
  ]
  for (const [line, shown] of rows) {
    it(`shows ${line} as ${shown}`, () => assert.equal(maskCredentials(line), shown))
  }
})
