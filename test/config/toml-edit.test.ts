import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parse } from 'smol-toml'
import { addMonitors, removeMonitors, setKumaUrl, writtenMonitors } from '../../src/config/toml-edit.ts'

const CELERY = { name: 'celery', token: 'CeleryToken', kumaIntervalMs: 60_000, programs: ['celery:*'] }
const HOST = { name: 'supervisord', token: 'HostToken', kumaIntervalMs: 90_000, programs: [] }

const HAND_MADE = `# ours; do not touch
[kuma]   # the office
url = "http://10.9.0.55:3001"   # over the tunnel

[[monitor]]
name = "by hand"
token = "Mine"
programs = [
  # the mail
  "postfix:*",
]

[monitor.http] # its page
url = "http://127.0.0.1/"
`

describe('addMonitors', () => {
  test('writes a new file with what each monitor needs', () => {
    assert.equal(
      addMonitors('', [HOST, CELERY]),
      `[[monitor]] # made by provision
name = "supervisord"
token = "HostToken"
kuma_interval = "1m30s"

[[monitor]] # made by provision
name = "celery"
token = "CeleryToken"
kuma_interval = "1m"
programs = ["celery:*"]
`,
    )
  })

  test('leaves every character that is there', () => {
    const edited = addMonitors(HAND_MADE, [CELERY])
    assert.ok(edited.startsWith(HAND_MADE))
    assert.deepEqual([...writtenMonitors(edited)], [1])
  })

  const awkward: [string, string][] = [
    ['has no newline at its end', '[agent]\npush_every = "24s"'],
    ['has nothing but a comment', '# to be filled'],
    ['has the line ends of Windows', '[agent]\r\npush_every = "24s"\r\n'],
    ['begins with a byte order mark', '\uFEFF[agent]\npush_every = "24s"\n'],
    ['ends in a long text', '[[monitor]]\ntoken = """a\n[[monitor]]\n"""'],
  ]
  for (const [how, toml] of awkward) {
    test(`adds to a file that ${how}`, () => {
      const before = parse(toml)['monitor']
      const { monitor } = parse(addMonitors(toml, [CELERY]))
      assert.equal((monitor as unknown[]).length, (Array.isArray(before) ? before.length : 0) + 1)
    })
  }

  test('keeps the line ends of Windows in one kind', () => {
    assert.doesNotMatch(addMonitors('[agent]\r\npush_every = "24s"\r\n', [CELERY]), /[^\r]\n/)
  })

  test('writes names that need escapes', () => {
    const name = 'a "b" \\ c \u007F 程序'
    const toml = addMonitors('', [{ ...CELERY, name, programs: [name] }])
    assert.deepEqual(JSON.parse(JSON.stringify(parse(toml)['monitor'])), [
      { name, token: 'CeleryToken', kuma_interval: '1m', programs: [name] },
    ])
  })

  test('refuses a file whose monitors are an inline array', () => {
    assert.throws(() => addMonitors('monitor = [{ token = "a" }]\n', [CELERY]), {
      name: 'EditError',
      message: 'takes no further [[monitor]]: write each as a table of its own',
    })
  })
})

describe('setKumaUrl', () => {
  const URL = 'http://10.9.0.55:3001'
  const files: [string, string, string][] = [
    ['an empty file', '', `[kuma]\nurl = "${URL}"\n`],
    ['a file without [kuma]', '[agent]\n', `[agent]\n\n[kuma]\nurl = "${URL}"\n`],
    [
      'a [kuma] without it',
      '[kuma] # here\n# url = "x"\ntimeout = "9s"\n',
      `[kuma] # here\nurl = "${URL}"\n# url = "x"\ntimeout = "9s"\n`,
    ],
    ['a [[kuma]]', '[[kuma]]\nname = "a"\n', `[[kuma]]\nurl = "${URL}"\nname = "a"\n`],
    ['a [kuma] at the very end', '[kuma]', `[kuma]\nurl = "${URL}"`],
  ]
  for (const [what, before, after] of files) {
    test(`sets it in ${what}`, () => assert.equal(setKumaUrl(before, URL), after))
  }

  test('refuses where it would say something else', () => {
    assert.throws(() => setKumaUrl('kuma.timeout = "9s"\n', URL), { name: 'EditError' })
    assert.throws(() => setKumaUrl('[agent]\nstate_file = """\n[kuma]\n"""\n', URL), { name: 'EditError' })
  })
})

describe('removeMonitors', () => {
  test('takes away what was added, and nothing else', () => {
    const edited = addMonitors(HAND_MADE, [HOST, CELERY])
    assert.equal(removeMonitors(edited, new Set([1, 2])), HAND_MADE)
    assert.equal(removeMonitors(edited, new Set([2])), addMonitors(HAND_MADE, [HOST]))
    assert.equal(removeMonitors(edited, new Set([1])), addMonitors(HAND_MADE, [CELERY]))
  })

  test('keeps what stands after it', () => {
    const after = '\n# of the others\n[agent]\npush_every = "30s"\n'
    const edited = addMonitors('', [CELERY])
    assert.equal(removeMonitors(edited + after, new Set([0])), after)
  })

  test('refuses a monitor that was changed too much', () => {
    const edited = `${addMonitors('', [CELERY])}\n[monitor.http]\nurl = "http://127.0.0.1/"\n`
    assert.throws(() => removeMonitors(edited, new Set([0])), {
      name: 'EditError',
      message: 'has a [[monitor]] that was changed too much to be taken away: take it away by hand',
    })
  })
})

test("a monitor whose comment was taken away is its owner's alone", () => {
  const edited = addMonitors(HAND_MADE, [HOST, CELERY])
  const taken = edited.replace(' # made by provision', '')
  assert.deepEqual([...writtenMonitors(taken)], [2])
})
