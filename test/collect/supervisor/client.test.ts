import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { SupervisorClient } from '../../../src/collect/supervisor/client.ts'
import type { RpcFailure, RpcReading, SupervisorState } from '../../../src/collect/supervisor/rpc-reading.ts'
import { memoryLog } from '../../helpers/memory-log.ts'
import { nothingEscapes } from '../../helpers/nothing-escapes.ts'
import { openClient } from '../../helpers/open-client.ts'
import { startRpcServer, xmlAnswer, xmlFault } from '../../helpers/rpc-server.ts'
import { selfSigned } from '../../helpers/self-signed.ts'

nothingEscapes()

const fixture = (name: string) => readFile(join(import.meta.dirname, '../../fixtures', name), 'utf8')
const never = new AbortController().signal

function answered(reading: RpcReading): SupervisorState {
  return reading.kind === 'answered' ? reading.state : assert.fail(JSON.stringify(reading))
}

function failed(reading: RpcReading): RpcFailure {
  return reading.kind === 'failed' ? reading.failure : assert.fail(JSON.stringify(reading))
}

/** A server that answers by method; the methods asked for are kept. */
async function serve(t: TestContext, answers: Record<string, string | undefined>) {
  const asked: string[] = []
  const server = await startRpcServer(t, (method) => {
    asked.push(method)
    return answers[method] ?? xmlFault(1, 'UNKNOWN_METHOD')
  })
  return { ...server, shown: server.url.origin, asked }
}

test("reads supervisord 4.2.5's answers in one request, and its configuration once", async (t) => {
  const server = await serve(t, {
    'system.multicall': await fixture('supervisord-4.2.5/multicall.xml'),
    'supervisor.getAllConfigInfo': await fixture('supervisord-4.2.5/get-all-config-info.xml'),
    'supervisor.readLog': `<methodResponse><params><param><value><string>2026-11-21 05:10:11,123 INFO spawned: 'running' with pid 4711
</string></value></param></params></methodResponse>`,
  })
  const client = openClient(t, server.url)
  const state = answered(await client.read(never))
  assert.ok(state.pid !== null && state.pid > 1)
  assert.deepEqual(
    state.processes.map(({ group, name, state: of }) => `${group}:${name} ${of}`),
    [
      'backoff:backoff BACKOFF',
      'by-hand:by-hand STOPPED',
      'exited-by-signal:exited-by-signal EXITED',
      'exited-expected:exited-expected EXITED',
      'exited-unexpected:exited-unexpected EXITED',
      'fatal:fatal FATAL',
      'never:never STOPPED',
      'pair:größe&<co> RUNNING',
      'pair:left RUNNING',
      'running:running RUNNING',
      'slow:slow STOPPING',
      'starting:starting STARTING',
    ],
  )
  assert.deepEqual(
    state.configs?.find(({ name }) => name === 'exited-expected'),
    {
      group: 'exited-expected',
      name: 'exited-expected',
      autostart: true,
      exitcodes: [0, 2],
      startsecs: 1,
      stopwaitsecs: 10,
      redirectsStderr: false,
    },
  )
  assert.deepEqual(state.events, [{ name: 'running', kind: 'spawned', pid: 4711 }])
  const again = answered(await client.read(never))
  assert.deepEqual([again.configs, again.events], [state.configs, state.events])
  assert.deepEqual(server.asked, [
    'system.multicall',
    'supervisor.getAllConfigInfo',
    'supervisor.readLog',
    'system.multicall',
  ])
  assert.equal(server.connections(), 1)
})

test('wakes supervisord by a small question before it asks for the programs, where that is wanted', async (t) => {
  const server = await serve(t, {
    'supervisor.getState': xmlAnswer('<int>1</int>'),
    'system.multicall': await fixture('supervisord-4.2.5/multicall.xml'),
  })
  const client = openClient(t, server.url)
  answered(await client.read(never, true))
  assert.deepEqual(server.asked.slice(0, 2), ['supervisor.getState', 'system.multicall'])
})

test('does not ask for the programs when the small question gets no answer', async (t) => {
  const asked: string[] = []
  const server = await startRpcServer(t, (method) => void asked.push(method))
  const { reason } = failed(await openClient(t, server.url, { timeoutMs: 700 }).read(never, true))
  assert.equal(reason, 'timeout')
  assert.deepEqual(asked, ['supervisor.getState'])
})

test('reads the Go re-implementation, which has neither multicall nor configuration', async (t) => {
  const server = await serve(t, {
    'supervisor.getAllProcessInfo': await fixture('supervisord-go/get-all-process-info.xml'),
  })
  const client = openClient(t, server.url)
  for (let times = 0; times < 2; times++) {
    const { pid, configs, events, processes } = answered(await client.read(never))
    assert.deepEqual([pid, configs, events], [null, null, null])
    assert.deepEqual(
      processes.map((seen) => [
        `${seen.group}:${seen.name}`,
        seen.state,
        seen.spawnerr,
        seen.exitstatus,
        seen.pid,
      ]),
      [
        ['web:web', 'RUNNING', null, 0, 812],
        ['workers:worker_00', 'EXITED', null, 3, 0],
        ['broken:broken', 'FATAL', null, 127, 0],
        ['idle:idle', 'STOPPED', null, 0, 0],
      ],
    )
  }
  assert.deepEqual(server.asked, [
    'system.multicall',
    'supervisor.getAllProcessInfo',
    'supervisor.getAllConfigInfo',
    'supervisor.readLog',
    'supervisor.getAllProcessInfo',
  ])
})

test('falls back where system.multicall is refused by an HTTP status', async (t) => {
  const go = await fixture('supervisord-go/get-all-process-info.xml')
  const server = await startRpcServer(t, (method, _body, _req, res) => {
    if (method === 'supervisor.getAllProcessInfo') return go
    res.writeHead(400).end('rpc: service/method request ill-formed')
    return undefined
  })
  assert.equal(answered(await openClient(t, server.url).read(never)).processes.length, 4)
})

const struct = (members: Record<string, string>) =>
  `<value><struct>${Object.entries(members)
    .map(([name, value]) => `<member><name>${name}</name><value>${value}</value></member>`)
    .join('')}</struct></value>`
const array = (...values: string[]) => `<array><data>${values.join('')}</data></array>`
const multicall = (pid: string, processes: string) =>
  xmlAnswer(array(`<value>${pid}</value>`, `<value>${processes}</value>`))

test('asks for the programs alone where multicall answers in another way than supervisord does', async (t) => {
  const server = await serve(t, {
    'system.multicall': multicall(
      array('<value><int>7</int></value>'),
      array(`<value>${array(struct({ name: 'b' }))}</value>`),
    ),
    'supervisor.getAllProcessInfo': xmlAnswer(array(struct({ name: 'a' }))),
  })
  const { pid, processes } = answered(await openClient(t, server.url).read(never))
  assert.equal(pid, null)
  assert.deepEqual(processes, [
    {
      group: 'a',
      name: 'a',
      state: 'UNKNOWN',
      start: 0,
      stop: 0,
      spawnerr: null,
      exitstatus: 0,
      pid: 0,
      stdoutLogfile: '',
      stderrLogfile: '',
    },
  ])
})

test('reads no programs at all', async (t) => {
  const server = await serve(t, { 'system.multicall': multicall('<int>7</int>', array()) })
  assert.deepEqual(answered(await openClient(t, server.url).read(never)).processes, [])
})

test('maps a state by its number, and by its name only where there is no number', async (t) => {
  const seen: [Record<string, string>, string][] = [
    [{ state: '<int>20</int>', statename: 'Fatal' }, 'RUNNING'],
    [{ statename: 'Running' }, 'RUNNING'],
    [{ state: '<int>77</int>', statename: 'RUNNING' }, 'UNKNOWN'],
    [{ statename: 'Sleeping' }, 'UNKNOWN'],
  ]
  const structs = seen.map(([members]) => struct({ name: 'a', ...members }))
  const server = await serve(t, { 'system.multicall': multicall('', array(...structs)) })
  const { pid, processes } = answered(await openClient(t, server.url).read(never))
  assert.equal(pid, null)
  assert.deepEqual(
    processes.map(({ state }) => state),
    seen.map(([, state]) => state),
  )
})

test('passes over configuration entries that it cannot read', async (t) => {
  const entry = {
    name: 'b',
    startsecs: '<int>3</int>',
    exitcodes: array('<value><int>0</int></value>', '<value>x</value>'),
  }
  const server = await serve(t, {
    'system.multicall': multicall('<int>7</int>', array(struct({ name: 'b' }))),
    'supervisor.getAllConfigInfo': xmlAnswer(
      array(
        '<value>x</value>',
        struct({ name: 'a' }),
        struct({ ...entry, autostart: '<int>1</int>', group: 'g' }),
      ),
    ),
  })
  assert.deepEqual(answered(await openClient(t, server.url).read(never)).configs, [
    {
      group: 'g',
      name: 'b',
      autostart: true,
      exitcodes: [0],
      startsecs: 3,
      stopwaitsecs: 10,
      redirectsStderr: null,
    },
  ])
})

test('a configuration that cannot be had never fails the reading', async (t) => {
  const processes = multicall('<int>7</int>', array(struct({ name: 'a' })))
  for (const config of [xmlFault(1, 'UNKNOWN_METHOD'), xmlAnswer('<nil/>'), '<html>']) {
    const server = await serve(t, { 'system.multicall': processes, 'supervisor.getAllConfigInfo': config })
    assert.equal(answered(await openClient(t, server.url).read(never)).configs, null)
  }
  const mute = await startRpcServer(t, (method, _body, _req, res) => {
    if (method === 'system.multicall') return processes
    res.writeHead(500).end()
    return undefined
  })
  assert.equal(answered(await openClient(t, mute.url).read(never)).configs, null)
})

test('asks for the configuration again when the pid or the set of programs changes, and now and then', async (t) => {
  const config = (name: string) =>
    xmlAnswer(array(struct({ name, startsecs: '<int>1</int>', exitcodes: array() })))
  const answers: Record<string, string> = { 'supervisor.getAllConfigInfo': config('first') }
  const server = await serve(t, answers)
  let clock = 0
  const client = openClient(t, server.url, { clock: { now: () => clock } })
  const asks = async (pid: number, names: string[]) => {
    answers['system.multicall'] = multicall(
      `<int>${pid}</int>`,
      array(...names.map((name) => struct({ name }))),
    )
    server.asked.length = 0
    const { configs } = answered(await client.read(never))
    return [server.asked.includes('supervisor.getAllConfigInfo'), configs?.[0]?.name]
  }
  assert.deepEqual(await asks(1, ['a', 'b']), [true, 'first'])
  assert.deepEqual(await asks(1, ['b', 'a']), [false, 'first'])
  answers['supervisor.getAllConfigInfo'] = config('second')
  assert.deepEqual(await asks(2, ['a', 'b']), [true, 'second'])
  assert.deepEqual(await asks(2, ['a', 'b', 'c']), [true, 'second'])
  answers['supervisor.getAllConfigInfo'] = xmlFault(1, 'x')
  clock += 600_001
  assert.deepEqual(await asks(2, ['a', 'b', 'c']), [true, 'second'])
  assert.deepEqual(await asks(2, ['a', 'b', 'c']), [false, 'second'])
  assert.deepEqual(await asks(3, ['a', 'b', 'c']), [true, undefined])
  assert.deepEqual(await asks(3, ['a', 'b', 'c']), [false, undefined])
})

test('the deadline is that of the whole reading: a mute configuration is left out', async (t) => {
  const server = await startRpcServer(t, (method) =>
    method === 'system.multicall' ? multicall('<int>7</int>', array(struct({ name: 'a' }))) : undefined,
  )
  const client = openClient(t, server.url, { timeoutMs: 2000 })
  assert.equal(answered(await client.read(never)).configs, null)
  // It is not asked again at once, so a reading has the whole deadline to itself.
  assert.equal(answered(await client.read(never)).configs, null)
  assert.equal(server.connections(), 2)
})

type Serve = Record<string, string>
const FAILURES: [what: string, answers: Serve, failure: Pick<RpcFailure, 'reason' | 'detail'>][] = [
  [
    'a shutdown, told by each part of a multicall',
    { 'system.multicall': 'supervisord-4.2.5/multicall-shutdown.xml' },
    {
      reason: 'shutdown',
      detail: 'supervisord at URL is shutting down or restarting (Fault 6 SHUTDOWN_STATE)',
    },
  ],
  [
    'a shutdown, told at once',
    { 'system.multicall': 'supervisord-4.2.5/fault-shutdown.xml' },
    {
      reason: 'shutdown',
      detail: 'supervisord at URL is shutting down or restarting (Fault 6 SHUTDOWN_STATE)',
    },
  ],
  [
    'a missing RPC interface',
    { 'supervisor.getAllProcessInfo': 'supervisord-4.2.5/fault-unknown-method.xml' },
    {
      reason: 'fault',
      detail:
        'supervisor.getAllProcessInfo is unknown at URL (Fault 1 UNKNOWN_METHOD): supervisord.conf has no [rpcinterface:supervisor] section',
    },
  ],
]
for (const [what, files, expected] of FAILURES) {
  test(`names the failure: ${what}`, async (t) => {
    const answers = Object.fromEntries(
      await Promise.all(
        Object.entries(files).map(async ([method, file]) => [method, await fixture(file)] as const),
      ),
    )
    const server = await serve(t, answers)
    const { url, ...failure } = failed(await openClient(t, server.url).read(never))
    assert.equal(url, server.shown)
    assert.deepEqual(failure, { ...expected, detail: expected.detail.replace('URL', server.shown) })
  })
}

const BAD: [what: string, answer: string, reason: string, detail: string][] = [
  [
    'another fault',
    xmlFault(91, 'ill&#10;luck'),
    'fault',
    'supervisor.getAllProcessInfo answered Fault 91 ill luck at URL',
  ],
  [
    'a page',
    '<!DOCTYPE html><html></html>',
    'bad-answer',
    'supervisor.getAllProcessInfo did not answer XML-RPC at URL: line 1, column 15: a document type definition is not allowed',
  ],
  [
    'no list',
    xmlAnswer('<int>1</int>'),
    'bad-answer',
    'supervisor.getAllProcessInfo answered something else at URL: expected an array of processes',
  ],
  [
    'nameless processes',
    xmlAnswer(array(struct({ name: 'a' }), struct({ group: 'b' }), '<value>c</value>')),
    'bad-answer',
    'supervisor.getAllProcessInfo answered something else at URL: 2 of 3 processes have no name',
  ],
]
for (const [what, answer, reason, detail] of BAD) {
  test(`names the failure: ${what}`, async (t) => {
    const server = await serve(t, { 'supervisor.getAllProcessInfo': answer })
    assert.deepEqual(failed(await openClient(t, server.url).read(never)), {
      reason,
      url: server.shown,
      detail: detail.replace('URL', server.shown),
    })
  })
}

const STATUSES: [number, string, string][] = [
  [
    401,
    'unauthorized',
    'supervisor.getAllProcessInfo was refused with HTTP 401 at URL: wrong or missing username and password',
  ],
  [
    403,
    'unauthorized',
    'supervisor.getAllProcessInfo was refused with HTTP 403 at URL: wrong or missing username and password',
  ],
  [404, 'bad-answer', 'supervisor.getAllProcessInfo answered HTTP 404 at URL'],
  [500, 'bad-answer', 'supervisor.getAllProcessInfo answered HTTP 500 at URL'],
]
for (const [status, reason, detail] of STATUSES) {
  test(`names the failure: HTTP ${status}`, async (t) => {
    const server = await startRpcServer(t, (_method, _body, _req, res) => {
      res.writeHead(status).end('<html>')
      return undefined
    })
    const url = server.url.origin
    const failure = failed(await openClient(t, server.url).read(never))
    assert.deepEqual(failure, { reason, url, detail: detail.replace('URL', url) })
  })
}

test('names the failure: a server that resets, one of another protocol', async (t) => {
  const resets = await startRpcServer(t, (_method, _body, req) => {
    req.socket.resetAndDestroy()
    return undefined
  })
  assert.equal(failed(await openClient(t, resets.url).read(never)).reason, 'unreachable')
  const garbles = await startRpcServer(t, (_method, _body, req) => {
    req.socket.end('220 mail ready\r\n')
    return undefined
  })
  assert.equal(failed(await openClient(t, garbles.url).read(never)).reason, 'bad-answer')
})

test('a reading that is given up is a failure, not an exception', async (t) => {
  const server = await startRpcServer(t, () => undefined)
  const failure = failed(await openClient(t, server.url).read(AbortSignal.abort()))
  assert.deepEqual(
    [failure.reason, failure.detail],
    ['unreachable', `supervisor.getAllProcessInfo failed at ${server.url.origin}: aborted`],
  )
})

test('tries multicall again after a failure: another program may answer then', async (t) => {
  const answers: Record<string, string | undefined> = { 'supervisor.getAllProcessInfo': xmlAnswer(array()) }
  const server = await serve(t, answers)
  const client = openClient(t, server.url)
  assert.equal(answered(await client.read(never)).pid, null)
  answers['supervisor.getAllProcessInfo'] = xmlFault(6, 'SHUTDOWN_STATE')
  assert.equal(failed(await client.read(never)).reason, 'shutdown')
  answers['system.multicall'] = multicall('<int>9</int>', array())
  assert.equal(answered(await client.read(never)).pid, 9)
})

test('an acting call is a value or a named failure', async (t) => {
  const server = await serve(t, { 'supervisor.startProcess': xmlAnswer('<boolean>1</boolean>') })
  const client = openClient(t, server.url)
  assert.deepEqual(await client.call('supervisor.startProcess', ['a'], never), { kind: 'value', value: true })
  const given = await client.call('system.none', [], never)
  assert.equal(
    given.kind === 'failed' && given.failure.detail,
    `system.none answered Fault 1 UNKNOWN_METHOD at ${server.shown}`,
  )
})

test('trusts a private certificate from its file, and names a file that cannot be read', async (t) => {
  const tls = await selfSigned(t)
  const server = await startRpcServer(t, () => multicall('<int>7</int>', array()), { tls })
  assert.equal(answered(await openClient(t, server.url, { caFile: tls.certFile }).read(never)).pid, 7)
  const distrust = failed(await openClient(t, server.url).read(never))
  assert.equal(distrust.reason, 'unreachable')
  assert.match(distrust.detail, /self-signed certificate/)
  const client = openClient(t, server.url, { caFile: '/nonexistent/ca.pem' })
  const detail = /^ca_file \/nonexistent\/ca\.pem cannot be read: ENOENT/
  assert.match(failed(await client.read(never)).detail, detail)
  const given = await client.call('system.none', [], never)
  assert.match(given.kind === 'failed' ? given.failure.detail : '', detail)
})

test('a URL of a wrong kind is a mistake of the caller', () => {
  const options = { username: null, password: null, caFile: null, timeoutMs: 1, clock: { now: () => 0 } }
  assert.throws(() => new SupervisorClient({ url: 'tcp://h', ...options }), TypeError)
})

test('has more patience with an answer that had begun, and no more with silence', async (t) => {
  const server = await startRpcServer(t, (_, __, ___, res) => {
    res.setHeader('content-type', 'text/xml').write('<?xml version="1.0"?>')
    return undefined
  })
  const silent = await startRpcServer(t, () => undefined)
  const details = async (url: URL) => {
    const client = openClient(t, url, { timeoutMs: 400 })
    return [failed(await client.read(never)).detail, failed(await client.read(never)).detail]
  }
  const says = (ms: number, { origin }: URL): string =>
    `supervisor.getAllProcessInfo timed out after ${ms} ms at ${origin}`
  const [slow = '', slower = ''] = await details(server.url)
  assert.equal(slow, says(400, server.url))
  assert.match(slower, /after (?:1[6-9]|[2-9]\d|\d{3})\d\d ms/)
  assert.deepEqual(await details(silent.url), [says(400, silent.url), says(400, silent.url)])
})

test('masks the password before a long fault is cut, so that no half of it is left', async (t) => {
  const password = 'PasswordThatMustNotBeSeen'
  for (let before = 170; before < 200; before += 5) {
    const told = `${'x'.repeat(before)} ${password}`
    const server = await serve(t, { 'supervisor.getAllProcessInfo': xmlFault(7, told) })
    const client = openClient(t, server.url, { username: 'kay', password })
    const { detail } = failed(await client.read(never))
    assert.match(detail, /answered Fault 7 x+/)
    assert.ok(!detail.includes('Passw'), detail)
    const called = await client.call('supervisor.getAllProcessInfo', [], never)
    assert.ok(!JSON.stringify(called).includes('Passw'))
  }
})

test('asks nothing where the configuration has no address', async (t) => {
  const client = openClient(t, 'none')
  assert.deepEqual(await client.read(never), { kind: 'not-asked' })
  assert.equal(client.isLocal(), false)
})

test('finds its address, and looks for it again once it does not answer', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'ksp-client-'))
  t.after(() => rm(dir, { recursive: true }))
  const conf = join(dir, 'supervisord.conf')
  const listenAt = (port: string | number) =>
    writeFile(conf, `[inet_http_server]\nport = 127.0.0.1:${port}\n`)
  const client = openClient(t, 'auto', { discovery: { env: {}, confPaths: [conf], socketPaths: [] } })
  assert.equal(failed(await client.read(never)).reason, 'no-address')

  let isMute = false
  const first = await startRpcServer(t, (_method, _body, _req, res) => {
    if (!isMute) return multicall('<int>7</int>', array())
    res.writeHead(404).end()
    return undefined
  })
  const second = await startRpcServer(t, () => multicall('<int>8</int>', array()))
  await listenAt(first.url.port)
  assert.equal(answered(await client.read(never)).pid, 7)
  await listenAt(second.url.port)
  assert.equal(answered(await client.read(never)).pid, 7, 'as long as it answers')
  isMute = true
  assert.equal(failed(await client.read(never)).reason, 'bad-answer')
  assert.equal(answered(await client.read(never)).pid, 8)
})

test('leaves out the agent itself, and warns once of copies of it', async (t) => {
  const processes = ['web', 'kuma', 'kuma_01'].map((name) =>
    struct({ name, group: name.replace('_01', ''), pid: '<int>17</int>' }),
  )
  const server = await serve(t, { 'system.multicall': multicall('<int>7</int>', array(...processes)) })
  const log = memoryLog()
  const own = { group: 'kuma', name: 'kuma', serverUrl: server.shown, pid: 1 }
  const client = openClient(t, server.url, { own, log })
  for (let times = 0; times < 2; times++) {
    const { processes: others } = answered(await client.read(never))
    assert.deepEqual(
      others.map(({ name }) => name),
      ['web'],
    )
  }
  assert.deepEqual(log.lines, [
    'warn: supervisord runs 2 of this agent and each of them pushes: take numprocs out of [eventlistener:kuma]',
  ])
})

test("asks for supervisord's version once for each of its pids", async (t) => {
  const server = await serve(t, { 'supervisor.getSupervisorVersion': xmlAnswer('4.2.5') })
  const client = openClient(t, server.url)
  for (const pid of [7, 7, 8]) assert.equal(await client.readVersion(pid, never), '4.2.5')
  assert.equal(server.asked.length, 2)
})

test('reads the last line of stderr of a program that failed', async (t) => {
  const server = await serve(t, { 'supervisor.readProcessStderrLog': xmlAnswer('a\u001b[31mno disk\n') })
  const web = {
    group: 'web',
    name: 'web',
    state: 'FATAL',
    start: 1,
    stop: 2,
    spawnerr: 'Exited too quickly',
    exitstatus: 1,
    pid: 0,
    stdoutLogfile: '',
    stderrLogfile: '/var/log/web.err',
  } as const
  const lines = await openClient(t, server.url).readLastLines([web], 3, never)
  assert.deepEqual([...lines], [['web:web', 'ano disk']])
})
