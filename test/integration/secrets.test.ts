// Drives every command and every error path with marked secrets and looks for them in everything that can be seen
// afterwards: output, state file, lock, temporary files, process list, crash.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import type { RequestListener } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, suite, test, type TestContext } from 'node:test'
import { COMMANDS } from '../../src/cli/program.ts'
import { readSocket } from '../../src/agent/read-socket.ts'
import { statusSocket } from '../../src/agent/status-server.ts'
import { buildBundle, runAgent, startAgent } from '../helpers/agent-process.ts'
import { createCertificates } from '../helpers/certificates.ts'
import { eventually } from '../helpers/eventually.ts'
import { freePort } from '../helpers/free-port.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { serveHttp, serveTcp } from '../helpers/scripted-server.ts'
import { startSupervisord } from '../helpers/supervisord.ts'

const TOKEN = 'Qx7TokenMarkedForSearchZz01'
const TOKEN2 = 'Jw3TokenMarkedForSearchZz02'
const PASSWORD = 'Pw9PasswordMarkedForSearch03'
const HEADER = 'Hd5HeaderMarkedForSearch04'
const FOUND = 'Fd8FoundInConfMarkedForSearch06'
const LOGIN = 'Lg2KumaLoginMarkedForSearch08'
const PROXY = 'Px6ProxyMarkedForSearch09'
const FILED = 'Fl1HeaderFileMarkedForSearch10'
/** Stands for anything a person may type in the wrong place. */
const STRAY = 'St4StrayMarkedForSearch07'
const SECRETS = [TOKEN, TOKEN2, PASSWORD, HEADER, FOUND, LOGIN, PROXY, FILED, STRAY]

/** Whole, in half, and as basic auth would carry them; three characters of a token may be shown. */
const NEEDLES = [
  ...SECRETS,
  ...SECRETS.map((secret) => secret.slice(0, 10)),
  ...SECRETS.map((secret) => secret.slice(-10)),
  ...SECRETS.flatMap((secret) =>
    ['', 'kay:', 'kayx:', 'kayxy:'].map((user) => base64Core(`${user}${secret}`)),
  ),
]

/** Base64 without the ends, which depend on what stands beside it. */
function base64Core(text: string): string {
  return Buffer.from(text).toString('base64').replaceAll('=', '').slice(8, -4)
}

function assertClean(where: string, text: string): void {
  const leaked = NEEDLES.filter((needle) => text.includes(needle))
  assert.deepEqual(leaked, [], `a secret is in ${where}:\n${text.slice(0, 3000)}`)
}

interface Setting {
  readonly folder: string
  /** Files of the test itself, which may hold secrets. */
  readonly own: Set<string>
  readonly write: (name: string, text: string) => Promise<string>
}

async function setUp(t: TestContext): Promise<Setting> {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-secrets-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const own = new Set<string>()
  return {
    folder,
    own,
    async write(name, text) {
      own.add(name)
      await writeFile(join(folder, name), text, { mode: 0o600 })
      return join(folder, name)
    },
  }
}

async function assertFilesClean({ folder, own }: Setting): Promise<void> {
  for (const name of await readdir(folder)) {
    if (own.has(name)) continue
    assertClean(`the name of a file`, name)
    assertClean(`the file ${name}`, await readFile(join(folder, name), 'utf8'))
  }
  assertClean('the list of sockets, and so of locks', readFileSync('/proc/net/unix', 'utf8'))
}

/** Command lines of a process's children, and theirs. */
function childrenOf(pid: number): string[] {
  const tasks = `/proc/${pid}/task`
  if (!existsSync(tasks)) return []
  return readdirSync(tasks).flatMap((task) => {
    const children = readQuietly(`${tasks}/${task}/children`).split(' ').filter(Boolean).map(Number)
    return children.flatMap((child) => [readQuietly(`/proc/${child}/cmdline`), ...childrenOf(child)])
  })
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Where a command gets from others what it might repeat. */
type Door = 'kuma' | 'supervisord' | 'file'

interface Case {
  readonly line?: readonly string[]
  readonly doors: readonly Door[]
  readonly env?: Readonly<Record<string, string>>
  readonly under?: readonly string[]
}

const BOTH: readonly Door[] = ['kuma', 'supervisord']
const LOGIN_LINE = ['--user', 'kay', '--host-name', 'h', '--two-factor-code', STRAY]

/** How each command is driven. */
const CASES: Readonly<Record<string, readonly Case[]>> = {
  // By itself, until it has said what it should.
  run: [],
  listen: [
    {
      doors: BOTH,
      env: {
        SUPERVISOR_GROUP_NAME: 'kuma',
        SUPERVISOR_PROCESS_NAME: 'kuma',
        SUPERVISOR_SERVER_URL: 'unix:///none',
      },
      // It ends with its events.
      under: ['sh', '-c', 'sleep 4 | "$@"', 'sh'],
    },
  ],
  once: [{ line: ['--log-format', 'json'], doors: BOTH }],
  'check-config': [{ doors: ['file'] }, { line: ['--json'], doors: ['file'] }],
  status: [{ doors: ['supervisord'] }, { line: ['--json'], doors: ['supervisord'] }],
  provision: [
    { line: [...LOGIN_LINE, '--password-file', 'login'], doors: BOTH },
    { line: LOGIN_LINE, doors: ['kuma'], env: { KSP_KUMA_PASSWORD: LOGIN } },
  ],
  doctor: [
    { doors: ['supervisord'] },
    { line: ['--json'], doors: BOTH },
    { line: ['--push'], doors: ['kuma'] },
  ],
  completion: [
    { line: ['bash'], doors: ['file'] },
    { line: ['zsh'], doors: ['file'] },
  ],
}

/** Runs the agent until it has said what it should, then the commands of a door, and searches everything that was to be seen. */
async function drive(
  t: TestContext,
  { door, toml, expected }: { door: Door; toml: string; expected: RegExp },
  { env = {}, conf = '' } = {},
) {
  const setting = await setUp(t)
  const { folder } = setting
  const config = await setting.write('config.toml', toml)
  if (conf !== '') await setting.write('supervisord.conf', conf)
  const args = (name: string) => [
    name,
    '--config',
    config,
    '--state-file',
    join(folder, `${name}.json`),
    '--log-level',
    'debug',
  ]
  await setting.write('header', `${FILED}\n`)
  await setting.write('login', `${LOGIN}\n`)
  const singles = async () => {
    for (const [name, cases] of Object.entries(CASES)) {
      for (const { line = [], doors, under = [], ...more } of cases) {
        if (!doors.includes(door)) continue
        const given = { env: { ...env, ...more.env }, cwd: folder, under }
        const { code, stdout, stderr } = await runAgent([...args(name), ...line], given)
        assertClean(`the output of ${name}`, stdout + stderr)
        assert.notEqual(code, 64, `${name} was not driven:\n${stderr}`)
        assert.notEqual(stdout + stderr, '', `${name} said nothing`)
      }
    }
  }
  const runtime = await mkdtemp(join(tmpdir(), 'ksp-secrets-runtime-'))
  t.after(() => rm(runtime, { recursive: true, force: true, maxRetries: 9 }))
  const agent = startAgent(args('run'), { env: { ...env, RUNTIME_DIRECTORY: runtime }, cwd: folder })
  try {
    await eventually(
      `run says ${expected}`,
      () => agent.stderr,
      (text) => expected.test(text) || !agent.isAlive,
      { timeoutMs: 120_000 },
    )
    assert.match(agent.stderr, expected)
    assert.deepEqual(childrenOf(agent.pid), [], 'the agent starts no other programs')
    assertClean('the process list', readQuietly(`/proc/${agent.pid}/cmdline`))
    const told = await readSocket(statusSocket(runtime), AbortSignal.timeout(10_000))
    assert.match(told ?? '', /"monitors":\[/)
    assertClean('what a running agent tells everybody', told ?? '')
  } finally {
    await agent.stop()
  }
  assertClean('the output of run', agent.stdout + agent.stderr)
  await singles()
  await assertFilesClean(setting)
}

/** A configuration that holds every kind of secret. */
const configOf = (kuma: string, supervisor = 'url = "none"\nunit = "none-such.service"') => `
[kuma]
url = "${kuma}"
timeout = "2s"
headers = { Authorization = "Bearer ${HEADER}", "CF-Access-Client-Secret" = "${HEADER}" }
[agent]
push_every = "2s"
check_every = "1s"
[[supervisor]]
${supervisor}
[[monitor]]
token = "${TOKEN}"
`

suite('no secret reaches any output', () => {
  before(() => buildBundle())

  test('is looked for in every command', () => {
    assert.deepEqual(Object.keys(CASES).toSorted(), Object.keys(COMMANDS).toSorted())
    const undriven = Object.entries(CASES).filter(([name, cases]) => name !== 'run' && cases.length === 0)
    assert.deepEqual(undriven, [])
  })

  test('of wrong usage', async () => {
    const lines = [
      [`--tokn=${STRAY}`],
      [`--tokn`, STRAY],
      [`once`, `--tokn=${STRAY}`],
      [`--tokn='${STRAY}'`],
      [`--tokn=${STRAY}\n${STRAY}`],
      [`--pushurl=http://127.0.0.1:3001/api/push/${STRAY}`],
      [`-t${STRAY}`],
      [`-t=${STRAY}`],
      [`-t`, STRAY],
      [STRAY],
      [`once`, STRAY],
      [`run`, `http://127.0.0.1/api/push/${STRAY}`],
      [`--dry-run=${STRAY}`],
      [`--version=${STRAY}`],
      [`--token=${TOKEN}`, `--tokn=${STRAY}`],
      [`--password`, STRAY],
      [`--`, STRAY],
      [`check-config`, `--token-fil=${STRAY}`],
    ]
    for (const line of lines) {
      const { code, stdout, stderr } = await runAgent(line)
      assert.equal(code, 64, line.join(' '))
      assertClean(`the output of ${line.length} arguments`, stdout + stderr)
      assert.notEqual(stderr, '')
    }
  })

  test('of the help and the version', async () => {
    const env = { KSP_TOKEN: TOKEN, KSP_PUSH_URL: `http://127.0.0.1/api/push/${TOKEN}` }
    for (const line of [['--help'], ['once', '--help'], ['--version'], ['--token', TOKEN, '--help']]) {
      const { code, stdout, stderr } = await runAgent(line, { env })
      assert.equal(code, 0)
      assertClean(line[0] ?? '', stdout + stderr)
    }
  })

  test('of wrong options and variables', async (t) => {
    const { write, folder } = await setUp(t)
    const holding = await write('holding', `${STRAY} ${STRAY}\n${STRAY}\n`)
    const flags = [
      ['--token', `${STRAY}/x`],
      ['--token', `${STRAY} `, '--push-url', `http://127.0.0.1/api/push/${STRAY}`],
      ['--push-url', STRAY],
      ['--push-url', `ftp://127.0.0.1/api/push/${STRAY}`],
      ['--push-url', `http://127.0.0.1/push/${STRAY}`],
      ['--push-url', `http://kay:${STRAY}@127.0.0.1/api/push/${STRAY}`],
      ['--push-url', `http://127.0.0.1/api/push/${STRAY}-`],
      ['--push-url', `http://[/api/push/${STRAY}`],
      ['--token', TOKEN, '--kuma-url', `http://127.0.0.1/api/push/${STRAY}?status=up`],
      ['--token', TOKEN, '--kuma-url', `http://kay:${STRAY}@127.0.0.1`],
      ['--token', TOKEN, '--kuma-url', `kay:${STRAY}@127.0.0.1`],
      ['--token', TOKEN, '--supervisor-url', `http://kay:${STRAY}@127.0.0.1:9001`],
      ['--token', TOKEN, '--supervisor-url', `tcp://kay:${STRAY}@127.0.0.1:9001`],
      ['--token-file', holding],
      ['--token-file', folder],
      ['--token', TOKEN, '--push-every', '0'],
    ]
    for (const line of flags) {
      const { code, stdout, stderr } = await runAgent(['once', ...line])
      assert.equal(code, 78, stderr)
      assertClean(`the output of ${line[0]}`, stdout + stderr)
    }
    const variables: Record<string, string>[] = [
      { KSP_TOKEN: `${STRAY}!` },
      { KSP_TOKN: STRAY },
      { KSP_PUSH_URL: `http://kay:${STRAY}@127.0.0.1/api/push/${STRAY}` },
      { KSP_TOKEN: TOKEN, KSP_KUMA_URL: `http://127.0.0.1/?token=${STRAY}` },
      {
        KSP_TOKEN: TOKEN,
        HTTP_PROXY: `http://kay:${STRAY}@[`,
        HTTPS_PROXY: `socks://kay:${STRAY}@127.0.0.1`,
      },
    ]
    for (const env of variables) {
      const { code, stdout, stderr } = await runAgent(['check-config'], { env })
      assert.ok(code === 78 || code === 0, stderr)
      assertClean(`the output with ${Object.keys(env).join()}`, stdout + stderr)
    }
  })

  test('of a wrong configuration file of each kind', async (t) => {
    const { write, folder } = await setUp(t)
    await mkdir(join(folder, 'directory'))
    await write('two-lines', `${STRAY}\n${STRAY}`)
    const monitor = `[[monitor]]\ntoken = "${TOKEN}"\n`
    const bodies = [
      `[[monitor]]\ntoken = "${STRAY}\n`,
      `[[monitor]]\ntoken = ${STRAY}\n`,
      `[[monitor]]\ntoken = "${STRAY}" "${STRAY}"\n`,
      `[[monitor]]\n${STRAY}\n`,
      `[[monitor]]\ntoken = "${STRAY}"\ntoken = "${STRAY}"\n`,
      `[[monitor]]\ntokn = "${STRAY}"\n`,
      `[[monitor]]\ntoken = ["${STRAY}"]\n`,
      `[[monitor]]\ntoken = { value = "${STRAY}" }\n`,
      `[[monitor]]\ntoken = "${STRAY}/"\n`,
      `[[monitor]]\npush_url = "http://kay:${STRAY}@127.0.0.1/api/push/${STRAY}"\n`,
      `[[monitor]]\npush_url = "127.0.0.1/api/push/${STRAY}"\n`,
      `[[monitor]]\ntoken_file = "directory"\n`,
      `[[monitor]]\ntoken_file = "two-lines"\n`,
      `[[monitor]]\nname = "a"\ntoken = "${STRAY}"\n[[monitor]]\nname = "b"\ntoken = "${STRAY}"\n`,
      `${monitor}[kuma]\nurl = "http://kay:${STRAY}@127.0.0.1"\n`,
      `${monitor}[kuma]\nurl = "http://127.0.0.1/api/push/${STRAY}"\n`,
      `${monitor}[kuma]\nheaders = "Authorization: ${STRAY}"\n`,
      `${monitor}[kuma]\nheaders = { Authorization = ["${STRAY}"] }\n`,
      `${monitor}[kuma]\nheaders = { Authorization = "${STRAY}\\n${STRAY}" }\n`,
      `${monitor}[kuma]\nheaders = { "Bad Name" = "${STRAY}" }\n`,
      `${monitor}[kuma]\nproxy = "http://kay:${STRAY}@127.0.0.1:1"\n`,
      `${monitor}[kuma]\nproxy = "socks5://kay:${STRAY}@127.0.0.1:1"\n`,
      `${monitor}[kuma]\nproxy = "kay:${STRAY}@127.0.0.1:1"\n`,
      `${monitor}[kuma]\nca_file = "two-lines"\n`,
      `${monitor}[kuma]\nclient_key_file = "two-lines"\nclient_cert_file = "two-lines"\n`,
      `${monitor}[[supervisor]]\nusername = "kay"\npassword = ${STRAY}\n`,
      `${monitor}[[supervisor]]\nusername = "kay"\npassword = ["${STRAY}"]\n`,
      `${monitor}[[supervisor]]\nusername = "kay"\npasword = "${STRAY}"\n`,
      `${monitor}[[supervisor]]\npassword = "${STRAY}"\n`,
      `${monitor}[[supervisor]]\nusername = "kay"\npassword = "${STRAY}"\npassword_file = "two-lines"\n`,
      `${monitor}[[supervisor]]\nusername = "kay"\npassword_file = "directory"\n`,
      `${monitor}[[supervisor]]\nurl = "http://kay:${STRAY}@127.0.0.1:9001"\n`,
    ]
    for (const body of bodies) {
      const config = await write('config.toml', body)
      for (const command of ['check-config', 'once']) {
        const { code, stdout, stderr } = await runAgent([command, '--config', config, '--unit', 'none'])
        assert.ok(
          code === 78 || (code === 0 && command === 'check-config') || code === 69,
          `${body}\n${stderr}`,
        )
        assertClean(`the output of ${command} for\n${body}`, stdout + stderr)
      }
    }
  })

  test('of a right one that is shown', async (t) => {
    const { write } = await setUp(t)
    const supervisor = `url = "http://127.0.0.1:9001"\nusername = "kay"\npassword = "${PASSWORD}"\nunit = "none"`
    const toml = configOf('http://127.0.0.1:3001', supervisor)
    const config = await write('config.toml', `${toml}[[monitor]]\nname = "b"\ntoken = "${TOKEN2}"\n`)
    for (const [name, cases] of Object.entries(CASES)) {
      for (const { line = [] } of cases.filter(({ doors }) => doors.includes('file'))) {
        const { code, stdout, stderr } = await runAgent([name, ...line, '--config', config])
        assert.equal(code, 0, stderr)
        assertClean(`the output of ${name}`, stdout + stderr)
        if (name === 'check-config') assert.match(stdout, /Qx7…/)
      }
    }
  })

  test('whatever Kuma answers', async (t) => {
    const { write, folder } = await setUp(t)
    const certificates = await createCertificates()
    const supervisord = await startSupervisord({ programs: { web: 'sleep 600' } })
    t.after(() => supervisord.stop())
    const full = (kuma: string) => configOf(kuma, `unit = "none"\nurl = "${supervisord.url}"`)
    const driveKuma = (toml: string, expected: RegExp) => drive(t, { door: 'kuma', toml, expected })
    /** Sends everything back that it was sent, where its owner would not expect it. */
    const echo =
      (status: number, type: string, wrap: (text: string) => string): RequestListener =>
      ({ url, headers }, response) => {
        const text = `${url} ${headers.authorization} ${JSON.stringify(headers)}`
        response.writeHead(status, { 'content-type': type }).end(wrap(text))
      }
    const page = (text: string) => `<html><pre>Cannot GET ${text}</pre></html>`
    const json = (text: string) => JSON.stringify({ ok: false, msg: text })
    const servers: [RequestListener, RegExp][] = [
      [echo(404, 'text/html', page), /answered 404/],
      [echo(404, 'application/json', json), /answered 404/],
      [echo(200, 'text/html', page), /not Kuma's push API/],
      [echo(200, 'application/json', json), /not Kuma's push API/],
      [echo(403, 'application/json', json), /refuses/],
      [echo(500, 'application/json', json), /answered 500/],
      [
        ({ url }, response) => response.writeHead(302, { location: `http://other.example${url}` }).end(),
        /redirect/,
      ],
      [
        (_, response) => response.writeHead(302, { location: `http://${TOKEN}.example/${TOKEN}` }).end(),
        /redirect/,
      ],
      [({ url }, response) => response.writeHead(302, { location: `/login?next=${url}` }).end(), /redirect/],
      [() => undefined, /did not answer/],
    ]
    const raw = await serveTcp(t, (socket) => {
      socket.on('data', (request) => socket.end(`nonsense ${request.toString()}`))
    })
    const tls = await serveHttp(t, echo(200, 'text/html', page), { tls: certificates.selfSigned })
    const proxy = await serveHttp(t, echo(407, 'text/html', page))
    const withProxy = full('http://kuma.example').replace(
      '[kuma]',
      `[kuma]\nproxy = "http://127.0.0.1:${proxy.port}"`,
    )
    // Sends back no more than the credentials, since what is quoted is cut.
    const mirror = await serveHttp(t, ({ headers }, response) => {
      const { authorization: sent, 'proxy-authorization': via, 'x-secret': filed } = headers
      const decoded = [sent, via].map((one) => Buffer.from(one?.slice(6) ?? '', 'base64').toString())
      response.writeHead(403, { 'content-type': 'application/json' })
      response.end(json([...decoded, filed, sent, via].join(' ')))
    })
    const withLogin = full('http://kuma.example').replace(
      /headers = .*/,
      `username = "kay"\npassword = "${LOGIN}"\nproxy = "http://kay:${PROXY}@127.0.0.1:${mirror.port}"\nheaders = { "X-Secret" = { file = "header" } }`,
    )
    await Promise.all([
      driveKuma(withLogin, /answered 403/),
      ...servers.map(async ([listener, expected]) => {
        const server = await serveHttp(t, listener)
        await driveKuma(full(`http://127.0.0.1:${server.port}`), expected)
      }),
      driveKuma(full(`http://127.0.0.1:${raw.port}`), /does not speak HTTP|ended the connection/),
      driveKuma(full(`https://127.0.0.1:${tls.port}`), /cannot be trusted/),
      driveKuma(full(`http://127.0.0.1:${await freePort()}`), /refuses connections/),
      driveKuma(full('http://no-such-host.invalid'), /does not resolve|cannot be reached|did not answer/),
      driveKuma(withProxy, /answered 407|cannot be reached/),
    ])
    await write('key.pem', `-----BEGIN PRIVATE KEY-----\n${STRAY}\n-----END PRIVATE KEY-----\n`)
    const withKey = full('https://127.0.0.1:1').replace(
      '[kuma]',
      `[kuma]\nclient_key_file = "${folder}/key.pem"\nclient_cert_file = "${folder}/key.pem"`,
    )
    const config = await write('config.toml', withKey)
    const { code, stdout, stderr } = await runAgent(['once', '--config', config])
    assert.equal(code, 78, stderr)
    assertClean('the output', stdout + stderr)
  })

  test('whatever supervisord answers', async (t) => {
    const kuma = await startReceiver(t)
    const supervisord = await startSupervisord({
      programs: { web: 'sleep 600' },
      inet: { username: 'kay', password: 'another' },
    })
    t.after(() => supervisord.stop())
    const rpc = (url: string) =>
      `unit = "none"\nurl = "${url}"\nusername = "kay"\npassword = "${PASSWORD}"\ntimeout = "2s"`
    const echo: RequestListener = ({ headers }, response) => {
      const told = `${headers.authorization} ${Buffer.from(headers.authorization?.slice(6) ?? '', 'base64').toString()}`
      const fault = `<struct><member><name>faultCode</name><value><int>7</int></value></member><member><name>faultString</name><value>${told}</value></member></struct>`
      response.end(`<methodResponse><fault><value>${fault}</value></fault></methodResponse>`)
    }
    const server = await serveHttp(t, echo)
    const page = await serveHttp(t, ({ headers }, response) => {
      response.end(`<html>${headers.authorization}</html>`)
    })
    const at = `127.0.0.1:${server.port}`
    // Found in supervisord.conf, as supervisorctl finds it.
    const auto = configOf(kuma.url, 'unit = "none"\nurl = "auto"')
    const conf = (password: string) =>
      `[inet_http_server]\nport = ${at}\nusername = kay\npassword = ${password}\n`
    const env = { SUPERVISOR_SERVER_URL: `http://kay:${FOUND}@${at}` }
    const driveRpc = (toml: string, expected: RegExp, given?: Parameters<typeof drive>[2]) =>
      drive(t, { door: 'supervisord', toml, expected }, given)
    const notFound = /supervisord not found|no supervisord/
    await Promise.all([
      driveRpc(configOf(kuma.url, rpc(supervisord.inetUrl)), /refuses the agent's username or password/),
      driveRpc(configOf(kuma.url, rpc(`http://${at}`)), /Fault 7/),
      driveRpc(configOf(kuma.url, rpc(`http://127.0.0.1:${page.port}`)), /XML-RPC/),
      driveRpc(auto, /Fault 7/, { conf: conf(FOUND) }),
      driveRpc(auto, /Fault 7/, { conf: conf(`%(ENV_NONE)s${FOUND}`) }),
      driveRpc(auto, /hash/, { conf: conf(`{SHA}${FOUND}`) }),
      driveRpc(auto, notFound, { conf: `[supervisorctl]\nserverurl = ftp://kay:${FOUND}@127.0.0.1\n` }),
      driveRpc(auto, notFound, { conf: `${FOUND}\n` }),
      driveRpc(auto, /Fault 7/, { env }),
    ])

    for (const { msg } of kuma.arrivals) assertClean('a message to Kuma', msg)
    assert.ok(kuma.arrivals.length > 0)
  })

  test('of a broken state file, a lock that is held and a crash', async (t) => {
    const setting = await setUp(t)
    const kuma = await startReceiver(t)
    const state = join(setting.folder, 'state.json')
    const config = await setting.write('config.toml', configOf(kuma.url))
    await writeFile(state, `{"version":1,"token":"${TOKEN}",`)
    setting.own.add('state.json.broken')
    const broken = await runAgent(['once', '--config', config, '--state-file', state])
    assert.match(broken.stderr, /set aside as/)
    assertClean('the output', broken.stdout + broken.stderr)
    await assertFilesClean(setting)

    kuma.script(() => undefined)
    const args = ['once', '--config', config, '--state-file', state]
    const first = startAgent(args)
    const sinceMs = kuma.arrivals.length
    await eventually('the first one pushes', () => kuma.arrivals.length > sinceMs)
    const second = await runAgent(args)
    assert.equal(second.code, 75)
    assertClean('the output', second.stderr)
    assertClean('the list of locks', readFileSync('/proc/net/unix', 'utf8'))
    await first.stop()
    kuma.script(null)

    for (const wrong of ['throw new Error(text)', 'Promise.reject(new Error(text))', 'throw text']) {
      const preload = await setting.write(
        'preload.cjs',
        `process.once('SIGUSR2', () => setTimeout(() => { const text = 'with ${TOKEN} and ${HEADER}'; ${wrong} }))`,
      )
      const crashed = startAgent(['run', ...args.slice(1)], { nodeOptions: ['--require', preload] })
      t.after(() => crashed.stop())
      await eventually('it watches', () => crashed.stderr.includes('watching '))
      crashed.kill('SIGUSR2')
      assert.equal(await crashed.ended, 70)
      assert.match(crashed.stderr, /kuma-supervisor-push: .*with Qx7… and …/)
      assertClean('the output of a crash', crashed.stdout + crashed.stderr)
      assert.match(readFileSync(`${state}.crash`, 'utf8'), /^with Qx7… and …$/m)
      await assertFilesClean(setting)
    }
  })
})
