import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { chooseProxy } from '../../src/config/choose-proxy.ts'

const P = 'http://proxy:3128'

describe('the proxy that the environment names', () => {
  const cases: [name: string, env: Record<string, string>, url: string, proxy: string | null][] = [
    ['HTTPS_PROXY is for https', { HTTPS_PROXY: P }, 'https://kuma', P],
    ['HTTPS_PROXY is not for http', { HTTPS_PROXY: P }, 'http://kuma', null],
    ['HTTP_PROXY is for http', { HTTP_PROXY: P }, 'http://kuma:3001', P],
    ['lower case wins', { http_proxy: P, HTTP_PROXY: 'http://other' }, 'http://kuma', P],
    ['lower case and empty switches off', { http_proxy: '', HTTP_PROXY: P }, 'http://kuma', null],
    ['a scheme may be missing', { HTTP_PROXY: 'proxy:3128' }, 'http://kuma', P],
    [
      'a login is kept',
      { HTTP_PROXY: 'http://joe:s%40cret@proxy/' },
      'http://kuma',
      'http://joe:s%40cret@proxy',
    ],
    ['this host is not asked for', { HTTP_PROXY: P }, 'http://127.0.0.1:3001', null],
    ['localhost is not asked for', { HTTP_PROXY: P }, 'http://localhost:3001', null],
    ['::1 is not asked for', { HTTP_PROXY: P }, 'http://[::1]:3001', null],
  ]
  for (const [name, env, url, proxy] of cases) {
    test(name, () => assert.deepEqual(chooseProxy(env, url), { proxy, warning: null }))
  }

  test('is told when it cannot be used, without its password', () => {
    assert.deepEqual(chooseProxy({ HTTP_PROXY: 'socks5://joe:s3cret@proxy' }, 'http://kuma'), {
      proxy: null,
      warning:
        'HTTP_PROXY: must be a URL such as "http://proxy:3128", got "socks5://…@proxy"; it is not used',
    })
  })
})

describe('NO_PROXY', () => {
  const cases: [list: string, url: string, isExempt: boolean][] = [
    ['*', 'http://kuma', true],
    ['kuma', 'http://kuma', true],
    ['KUMA.Example.com', 'http://kuma.example.com', true],
    ['example.com', 'http://kuma.example.com', true],
    ['.example.com', 'http://kuma.example.com', true],
    ['*.example.com', 'http://kuma.example.com', true],
    ['ample.com', 'http://kuma.example.com', false],
    ['kuma.example.com', 'http://example.com', false],
    ['a, b c,kuma', 'http://kuma', true],
    ['kuma:3001', 'http://kuma:3001', true],
    ['kuma:3001', 'http://kuma', false],
    ['kuma:80', 'http://kuma', true],
    ['10.9.0.55', 'http://10.9.0.55:3001', true],
    ['0.55', 'http://10.9.0.55:3001', false],
    ['10.0.0.0/8', 'http://10.9.0.55:3001', true],
    ['10.8.0.0/16', 'http://10.9.0.55:3001', false],
    ['10.0.0.0/99', 'http://10.9.0.55:3001', false],
    ['10.0.0.0/', 'http://10.9.0.55:3001', false],
    ['nonsense/8', 'http://10.9.0.55:3001', false],
    ['fd00::1', 'http://[fd00::1]:3001', true],
    ['[fd00::1]:3001', 'http://[fd00::1]:3001', true],
    ['[fd00::1]:80', 'http://[fd00::1]:3001', false],
    ['fd00::/8', 'http://[fd00::1]', true],
    ['fd00::/8', 'http://10.9.0.55', false],
    ['', 'http://kuma', false],
  ]
  for (const [list, url, isExempt] of cases) {
    test(`"${list}" ${isExempt ? 'exempts' : 'does not exempt'} ${url}`, () =>
      assert.equal(chooseProxy({ HTTP_PROXY: P, NO_PROXY: list }, url).proxy, isExempt ? null : P))
  }
})
