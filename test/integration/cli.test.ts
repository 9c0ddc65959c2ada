// The bundled command as a user meets it: exit codes, one clear line for each wrong input, signals, other Nodes.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once as nextOf } from 'node:events'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, suite, test, type TestContext } from 'node:test'
import { buildBundle, runAgent, startAgent, type AgentProcess } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { freePort } from '../helpers/free-port.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { runCommand } from '../helpers/run-command.ts'
import { serveHttp, serveTcp } from '../helpers/scripted-server.ts'
import { startSupervisord, type SupervisordOptions } from '../helpers/supervisord.ts'

const TOKEN = 'AWbUXTosJG'
const PROJECT = join(import.meta.dirname, '../..')
/** An agent with this serves its status in no folder of this host. */
const NO_STATUS = { PATH: process.env['PATH'], RUNTIME_DIRECTORY: '/dev/null' }

before(() => buildBundle())

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-cli-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  return folder
}

async function supervisordFor(t: TestContext, options: SupervisordOptions = {}) {
  const supervisord = await startSupervisord({ programs: { web: 'sleep 600' }, ...options })
  t.after(() => supervisord.stop())
  return supervisord
}

/** Starts `run` with short times and waits until its log says something. */
async function running(
  t: TestContext,
  args: readonly string[],
  says: RegExp,
  env: Record<string, string> = {},
): Promise<AgentProcess> {
  const folder = await temporaryFolder(t)
  const times = ['--check-every', '1s', '--push-every', '1s', '--state-file', join(folder, 'state.json')]
  const agent = startAgent(['run', ...times, ...args], { env: { KSP_TOKEN: TOKEN, ...env } })
  t.after(() => agent.stop())
  await eventually(
    `run says ${says}`,
    () => agent.stderr,
    (text) => says.test(text) || !agent.isAlive,
  )
  assert.match(agent.stderr, says)
  return agent
}

suite('a wrong configuration ends with 78 and one line that names it', () => {
  const twoMonitors = `[[monitor]]\nname = "a"\ntoken = "${TOKEN}"\n[[monitor]]\nname = "b"\ntoken = "${TOKEN}"\n`
  const rows: [string, string | null, string[], RegExp][] = [
    ['no configuration at all', null, [], /^no push token: pass --token or --push-url .*--dry-run needs none$/],
    ['a file that is not there', null, ['--config', '/none/config.toml'], /^--config: \/none\/config\.toml .*not/],
    ['a file that is a folder', null, ['--config', '/tmp'], /^--config: \/tmp is a folder, not a file$/],
    ['wrong TOML', '[[monitor]]\ntoken = ', [], /^.*config\.toml:2:9: is not TOML: /],
    ['two monitors with one token', twoMonitors, [], /^.*config\.toml:6: .*has the same token as line 3/],
    ['a token with a slash', null, ['--token', 'AWb/XTosJG'], /^--token: must be letters and digits only, .*"\/" at/],
    ['--push-every 0', null, ['--token', TOKEN, '--push-every', '0'], /^--push-every: must .*got "0"/],
    ['a supervisor URL of a wrong kind', null, ['--token', TOKEN, '--supervisor-url', 'tcp://h:1'], /^--supervisor-url: must be auto, none, unix:.*got "tcp:/],
    ['a Kuma URL that is a push URL', null, ['--token', TOKEN, '--kuma-url', `http://h/api/push/${TOKEN}`], /^--kuma-url: is a push URL .*--push-url/],
    ['an unknown key', '[agent]\npush_evry = "1s"\n', ['--token', TOKEN], /^.*config\.toml:2: .*push_evry.*push_every/],
  ] // prettier-ignore
  for (const [name, toml, args, line] of rows) {
    test(name, async (t) => {
      const folder = await temporaryFolder(t)
      const config = join(folder, 'config.toml')
      if (toml !== null) await writeFile(config, toml, { mode: 0o600 })
      const given = toml === null ? args : ['--config', config, ...args]
      for (const command of ['run', 'once', 'check-config']) {
        const { code, stdout, stderr } = await runAgent([command, ...given])
        assert.equal(code, 78, stderr)
        assert.equal(stdout, '')
        assert.match(stderr, /^[^\n]+\n$/)
        assert.match(stderr.trimEnd(), line)
      }
    })
  }

  test('a file that its user may not read', async (t) => {
    const folder = await temporaryFolder(t)
    const config = join(folder, 'config.toml')
    await writeFile(config, `[[monitor]]\ntoken = "${TOKEN}"\n`, { mode: 0o600 })
    await chmod(folder, 0o755)
    const under = ['setpriv', '--reuid=65534', '--clear-groups', '--regid=65534']
    const { code, stderr } = await runAgent(['once', '--config', config], { under })
    assert.equal(code, 78)
    assert.match(stderr, /^--config: .*config\.toml .*permission.*\n$/i)
  })
})

test('help is a command, too: of all, or of one', async () => {
  for (const [args, option] of [
    [['help'], '--help'],
    [
      ['help', 'status'],
      ['status', '--help'],
    ],
  ] as const) {
    const { code, stdout } = await runAgent(args)
    assert.equal(code, 0)
    assert.equal(stdout, (await runAgent([option].flat())).stdout)
  }
})

suite('wrong usage ends with 64 and says what was meant', () => {
  const rows: [string, string[], RegExp][] = [
    ['an unknown option', ['--push-evry', '1s'], /unknown option '--push-evry'\n\(Did you mean --push-every\?\)/],
    ['an unknown command', ['onec'], /unknown command "onec"; did you mean "once"\?/],
    ['a shell that nobody completes in', ['completion', 'fish'], /^error: no shell "fish", only: bash, zsh\n/],
    ['an option without its value', ['--token'], /'--token <token>' argument missing/],
  ] // prettier-ignore
  for (const [name, args, line] of rows) {
    test(name, async () => {
      const { code, stderr } = await runAgent(args)
      assert.equal(code, 64)
      assert.match(stderr, line)
    })
  }
})

suite('once', () => {
  const runOnce = (...args: string[]) =>
    runAgent(['once', '--unit', 'none', ...args], { env: { KSP_TOKEN: TOKEN } })

  test('ends with 0 when up and with 1 when down, delivered', async (t) => {
    const kuma = await startReceiver(t)
    const supervisord = await supervisordFor(t)
    const state = ['--state-file', join(await temporaryFolder(t), 'state.json')]
    // A trailing slash or a pasted dashboard is no other Kuma.
    const up = await runOnce(
      '--kuma-url',
      `${kuma.url}/dashboard/1`,
      '--supervisor-url',
      supervisord.url,
      ...state,
    )
    assert.deepEqual([up.code, kuma.accepted.at(-1)?.status], [0, 'up'], up.stderr)
    await supervisord.end()
    const down = await runOnce('--kuma-url', `${kuma.url}/`, '--supervisor-url', supervisord.url, ...state)
    assert.deepEqual([down.code, kuma.accepted.at(-1)?.status], [1, 'down'], down.stderr)
  })

  test('ends with 69 when nothing was delivered', async (t) => {
    const page = await serveHttp(t, (_, response) => response.writeHead(404).end('<html>Cannot GET'))
    const state = ['--state-file', join(await temporaryFolder(t), 'state.json')]
    const { code, stderr } = await runOnce('--kuma-url', `http://127.0.0.1:${page.port}`, '--supervisor-url', 'unix:///none.sock', ...state)
    assert.equal(code, 69)
    assert.match(stderr, /not delivered: .* answered 404/)
  }) // prettier-ignore

  test('ends with 75 while another one is at work', async (t) => {
    const kuma = await startReceiver(t)
    kuma.script(() => undefined)
    const args = ['--kuma-url', kuma.url, '--supervisor-url', 'unix:///none.sock']
    const state = ['--state-file', join(await temporaryFolder(t), 'state.json')]
    const first = startAgent(['once', '--unit', 'none', ...args, ...state], { env: { KSP_TOKEN: TOKEN } })
    t.after(() => first.stop())
    await eventually('the first one pushes', () => kuma.arrivals.length > 0)
    const second = await runOnce(...args, ...state)
    assert.equal(second.code, 75)
    assert.match(second.stderr, /^error: another one-shot .*state\.json is at work: nothing was checked\n$/m)
    first.kill('SIGKILL')
    await first.ended
    kuma.script(null)
    assert.equal((await runOnce(...args, ...state)).code, 1, 'a killed one leaves no lock behind')
  })
})

suite('run says what is wrong in one line and goes on', () => {
  const down = (cause: string) => new RegExp(`supervisor is down: ${cause}`)

  test('without supervisord', async (t) => {
    const agent = await running(t, ['--dry-run', '--unit', 'none', '--supervisor-url', 'unix:///none/s.sock'], down('.*no socket.*|.*/none/s.sock.*'))
    await eventually('it goes on', () => agent.stdout.split('\n').length > 3)
    assert.ok(agent.isAlive)
  }) // prettier-ignore

  test('without D-Bus', async (t) => {
    const supervisord = await supervisordFor(t)
    const env = { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/none/bus' }
    const args = ['--dry-run', '--unit', 'web.service', '--supervisor-url']
    const up = await running(t, [...args, supervisord.url], /supervisor is up: /, env)
    assert.ok(up.isAlive)
    const neither = await running(t, [...args, 'none'], down('.*(bus|systemd).*'), env)
    await eventually('it goes on', () => neither.stdout.split('\n').length > 3)
    assert.ok(neither.isAlive)
  })

  test('with wrong credentials', async (t) => {
    const supervisord = await supervisordFor(t, { inet: { username: 'kay', password: 'right' } })
    const config = join(await temporaryFolder(t), 'config.toml')
    const supervisor = `[[supervisor]]\nunit = "none"\nurl = "${supervisord.inetUrl}"\nusername = "kay"\npassword = "wrong"\n`
    await writeFile(config, supervisor, { mode: 0o600 })
    await running(
      t,
      ['--dry-run', '--config', config],
      down("supervisord .* refuses the agent's username or password"),
    )
  })

  test('with a program whose name is not ASCII', async (t) => {
    const kuma = await startReceiver(t)
    const supervisord = await supervisordFor(t, {
      programs: { 'grüße-🦉': 'sleep 600', wörk: { command: '/none/wörk', startretries: 0 } },
    })
    await supervisord.running(1)
    await running(
      t,
      ['--unit', 'none', '--supervisor-url', supervisord.url, '--kuma-url', kuma.url],
      /is down/,
    )
    const { msg } = await kuma.waitFor('down')
    assert.match(msg, /^wörk FATAL: .*wörk.* · 1 of 2 running$/)
  })

  test('when Kuma refuses, is a page, or another program', async (t) => {
    const supervisord = await supervisordFor(t)
    const page = await serveHttp(t, (_, response) => response.end('<html>'))
    const missing = await serveHttp(t, (_, response) => response.writeHead(404).end('Cannot GET'))
    const kumaLike = await serveHttp(t, (_, response) => {
      response.writeHead(404, { 'content-type': 'application/json' })
      response.end('{"ok":false,"msg":"Monitor not found or not active."}')
    })
    const other = await serveTcp(t, (socket) => socket.on('data', () => socket.end('SSH-2.0-OpenSSH\r\n')))
    const at = (port: number) => `http://127.0.0.1:${port}`
    const rows: [string, RegExp][] = [
      [at(await freePort()), /not delivered: supervisor: Kuma at \S+ refuses connections: it is not running there, or host or port are wrong\n/],
      [at(page.port), /not delivered: .*that is not Kuma's push API; check the path/],
      [`${at(page.port)}/prefix/`, /Kuma at \S+\/prefix answered 200/],
      [at(missing.port), /answered 404 without Kuma's own words/],
      [at(kumaLike.port), /token AWb… is unknown there, or its monitor is paused or deleted/],
      [at(other.port), /what listens at \S+ does not speak HTTP/],
    ] // prettier-ignore
    const args = ['--unit', 'none', '--supervisor-url', supervisord.url, '--kuma-url']
    for (const [url, line] of rows) {
      const agent = await running(t, [...args, url], line)
      assert.ok(agent.isAlive)
      assert.equal(await agent.stop(), 0)
    }
  })

  test('when its state file cannot be written and nobody reads its output', async (t) => {
    const kuma = await startReceiver(t)
    const supervisord = await supervisordFor(t)
    const inFile = join(await temporaryFolder(t), 'file')
    await writeFile(inFile, '')
    const args = ['--unit', 'none', '--supervisor-url', supervisord.url, '--kuma-url', kuma.url, '--check-every', '1s', '--push-every', '1s', '--token', TOKEN] // prettier-ignore
    const agent = await running(t, [...args, '--state-file', join(inFile, 'state.json')], /the state file \S+ cannot be written \(\w+\): make its folder writable/) // prettier-ignore
    assert.ok(agent.isAlive)

    const mute = spawn('sh', ['-c', 'exec "$@" >&- 2>&-', 'sh', process.execPath, join(PROJECT, 'dist/kuma-supervisor-push.cjs'), ...args, '--token', 'mute', '--state-file', '/dev/full/x'], { env: NO_STATUS, stdio: 'ignore' }) // prettier-ignore
    const closed = spawn(process.execPath, [join(PROJECT, 'dist/kuma-supervisor-push.cjs'), ...args, '--token', 'closed', '--state-file', '/dev/full/x', '--log-level', 'debug'], { env: NO_STATUS, stdio: ['ignore', 'pipe', 'pipe'] }) // prettier-ignore
    closed.stderr.destroy()
    closed.stdout.destroy()
    for (const child of [mute, closed]) t.after(() => child.kill('SIGKILL'))
    await agent.stop()
    for (const name of ['mute', 'closed']) {
      const heartbeats = () => kuma.accepted.filter(({ token }) => token === name)
      await eventually(`heartbeats of the ${name} one`, () => heartbeats().length >= 3)
    }
    for (const child of [mute, closed]) {
      assert.equal(child.exitCode, null)
      const ended = nextOf(child, 'exit')
      child.kill('SIGTERM')
      assert.deepEqual(await ended, [0, null])
    }
  })

  test('a log on a full disk', async (t) => {
    const kuma = await startReceiver(t)
    const supervisord = await supervisordFor(t)
    const args = ['--unit', 'none', '--supervisor-url', supervisord.url, '--kuma-url', kuma.url, '--check-every', '1s', '--push-every', '1s', '--token', TOKEN, '--state-file', '/dev/full/x', '--log-level', 'debug'] // prettier-ignore
    const child = spawn('sh', ['-c', 'exec "$@" >/dev/full 2>&1', 'sh', process.execPath, join(PROJECT, 'dist/kuma-supervisor-push.cjs'), ...args], { env: NO_STATUS, stdio: 'ignore' }) // prettier-ignore
    t.after(() => child.kill('SIGKILL'))
    await eventually('three heartbeats', () => kuma.accepted.length >= 3)
    assert.equal(child.exitCode, null)
  })
})

suite('a signal', () => {
  // Whatever it waits for, it would wait for longer than the test does.
  const endless = (kuma: string, supervisor: string) =>
    `[kuma]\nurl = "${kuma}"\ntimeout = "5m"\n[agent]\n[[supervisor]]\ntimeout = "5m"\n${supervisor}\n`
  const nowhere = 'http://127.0.0.1:1'
  const rows: [string, (t: TestContext) => Promise<{ toml: string; says: RegExp; env?: Record<string, string> }>][] = [
    ['while a push hangs', async (t) => {
      const supervisord = await supervisordFor(t)
      const kuma = await startReceiver(t)
      kuma.script(() => undefined)
      return { toml: endless(kuma.url, `unit = "none"\nurl = "${supervisord.url}"`), says: /is up/ }
    }],
    ['while supervisord does not answer', async (t) => {
      const mute = await serveTcp(t, () => undefined)
      return { toml: endless(nowhere, `unit = "none"\nurl = "http://127.0.0.1:${mute.port}"`), says: /watching/ }
    }],
    ['while D-Bus does not answer', async (t) => {
      const folder = await temporaryFolder(t)
      const { createServer } = await import('node:net')
      const server = createServer(() => undefined).listen(join(folder, 'bus'))
      t.after(() => server.close())
      const env = { DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${folder}/bus` }
      return { toml: endless(nowhere, 'unit = "web.service"\nurl = "none"'), says: /watching/, env }
    }],
  ] // prettier-ignore
  for (const [name, prepare] of rows) {
    test(`ends run cleanly ${name}`, async (t) => {
      const { toml, says, env } = await prepare(t)
      const config = join(await temporaryFolder(t), 'config.toml')
      await writeFile(config, toml, { mode: 0o600 })
      const agent = await running(t, ['--config', config], says, env)
      agent.kill('SIGTERM')
      await eventually('it has ended', () => !agent.isAlive)
      assert.equal(await agent.ended, 0)
      assert.doesNotMatch(agent.stderr, /timed out|did not answer/)
    })
  }

  test('ends once, not delivered, while its push hangs', async (t) => {
    const supervisord = await supervisordFor(t)
    const kuma = await startReceiver(t)
    kuma.script(() => undefined)
    const where = ['--unit', 'none', '--supervisor-url', supervisord.url, '--kuma-url', kuma.url]
    const folder = await temporaryFolder(t)
    const agent = startAgent(['once', ...where, '--token', TOKEN, '--state-file', join(folder, 'state.json')])
    t.after(() => agent.stop())
    await eventually('the push has come', () => kuma.arrivals.length > 0)
    agent.kill('SIGTERM')
    assert.equal(await agent.ended, 69)
  })

  test('ends run within its bound, or at once when it comes a second time, though the clean end hangs', async (t) => {
    const supervisord = await supervisordFor(t)
    const folder = await temporaryFolder(t)
    const preload = join(folder, 'preload.cjs')
    // What hangs in the kernel keeps the process, too.
    await writeFile(
      preload,
      "require('node:fs/promises').rename = () => new Promise(() => setInterval(() => console.error('it hangs'), 1000))",
    )
    const args = ['--unit', 'none', '--supervisor-url', supervisord.url, '--kuma-url', 'http://127.0.0.1:1']
    const start = async () => {
      const agent = startAgent([...args, '--token', TOKEN, '--state-file', join(folder, 'state.json')], {
        nodeOptions: ['--require', preload],
      })
      t.after(() => agent.stop())
      await eventually('it has looked', () => agent.stderr.includes('is up'))
      return agent
    }
    const patient = await start()
    patient.kill('SIGTERM')
    assert.equal(await patient.ended, 0)
    const hasty = await start()
    // Two that come together are one to a process.
    await eventually('it has ended', () => {
      hasty.kill('SIGINT')
      return !hasty.isAlive
    })
    assert.equal(await hasty.ended, 130)
  })
})

suite('the packed package', () => {
  test('runs on every supported line of Node, by npx, against a real supervisord', async (t) => {
    const folder = await temporaryFolder(t)
    const packed = await runCommand([
      'npm',
      'pack',
      '--silent',
      '--ignore-scripts',
      '--pack-destination',
      folder,
    ])
    assert.equal(packed.code, 0, packed.stderr)
    const tarball = join(folder, packed.stdout.trim().split('\n').at(-1) ?? '')
    const nodes = await runCommand(['sh', join(PROJECT, 'scripts/install-nodes.sh')], {
      timeoutMs: 1_200_000,
    })
    assert.equal(nodes.code, 0, nodes.stderr)
    const supervisord = await supervisordFor(t)
    await supervisord.running(1)
    const kuma = await startReceiver(t)
    const env = {
      HOME: folder,
      npm_config_cache: join(folder, 'cache'),
      npm_config_update_notifier: 'false',
      KSP_STATE_FILE: join(folder, 'state.json'),
    }
    for (const node of nodes.stdout.trim().split('\n')) {
      const PATH = `${join(node, '..')}:${process.env['PATH']}`
      const npx = (...args: string[]) =>
        runCommand(['npx', '--yes', '--offline', '--package', tarball, 'kuma-supervisor-push', ...args], {
          env: { ...env, PATH },
          timeoutMs: 300_000,
        })
      const version = await npx('--version')
      assert.deepEqual([version.code, version.stdout], [0, '0.1.0\n'], version.stderr)
      const where = ['--unit', 'none', '--supervisor-url', supervisord.url]
      const dry = await npx('once', '--dry-run', ...where)
      assert.equal(dry.code, 0, dry.stderr)
      assert.match(dry.stdout, /^\S+ +up +supervisor: 1 of 1 running · supervisord up \d.* s \(\d+ ms\)\n$/)
      const sinceCount = kuma.accepted.length
      const pushed = await npx('once', '--kuma-url', kuma.url, '--token', TOKEN, ...where)
      assert.equal(pushed.code, 0, pushed.stderr)
      assert.equal(kuma.accepted.length, sinceCount + 1)
      assert.equal(kuma.accepted.at(-1)?.status, 'up')
      const which = await runCommand([node, '--version'])
      t.diagnostic(which.stdout.trim())
    }
  })

  test('the demo shows up, down, up', async () => {
    const demo = await runCommand([process.execPath, '--import', 'tsx', join(PROJECT, 'scripts/demo.ts')], { timeoutMs: 300_000, env: { PATH: process.env['PATH'] ?? '' } }) // prettier-ignore
    assert.equal(demo.code, 0, demo.stdout + demo.stderr)
    const story = [...demo.stdout.matchAll(/ {2}(UP|DOWN) +(.*)/g)].map(
      ([, status, message]) => `${status} ${message}`,
    )
    assert.match(
      story.join('\n'),
      // Where supervisord is slow to answer it is looked at too rarely to be seen with all three before.
      /^UP .*of 3 running[^]*DOWN worker (?:FATAL|EXITED|BACKOFF).*2 of 3 running[^]*UP /,
    )
  })
})
