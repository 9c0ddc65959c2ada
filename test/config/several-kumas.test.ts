import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parse } from 'smol-toml'
import { describeConfig } from '../../src/config/describe-config.ts'
import { loadText, problemsOf } from '../helpers/load-text.ts'

const TWO = `[[kuma]]
name = "office"
url = "http://office:3001"
[[kuma]]
name = "cloud"
url = "https://cloud/kuma"
`
const monitor = (lines: string) => `${TWO}[[monitor]]\nunit = "nginx"\n${lines}\n`

describe('several Kumas', () => {
  test('are pushed to side by side, with a token for each', async () => {
    const files = { '/t': 'https://cloud/kuma/api/push/def?status=up\n' }
    const { config, secrets, warnings } = await loadText(
      monitor('tokens = { office = "abc", cloud = { file = "/t" } }'),
      { files },
    )
    assert.deepEqual(
      config.kumas.map(({ name }) => name),
      ['office', 'cloud'],
    )
    assert.deepEqual(config.monitors[0]?.pushes, [
      { kuma: 'office', baseUrl: 'http://office:3001', token: 'abc', proxy: null },
      { kuma: 'cloud', baseUrl: 'https://cloud/kuma', token: 'def', proxy: null },
    ])
    assert.deepEqual(secrets.tokens, ['abc', 'def'])
    assert.deepEqual(warnings, [])
  })

  test('have a monitor push to the one that it names, or to the first', async () => {
    const { config } = await loadText(
      `${monitor('kuma = "cloud"\ntoken = "abc"')}[[monitor]]\nunit = "cron"\ntoken = "abc"`,
    )
    assert.deepEqual(
      config.monitors.map(({ pushes }) => pushes.map(({ kuma, baseUrl }) => `${kuma} ${baseUrl}`)),
      [['cloud https://cloud/kuma'], ['office http://office:3001']],
    )
  })

  test('may be one [kuma] as well, and go by their hosts where they have no names', async () => {
    const single = await loadText('[kuma]\nurl = "http://h"\n[[monitor]]\ntoken = "abc"')
    const listed = await loadText('[[kuma]]\nurl = "http://h"\n[[monitor]]\ntoken = "abc"')
    assert.deepEqual(single.config, listed.config)
    const { config } = await loadText(
      monitor('tokens = { "office:3001" = "abc", cloud = "def" }').replaceAll(/name = .*\n/g, ''),
    )
    assert.deepEqual(
      config.kumas.map(({ name }) => name),
      ['office:3001', 'cloud'],
    )
  })

  test('that get nothing are told and left out', async () => {
    const { config, warnings } = await loadText(monitor('token = "abc"'))
    assert.deepEqual(
      config.kumas.map(({ name }) => name),
      ['office'],
    )
    assert.deepEqual(warnings, ['config.toml:4: kuma[2] "cloud" is in no [[monitor]] and gets nothing'])
  })

  test('are described so that it loads again, the tokens masked', async () => {
    const { config } = await loadText(
      `${monitor('tokens = { office = "abcdefgh", cloud = "ijklmnop" }')}[[monitor]]\nunit = "cron"\ntoken = "qrstuvwx"\nkuma = "cloud"`,
    )
    const text = describeConfig(config)
    assert.doesNotMatch(text, /defgh|lmnop|tuvwx/)
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
    assert.deepEqual(
      { ...(first?.['tokens'] as object) },
      {
        office: 'http://office:3001/api/push/abc…',
        cloud: 'https://cloud/kuma/api/push/ijk…',
      },
    )
    assert.deepEqual([second?.['kuma'], second?.['push_url']], ['cloud', 'https://cloud/kuma/api/push/qrs…'])
  })

  const wrong: [name: string, toml: string, ...problems: string[]][] = [
    [
      'an unknown name',
      monitor('kuma = "clout"\ntoken = "abc"'),
      'config.toml:9: monitor[1].kuma must be the name of a [[kuma]], got "clout"; did you mean "cloud"?',
    ],
    [
      'an unknown name among tokens',
      monitor('tokens = { office = "abc", home = "def" }'),
      'config.toml:9: monitor[1].tokens.home must be the name of a [[kuma]], got "home"; known are "office", "cloud"',
    ],
    [
      'a wrong token',
      monitor('tokens = { office = "a/b", cloud = { path = "/t" } }'),
      'config.toml:9: monitor[1].tokens.office must be letters and digits only, got "a/b…" with "/" at character 2; copy the Push URL from the page of the monitor in Kuma',
      'config.toml:9: monitor[1].tokens.cloud must be a token, or { file = "…" } with the file that holds it',
    ],
    ['no token', monitor('tokens = {}'), 'config.toml:9: monitor[1].tokens must not be empty'],
    [
      'a list of tokens',
      monitor('tokens = ["abc"]'),
      'config.toml:9: monitor[1].tokens must be a table such as { office = "…", cloud = "…" }, got an array',
    ],
    [
      'a file of a token that is not there',
      monitor('tokens = { office = { file = "/none" } }'),
      'config.toml:9: monitor[1].tokens.office /none does not exist',
    ],
    [
      'tokens beside a token',
      monitor('token = "abc"\nkuma = "cloud"\ntokens = { office = "def" }'),
      'config.toml:9: monitor[1].token cannot stand beside tokens, which says it all',
      'config.toml:10: monitor[1].kuma cannot stand beside tokens, which says it all',
    ],
    [
      'a name that is taken',
      `${TWO}[[kuma]]\nname = "office"\n[[monitor]]\ntoken = "abc"`,
      'config.toml:8: kuma[3].name must be a name of its own, "office" is taken in line 2',
    ],
    [
      'one token of one Kuma twice',
      `${monitor('tokens = { office = "abc", cloud = "abc" }')}[[monitor]]\nunit = "cron"\nkuma = "cloud"\ntoken = "abc"`,
      'config.toml:13: monitor[2].token has the same token as line 9; each monitor needs a push monitor of its own in Kuma',
    ],
    [
      'a list of something else',
      'kuma = [7]\n[[monitor]]\ntoken = "abc"',
      'config.toml:1: kuma must be a table that starts with [kuma], got a number',
    ],
  ]
  for (const [name, toml, ...problems] of wrong) {
    test(`are refused with ${name}`, async () => assert.deepEqual(await problemsOf(toml), problems))
  }

  test('cannot be told apart by an option', async () => {
    assert.deepEqual(await problemsOf(monitor('token = "abc"'), { flags: { kumaUrl: 'http://x' } }), [
      '--kuma-url: cannot tell which of 2 [[kuma]] is meant; change it in the file',
    ])
  })

  test('give way to a token of the command line', async () => {
    const { config } = await loadText(monitor('tokens = { cloud = "def" }'), { flags: { token: 'abc' } })
    assert.deepEqual(
      config.monitors[0]?.pushes.map(({ kuma, token }) => `${kuma} ${token}`),
      ['office abc'],
    )
  })
})
