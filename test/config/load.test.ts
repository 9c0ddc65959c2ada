import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loadText } from '../helpers/load-text.ts'
import { monitorSettings } from '../helpers/snapshots.ts'

const TOKEN = '[[monitor]]\ntoken = "AWbUXTosJG"\n'

/** A monitor over the whole local supervisord. */
const WHOLE = monitorSettings()

async function pickFrom(toml: string, request: Parameters<typeof loadText>[1]) {
  const { config } = await loadText(toml, request)
  const [monitor] = config.monitors
  const programs = monitor?.target.kind === 'supervisor' ? monitor.target.programs : []
  return [config.kumas[0]?.url, config.agent.pushEveryMs, monitor?.push?.token, ...programs]
}

async function unitOf(url: string, more = '') {
  const { config } = await loadText(`[[supervisor]]\nurl = "${url}"\n${more}\n${TOKEN}`)
  return config.supervisors[0]?.unit
}

async function warningsOf(...request: Parameters<typeof loadText>) {
  const { warnings } = await loadText(...request)
  return warnings
}

describe('loadConfig without a file', () => {
  test('makes one monitor over the local supervisord from a token', async () => {
    const { config, warnings, source, secrets } = await loadText(null, { flags: { token: 'AWbUXTosJG' } })
    assert.deepEqual(config, {
      kumas: [
        {
          name: 'kuma',
          url: 'http://127.0.0.1:3001',
          headers: {},
          caFile: null,
          insecure: false,
          clientCertFile: null,
          clientKeyFile: null,
          proxy: null,
          timeoutMs: 25_000,
          repeatTimeoutMs: 12_000,
        },
      ],
      agent: {
        pushEveryMs: 24_000,
        checkEveryMs: 5000,
        schedule: null,
        stateFile: '/var/lib/kuma-supervisor-push/state.json',
        onStop: 'none',
      },
      supervisors: [
        {
          name: 'local',
          unit: 'auto',
          url: 'auto',
          username: null,
          password: null,
          caFile: null,
          ownerUid: null,
          timeoutMs: 5000,
        },
      ],
      monitors: [
        {
          name: 'supervisor',
          push: { kuma: 'kuma', baseUrl: 'http://127.0.0.1:3001', token: 'AWbUXTosJG', proxy: null },
          kumaIntervalMs: null,
          target: WHOLE,
        },
      ],
    })
    assert.deepEqual(warnings, [])
    assert.equal(source, null)
    assert.deepEqual(secrets, { tokens: ['AWbUXTosJG'], passwords: [] })
  })

  test('takes a whole push URL for a token, with the base of Kuma in it', async () => {
    const pasted = 'http://10.9.0.55:3001/kuma/api/push/AWbUXTosJG?status=up&msg=OK&ping='
    for (const flags of [{ token: pasted }, { pushUrl: pasted }]) {
      const { config } = await loadText(null, { flags })
      assert.deepEqual(config.monitors[0]?.push, {
        kuma: 'kuma',
        baseUrl: 'http://10.9.0.55:3001/kuma',
        token: 'AWbUXTosJG',
        proxy: null,
      })
    }
  })

  test('reads the token, or a push URL, from a file', async () => {
    const files = { t: ' AWbUXTosJG\n', '/home/kay/u': 'http://h/api/push/abc?status=up\r\n' }
    const first = await loadText(null, { flags: { tokenFile: 't' }, files })
    assert.equal(first.config.monitors[0]?.push?.token, 'AWbUXTosJG')
    const second = await loadText(null, { env: { KSP_TOKEN_FILE: '~/u' }, files })
    assert.deepEqual(second.config.monitors[0]?.push, {
      kuma: 'kuma',
      baseUrl: 'http://h',
      token: 'abc',
      proxy: null,
    })
  })

  test('needs no token with --dry-run, and keeps one that is given', async () => {
    const without = await loadText(null, { flags: { dryRun: true } })
    assert.equal(without.dryRun, true)
    assert.equal(without.config.monitors[0]?.push, null)
    const given = await loadText(null, { flags: { token: 'abc' }, env: { KSP_DRY_RUN: '1' } })
    assert.equal(given.dryRun, true)
    assert.equal(given.config.monitors[0]?.push?.token, 'abc')
  })

  test('reads every option from its variable', async () => {
    const { config, logLevel, logFormat, dryRun } = await loadText(null, {
      env: {
        KSP_TOKEN: 'abc',
        KSP_KUMA_URL: 'http://h/',
        KSP_UNIT: 'sup',
        KSP_SUPERVISOR_URL: 'unix:///s',
        KSP_PROGRAMS: 'celery:*, web,',
        KSP_PUSH_EVERY: '30s',
        KSP_CHECK_EVERY: '2s',
        KSP_STATE_FILE: 'state.json',
        KSP_LOG_LEVEL: 'debug',
        KSP_LOG_FORMAT: 'json',
        KSP_DRY_RUN: '',
      },
    })
    assert.deepEqual(config.monitors, [
      {
        name: 'celery:*, web',
        push: { kuma: 'kuma', baseUrl: 'http://h', token: 'abc', proxy: null },
        kumaIntervalMs: null,
        target: { ...WHOLE, programs: ['celery:*', 'web'], exclude: [] },
      },
    ])
    assert.equal(config.supervisors[0]?.unit, 'sup.service')
    assert.equal(config.supervisors[0].url, 'unix:///s')
    assert.deepEqual(config.agent, {
      pushEveryMs: 30_000,
      checkEveryMs: 2000,
      schedule: null,
      stateFile: 'state.json',
      onStop: 'none',
    })
    assert.deepEqual([logLevel, logFormat, dryRun], ['debug', 'json', false])
  })
})

describe('loadConfig with several sources', () => {
  const toml = `[kuma]\nurl = "http://file"\n[agent]\npush_every = "10s"\n[[supervisor]]\nunit = "file"\n${TOKEN}programs = ["file"]\nexclude = ["x"]\n`

  test('prefers options to variables, and these to the file', async () => {
    const env = { KSP_KUMA_URL: 'http://env', KSP_PUSH_EVERY: '20s', KSP_TOKEN: 'env', KSP_PROGRAMS: 'env' }
    const flags = { kumaUrl: 'http://flag', pushEvery: '30s', token: 'flag', programs: ['flag,a', 'b'] }
    assert.deepEqual(await pickFrom(toml, {}), ['http://file', 10_000, 'AWbUXTosJG', 'file'])
    assert.deepEqual(await pickFrom(toml, { env }), ['http://env', 20_000, 'env', 'env'])
    assert.deepEqual(await pickFrom(toml, { env, flags }), ['http://flag', 30_000, 'flag', 'flag', 'a', 'b'])
  })

  test('keeps the rest of the one monitor that options change', async () => {
    const { config } = await loadText(toml, { flags: { pushUrl: 'http://other/api/push/abc' } })
    assert.deepEqual(config.monitors, [
      {
        name: 'file',
        push: { kuma: 'kuma', baseUrl: 'http://other', token: 'abc', proxy: null },
        kumaIntervalMs: null,
        target: { ...WHOLE, programs: ['file'], exclude: ['x'] },
      },
    ])
    assert.equal(config.supervisors[0]?.unit, 'file.service')
  })

  test('takes any of the three ways to give a token from the first source that gives one', async () => {
    const { config } = await loadText(toml, {
      flags: { tokenFile: 't' },
      env: { KSP_PUSH_URL: 'http://h/api/push/env' },
      files: { t: 'fromfile' },
    })
    assert.deepEqual(config.monitors[0]?.push, {
      kuma: 'kuma',
      baseUrl: 'http://file',
      token: 'fromfile',
      proxy: null,
    })
  })

  test('lets a period win over the schedule of a lesser source, and the other way round', async () => {
    const scheduled = `[agent]\nschedule = "*/5 * * * *"\n${TOKEN}`
    const period = await loadText(scheduled, { flags: { pushEvery: '10s' } })
    assert.deepEqual([period.config.agent.schedule, period.config.agent.pushEveryMs], [null, 10_000])
    const schedule = await loadText(toml, { env: { KSP_SCHEDULE: '@hourly' } })
    assert.equal(schedule.config.agent.schedule, '@hourly')
  })

  test('reads the file that an option names, and resolves its paths from where it is', async () => {
    const files = {
      'conf/my.toml': '[agent]\nstate_file = "s.json"\n[[monitor]]\ntoken_file = "my.token"\n',
      'conf/my.token': 'abc',
    }
    const { config, source } = await loadText(null, { flags: { config: 'conf/my.toml' }, files })
    assert.equal(source, 'conf/my.toml')
    assert.equal(config.agent.stateFile, 'conf/s.json')
    assert.equal(config.monitors[0]?.push?.token, 'abc')
  })
})

describe('loadConfig with a file', () => {
  test('takes the file with a byte order mark and Windows line ends', async () => {
    const { config } = await loadText(`\uFEFF[kuma]\r\nurl = "http://h"\r\n\r\n${TOKEN}`)
    assert.deepEqual(config.monitors[0]?.push, {
      kuma: 'kuma',
      baseUrl: 'http://h',
      token: 'AWbUXTosJG',
      proxy: null,
    })
  })

  test('names monitors and supervisords that have no name, each by its own', async () => {
    const { config } = await loadText(
      `[[supervisor]]\n[[supervisor]]\nurl = "http://h:9001"\n[[supervisor]]\nurl = "unix:///s"\n
      ${TOKEN}
      [[monitor]]\ntoken = "a"\nsupervisor = "h:9001"
      [[monitor]]\ntoken = "b"\nsupervisor = "local 2"\nprograms = ["x", "y"]
      [[monitor]]\ntoken = "c"\nprograms = ["x", "y"]
      [[monitor]]\ntoken = "d"\nunit = "nginx"
      [[monitor]]\ntoken = "e"\nname = "nginx.service"`,
    )
    assert.deepEqual(
      config.supervisors.map(({ name, unit }) => [name, unit]),
      [
        ['local', 'auto'],
        ['h:9001', 'none'],
        ['local 2', 'auto'],
      ],
    )
    assert.deepEqual(
      config.monitors.map(({ name }) => name),
      ['local', 'h:9001', 'x, y', 'x, y 2', 'nginx.service 2', 'nginx.service'],
    )
  })

  test('asks the systemd of this host about a supervisord on this host only, unless told', async () => {
    assert.equal(await unitOf('http://localhost:9001'), 'auto')
    assert.equal(await unitOf('http://[::1]:9001'), 'auto')
    assert.equal(await unitOf('http://10.0.0.1:9001'), 'none')
    assert.equal(await unitOf('http://10.0.0.1:9001', 'unit = "auto"'), 'auto')
  })

  test('has no supervisord where every monitor watches a unit', async () => {
    const { config } = await loadText(`${TOKEN}unit = "nginx"\n`)
    assert.deepEqual(config.supervisors, [])
    assert.deepEqual(config.monitors[0]?.target, { kind: 'unit', unit: 'nginx.service' })
  })

  test('lets one token serve in two Kumas', async () => {
    const { config } = await loadText(`${TOKEN}[[monitor]]\npush_url = "http://other/api/push/AWbUXTosJG"\n`)
    assert.equal(config.monitors.length, 2)
  })

  test('reads a password from its file, and knows the secrets to mask', async () => {
    const { config, secrets } = await loadText(
      `[kuma]\nheaders = { Authorization = "Basic a2F5OnMzY3JldA==", X-Site = "eu" }
      [[supervisor]]\nusername = "kay"\npassword_file = "/p"\n${TOKEN}`,
      { files: { '/p': 's3cret\n' } },
    )
    assert.equal(config.supervisors[0]?.password, 's3cret')
    assert.deepEqual(config.kumas[0]?.headers, { Authorization: 'Basic a2F5OnMzY3JldA==', 'X-Site': 'eu' })
    assert.deepEqual(secrets.tokens, ['AWbUXTosJG'])
    assert.deepEqual(secrets.passwords, ['s3cret', 'Basic a2F5OnMzY3JldA==', 'a2F5OnMzY3JldA=='])
  })

  test('fills in memory limits and HTTP checks', async () => {
    const { config } = await loadText(
      `${TOKEN}memory = "512MB"\nhttp = { url = "http://h/x?key=1#y" }\non_failure = "restart"\nlog_tail = true\nrestart_cooldown = "1m"
      [[monitor]]\ntoken = "abc"\n[monitor.http]\nurl = "https://h"\nstatus = [200, 204]\nbody = "ok"\ntimeout = "1s"\nwhen = "always"`,
    )
    const [first, second] = config.monitors
    assert.deepEqual(first?.target, {
      ...WHOLE,
      memoryBytes: 512 * 1024 * 1024,
      http: { url: 'http://h/x?key=1', status: [200], body: null, timeoutMs: 10_000, when: 'running' },
      onFailure: 'restart',
      restartCooldownMs: 60_000,
      logTail: true,
    })
    assert.deepEqual(second?.target, {
      ...WHOLE,
      http: { url: 'https://h/', status: [200, 204], body: 'ok', timeoutMs: 1000, when: 'always' },
    })
  })

  test('looks as often as it pushes where that is more often than every 5 s', async () => {
    const { config, warnings } = await loadText(`[agent]\npush_every = "2s"\n${TOKEN}`)
    assert.equal(config.agent.checkEveryMs, 2000)
    assert.deepEqual(warnings, [])
  })
})

describe('the state file without a configured one', () => {
  const cases: [string, Record<string, string>, string[], string][] = [
    ['the system folder', {}, ['/var/lib/kuma-supervisor-push'], '/var/lib/kuma-supervisor-push/state.json'],
    ['XDG_STATE_HOME', { XDG_STATE_HOME: '/xdg' }, [], '/xdg/kuma-supervisor-push/state.json'],
    ['the home folder', {}, [], '/home/kay/.local/state/kuma-supervisor-push/state.json'],
    [
      'the home folder for a relative XDG_STATE_HOME',
      { XDG_STATE_HOME: 'x' },
      [],
      '/home/kay/.local/state/kuma-supervisor-push/state.json',
    ],
  ]
  for (const [name, env, writable, path] of cases) {
    test(`is in ${name}`, async () => {
      const { config } = await loadText(TOKEN, { env, writable })
      assert.equal(config.agent.stateFile, path)
    })
  }
})

describe('the warnings of loadConfig', () => {
  test('tell of a file with a token that others can read', async () => {
    assert.deepEqual(await warningsOf({ content: TOKEN, mode: 0o644, uid: 1000, gid: 1000 }), [
      'config.toml holds a secret and can be read by every user (mode 0644): chmod 600 config.toml',
    ])
  })

  test('say nothing of such a file without a secret in it', async () => {
    const content = '[[monitor]]\ntoken_file = "/t"\n'
    assert.deepEqual(await warningsOf({ content, mode: 0o644 }, { files: { '/t': 'abc' } }), [])
  })

  test('tell of a token file that others can read', async () => {
    const files = { '/t': { content: 'abc', mode: 0o640, uid: 1000, gid: 100 } }
    assert.deepEqual(await warningsOf(null, { flags: { tokenFile: '/t' }, files }), [
      '/t holds a secret and can be read by its group (mode 0640): chmod 600 /t',
    ])
  })

  test('tell of looking less often than pushing', async () => {
    assert.deepEqual(await warningsOf(`[agent]\ncheck_every = "1m"\n${TOKEN}`), [
      'config.toml:2: check_every 1m is longer than push_every (24s): a heartbeat may tell what was seen 1m before',
    ])
    assert.deepEqual(await warningsOf(`[agent]\ncheck_every = "1m"\nschedule = "@hourly"\n${TOKEN}`), [])
  })

  test('tell of a supervisord that no monitor is over, which is left out', async () => {
    const toml = `[[supervisor]]\nname = "a"\n[[supervisor]]\nname = "b"\n${TOKEN}supervisor = "b"\n`
    const { config, warnings } = await loadText(toml)
    assert.deepEqual(warnings, ['config.toml:1: supervisor[1] "a" is in no [[monitor]] and not watched'])
    assert.deepEqual(
      config.supervisors.map(({ name }) => name),
      ['b'],
    )
  })

  test('tell of a variable with a wrong name, never of its value', async () => {
    assert.deepEqual(await warningsOf(TOKEN, { env: { KSP_TOKN: 'x', KSP_COLOUR: 'red', PATH: '/' } }), [
      'KSP_TOKN: unknown variable; did you mean KSP_TOKEN?',
      'KSP_COLOUR: unknown variable',
    ])
  })

  test('tell of a token file that is closed to us with --dry-run, which needs none', async () => {
    const toml = '[[monitor]]\ntoken_file = "/t"\n'
    const { config, warnings } = await loadText(toml, {
      flags: { dryRun: true },
      files: { '/t': { code: 'EACCES' } },
    })
    assert.equal(config.monitors[0]?.push, null)
    assert.match(
      warnings[0] ?? '',
      /^config\.toml:2: monitor\[1\]\.token_file \/t cannot be read: permission/,
    )
  })
})
