import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parse } from 'smol-toml'
import { describeConfig } from '../../src/config/describe.ts'
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
  test('have a monitor push to the one that it names, or to the first', async () => {
    const files = { '/t': 'https://cloud/kuma/api/push/def?status=up\n' }
    const { config, secrets, warnings } = await loadText(
      `${monitor('kuma = "cloud"\ntoken_file = "/t"')}[[monitor]]\nunit = "cron"\ntoken = "abc"`,
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
      `${monitor('token = "abc"')}[[monitor]]\nunit = "nginx"\nkuma = "cloud"\ntoken = "abc"`,
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
      `${monitor('kuma = "office:3001"\ntoken = "abc"')}[[monitor]]\nunit = "cron"\nkuma = "cloud"\ntoken = "def"`.replaceAll(
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
    const { config, warnings } = await loadText(monitor('token = "abc"'))
    assert.deepEqual(
      config.kumas.map(({ name }) => name),
      ['office'],
    )
    assert.deepEqual(warnings, ['config.toml:4: kuma[2] "cloud" is in no [[monitor]] and gets nothing'])
  })

  test('are described so that it loads again, the tokens masked', async () => {
    const { config } = await loadText(
      `${monitor('token = "abcdefgh"')}[[monitor]]\nunit = "cron"\ntoken = "qrstuvwx"\nkuma = "cloud"`,
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
      monitor('kuma = "clout"\ntoken = "abc"'),
      'config.toml:9: monitor[1].kuma must be the name of a [[kuma]], got "clout"; did you mean "cloud"?',
    ],
    [
      'tokens for several in one monitor',
      monitor('tokens = { office = "abcdefgh", cloud = { file = "/t" } }'),
      'config.toml:9: monitor[1].tokens is no key any more, since a monitor pushes to one Kuma; write 2 [[monitor]] ' +
        'tables in its place, one with kuma = "office" and token = "…", one with kuma = "cloud" and ' +
        'token_file = "/t", each with a name of its own and the other lines of this one',
    ],
    [
      'tokens for one',
      monitor('tokens = { cloud = "abcdefgh" }'),
      'config.toml:9: monitor[1].tokens is no key any more, since a monitor pushes to one Kuma; write ' +
        'kuma = "cloud" and token = "…" in its place',
    ],
    [
      'tokens of another form',
      monitor('token = "abc"\ntokens = ["abcdefgh"]'),
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
      `${monitor('kuma = "cloud"\ntoken = "abc"')}[[monitor]]\nunit = "cron"\nkuma = "cloud"\ntoken = "abc"`,
      'config.toml:14: monitor[2].token has the same token as line 10; each monitor needs a push monitor of its own in Kuma',
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
    const { config } = await loadText(monitor('kuma = "cloud"\ntoken = "def"'), { flags: { token: 'abc' } })
    assert.equal(config.monitors[0]?.push?.kuma, 'cloud')
    assert.equal(config.monitors[0].push.token, 'abc')
  })
})
