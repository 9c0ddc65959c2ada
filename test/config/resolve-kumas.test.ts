import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parse } from 'smol-toml'
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

const TWO = `[[kuma]]
name = "office"
url = "http://office:3001"
[[kuma]]
name = "cloud"
url = "https://cloud/kuma"
`
const withTwo = (lines: string) => `${TWO}[[monitor]]\nunit = "nginx"\n${lines}\n`

describe('several Kumas', () => {
  test('have a monitor push to the one that it names, or to the first', async () => {
    const files = { '/t': 'https://cloud/kuma/api/push/def?status=up\n' }
    const { config, secrets, warnings } = await loadText(
      `${withTwo('kuma = "cloud"\ntoken_file = "/t"')}[[monitor]]\nunit = "cron"\ntoken = "abc"`,
      { files },
    )
    assert.deepEqual(
      config.kumas.map(({ name }) => name),
      ['office', 'cloud'],
    )
    assert.deepEqual(
      config.monitors.map(({ push }) => push),
      [
        { kuma: 'cloud', baseUrl: 'https://cloud/kuma', token: 'def', proxy: null },
        { kuma: 'office', baseUrl: 'http://office:3001', token: 'abc', proxy: null },
      ],
    )
    assert.deepEqual(secrets.tokens, ['def', 'abc'])
    assert.deepEqual(warnings, [])
  })

  test('may have monitors with one token and the same programs', async () => {
    const { config } = await loadText(
      `${withTwo('token = "abc"')}[[monitor]]\nunit = "nginx"\nkuma = "cloud"\ntoken = "abc"`,
    )
    assert.deepEqual(
      config.monitors.map(({ name, push }) => [name, push?.baseUrl]),
      [
        ['nginx.service', 'http://office:3001'],
        ['nginx.service 2', 'https://cloud/kuma'],
      ],
    )
  })

  test('may be one [kuma] as well, and go by their hosts where they have no names', async () => {
    const single = await loadText('[kuma]\nurl = "http://h"\n[[monitor]]\ntoken = "abc"')
    const listed = await loadText('[[kuma]]\nurl = "http://h"\n[[monitor]]\ntoken = "abc"')
    assert.deepEqual(single.config, listed.config)
    const { config } = await loadText(
      `${withTwo('kuma = "office:3001"\ntoken = "abc"')}[[monitor]]\nunit = "cron"\nkuma = "cloud"\ntoken = "def"`.replaceAll(
        /name = .*\n/g,
        '',
      ),
    )
    assert.deepEqual(
      config.kumas.map(({ name }) => name),
      ['office:3001', 'cloud'],
    )
  })

  test('that get nothing are told and left out', async () => {
    const { config, warnings } = await loadText(withTwo('token = "abc"'))
    assert.deepEqual(
      config.kumas.map(({ name }) => name),
      ['office'],
    )
    assert.deepEqual(warnings, ['config.toml:4: kuma[2] "cloud" is in no [[monitor]] and gets nothing'])
  })

  test('are described so that it loads again, the tokens masked', async () => {
    const { config } = await loadText(
      `${withTwo('token = "abcdefgh"')}[[monitor]]\nunit = "cron"\ntoken = "qrstuvwx"\nkuma = "cloud"`,
    )
    const text = describeConfig(config)
    assert.doesNotMatch(text, /defgh|tuvwx/)
    const {
      kuma,
      monitor: [first, second],
    } = parse(text) as Record<'kuma' | 'monitor', Record<string, unknown>[]>
    assert.deepEqual(
      kuma.map(({ name, url }) => [name, url]),
      [
        ['office', 'http://office:3001'],
        ['cloud', 'https://cloud/kuma'],
      ],
    )
    assert.deepEqual([first?.['kuma'], first?.['push_url']], ['office', 'http://office:3001/api/push/abc…'])
    assert.deepEqual([second?.['kuma'], second?.['push_url']], ['cloud', 'https://cloud/kuma/api/push/qrs…'])
  })

  const wrong: [name: string, toml: string, ...problems: string[]][] = [
    [
      'an unknown name',
      withTwo('kuma = "clout"\ntoken = "abc"'),
      'config.toml:9: monitor[1].kuma must be the name of a [[kuma]], got "clout"; did you mean "cloud"?',
    ],
    [
      'tokens for several in one monitor',
      withTwo('tokens = { office = "abcdefgh", cloud = { file = "/t" } }'),
      'config.toml:9: monitor[1].tokens is no key any more, since a monitor pushes to one Kuma; write 2 [[monitor]] ' +
        'tables in its place, one with kuma = "office" and token = "…", one with kuma = "cloud" and ' +
        'token_file = "/t", each with a name of its own and the other lines of this one',
    ],
    [
      'tokens for one',
      withTwo('tokens = { cloud = "abcdefgh" }'),
      'config.toml:9: monitor[1].tokens is no key any more, since a monitor pushes to one Kuma; write ' +
        'kuma = "cloud" and token = "…" in its place',
    ],
    [
      'tokens of another form',
      withTwo('token = "abc"\ntokens = ["abcdefgh"]'),
      'config.toml:10: monitor[1].tokens is no key any more, since a monitor pushes to one Kuma; write 2 [[monitor]] ' +
        'tables in its place, one with kuma = "office" and token = "…", one with kuma = "cloud" and token = "…", ' +
        'each with a name of its own and the other lines of this one',
    ],
    [
      'a name that is taken',
      `${TWO}[[kuma]]\nname = "office"\n[[monitor]]\ntoken = "abc"`,
      'config.toml:8: kuma[3].name must be a name of its own, "office" is taken in line 2',
    ],
    [
      'one token of one Kuma twice',
      `${withTwo('kuma = "cloud"\ntoken = "abc"')}[[monitor]]\nunit = "cron"\nkuma = "cloud"\ntoken = "abc"`,
      'config.toml:14: monitor[2].token has the same token as line 10; each monitor needs a push monitor of its own in Kuma',
    ],
    [
      'a list of something else',
      'kuma = [7]\n[[monitor]]\ntoken = "abc"',
      'config.toml:1: kuma must be a table that starts with [kuma], got a number',
    ],
  ]
  for (const [name, toml, ...expected] of wrong) {
    test(`are refused with ${name}`, async () => assert.deepEqual(await problemsOf(toml), expected))
  }

  test('cannot be told apart by an option', async () => {
    assert.deepEqual(await problemsOf(withTwo('token = "abc"'), { flags: { kumaUrl: 'http://x' } }), [
      '--kuma-url: cannot tell which of 2 [[kuma]] is meant; change it in the file',
    ])
  })

  test('give way to a token of the command line', async () => {
    const { config } = await loadText(withTwo('kuma = "cloud"\ntoken = "def"'), { flags: { token: 'abc' } })
    assert.equal(config.monitors[0]?.push?.kuma, 'cloud')
    assert.equal(config.monitors[0].push.token, 'abc')
  })
})
