// Broken set-ups, each made for real: doctor must name the right leg, that leg alone, and what mends it.
import assert from 'node:assert/strict'
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test, type TestContext } from 'node:test'
import { mayUser } from '../../src/cli/doctor/context.ts'
import { examine as runDoctor } from '../../src/cli/doctor/doctor.ts'
import { StatusServer } from '../../src/agent/status-server.ts'
import type { DeliveryStatus, Status } from '../../src/agent/status.ts'
import { buildBundle, runAgent } from '../helpers/agent-process.ts'
import { startFakeBus } from '../helpers/fake-bus.ts'
import { fakeSystemd, type FakeUnit } from '../helpers/fake-systemd.ts'
import { freePort } from '../helpers/free-port.ts'
import { memoryLog } from '../helpers/memory-log.ts'
import { startRpcServer } from '../helpers/rpc-server.ts'
import { serveHttp, serveTcp } from '../helpers/scripted-server.ts'
import { selfSigned } from '../helpers/self-signed.ts'
import { silentTerminal } from '../helpers/silent-terminal.ts'
import { startSupervisord, type Supervisord, type SupervisordOptions } from '../helpers/supervisord.ts'

const TOKEN = 'AWbUXTosJG'

interface Finding {
  check: string
  of: string | null
  result: 'ok' | 'failed' | 'skipped'
  ms: number
  says: string
  remedy: string | null
}

/** What a set-up differs in from a sound one. */
interface Setup {
  kuma?: RequestListener
  /** Instead of a Kuma of ours. */
  kumaUrl?: string
  /** Lines of the file; what is left out is sound. */
  kumaTable?: string
  agent?: string
  supervisor?: string
  monitor?: string
  /** The whole file. */
  toml?: string
  mode?: number
  units?: readonly FakeUnit[]
  env?: Record<string, string>
  push?: boolean
  user?: string
  passwordFile?: string
  /** What the service has written, as journalctl prints it. */
  journal?: string
  /** What a running agent tells of its one monitor's heartbeat. */
  told?: Pick<DeliveryStatus, 'kind' | 'answer'>
  /** Whether a running agent listens and says nothing. */
  silent?: boolean
}

interface Examination {
  code: number
  findings: Finding[]
  failed: Finding[]
  text: string
}

let sound: Supervisord

before(async () => {
  sound = await startSupervisord({ programs: { web: 'sleep 600', worker: 'sleep 600' } })
  await sound.running(2)
})
after(() => sound.stop())

const since = ['t', 1_000_000n] as const
const SERVICE: FakeUnit = {
  id: 'kuma-supervisor-push.service',
  active: 'active',
  sub: 'running',
  properties: { ActiveEnterTimestampMonotonic: since },
}
const UNIT: FakeUnit = {
  id: 'supervisor.service',
  active: 'active',
  sub: 'running',
  properties: { ActiveEnterTimestampMonotonic: since },
}

/** Kuma's own answers to a heartbeat, as those of 1.23 and 2.x. */
const likeKuma: RequestListener = ({ url = '' }, response) => {
  response.setHeader('content-type', 'application/json')
  if (url.startsWith(`/api/push/${TOKEN}?`)) response.end('{"ok":true}')
  else response.writeHead(404).end('{"ok":false,"msg":"Monitor not found or not active."}')
}

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-doctor-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  return folder
}

async function writeConfig(t: TestContext, setup: Setup): Promise<string> {
  const folder = await temporaryFolder(t)
  const config = join(folder, 'config.toml')
  const kumaUrl = setup.kumaUrl ?? `http://127.0.0.1:${(await serveHttp(t, setup.kuma ?? likeKuma)).port}`
  const toml =
    setup.toml ??
    [
      `[kuma]\nurl = "${kumaUrl}"\n${setup.kumaTable ?? ''}`,
      `[agent]\nstate_file = "${folder}/state.json"\n${setup.agent ?? ''}`,
      `[[supervisor]]\n${setup.supervisor ?? `url = "${sound.url}"`}`,
      `[[monitor]]\ntoken = "${TOKEN}"\n${setup.monitor ?? ''}`,
    ].join('\n')
  await writeFile(config, toml)
  await chmod(config, setup.mode ?? 0o600)
  return config
}

async function environment(t: TestContext, setup: Setup, config = ''): Promise<Record<string, string>> {
  const bus = await startFakeBus(t, { answer: fakeSystemd(setup.units ?? [UNIT, SERVICE]) })
  const folder = await temporaryFolder(t)
  await writeFile(join(folder, 'journal'), setup.journal ?? '')
  await writeFile(join(folder, 'journalctl'), `#!/bin/sh\ncat ${folder}/journal\n`, { mode: 0o755 })
  if (setup.told !== undefined) {
    const describe = () => Promise.resolve(JSON.stringify(toldBy(config, setup.told)))
    const server = new StatusServer(describe, memoryLog())
    await server.start(folder)
    t.after(() => server.close())
  }
  if (setup.silent === true) {
    const server = createServer((socket) => t.after(() => void socket.destroy()))
    server.listen(join(folder, 'status.sock'))
    t.after(() => void server.close())
  }
  return {
    PATH: `${folder}:${process.env['PATH'] ?? ''}`,
    DBUS_SYSTEM_BUS_ADDRESS: bus.address,
    RUNTIME_DIRECTORY: folder,
    ...setup.env,
  }
}

function toldBy(config: string, told: Setup['told']): Status {
  const at = new Date()
  const delivery = {
    kuma: 'kuma',
    delivered_at: null,
    delivered: null,
    answered_at: at,
    kind: '',
    answer: '',
  }
  return {
    version: '1.2.3',
    at,
    service: { pid: 1, started_at: at, config, files: [], pushes: 'every 24s' },
    watches: [],
    monitors: [
      {
        name: 'supervisor',
        status: 'up',
        since: at,
        message: 'fine',
        deliveries: [{ ...delivery, ...told }],
      },
    ],
  }
}

/** A line of the journal, so many seconds ago. */
const journalLine = (secondsAgo: number, text: string): string =>
  `${(Date.now() / 1000 - secondsAgo).toFixed(6)} web-1 kuma-supervisor-push[4711]: ${text}\n`

/** Beside nothing of this host: neither a cron job of ours nor the service's user. */
const doctor = (
  flags: Parameters<typeof runDoctor>[0],
  terminal: Parameters<typeof runDoctor>[1],
): Promise<number> => {
  const files = { cron: '/dev/null', users: '/dev/null' }
  return runDoctor(flags, terminal, new AbortController().signal, files)
}

async function examine(t: TestContext, setup: Setup): Promise<Examination> {
  const config = await writeConfig(t, setup)
  const env = await environment(t, setup, config)
  let text = ''
  const terminal = silentTerminal({ env, print: (more) => void (text += more) })
  const { push, user, passwordFile } = setup
  const flags = { config, json: true, push, user, passwordFile }
  const code = await doctor(flags, terminal)
  return { code, text, ...parse(text) }
}

function parse(text: string): { findings: Finding[]; failed: Finding[] } {
  const { checks } = JSON.parse(text) as { checks: Finding[] }
  return { findings: checks, failed: checks.filter(({ result }) => result === 'failed') }
}

async function brokenSupervisord(t: TestContext, options: SupervisordOptions): Promise<Supervisord> {
  const supervisord = await startSupervisord({ programs: { web: 'sleep 600' }, ...options })
  t.after(() => supervisord.stop())
  return supervisord
}

const answers =
  (status: number, body: string, headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    void response.writeHead(status, headers).end(body)

test('a sound set-up is well, every check has its line, and Kuma gets no heartbeat', async (t) => {
  const asked: string[] = []
  const kuma: RequestListener = (request, response) => {
    asked.push(request.url ?? '')
    likeKuma(request, response)
  }
  const { code, findings } = await examine(t, { kuma, monitor: 'kuma_interval = "60s"' })
  assert.deepEqual(
    findings.filter(({ result }) => result !== 'ok').map(({ check }) => check),
    ['tls', 'token', 'delivery', 'log'],
  )
  assert.equal(code, 0)
  assert.deepEqual(
    findings.map(({ check }) => check),
    'node config bus unit socket permission credentials rpc pids programs period kuma tls api clock token service delivery log'.split(' '),
  ) // prettier-ignore
  assert.ok(asked.length > 0)
  assert.ok(!asked.some((url) => url.includes(TOKEN)), asked.join())
})

test('--push sends what is so, once for each monitor', async (t) => {
  const asked: string[] = []
  const kuma: RequestListener = (request, response) => {
    if (request.url?.includes(TOKEN) === true) asked.push(decodeURIComponent(request.url))
    likeKuma(request, response)
  }
  const { code, findings } = await examine(t, { kuma, push: true })
  assert.equal(code, 0)
  assert.equal(asked.length, 1)
  assert.match(asked[0] ?? '', /status=up&msg=2 of 2 running/)
  assert.match(findings.find(({ check }) => check === 'token')?.says ?? '', /^Kuma took: up 2 of 2 running/)
})

const logs: [line: string, fault: string][] = [
  ['logfile=/dev/null', 'its log cannot be read'],
  ['loglevel=warn', 'its log has no line of the level info'],
]
for (const [line, fault] of logs) {
  test(`names what to write where ${line} hides how programs end`, async (t) => {
    // A line of the level warn: it reads its own file once more.
    const { url } = await brokenSupervisord(t, {
      extra: `[supervisord]\n${line}\nuser=root\n[include]\nfiles=/nonexistent/*.ini\n`,
    })
    const { findings } = await examine(t, { supervisor: `url = "${url}"` })
    const says = findings.find(({ check }) => check === 'rpc')?.says ?? ''
    assert.ok(says.includes(`; ${fault}, and so it does not tell a crash`), says)
    assert.ok(says.endsWith('write logfile=/var/log/supervisor/supervisord.log and loglevel=info'), says)
  })
}

suite('names the broken leg and what mends it', () => {
  type Row = [name: string, setup: Setup | ((t: TestContext) => Promise<Setup>), leg: string, remedy: RegExp]
  const rows: Row[] = [
    ['a wrong value in the file', { agent: 'push_every = "0s"' }, 'config', /^sudoedit \/.*config\.toml \(line 6\), then: kuma-supervisor-push check-config$/],
    ['a file with a token that everybody can read', { mode: 0o644 }, 'config', /^chmod 600 \/.*config\.toml$/],
    ['a variable that is wrong', { env: { KSP_CHECK_EVERY: 'often' } }, 'config', /^correct KSP_CHECK_EVERY, /],
    ['no monitor', async () => ({ toml: `[[supervisor]]\nurl = "${sound.url}"\n` }), 'config', /^add a \[\[monitor\]\] with push_url = "…", as Kuma shows it, to \/.*config\.toml$/],
    ['no bus where one is named', { env: { DBUS_SYSTEM_BUS_ADDRESS: 'unix:path=/none/bus' } }, 'bus', /^systemctl start dbus\.socket; .*unit = "none"/],
    ['a unit that is not there', { supervisor: 'unit = "suprvisor"\nurl = "none"' }, 'unit', /^correct the unit .* systemctl list-units/],
    ['a unit that is stopped', { supervisor: 'url = "none"', units: [{ ...UNIT, active: 'inactive', sub: 'dead' }, SERVICE] }, 'unit', /^systemctl start supervisor\.service$/],
    ['a unit that is masked', { supervisor: 'url = "none"', units: [{ ...UNIT, load: 'masked', active: 'inactive' }, SERVICE] }, 'unit', /^systemctl unmask supervisor\.service$/],
    ['a unit that failed', { supervisor: 'url = "none"', units: [{ ...UNIT, active: 'failed', sub: 'failed' }, SERVICE] }, 'unit', /^journalctl -u supervisor\.service -n 50; then: systemctl start supervisor\.service$/],
    ['a socket file that was removed', async (t) => {
      const { socket, url } = await brokenSupervisord(t, {})
      await rm(socket)
      return { supervisor: `url = "${url}"` }
    }, 'socket', /^systemctl restart supervisor\.service$/],
    ['a supervisord that was killed', async (t) => {
      const supervisord = await brokenSupervisord(t, {})
      supervisord.kill('SIGKILL')
      return { supervisor: `url = "${supervisord.url}"` }
    }, 'socket', /^systemctl start supervisor\.service$/],
    ['a port where nobody listens', async () => ({ supervisor: `unit = "none"\nurl = "http://127.0.0.1:${await freePort()}"` }), 'socket', /^supervisord -c /],
    ['a host that is not there', { supervisor: 'url = "http://supervisord.invalid:9001"' }, 'socket', /^correct url, .*\[\[supervisor\]\]/],
    ['a supervisord that wants a password', async (t) => {
      const { url } = await brokenSupervisord(t, { unixAuth: { username: 'u', password: 'pw-of-u' } })
      return { supervisor: `url = "${url}"` }
    }, 'credentials', /^under \[\[supervisor\]\]: username = "…" and password_file = "…"/],
    ['a wrong password', async (t) => {
      const { url } = await brokenSupervisord(t, { unixAuth: { username: 'u', password: 'pw-of-u' } })
      return { supervisor: `url = "${url}"\nusername = "u"\npassword = "wrong-one"` }
    }, 'credentials', /password_file/],
    ['a supervisord without its RPC interface', async (t) => {
      const { url } = await brokenSupervisord(t, { rpcInterface: false })
      return { supervisor: `url = "${url}"` }
    }, 'rpc', /\[rpcinterface:supervisor\].*systemctl restart supervisor\.service$/],
    ['a supervisord that hangs', async (t) => {
      const supervisord = await brokenSupervisord(t, {})
      supervisord.kill('SIGSTOP')
      return { supervisor: `url = "${supervisord.url}"\ntimeout = "300ms"` }
    }, 'rpc', /^systemctl restart supervisor\.service; .*KILL supervisor\.service$/],
    ['something else than supervisord', async (t) => {
      const { url } = await startRpcServer(t, () => '<html>welcome</html>')
      return { supervisor: `url = "${url.origin}"` }
    }, 'rpc', /^something else than supervisord .* correct url under \[\[supervisor\]\]$/],
    ['a program that is not there', { monitor: 'programs = ["wrker"]' }, 'programs', /there are: web, worker$/],
    ['more programs wanted than there are', { monitor: 'min_running = 3' }, 'programs', /^min_running = 2 in this \[\[monitor\]\], or less$/],
    ['a selection that excludes all', { monitor: 'exclude = ["*"]' }, 'programs', /^correct exclude/],
    ['a supervisord without programs', async (t) => {
      const { url } = await brokenSupervisord(t, { programs: {} })
      return { supervisor: `url = "${url}"` }
    }, 'programs', /supervisorctl update$/],
    ["a period that races with Kuma's interval", { agent: 'push_every = "60s"', monitor: 'kuma_interval = "60s"' }, 'period', /^set push_every = "24s", or set Heartbeat Interval 150/],
    ['a Kuma that is not running', async () => ({ kumaUrl: `http://127.0.0.1:${await freePort()}` }), 'kuma', /^start Kuma, .*curl -sS http:\/\/127\.0\.0\.1:\d+$/],
    ['a Kuma whose name does not resolve', { kumaUrl: 'http://kuma.invalid' }, 'kuma', /getent hosts kuma\.invalid$/],
    ['a Kuma that does not answer', { kuma: () => {}, kumaTable: 'timeout = "1s"' }, 'kuma', /curl -sS -m 30 http/],
    ['a Kuma with a certificate of its own', async (t) => {
      const { port } = await serveHttp(t, likeKuma, { tls: await selfSigned(t) })
      return { kumaUrl: `https://127.0.0.1:${port}` }
    }, 'tls', /^ca_file = .*openssl s_client -connect 127\.0\.0\.1:\d+ -showcerts <\/dev\/null; client_cert_file/],
    ['https:// where Kuma speaks http://', async (t) => ({ kumaUrl: `https://127.0.0.1:${(await serveHttp(t, likeKuma)).port}` }), 'tls', /^correct https:\/\/ .*curl -sS http:\/\/127\.0\.0\.1:\d+$/],
    ['a proxy that is not running', async () => ({ kumaUrl: 'http://kuma.invalid', kumaTable: `proxy = "http://127.0.0.1:${await freePort()}"` }), 'kuma', /^start the proxy, or correct proxy under \[kuma\]/],
    ['an authority that is no certificate', async (t) => {
      const caFile = join(await temporaryFolder(t), 'ca.pem')
      await writeFile(caFile, 'nonsense\n')
      // With push: the last checks come all the same.
      return { push: true, kumaTable: `ca_file = "${caFile}"`, kumaUrl: 'https://127.0.0.1:1' }
    }, 'tls', /^correct ca_file, /],
    ['a web server that is not Kuma', { kuma: answers(200, '<html>It works!</html>') }, 'api', /^correct url under \[kuma\]/],
    ['a server that takes any token', { kuma: answers(200, '{"ok":true}') }, 'api', /^correct url under \[kuma\]/],
    ['a wrong path before /api/push/', { kuma: answers(404, 'Cannot GET') }, 'api', /^wait for the end of an upgrade of Kuma, or correct url/],
    ['a proxy that wants a login', { kuma: answers(401, '') }, 'api', /^under \[kuma\]: username and password_file/],
    ['a login page elsewhere', { kuma: answers(302, '', { location: 'https://sso.invalid/login' }) }, 'api', /^correct url/],
    ['something that does not speak HTTP', async (t) => {
      const { port } = await serveTcp(t, (socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n'))
      return { kumaUrl: `http://127.0.0.1:${port}` }
    }, 'api', /^correct url/],
    ['a Kuma whose clock is wrong', { kuma: (request, response) => {
      response.setHeader('date', new Date(Date.now() - 3_600_000).toUTCString())
      likeKuma(request, response)
    } }, 'clock', /^timedatectl set-ntp true/],
    ['a paused monitor or a wrong token', { push: true, kuma: answers(404, '{"ok":false,"msg":"Monitor not found or not active."}') }, 'token', /^press Resume .* Push URL/],
    ['a service that is not started', { units: [UNIT, { ...SERVICE, active: 'inactive', sub: 'dead' }] }, 'service', /^systemctl enable --now kuma-supervisor-push$/],
    ['heartbeats of the running agent that Kuma does not know', { told: { kind: 'unknown-monitor', answer: 'Kuma answered 404' } }, 'delivery', /^press Resume .* Push URL/],
    ['heartbeats of the running agent that do not get through', { told: { kind: 'refused', answer: 'Kuma refuses connections' } }, 'delivery', /^mend what kuma, tls and api tell above$/],
    ['a monitor that the running agent does not know yet', { told: { kind: 'accepted', answer: '' }, monitor: '[[monitor]]\nname = "new"\ntoken = "BBBBBBBBBB"' }, 'delivery', /^systemctl reload kuma-supervisor-push; .*\(pid 1\)/],
    ['a running agent that does not answer', { silent: true }, 'delivery', /^systemctl restart kuma-supervisor-push\.service$/],
    ['an error in the log of the service', { journal: journalLine(5, 'watching') + journalLine(4, 'error: the check of local failed: TypeError: oops') }, 'log', /systemctl restart kuma-supervisor-push; journalctl -u kuma-supervisor-push -n 30/],
    ['a crash in the log of the service', { journal: journalLine(5, 'kuma-supervisor-push: internal error: TypeError: oops') + journalLine(4, 'watching') }, 'log', /systemctl restart kuma-supervisor-push; journalctl -u kuma-supervisor-push -n 30/],
    ['an error in a log of JSON', { journal: journalLine(4, '{"time":"2026-11-20T12:00:00.000Z","level":"error","message":"oops"}') }, 'log', /^mend that/],
    ['a login that Kuma does not know', { user: 'admin', passwordFile: '/none/password' }, 'period', /^correct --user and the password/],
    ['a service that ended for a wrong configuration', { units: [UNIT, { ...SERVICE, active: 'failed', sub: 'failed', properties: { ExecMainStatus: ['i', 78], Result: ['s', 'exit-code'] } }] }, 'service', /^correct the configuration as journalctl -u kuma-supervisor-push -n 30 says/],
  ] // prettier-ignore
  for (const [name, given, leg, remedy] of rows) {
    test(`${name}: ${leg}`, async (t) => {
      const setup = typeof given === 'function' ? await given(t) : given
      const { code, failed, text } = await examine(t, setup)
      assert.deepEqual(
        failed.map(({ check }) => check),
        [leg],
        text,
      )
      assert.match(failed[0]?.remedy ?? '', remedy)
      assert.equal(code, 1)
      assert.ok(!text.includes(TOKEN) && !text.includes('wrong-one') && !text.includes('pw-of-u'), text)
    })
  }

  test('a password known only as a hash: credentials', async (t) => {
    const supervisord = await brokenSupervisord(t, { unixAuth: { username: 'u', password: 'pw-of-u' } })
    const folder = await temporaryFolder(t)
    const hashed = `[unix_http_server]\nfile = ${supervisord.socket}\nusername = u\npassword = {SHA}82ab876d1387bfafe46cc1c8a2ef074eae50cb1d\n`
    await writeFile(join(folder, 'supervisord.conf'), hashed)
    await mkdir(join(folder, 'bin'))
    await writeFile(join(folder, 'bin/supervisorctl'), '', { mode: 0o755 })
    const env = { PATH: `${folder}/bin` }
    const { failed } = await examine(t, { supervisor: 'url = "auto"', env })
    assert.deepEqual(
      failed.map(({ check }) => check),
      ['credentials'],
    )
    assert.match(failed[0]?.says ?? '', /\{SHA\} hash/)
  })
})

test('says why the service ended, and what it warned of lately', async (t) => {
  const failedUnit = {
    ...SERVICE,
    active: 'failed',
    sub: 'failed',
    properties: { ExecMainStatus: ['i', 78] as const },
  }
  const why = '/etc/kuma-supervisor-push/config.toml:6: agent.push_every must be at least 1s, got "0s"'
  const ended = await examine(t, {
    units: [UNIT, failedUnit],
    journal: journalLine(86_400, 'watching local') + journalLine(86_399, why),
  })
  const says = ({ findings }: Examination, leg: string) =>
    findings.find(({ check }) => check === leg)?.says ?? ''
  assert.ok(says(ended, 'service').endsWith(`: ${why}`), says(ended, 'service'))
  const old = journalLine(7_200, 'error: long ago')
  const warned = await examine(t, { journal: `${old}${journalLine(60, 'warn: not delivered: host: x')}` })
  assert.match(
    says(warned, 'log'),
    /^no error in the last hour; warning \d+ min(?: \d+ s)? ago: not delivered: host: x$/,
  )
  assert.equal(warned.code, 0)
  const quiet = await examine(t, {
    journal: journalLine(60, 'watching local'),
    told: { kind: 'accepted', answer: '' },
  })
  assert.match(says(quiet, 'log'), /^no error and no warning in the last hour$/)
  assert.match(says(quiet, 'delivery'), /^Kuma took the last heartbeat \d+ s ago$/)
})

suite('as another user', { skip: userInfo().uid !== 0 && 'needs root' }, () => {
  before(() => buildBundle())

  async function asNobody(t: TestContext, supervisord: Supervisord, mode = 0o644): Promise<Finding[]> {
    await chmod(supervisord.dir, 0o755)
    const setup = { supervisor: `url = "${supervisord.url}"` }
    const config = await writeConfig(t, setup)
    await chmod(join(config, '..'), 0o755)
    await chmod(config, mode)
    const env = await environment(t, setup)
    await chmod(join(env['DBUS_SYSTEM_BUS_ADDRESS']?.replace('unix:path=', '') ?? '', '..'), 0o755)
    const under = ['setpriv', '--reuid=65534', '--clear-groups', '--regid=65534']
    const { stdout, stderr } = await runAgent(['doctor', '--json', '--config', config], { under, env })
    assert.equal(stderr, '')
    return parse(stdout).failed
  }

  test('a socket that this user may not use: permission, with the user and the command', async (t) => {
    const supervisord = await brokenSupervisord(t, {})
    const failed = await asNobody(t, supervisord)
    const permission = failed.find(({ check }) => check === 'permission')
    assert.equal(permission?.says, `the user nobody may not use ${supervisord.socket}`)
    assert.ok(permission.remedy?.startsWith(`sudo setfacl -m u:nobody:rw ${supervisord.socket}; `))
    assert.ok(!failed.some(({ check }) => ['socket', 'credentials', 'rpc', 'programs'].includes(check)))
  })

  test('a configuration that this user may not read: config, and who may', async (t) => {
    const [config] = await asNobody(t, await brokenSupervisord(t, {}), 0o600)
    assert.equal(config?.check, 'config')
    assert.equal(config.remedy, 'sudo kuma-supervisor-push doctor')
  })

  test("asks the kernel what the service's user may do", async (t) => {
    const file = join(await temporaryFolder(t), 'config.toml')
    await chmod(join(file, '..'), 0o755)
    await writeFile(file, '', { mode: 0o644 })
    assert.equal(await mayUser('daemon', '-r', file), true)
    assert.equal(await mayUser('daemon', '-w', file), false)
    await chmod(file, 0o600)
    assert.equal(await mayUser('daemon', '-r', file), false)
  })

  test('a folder on the way that is closed: permission, with that folder', async (t) => {
    const supervisord = await brokenSupervisord(t, {})
    const closed = join(supervisord.dir, 'closed')
    await mkdir(closed, { mode: 0o700 })
    const inside = await startRpcServer(t, () => undefined, { socketPath: join(closed, 's.sock') })
    assert.ok(inside)
    const failed = await asNobody(t, { ...supervisord, url: `unix://${closed}/s.sock` })
    const permission = failed.find(({ check }) => check === 'permission')
    assert.equal(permission?.remedy, `sudo setfacl -m u:nobody:x ${closed}, then run doctor again`)
  })
})

test('for people: a mark, the check, its time, and the remedy below', async (t) => {
  const config = await writeConfig(t, { monitor: 'min_running = 3' })
  const env = await environment(t, {})
  let text = ''
  const terminal = silentTerminal({
    env: { ...env, LANG: 'en_US.UTF-8', TERM: 'xterm' },
    print: (more) => void (text += more),
    isInteractive: true,
  })
  await doctor({ config }, terminal)
  assert.match(text, /^✓ node +\d+ ms {2}Node \d+/)
  assert.match(
    text,
    /\n✗ programs +\d+ ms {2}supervisor: min_running = 3 can never be met: 2 selected\n +→ min_running = 2 in/,
  )
  assert.match(text, /\nNot well: programs\.\n$/)

  text = ''
  await doctor({ config }, { ...terminal, env: { ...env, LC_ALL: 'C' } })
  assert.match(text, /^ok {3}node/)
  assert.match(text, /\nFAIL programs/)

  text = ''
  const narrow = { ...terminal, screenSize: () => ({ columns: 60, rows: 20 }) }
  await doctor({ config: '/none/config.toml' }, narrow)
  const beside = text.split('\n').filter((line) => /^ {24}[^→]/.test(line))
  assert.ok(beside.length > 0 && beside.every((line) => line.length < 60), text)

  text = ''
  await doctor({ config }, { ...terminal, isScreen: true })
  assert.ok(text.includes('\u001B[32m✓'))
  text = ''
  const env2 = { ...terminal.env, NO_COLOR: '1' }
  await doctor({ config }, { ...terminal, env: env2, isScreen: true })
  // A line that says what it waits for is taken away again, which is no colour.
  assert.ok(!text.includes('\u001B[32m'))
})
