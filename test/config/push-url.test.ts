import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parsePushAddress, parsePushUrl } from '../../src/config/push-url.ts'

describe('parsePushAddress', () => {
  const right: [string, string | null, string][] = [
    ['AWbUXTosJG', null, 'AWbUXTosJG'],
    [' AWbUXTosJG\n', null, 'AWbUXTosJG'],
    [
      'http://10.9.0.55:3001/api/push/AWbUXTosJG?status=up&msg=OK&ping=',
      'http://10.9.0.55:3001',
      'AWbUXTosJG',
    ],
    ['https://status.example.com/api/push/abc', 'https://status.example.com', 'abc'],
    ['https://status.example.com:443/api/push/abc#x', 'https://status.example.com', 'abc'],
    ['http://h/kuma/api/push/TOKEN', 'http://h/kuma', 'TOKEN'],
    ['http://h/a/b/api/push/TOKEN/', 'http://h/a/b', 'TOKEN'],
    ['http://h//api/push/TOKEN', 'http://h', 'TOKEN'],
    ['http://h/api/push//TOKEN', 'http://h', 'TOKEN'],
    ['http://[fd00::1]:3001/api/push/TOKEN', 'http://[fd00::1]:3001', 'TOKEN'],
    ['HTTP://Kuma.Example.com/api/push/TOKEN', 'http://kuma.example.com', 'TOKEN'],
  ]
  for (const [text, baseUrl, token] of right) {
    test(`takes ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parsePushAddress(text), { value: { baseUrl, token } })
    })
  }

  const wrong: [string, RegExp][] = [
    ['AWb/UXTosJG', /^must be letters and digits only, got "AWb…" with "\/" at character 4; copy/],
    ['AWb UXTosJG', /with a space or line break at character 4;/],
    ['AWb\nUXTosJG', /with a space or line break at character 4;/],
    ['AWbÜXTosJG', /with a character that is not ASCII at character 4;/],
    ['AWbUXTosJG?status=up', /got "AWb…" with "\?" at character 11;/],
    ['', /^is empty$/],
    ['10.9.0.55:3001/api/push/AWbUXTosJG', /must start with http:\/\/ or https:\/\/$/],
    ['ftp://h/api/push/AWbUXTosJG', /got ftp:\/\/$/],
    ['http://h/api/push/', /^is a push URL without a token$/],
    ['http://h/api/push', /^must be a push URL like http:\/\/h\/api\/push\/…; copy/],
    ['http://h:3001/dashboard/12', /^must be a push URL like http:\/\/h:3001\/api\/push\//],
    ['http://h/api/push/AWbUX%2FTosJG', /got "AWb…" with "%" at character 6;/],
    ['http://kay:secret@h/api/push/AWbUXTosJG', /^must not hold a user name or password;.*password_file/],
    ['http://:99999/api/push/AWbUXTosJG', /^is not a valid URL;/],
  ]
  for (const [text, message] of wrong) {
    test(`refuses ${JSON.stringify(text)} without showing the token`, () => {
      const result = parsePushAddress(text)
      assert.ok('wrong' in result)
      assert.match(result.wrong, message)
      assert.doesNotMatch(result.wrong, /XTos|secret/)
      assert.doesNotMatch(result.wrong, /\n/)
    })
  }
})

describe('parsePushUrl', () => {
  test('takes a whole URL', () => {
    assert.deepEqual(parsePushUrl('http://h/api/push/abc'), { value: { baseUrl: 'http://h', token: 'abc' } })
  })

  test('refuses a bare token, and does not show it', () => {
    assert.deepEqual(parsePushUrl('AWbUXTosJG'), {
      wrong:
        'must be a whole push URL such as "http://127.0.0.1:3001/api/push/…"; a token alone goes into token',
    })
  })
})
