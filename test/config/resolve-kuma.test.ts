import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { describeConfig } from '../../src/config/describe.ts'
import { loadText, problemsOf } from '../helpers/load-text.ts'

const MONITOR = '[[monitor]]\ntoken = "abc"\nunit = "nginx"\n'
const load = (kuma: string, request: Parameters<typeof loadText>[1] = {}) =>
  loadText(`[kuma]\n${kuma}\n${MONITOR}`, request)
const problems = (kuma: string, request: Parameters<typeof loadText>[1] = {}) =>
  problemsOf(`[kuma]\n${kuma}\n${MONITOR}`, request)

describe('basic authentication in front of Kuma', () => {
  test('is a header made of username and password, and neither is shown', async () => {
    const files = { '/p': 's3cret-wörd\n' }
    const { config, secrets } = await load('username = "kay"\npassword_file = "/p"', { files })
    const encoded = Buffer.from('kay:s3cret-wörd').toString('base64')
    assert.deepEqual(config.kumas[0]?.headers, { Authorization: `Basic ${encoded}` })
    assert.match(describeConfig(config), /^headers = \{ Authorization = "…" \}$/m)
    for (const secret of [encoded, 's3cret-wörd']) assert.ok(secrets.passwords.includes(secret), secret)
  })

  test('needs both, and no other Authorization', async () => {
    assert.deepEqual(await problems('username = "kay"'), [
      'config.toml:2: username needs a password or password_file too',
    ])
    assert.deepEqual(await problems('password = "s3cret"'), ['config.toml:2: password needs a username too'])
    assert.deepEqual(
      await problems('username = "kay"\npassword = "s3cret"\nheaders = { authorization = "Basic x" }'),
      ['config.toml:2: username cannot stand beside the header Authorization'],
    )
  })
})

describe('the headers for what stands in front of Kuma', () => {
  test('are read from files too', async () => {
    const files = { '/secret': '4567-secret\n' }
    const { config, secrets, warnings } = await load(
      'headers = { "X-Id" = "0123", "X-Secret" = { file = "/secret" } }',
      {
        files,
      },
    )
    assert.deepEqual(config.kumas[0]?.headers, { 'X-Id': '0123', 'X-Secret': '4567-secret' })
    assert.ok(secrets.passwords.includes('4567-secret'))
    assert.deepEqual(warnings, [])
  })

  test('have each problem told with its place', async () => {
    const files = { '/empty': '', '/wrong': 'пароль' }
    const toml =
      'headers = { A = { file = "/none" }, B = { file = "/empty" }, C = { file = "/wrong" }, D = { path = "/x" }, E = { file = 7 } }'
    assert.deepEqual(await problems(toml, { files }), [
      'config.toml:2: headers.D must be a text, or { file = "…" } with the file that holds it',
      'config.toml:2: headers.E must be a text in quotes, got a number',
    ])
    assert.deepEqual(await problems(toml.replace(/, D = .*/, ' }'), { files }), [
      'config.toml:2: headers.A /none does not exist',
      'config.toml:2: headers.B /empty is empty',
      'config.toml:2: headers.C /wrong must hold Latin characters only',
    ])
  })

  test('make the file a secret one only where it holds a value', async () => {
    const warningsOf = async (headers: string) => {
      const content = `[kuma]\nheaders = ${headers}\n[[monitor]]\ntoken_file = "/t"\nunit = "nginx"`
      const { warnings } = await loadText(
        { content, mode: 0o644 },
        { files: { '/t': 'abc', '/s': 'secret' } },
      )
      return warnings.length
    }
    assert.equal(await warningsOf('{ A = { file = "/s" } }'), 0)
    assert.equal(await warningsOf('{ A = "value" }'), 1)
  })
})

test('insecure is warned of, and stands beside no authority', async () => {
  const { config, warnings } = await load('url = "https://h"\ninsecure = true')
  assert.equal(config.kumas[0]?.insecure, true)
  assert.match(describeConfig(config), /^insecure = true$/m)
  assert.deepEqual(warnings, [
    "config.toml:3: insecure is true, so Kuma's certificate is not checked: whoever is on the way can read the token; " +
      'give its CA as ca_file instead',
  ])
  assert.deepEqual(await problems('ca_file = "/ca"\ninsecure = true', { files: { '/ca': 'pem' } }), [
    'config.toml:2: ca_file has no use with insecure = true',
  ])
  assert.deepEqual((await load('insecure = false')).warnings, [])
})

describe('the proxy on the way to Kuma', () => {
  const env = { HTTP_PROXY: 'http://kay:s3cret-word@env:1' }

  test('is the one of the environment, unless the file names another or none', async () => {
    for (const [line, proxy] of [
      ['', env.HTTP_PROXY],
      ['proxy = "http://file:2"', 'http://file:2'],
      ['proxy = "none"', null],
    ] as const) {
      const { config } = await load(`url = "http://kuma"\n${line}`, { env })
      assert.equal(config.kumas[0]?.proxy, proxy)
      assert.equal(config.monitors[0]?.push?.proxy, proxy)
    }
  })

  test('is chosen anew for a push URL of another host', async () => {
    const { config } = await loadText(
      '[kuma]\nurl = "http://kuma"\n[[monitor]]\npush_url = "http://inside/api/push/abc"\nunit = "nginx"',
      { env: { ...env, NO_PROXY: 'inside' } },
    )
    assert.equal(config.kumas[0]?.proxy, env.HTTP_PROXY)
    assert.equal(config.monitors[0]?.push?.proxy, null)
  })

  test('never shows its password', async () => {
    const { config, secrets } = await load('url = "http://kuma"', { env })
    assert.match(describeConfig(config), /^proxy = "http:\/\/…@env:1"$/m)
    assert.ok(secrets.passwords.includes('s3cret-word'))
  })

  test('is told once when it cannot be used', async () => {
    const { warnings } = await load('url = "http://kuma"', { env: { HTTP_PROXY: 'socks5://p' } })
    assert.equal(warnings.length, 1)
    assert.match(warnings[0] ?? '', /^HTTP_PROXY: must be a URL .* it is not used$/)
  })
})
