import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmod, chown, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test, type TestContext } from 'node:test'
import {
  findSupervisor,
  parseServerUrl,
  type DiscoveryOptions,
  type ServerUrl,
} from '../../../src/collect/supervisor/discovery.ts'

const NO_LOGIN = { username: null, password: null }

async function folder(t: TestContext, files: Record<string, string> = {}): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'ksp-find-'))
  t.after(() => rm(dir, { recursive: true, force: true, maxRetries: 9 }))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(dir, name)), { recursive: true })
    await writeFile(join(dir, name), text)
  }
  return dir
}

/** Looks only at the given files and sockets. */
function find(options: Partial<DiscoveryOptions>) {
  return findSupervisor(NO_LOGIN, {
    env: {},
    cwd: '/nonexistent',
    hostname: 'host-a',
    confPaths: [],
    socketPaths: [],
    ...options,
  })
}

async function findIn(t: TestContext, conf: string, options: Partial<DiscoveryOptions> = {}) {
  const dir = await folder(t, { 'supervisord.conf': conf })
  const found = await find({ confPaths: [join(dir, 'supervisord.conf')], ...options })
  return { dir, found }
}

const DEBIAN = `
[unix_http_server]
file=/var/run/supervisor.sock   ; (the path to the socket file)
chmod=0700                       ; sockef file mode (default 0700)
[supervisord]
logfile=/var/log/supervisor/supervisord.log
[supervisorctl]
serverurl=unix:///var/run/supervisor.sock ; use a unix:// URL  for a unix socket
`

/** [what, configuration, environment, url, username, password, section] */
const FOUND: [string, string, Record<string, string>, string, string | null, string | null, string][] = [
  ["Debian's", DEBIAN, {}, 'unix:///var/run/supervisor.sock', null, null, 'supervisorctl'],
  [
    'credentials of [supervisorctl]',
    '[supervisorctl]\nserverurl=http://h:9001/\nusername=al\npassword=a#b;c%%d ; no',
    {},
    'http://h:9001',
    'al',
    'a#b;c%d',
    'supervisorctl',
  ],
  [
    'credentials of the socket when [supervisorctl] has none',
    '[supervisorctl]\nserverurl=unix:///x.sock\n[unix_http_server]\nfile=/x.sock\nusername=al\npassword=pw',
    {},
    'unix:///x.sock',
    'al',
    'pw',
    'supervisorctl',
  ],
  [
    'the socket before the port when [supervisorctl] names nothing',
    '[inet_http_server]\nport=9001\n[unix_http_server]\nfile=~/x.sock\n[supervisorctl]\nprompt=x',
    { HOME: '/home/al' },
    'unix:///home/al/x.sock',
    null,
    null,
    'unix_http_server',
  ],
  [
    'a port alone',
    '[inet_http_server]\nport = 9001',
    {},
    'http://127.0.0.1:9001',
    null,
    null,
    'inet_http_server',
  ],
  [
    '*:port',
    '[inet_http_server]\nport = *:9001',
    {},
    'http://127.0.0.1:9001',
    null,
    null,
    'inet_http_server',
  ],
  [':port', '[inet_http_server]\nport = :9001', {}, 'http://127.0.0.1:9001', null, null, 'inet_http_server'],
  [
    'host:port with its credentials, of a named section',
    '[inet_http_server:b]\nport=10.0.0.7:9001\nusername=al\npassword=pw',
    {},
    'http://10.0.0.7:9001',
    'al',
    'pw',
    'inet_http_server:b',
  ],
  [
    'a variable and the host name',
    '[unix_http_server]\nfile=%(ENV_RUN)s/%(host_node_name)s.sock',
    { RUN: '/srv/run' },
    'unix:///srv/run/host-a.sock',
    null,
    null,
    'unix_http_server',
  ],
  [
    'the next section when one has a wrong address',
    '[supervisorctl]\nserverurl=tcp://h\n[unix_http_server]\nfile=/x.sock',
    {},
    'unix:///x.sock',
    null,
    null,
    'unix_http_server',
  ],
]
for (const [what, conf, env, url, username, password, section] of FOUND) {
  test(`finds by its configuration: ${what}`, async (t) => {
    const { dir, found } = await findIn(t, conf, { env })
    const source = `${dir}/supervisord.conf [${section}]`
    assert.deepEqual(found, { kind: 'found', url, username, password, source, warning: null })
  })
}

test('%(here)s is the folder of the file it stands in, and paths are relative to the working folder of none', async (t) => {
  const { dir, found } = await findIn(t, '[unix_http_server]\nfile=%(here)s/run/../x.sock')
  assert.equal(found.kind === 'found' && found.url, `unix://${dir}/x.sock`)
})

test('reads what a configuration includes, by several patterns over several lines', async (t) => {
  const dir = await folder(t, {
    'etc/supervisord.conf':
      '[include]\nfiles =\n  none/*.conf\n  %(here)s/conf.d/*.conf more.ini\n[supervisord]',
    'etc/conf.d/a.conf': '[unix_http_server]\nfile=%(here)s/a.sock\nusername=al',
    'etc/conf.d/b.conf': '[unix_http_server]\npassword=pw',
    'etc/conf.d/b.conf.off': '[supervisorctl]\nserverurl=http://wrong',
    'etc/more.ini': '[program:x]\ncommand=x',
  })
  const found = await find({ confPaths: [join(dir, 'etc/supervisord.conf')] })
  assert.deepEqual(found.kind === 'found' && [found.url, found.username, found.password], [
    `unix://${dir}/etc/conf.d/a.sock`,
    'al',
    'pw',
  ])
})

test('a child of supervisord takes its URL, and the credentials of that address', async (t) => {
  const conf = '[unix_http_server]\nfile=/x.sock\n[inet_http_server]\nport=*:9001\nusername=al\npassword=pw'
  for (const [given, url, username] of [
    ['http://localhost:9001', 'http://localhost:9001', 'al'],
    ['unix:///x.sock', 'unix:///x.sock', null],
    ['unix:///y.sock', 'unix:///y.sock', null],
  ] as const) {
    const { found } = await findIn(t, conf, { env: { SUPERVISOR_SERVER_URL: given } })
    assert.equal(found.kind, 'found')
    assert.deepEqual([found.url, found.username, found.source], [url, username, 'SUPERVISOR_SERVER_URL'])
  }
})

test('a wrong SUPERVISOR_SERVER_URL is passed over', async (t) => {
  const { found } = await findIn(t, DEBIAN, { env: { SUPERVISOR_SERVER_URL: 'nonsense' } })
  assert.equal(found.kind === 'found' && found.url, 'unix:///var/run/supervisor.sock')
})

test('says that a hashed password cannot be used', async (t) => {
  const hashed =
    '[unix_http_server]\nfile=/x.sock\nusername=al\npassword={SHA}82ab876d1387bfafe46cc1c8a2ef074eae50cb1d\n'
  const { dir, found } = await findIn(t, hashed)
  assert.equal(found.kind, 'found')
  assert.equal(found.password, null)
  assert.equal(
    found.warning,
    `${dir}/supervisord.conf [unix_http_server]: the password is only known as a {SHA} hash, which cannot be used; set username and password_file`,
  )
  const plain = await findIn(
    t,
    `${hashed}[supervisorctl]\nserverurl=unix:///x.sock\nusername=al\npassword=pw`,
  )
  assert.deepEqual(plain.found.kind === 'found' && [plain.found.password, plain.found.warning], ['pw', null])
})

test('the first configuration that exists counts, as for supervisorctl', async (t) => {
  const dir = await folder(t, {
    'a.conf': '[inet_http_server]\nport=1',
    'b.conf': '[inet_http_server]\nport=2',
  })
  const found = await find({
    confPaths: ['none.conf', 'a.conf/none', 'a.conf', 'b.conf'].map((name) => join(dir, name)),
  })
  assert.equal(found.kind === 'found' && found.url, 'http://127.0.0.1:1')
})

test("looks around this PATH's supervisorctl first, then in the working folder", async (t) => {
  const dir = await folder(t, {
    'venv/bin/supervisorctl': '',
    'venv/etc/supervisord.conf': '[inet_http_server]\nport=1',
    'cwd/supervisord.conf': '[inet_http_server]\nport=2',
  })
  const look = (env: Record<string, string>) =>
    findSupervisor(NO_LOGIN, { env, hostname: 'h', cwd: join(dir, 'cwd'), socketPaths: [] })
  const byPath = await look({ PATH: `relative:/nonexistent:${dir}/venv/bin` })
  assert.equal(byPath.kind === 'found' && byPath.url, 'http://127.0.0.1:1')
  const byFolder = await look({ PATH: '/nonexistent' })
  assert.equal(byFolder.kind === 'found' && byFolder.url, 'http://127.0.0.1:2')
})

test(
  'root reads no supervisord.conf of the working folder that another user owns, or the folder',
  {
    skip: process.getuid?.() !== 0,
  },
  async (t) => {
    const dir = await folder(t, { 'supervisord.conf': '[inet_http_server]\nport=2' })
    const look = async (): Promise<string> => {
      const env = { PATH: '/nonexistent' }
      const found = await findSupervisor(NO_LOGIN, { env, hostname: 'h', cwd: dir, socketPaths: [] })
      return found.kind === 'found' ? found.url : 'none'
    }
    assert.equal(await look(), 'http://127.0.0.1:2')
    await chown(dir, 1_001, 1_001)
    assert.notEqual(await look(), 'http://127.0.0.1:2')
    await chown(dir, 0, 0)
    await chown(join(dir, 'supervisord.conf'), 1_001, 1_001)
    assert.notEqual(await look(), 'http://127.0.0.1:2')
  },
)

test('a configuration of more than 1 MB is not read', async (t) => {
  const { found } = await findIn(t, `[inet_http_server]\nport=2\n${'#'.repeat(1024 * 1024)}`)
  assert.match(found.kind === 'failed' ? found.failure.detail : '', /larger than 1 MB/)
})

async function listeningSocket(t: TestContext): Promise<string> {
  const path = join(await folder(t), 'supervisor.sock')
  const server = createServer().listen(path)
  await once(server, 'listening')
  t.after(() => server.close())
  return path
}

test('takes a well-known socket where there is no configuration', async (t) => {
  const path = await listeningSocket(t)
  assert.deepEqual(
    await find({ confPaths: ['/nonexistent.conf'], socketPaths: ['/nonexistent.sock', path] }),
    {
      kind: 'found',
      url: `unix://${path}`,
      username: null,
      password: null,
      source: path,
      warning: null,
    },
  )
})

const nobody = process.getuid?.() === 0 ? 65534 : null

test(
  'says that a configuration cannot be read, and takes a well-known socket',
  { skip: nobody === null },
  async (t) => {
    const path = await listeningSocket(t)
    const dir = await folder(t, { 'supervisord.conf': DEBIAN })
    const conf = join(dir, 'supervisord.conf')
    await chmod(dir, 0o755)
    await chmod(dirname(path), 0o755)
    await chmod(conf, 0o600)
    process.seteuid?.(nobody ?? 0)
    try {
      const found = await find({ confPaths: [conf], socketPaths: [path] })
      assert.equal(found.kind === 'found' && found.source, `${path} (${conf} cannot be read (EACCES))`)
      const none = await find({ confPaths: [conf] })
      assert.match(
        none.kind === 'failed' ? none.failure.detail : '',
        /supervisord\.conf cannot be read \(EACCES\); no socket/,
      )
    } finally {
      process.seteuid?.(0)
    }
  },
)

const NOT_FOUND: [string, string, string][] = [
  ['no section of use', '[supervisord]', 'CONF names no address'],
  [
    'a variable that the agent does not have',
    '[unix_http_server]\nfile=%(ENV_RUN)s/x.sock',
    'CONF: [unix_http_server] file: %(ENV_RUN)s is not known here',
  ],
  ['a lone %', '[include]\nfiles=50%', 'CONF: [include] files: a single % (write %%)'],
  ['no INI at all', '{"a": 1}', 'CONF: line 1: neither a section nor an option'],
  [
    'a URL of a wrong kind',
    '[supervisorctl]\nserverurl=tcp://al:pw@h:1',
    'CONF [supervisorctl]: expected unix:///path, http://host:port or https://host:port, got "tcp://h:1"; CONF names no address',
  ],
]
for (const [what, conf, why] of NOT_FOUND) {
  test(`tells where it looked when there is nothing: ${what}`, async (t) => {
    const { dir, found } = await findIn(t, conf, { socketPaths: ['/nonexistent.sock'] })
    assert.deepEqual(found, {
      kind: 'failed',
      failure: {
        reason: 'no-address',
        url: 'auto',
        detail: `no supervisord found: ${why}; no socket at /nonexistent.sock; set its url`.replaceAll(
          'CONF',
          join(dir, 'supervisord.conf'),
        ),
      },
    })
  })
}

test('tells where it looked when there is no configuration and the environment is wrong', async () => {
  const found = await find({
    env: { SUPERVISOR_SERVER_URL: 'x' },
    confPaths: ['/nonexistent/a.conf', '/nonexistent/b.conf', '/nonexistent/a.conf'],
    socketPaths: ['/nonexistent.sock'],
  })
  assert.equal(
    found.kind === 'failed' && found.failure.detail,
    'no supervisord found: SUPERVISOR_SERVER_URL: expected unix:///path, http://host:port or https://host:port, got "x"; ' +
      'no /nonexistent/a.conf, /nonexistent/b.conf; no socket at /nonexistent.sock; set its url',
  )
})

test('a login that is given wins over the one that is found', async (t) => {
  const dir = await folder(t, { 'supervisord.conf': '[inet_http_server]\nport=1\nusername=a\npassword=b' })
  const login = { username: 'x', password: 'y' }
  const found = await findSupervisor(login, { env: {}, confPaths: [join(dir, 'supervisord.conf')] })
  assert.deepEqual(found.kind === 'found' && [found.username, found.password], ['x', 'y'])
})

const taken = (text: string): ServerUrl => {
  const parsed = parseServerUrl(text)
  return 'wrong' in parsed ? assert.fail(parsed.wrong) : parsed
}

const TAKEN: [text: string, displayUrl: string, endpoint: string, socketPath: string | null][] = [
  [
    'unix:///run/supervisor.sock',
    'unix:///run/supervisor.sock',
    'http://localhost/RPC2',
    '/run/supervisor.sock',
  ],
  ['unix:///a b%20ö.sock', 'unix:///a b%20ö.sock', 'http://localhost/RPC2', '/a b%20ö.sock'],
  ['http://localhost:9001', 'http://localhost:9001', 'http://localhost:9001/RPC2', null],
  ['http://10.0.0.7:9001/', 'http://10.0.0.7:9001', 'http://10.0.0.7:9001/RPC2', null],
  ['http://h:9001/RPC2', 'http://h:9001', 'http://h:9001/RPC2', null],
  ['https://h/sv/one/', 'https://h/sv/one', 'https://h/sv/one/RPC2', null],
  ['https://h/sv/RPC2/?x=1#y', 'https://h/sv', 'https://h/sv/RPC2', null],
  ['http://[::1]:9001', 'http://[::1]:9001', 'http://[::1]:9001/RPC2', null],
]
for (const [text, displayUrl, endpoint, socketPath] of TAKEN) {
  test(`takes ${text}`, () => {
    const { endpoint: url, ...rest } = taken(text)
    assert.deepEqual(rest, { displayUrl, socketPath, username: null, password: null })
    assert.equal(url.href, endpoint)
  })
}

test('takes credentials out of a URL, decoded', () => {
  const { displayUrl, endpoint, username, password } = taken('http://al%40ice:p%2Fw%3A@h:9001')
  assert.deepEqual([displayUrl, username, password], ['http://h:9001', 'al@ice', 'p/w:'])
  assert.equal(endpoint.href, 'http://h:9001/RPC2')
  assert.equal(taken('http://a:100%25%zz@h').password, '100%25%zz')
})

const kinds = 'expected unix:///path, http://host:port or https://host:port, got '
const REFUSED: [string, string][] = [
  ['', `${kinds}""`],
  ['/run/supervisor.sock', `${kinds}"/run/supervisor.sock"`],
  ['localhost:9001', `${kinds}"localhost:9001"`],
  ['tcp://bob:secret@h:9001', `${kinds}"tcp://h:9001"`],
  ['http://bob:secret@h:99999', `${kinds}"http://h:99999"`],
  ['unix:/run/supervisor.sock', `${kinds}"unix:/run/supervisor.sock"`],
  [
    'unix://run/supervisor.sock',
    'unix:// needs an absolute path, like unix:///run/supervisor.sock, got "unix://run/supervisor.sock"',
  ],
  ['unix://', 'unix:// needs an absolute path, like unix:///run/supervisor.sock, got "unix://"'],
]
for (const [text, wrong] of REFUSED) {
  test(`refuses ${JSON.stringify(text)} without showing credentials`, () => {
    assert.deepEqual(parseServerUrl(text), { wrong })
  })
}
