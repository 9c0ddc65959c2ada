// Setting up Kuma by one command: a real supervisord, and a Kuma in every mood.
import assert from 'node:assert/strict'
import { chmod, lstat, mkdtemp, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { after, before, describe, test, type TestContext } from 'node:test'
import { provision } from '../../src/cli/provision/provision.ts'
import { ConfigError } from '../../src/lib/errors.ts'
import { createCertificates } from '../helpers/certificates.ts'
import { eventually } from '../helpers/eventually.ts'
import { freePort } from '../helpers/free-port.ts'
import { startPageKuma, type PageKuma } from '../helpers/page-kuma.ts'
import { startSupervisord, type Supervisord } from '../helpers/supervisord.ts'

let supervisord: Supervisord

before(async () => {
  supervisord = await startSupervisord({
    programs: {
      web: 'sleep 600',
      worker: { command: 'sleep 600', numprocs: 2, process_name: '%(program_name)s_%(process_num)02d' },
      'group:celery': { programs: 'worker' },
      // The agent itself, which must get no monitor.
      'eventlistener:kuma': {
        command: `sh -c 'sleep 600; exit' kuma-supervisor-push listen`,
        events: 'TICK_3600',
      },
    },
  })
  await eventually(
    'the programs run',
    () => supervisord.ctl('status'),
    (text) => (text.match(/RUNNING/g) ?? []).length === 4,
  )
})
after(() => supervisord.stop())

interface Setting {
  readonly kuma: PageKuma
  readonly config: string
}

async function setUp(t: TestContext, options: PageKuma['options'] = {}, toml?: string): Promise<Setting> {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-provision-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const config = join(folder, 'config.toml')
  if (toml !== undefined) await writeFile(config, toml, { mode: 0o600 })
  return { kuma: await startPageKuma(t, options), config }
}

type Flags = Parameters<typeof provision>[0]

interface Person {
  /** What is typed, in turn; nobody is there without. */
  answers?: (string | null)[]
  env?: Record<string, string>
  signal?: AbortSignal
}

async function run(
  { kuma, config }: Setting,
  flags: Flags = {},
  { answers, env = { KSP_KUMA_PASSWORD: 'right' }, signal }: Person = {},
) {
  let text = ''
  let errors = ''
  const questions: string[] = []
  const terminal = {
    env,
    print: (more: string) => void (text += more),
    printError: (more: string) => void (errors += more),
    hide: () => {},
    pipes: { input: Readable.from([]), output: () => {} },
    ask: (question: string, isSecret: boolean) => {
      questions.push(`${question}${isSecret ? '(hidden)' : ''}`)
      return Promise.resolve(answers?.shift() ?? null)
    },
    isInteractive: answers !== undefined,
    isScreen: false,
    screenSize: () => ({ columns: null, rows: null }),
    noteCrashIn: () => {},
    holdStop: () => null,
    onSignal: () => () => {},
  }
  const given = {
    config,
    kumaUrl: kuma.url,
    supervisorUrl: supervisord.url,
    unit: 'none',
    hostName: 'host-a',
    user: 'admin',
    ...flags,
  }
  try {
    const code = await provision(given, terminal, signal ?? new AbortController().signal)
    return { code, text, errors, questions }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    return { code: 78, text, errors: error.problems.join('\n'), questions }
  }
}

const namesOf = (kuma: PageKuma) => kuma.monitors.map(({ name }) => name)
const ALL = ['host-a', 'host-a / supervisord', 'host-a / celery', 'host-a / web']
const textOf = (config: string) => readFile(config, 'utf8').catch(() => null)

for (const version of ['1.23.17', '2.0.0-dev.0', '2.0.0', '2.5.3']) {
  test(`sets up Kuma ${version}, pushes at once, and changes nothing the second time`, async (t) => {
    const setting = await setUp(t, { version, notifications: [{ id: 7, name: 'ops', isDefault: true }] })
    const { kuma, config } = setting
    const first = await run(setting)
    assert.equal(first.code, 0, first.errors)
    assert.deepEqual(namesOf(kuma), ALL)
    const [group, ...children] = kuma.monitors
    for (const child of children) {
      assert.equal(child.parent, group?.id)
      assert.match(child.pushToken ?? '', /^[A-Za-z0-9]{32}$/)
      const { interval, maxretries, resendInterval, upsideDown } = child
      assert.deepEqual([interval, maxretries, resendInterval, upsideDown], [60, 0, 0, false])
    }
    assert.deepEqual(
      kuma.monitors.map(({ notificationIDList }) => Object.keys(notificationIDList)),
      [[], ['7'], [], []],
    )
    assert.deepEqual(kuma.pushes.toSorted(), children.map(({ pushToken }) => `${pushToken} up`).toSorted())
    assert.match(first.text, /^\+ push +host-a \/ celery +celery:\*, every 60 s$/m)
    assert.match(first.text, /^up +host-a \/ supervisord {2}4 of 4 running/m)

    const written = await readFile(config, 'utf8')
    for (const { pushToken = '' } of children) assert.ok(written.includes(pushToken))
    assert.ok(!first.text.includes(children[0]?.pushToken ?? ''))
    assert.equal((await stat(config)).mode & 0o777, 0o600)

    const eventsBefore = kuma.events.length
    const second = await run(setting)
    assert.equal(second.code, 0, second.errors)
    assert.match(second.text, /\nNothing to change\.\n$/)
    assert.equal(await readFile(config, 'utf8'), written)
    assert.deepEqual(kuma.events.slice(eventsBefore), ['needSetup', 'login'])
    assert.equal(kuma.pushes.length, 3)
  })
}

for (const [version, says] of [
  ['1.22.1', /^error: Uptime Kuma 1\.22\.1 is too old: 1\.23 or newer is needed; upgrade it/],
  [
    '3.0.0',
    /^error: Uptime Kuma 3\.0\.0 is newer than what is known \(1\.23 and 2\.x\), or make .* by hand; nothing was changed/,
  ],
  ['nightly', /^error: Uptime Kuma calls itself "nightly"/],
] as const) {
  test(`refuses Kuma ${version} before anything is changed`, async (t) => {
    const setting = await setUp(t, { version })
    const { code, errors } = await run(setting)
    assert.equal(code, 69)
    assert.match(errors, says)
    assert.deepEqual(setting.kuma.monitors, [])
    assert.equal(await textOf(setting.config), null)
  })
}

describe('--dry-run', () => {
  test('shows the plan as a diff, tokens masked, and changes nothing', async (t) => {
    const setting = await setUp(t, { notifications: [{ id: 1, name: 'ops' }] }, '# mine\n')
    const { code, text } = await run(setting, { dryRun: true })
    assert.equal(code, 0)
    const { kuma, config } = setting
    assert.equal(
      text
        .replaceAll(/"...…"/g, '"…"')
        .replaceAll(kuma.url, 'URL')
        .replace(config, 'FILE'),
      `Uptime Kuma 2.5.3 at URL
+ group  host-a
+ push   host-a / supervisord  the whole supervisord, every 60 s, alerts by "ops"
+ push   host-a / celery       celery:*, every 60 s
+ push   host-a / web          web:*, every 60 s

FILE
+ [kuma] url = "URL"
+ [[monitor]] name = "supervisord"  token = "…"
+ [[monitor]] name = "celery"  token = "…"  programs = ["celery:*"]
+ [[monitor]] name = "web"  token = "…"  programs = ["web:*"]
`,
    )
    assert.deepEqual(kuma.monitors, [])
    assert.equal(await readFile(config, 'utf8'), '# mine\n')
  })

  test('is meant by its variable, too', async (t) => {
    const setting = await setUp(t)
    await run(setting, {}, { env: { KSP_KUMA_PASSWORD: 'right', KSP_DRY_RUN: '1' } })
    assert.deepEqual(setting.kuma.monitors, [])
  })
})

describe('which monitors alert', () => {
  const two = [
    { id: 1, name: 'ops' },
    { id: 2, name: 'chat' },
  ]
  const attached = ({ monitors }: PageKuma) =>
    monitors.map(({ notificationIDList }) => Object.keys(notificationIDList).join())
  const cases: [string, Flags, PageKuma['options'], string[]][] = [
    ['the host by the only one there is', {}, { notifications: two.slice(0, 1) }, ['', '1', '', '']],
    ['each', { notify: 'each', notification: ['chat'] }, { notifications: two }, ['', '2', '2', '2']],
    [
      'the group, by both',
      { notify: 'group', notification: ['ops', 'chat'] },
      { notifications: two },
      ['1,2', '', '', ''],
    ],
    ['none', { notify: 'none' }, { notifications: two }, ['', '', '', '']],
    ['none where Kuma has none', {}, {}, ['', '', '', '']],
    [
      'but by none that is switched off',
      {},
      { notifications: [{ id: 1, name: 'ops', active: false }] },
      ['', '', '', ''],
    ],
  ]
  for (const [what, flags, options, expected] of cases) {
    test(`are as asked: ${what}`, async (t) => {
      const setting = await setUp(t, options)
      const { code, errors } = await run(setting, flags)
      assert.equal(code, 0, errors)
      assert.deepEqual(attached(setting.kuma), expected)
    })
  }

  test('has to be said where several might be meant, before anything is made', async (t) => {
    const setting = await setUp(t, { notifications: two })
    const { code, errors } = await run(setting)
    assert.equal(code, 69)
    assert.match(
      errors,
      /^error: Kuma has 2 notifications and none is its default: choose by --notification \("ops", "chat"/,
    )
    assert.deepEqual(setting.kuma.monitors, [])
  })

  test('is none where Kuma has nothing to alert by, which is told', async (t) => {
    const setting = await setUp(t)
    assert.match((await run(setting, { dryRun: true })).text, /^! Kuma has no notification yet/m)
    assert.doesNotMatch((await run(setting, { dryRun: true, notify: 'none' })).text, /notification/)
  })

  test('has to be one that there is', async (t) => {
    const setting = await setUp(t, { notifications: two })
    const { errors } = await run(setting, { notification: ['opps'] })
    assert.match(errors, /^error: --notification: Kuma has no notification "opps"; it has "ops", "chat"/)
  })
})

describe('the login', () => {
  test('is asked for on a terminal, the password without an echo', async (t) => {
    const setting = await setUp(t)
    const { code, questions, errors } = await run(
      setting,
      { user: undefined, kumaUrl: undefined },
      { answers: ['kuma', setting.kuma.url, 'admin', 'right'], env: {} },
    )
    assert.equal(code, 0, errors)
    assert.match(errors, /^It must start with http:\/\//)
    const url = "Uptime Kuma's URL [http://127.0.0.1:3001]: "
    assert.deepEqual(questions, [url, url, 'User in Kuma: ', 'Password of admin: (hidden)'])
    assert.ok((await readFile(setting.config, 'utf8')).startsWith(`[kuma]\nurl = "${setting.kuma.url}"\n`))
  })

  test('is asked for again when it was mistyped, and not for ever', async (t) => {
    const setting = await setUp(t)
    const mistyped = await run(setting, {}, { answers: ['rihgt', 'right'], env: {} })
    assert.equal(mistyped.code, 0, mistyped.errors)
    const password = 'Password of admin: (hidden)'
    assert.deepEqual(mistyped.questions, [password, password])
    assert.match(mistyped.errors, /^Kuma at \S+ refuses the login: "Incorrect username or password\."/)

    const another = await setUp(t)
    const wrong = await run(another, {}, { answers: ['a', 'b', 'c', 'right'], env: {} })
    assert.equal(wrong.code, 69)
    assert.equal(wrong.questions.length, 3)
    assert.equal(await textOf(another.config), null)
  })

  test('can be given up', async (t) => {
    const setting = await setUp(t)
    const { code, errors } = await run(setting, {}, { answers: [null], env: {} })
    assert.equal(code, 69)
    assert.equal(errors, 'error: nothing was entered, and nothing was changed\n')
  })

  test('has to be given where nobody can be asked', async (t) => {
    const { code, errors } = await run(await setUp(t), { user: undefined }, { env: {} })
    assert.equal(code, 78)
    assert.equal(
      errors,
      'Kuma wants a login, and there is no terminal to ask at: give its user by --user and the password by --password-file or KSP_KUMA_PASSWORD',
    )
  })

  test('takes the password from a file', async (t) => {
    const setting = await setUp(t)
    const file = `${setting.config}.password`
    await writeFile(file, 'right\n', { mode: 0o600 })
    assert.equal((await run(setting, { passwordFile: file }, { env: {} })).code, 0)
    const missing = await run(setting, { passwordFile: `${file}s` }, { env: {} })
    assert.match(missing.errors, /^--password-file: .*passwords does not exist$/)
  })

  test('that is wrong is told with what Kuma says of it', async (t) => {
    const setting = await setUp(t, { password: 'another' })
    const { code, errors } = await run(setting)
    assert.equal(code, 69)
    assert.match(errors, /refuses the login: "Incorrect username or password\."/)
    assert.equal(await textOf(setting.config), null)
  })

  test('that is one too many in this minute is told so', async (t) => {
    const { errors } = await run(await setUp(t, { logins: 0 }))
    assert.match(
      errors,
      /refuses the login: "Too frequently, try again later\."; it takes 20 logins a minute in all/,
    )
  })

  test('takes the code of a second factor as an option', async (t) => {
    const { code, errors } = await run(await setUp(t, { code: '123456' }), { twoFactorCode: '123 456' })
    assert.equal(code, 0, errors)
  })

  test('asks for the code of a second factor', async (t) => {
    const { code, questions } = await run(await setUp(t, { code: '123456' }), {}, { answers: [' 123 456 '] })
    assert.equal(code, 0)
    assert.deepEqual(questions, ['Code of the second factor: '])
  })

  test('says that a code is wanted, and that one is wrong', async (t) => {
    const setting = await setUp(t, { code: '123456' })
    assert.match(
      (await run(setting)).errors,
      /^error: Kuma wants the code of the second factor too: give it by --two-factor-code/,
    )
    assert.match(
      (await run(setting, { twoFactorCode: '000000' })).errors,
      /refuses the login: "Invalid Token!"/,
    )
  })

  test('is not asked for where Kuma wants none', async (t) => {
    const setting = await setUp(t, { isOpen: true })
    const { code, errors } = await run(setting, { user: undefined }, { env: {} })
    assert.equal(code, 0, errors)
    assert.ok(!setting.kuma.events.includes('login'))
  })

  test('cannot be where Kuma has no user yet', async (t) => {
    const { code, errors } = await run(await setUp(t, { hasUser: false }))
    assert.equal(code, 69)
    assert.match(errors, /has no user yet: open it in a browser, make one there, then run this again/)
  })
})

describe('the way to Kuma', () => {
  test('needs no websocket, which a proxy may eat', async (t) => {
    const setting = await setUp(t)
    assert.equal((await run(setting)).code, 0)
    assert.equal(setting.kuma.upgrades, 0)
  })

  test('goes through a path of a proxy, its headers and its certificate', async (t) => {
    const { ca, server } = await certificates(t)
    const setting = await setUp(
      t,
      {
        base: '/kuma',
        tls: server,
        before(req, res) {
          if (req.headers['x-access'] === 'let me in') return false
          res.writeHead(403).end('who are you?')
          return true
        },
      },
      `[kuma]\nca_file = "${ca}"\nheaders = { "X-Access" = "let me in" }\n`,
    )
    const { code, errors } = await run(setting)
    assert.equal(code, 0, errors)
    assert.deepEqual(namesOf(setting.kuma), ALL)
  })

  const refusals: [string, PageKuma['options'], RegExp][] = [
    [
      'a proxy that wants a login',
      { before: (_, res) => Boolean(res.writeHead(401).end()) },
      /answers 401: a proxy in front of it refuses; give it what it wants/,
    ],
    [
      'a page in its place',
      { before: (_, res) => Boolean(res.writeHead(200, { 'content-type': 'text/html' }).end('<html>')) },
      /answers something else where Kuma's page connects \(\/socket\.io\/\): check the URL/,
    ],
    [
      'another path',
      { before: (_, res) => Boolean(res.writeHead(404).end('Cannot GET')) },
      /answers 404 where/,
    ],
    [
      'a redirect to https',
      {
        before: ({ headers }, res) =>
          Boolean(res.writeHead(301, { location: `https://${headers.host}/` }).end()),
      },
      /answers 301: it redirects to https:\/\/: give the URL with that/,
    ],
    [
      'a login page elsewhere',
      {
        before: (_, res) => Boolean(res.writeHead(302, { location: 'https://sso.example/?to=secret' }).end()),
      },
      /answers 302: it redirects to https:\/\/sso\.example: a login page/,
    ],
    [
      'a Kuma that starts behind its proxy',
      { before: (_, res) => Boolean(res.writeHead(502).end()) },
      /answers 502: it is overloaded, restarting/,
    ],
  ]
  for (const [what, options, says] of refusals) {
    test(`tells of ${what}`, async (t) => {
      const setting = await setUp(t, options)
      const { code, errors } = await run(setting)
      assert.equal(code, 69)
      assert.match(errors, says)
      assert.doesNotMatch(errors, /secret/)
      assert.equal(await textOf(setting.config), null)
    })
  }

  test('tells where nobody listens', async (t) => {
    const setting = await setUp(t)
    const { errors } = await run(setting, { kumaUrl: `http://127.0.0.1:${await freePort()}` })
    assert.match(errors, /^error: Kuma at http:\/\/127\.0\.0\.1:\d+ refuses connections/)
  })
})

describe('interrupted', () => {
  const found = ({ kuma }: Setting) => namesOf(kuma).toSorted()

  for (const name of ALL) {
    test(`after ${name} was made, it is finished by the next run, without an orphan`, async (t) => {
      const setting = await setUp(t, { hangUpAt: (monitor) => monitor.name === name })
      const first = await run(setting)
      assert.equal(first.code, 69)
      assert.match(
        first.errors,
        /ended midway \(add\); not all of it is done, run the same again: it goes on from there/,
      )
      setting.kuma.options.hangUpAt = () => false
      const second = await run(setting)
      assert.equal(second.code, 0, second.errors)
      assert.deepEqual(found(setting), ALL.toSorted())
      assert.match((await run(setting)).text, /Nothing to change/)
    })
  }

  test('by a refusal of Kuma, it says so in its words and goes on later', async (t) => {
    const setting = await setUp(t, {
      refuse: ({ name }) => (name.endsWith('web') ? 'SQLITE_FULL: disk is full' : null),
    })
    const { code, errors } = await run(setting)
    assert.equal(code, 69)
    assert.match(errors, /^error: Kuma refused it: "SQLITE_FULL: disk is full"; not all of it is done/)
    delete setting.kuma.options.refuse
    assert.equal((await run(setting)).code, 0)
    assert.deepEqual(found(setting), ALL.toSorted())
  })

  test('by Ctrl-C while Kuma does not answer', async (t) => {
    const setting = await setUp(t, { silent: ['add'] })
    const stop = new AbortController()
    const running = run(setting, {}, { signal: stop.signal })
    await eventually('Kuma is asked', () => setting.kuma.events.includes('add'))
    stop.abort()
    const { code, errors } = await running
    assert.equal(code, 69)
    assert.match(errors, /^error: interrupted; not all of it is done/)
  })
})

test('Kuma 3 is named at once, whether it answers the events of 2.x or not', async (t) => {
  const answerLogin = (req: IncomingMessage, res: ServerResponse): boolean => {
    if (req.url !== '/api/auth/sign-in/username') return false
    const refused = '{"code":"VALIDATION_ERROR","message":"[body.username] Invalid input"}'
    res.writeHead(400, { 'content-type': 'application/json' }).end(refused)
    return true
  }
  for (const silent of [['needSetup', 'login'], ['login'], []]) {
    const setting = await setUp(t, { version: '3.0.0-beta.0', silent, before: answerLogin })
    const startedMs = performance.now()
    const { code, errors } = await run(setting)
    // An event that is not answered takes 30 s.
    assert.ok(performance.now() - startedMs < 15_000)
    assert.equal(code, 69)
    assert.match(
      errors,
      /this is Kuma 3: provision and doctor --user do not support its login yet; pushing does/,
    )
  }
})

describe('two hosts of one name', () => {
  test('the second one is refused, and takes another', async (t) => {
    const one = await setUp(t)
    await run(one)
    const other = { ...one, config: `${one.config}.other` }
    const refused = await run(other)
    assert.equal(refused.code, 69)
    assert.match(
      refused.errors,
      /^error: Kuma has a group "host-a" already, with monitors whose tokens are not in this/,
    )
    assert.equal(await textOf(other.config), null)
    assert.equal((await run(other, { hostName: 'host-b' })).code, 0)
    assert.equal(one.kuma.monitors.length, 8)
  })
})

describe('programs that come and go', () => {
  test('get monitors, are told of, and are removed with --prune alone', async (t) => {
    const setting = await setUp(t)
    await run(setting, { per: 'program' })
    assert.equal(setting.kuma.monitors.length, 5)
    const told = await run(setting)
    assert.match(
      told.text,
      /^! push +host-a \/ celery:worker_00 +not wanted with --per group; --prune removes it$/m,
    )
    assert.ok(namesOf(setting.kuma).includes('host-a / celery:worker_00'))

    const pruned = await run(setting, { prune: true })
    assert.equal(pruned.code, 0, pruned.errors)
    assert.match(pruned.text, /\nRemoved 2\.\n/)
    assert.deepEqual(namesOf(setting.kuma).toSorted(), ALL.toSorted())
    assert.doesNotMatch(await readFile(setting.config, 'utf8'), /worker_00/)
    assert.match((await run(setting)).text, /Nothing to change/)
  })
})

describe('the configuration file', () => {
  test('keeps its comments and what was made by hand', async (t) => {
    const mine =
      '# ours\n[agent]\npush_every = "8s" # quick\n\n[[monitor]] # the mail\nname = "mail"\nunit = "postfix"\ntoken = "Mine"\n'
    const setting = await setUp(t, {}, mine)
    const { code, errors } = await run(setting)
    assert.equal(code, 0, errors)
    assert.ok((await readFile(setting.config, 'utf8')).startsWith(mine))
    assert.deepEqual(
      setting.kuma.monitors.slice(1).map(({ interval }) => interval),
      [20, 20, 20],
    )
  })

  test('stays a symbolic link', async (t) => {
    const setting = await setUp(t)
    await symlink('real.toml', setting.config)
    assert.equal((await run(setting)).code, 0)
    assert.ok((await lstat(setting.config)).isSymbolicLink())
    assert.match((await run(setting)).text, /Nothing to change/)
  })

  test('that is read-only is told of before Kuma is asked', async (t) => {
    const setting = await setUp(t, {}, '# mine\n')
    await chmod(setting.config, 0o444)
    const { code, errors } = await run(setting)
    assert.equal(code, 78)
    assert.match(errors, /is read-only \(mode 0444\): chmod u\+w it, .* nothing was changed$/)
    assert.deepEqual(setting.kuma.events, [])
    assert.equal((await run(setting, { dryRun: true })).code, 0)
  })

  const wrong: [string, string, Flags, RegExp][] = [
    [
      'names another Kuma',
      '[kuma]\nurl = "http://10.9.0.55:3001"\n',
      {},
      /^--kuma-url: is .*, and .*config\.toml says url = "http:\/\/10\.9\.0\.55:3001"/,
    ],
    ['lacks a token', '[[monitor]]\nname = "a"\n', {}, /config\.toml:1: monitor\[1\] needs token/],
    [
      'has two Kumas',
      '[[kuma]]\nname = "a"\nurl = "http://a"\n[[kuma]]\nname = "b"\n',
      { kumaUrl: undefined },
      /provision sets up one \[kuma\], and there are 2/,
    ],
    [
      'has an array of monitors',
      'monitor = [{ token = "a" }]\n',
      {},
      /takes no further \[\[monitor\]\]: write each as a table of its own; nothing was changed/,
    ],
  ]
  for (const [how, toml, flags, says] of wrong) {
    test(`is refused where it ${how}`, async (t) => {
      const setting = await setUp(t, {}, toml)
      const { code, errors } = await run(setting, flags)
      assert.equal(code, 78)
      assert.match(errors, says)
      assert.deepEqual(setting.kuma.monitors, [])
      assert.equal(await readFile(setting.config, 'utf8'), toml)
    })
  }

  test('is all that a token may come from', async (t) => {
    const setting = await setUp(t)
    const { code, errors } = await run(setting, { token: 'Mine' }, { env: { KSP_PROGRAMS: 'web' } })
    assert.equal(code, 78)
    assert.match(errors, /^--token: has no use for provision.*\nKSP_PROGRAMS: has no use/)
  })
})

test('cannot be without supervisord', async (t) => {
  const setting = await setUp(t)
  const { code, errors } = await run(setting, { supervisorUrl: 'unix:///none/supervisor.sock' })
  assert.equal(code, 69)
  assert.match(errors, /^error: the programs of supervisord cannot be read: .*\/none\/supervisor\.sock/)
  assert.deepEqual(setting.kuma.events, [])
})

async function certificates(t: TestContext) {
  const made = await createCertificates()
  const folder = await mkdtemp(join(tmpdir(), 'ksp-ca-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const ca = join(folder, 'ca.pem')
  await writeFile(ca, made.ca)
  return { ca, server: made.server }
}
