import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseServerUrl, type ServerUrl } from '../../../src/collect/supervisor/server-url.ts'

const taken = (text: string): ServerUrl => {
  const parsed = parseServerUrl(text)
  return 'wrong' in parsed ? assert.fail(parsed.wrong) : parsed
}

const TAKEN: [text: string, shown: string, endpoint: string, socketPath: string | null][] = [
  [
    'unix:///run/supervisor.sock',
    'unix:///run/supervisor.sock',
    'http://localhost/RPC2',
    '/run/supervisor.sock',
  ],
  ['unix:///a b%20ö.sock', 'unix:///a b%20ö.sock', 'http://localhost/RPC2', '/a b%20ö.sock'],
  ['http://localhost:9001', 'http://localhost:9001', 'http://localhost:9001/RPC2', null],
  ['http://10.0.0.7:9001/', 'http://10.0.0.7:9001', 'http://10.0.0.7:9001/RPC2', null],
  ['http://h:9001/RPC2', 'http://h:9001', 'http://h:9001/RPC2', null],
  ['https://h/sv/one/', 'https://h/sv/one', 'https://h/sv/one/RPC2', null],
  ['https://h/sv/RPC2/?x=1#y', 'https://h/sv', 'https://h/sv/RPC2', null],
  ['http://[::1]:9001', 'http://[::1]:9001', 'http://[::1]:9001/RPC2', null],
]
for (const [text, shown, endpoint, socketPath] of TAKEN) {
  test(`takes ${text}`, () => {
    const { endpoint: url, ...rest } = taken(text)
    assert.deepEqual(rest, { shown, socketPath, username: null, password: null })
    assert.equal(url.href, endpoint)
  })
}

test('takes credentials out of a URL, decoded', () => {
  const { shown, endpoint, username, password } = taken('http://al%40ice:p%2Fw%3A@h:9001')
  assert.deepEqual([shown, username, password], ['http://h:9001', 'al@ice', 'p/w:'])
  assert.equal(endpoint.href, 'http://h:9001/RPC2')
  assert.equal(taken('http://a:100%25%zz@h').password, '100%25%zz')
})

const kinds = 'expected unix:///path, http://host:port or https://host:port, got '
const REFUSED: [string, string][] = [
  ['', `${kinds}""`],
  ['/run/supervisor.sock', `${kinds}"/run/supervisor.sock"`],
  ['localhost:9001', `${kinds}"localhost:9001"`],
  ['tcp://bob:secret@h:9001', `${kinds}"tcp://h:9001"`],
  ['http://bob:secret@h:99999', `${kinds}"http://h:99999"`],
  ['unix:/run/supervisor.sock', `${kinds}"unix:/run/supervisor.sock"`],
  [
    'unix://run/supervisor.sock',
    'unix:// needs an absolute path, like unix:///run/supervisor.sock, got "unix://run/supervisor.sock"',
  ],
  ['unix://', 'unix:// needs an absolute path, like unix:///run/supervisor.sock, got "unix://"'],
]
for (const [text, wrong] of REFUSED) {
  test(`refuses ${JSON.stringify(text)} without showing credentials`, () => {
    assert.deepEqual(parseServerUrl(text), { wrong })
  })
}
