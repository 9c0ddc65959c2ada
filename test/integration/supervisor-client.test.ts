import assert from 'node:assert/strict'
import { appendFile, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { describe, test, type TestContext } from 'node:test'
import { findSupervisor } from '../../src/collect/supervisor/discovery.ts'
import type { ProcessInfo } from '../../src/collect/supervisor/process-info.ts'
import type {
  RpcFailureReason,
  RpcReading,
  SupervisorState,
} from '../../src/collect/supervisor/rpc-reading.ts'
import { eventually } from '../helpers/eventually.ts'
import { nothingEscapes } from '../helpers/nothing-escapes.ts'
import { openClient } from '../helpers/open-client.ts'
import { startSupervisord, type Supervisord, type SupervisordOptions } from '../helpers/supervisord.ts'

nothingEscapes()

async function start(t: TestContext, options?: SupervisordOptions): Promise<Supervisord> {
  const supervisord = await startSupervisord(options)
  t.after(() => supervisord.stop())
  return supervisord
}

const never = new AbortController().signal

function answered(reading: RpcReading): SupervisorState {
  assert.equal(reading.kind, 'answered', JSON.stringify(reading))
  return (reading as { state: SupervisorState }).state
}

function failed(reading: RpcReading, reason: RpcFailureReason): string {
  assert.equal(reading.kind, 'failed', JSON.stringify(reading))
  const { failure } = reading
  assert.equal(failure.reason, reason, failure.detail)
  assert.match(failure.detail, /^[^\n]+$/)
  return failure.detail
}

const byName = (state: SupervisorState) =>
  new Map(state.processes.map((process) => [`${process.group}:${process.name}`, process]))

describe('programs in every state', () => {
  const programs = {
    running: 'sleep 1000',
    starting: { command: 'sleep 1000', startsecs: 600 },
    backoff: { command: '/bin/sh -c "sleep 0.1; exit 3"', startsecs: 5, startretries: 500 },
    fatal: { command: '/nonexistent/program', startretries: 0 },
    'fatal-exits': { command: '/bin/false', startretries: 0 },
    'exited-expected': {
      command: '/bin/sh -c "sleep 1.2; exit 2"',
      exitcodes: '0,2',
      autorestart: 'unexpected',
    },
    'exited-unexpected': { command: '/bin/sh -c "sleep 1.2; exit 7"', autorestart: false },
    'exited-by-signal': { command: '/bin/sh -c "sleep 1.2; kill -9 $$"', autorestart: false },
    never: { command: 'sleep 1000', autostart: false },
    'by-hand': { command: 'sleep 1000' },
    stopping: {
      command: `/bin/sh -c "trap '' TERM; while :; do sleep 0.1; done"`,
      stopwaitsecs: 60,
      startsecs: 0,
      stopasgroup: true,
      killasgroup: true,
    },
    'group:pair': { programs: 'left,right' },
    left: 'sleep 1000',
    right: { command: 'sleep 1000', process_name: 'größe&<co>' },
  }

  test('are read as they are, with their own clock and configuration', async (t) => {
    const supervisord = await start(t, { programs })
    const client = openClient(t, supervisord.url)
    await supervisord.ctl('stop', 'by-hand')
    void supervisord.ctl('stop', 'stopping')
    const expected: Record<string, string> = {
      'running:running': 'RUNNING',
      'starting:starting': 'STARTING',
      'fatal:fatal': 'FATAL',
      'fatal-exits:fatal-exits': 'FATAL',
      'exited-expected:exited-expected': 'EXITED',
      'exited-unexpected:exited-unexpected': 'EXITED',
      'exited-by-signal:exited-by-signal': 'EXITED',
      'never:never': 'STOPPED',
      'by-hand:by-hand': 'STOPPED',
      'stopping:stopping': 'STOPPING',
      'pair:left': 'RUNNING',
      'pair:größe&<co>': 'RUNNING',
    }
    const state = await eventually(
      'each program reaches its state',
      async () => answered(await client.read(never)),
      (seen) => {
        const states = byName(seen)
        return Object.entries(expected).every(([name, wanted]) => states.get(name)?.state === wanted)
      },
    )
    await eventually(
      'a program in BACKOFF',
      async () => byName(answered(await client.read(never))).get('backoff:backoff')?.state,
      (seen) => seen === 'BACKOFF',
    )
    assert.equal(state.pid, supervisord.pid())
    assert.ok(state.ms > 0)
    const of = (name: string): ProcessInfo => byName(state).get(`${name}:${name}`) ?? assert.fail(name)
    assert.equal(of('running').spawnerr, '')
    assert.ok(of('running').pid > 0 && of('running').start > 0)
    assert.ok(state.now >= of('running').start)
    assert.match(of('fatal').spawnerr ?? '', /can't find command '\/nonexistent\/program'/)
    assert.equal(of('exited-expected').exitstatus, 2)
    assert.equal(of('exited-expected').spawnerr, '')
    assert.equal(of('exited-unexpected').exitstatus, 7)
    assert.equal(of('exited-unexpected').spawnerr, 'Bad exit code 7')
    assert.equal(of('exited-by-signal').exitstatus, -1)
    assert.equal(of('never').start, 0)
    assert.ok(of('by-hand').start > 0)
    assert.match(of('running').stderrLogfile, /running-stderr/)

    const configs = new Map(state.configs?.map((config) => [config.name, config]))
    assert.equal(configs.size, state.processes.length)
    assert.deepEqual(configs.get('exited-expected')?.exitcodes, [0, 2])
    assert.equal(configs.get('never')?.autostart, false)
    assert.equal(configs.get('starting')?.startsecs, 600)
    assert.equal(configs.get('stopping')?.stopwaitsecs, 60)
    assert.equal(configs.get('größe&<co>')?.group, 'pair')
  })
})

test('programs added by supervisorctl update are seen with their configuration', async (t) => {
  const supervisord = await start(t, { programs: { one: 'sleep 1000' } })
  const client = openClient(t, supervisord.url)
  assert.equal(answered(await client.read(never)).configs?.length, 1)
  await appendFile(supervisord.conf, '[program:two]\ncommand = sleep 1000\nstartsecs = 3\n')
  await supervisord.ctl('update')
  const state = answered(await client.read(never))
  assert.deepEqual(
    state.configs?.map(({ name, startsecs }) => `${name} ${startsecs}`),
    ['one 1', 'two 3'],
  )
})

test('a program is started by a call, and a fault of a call is a result', async (t) => {
  const supervisord = await start(t, {
    programs: { idle: { command: 'sleep 1000', autostart: false, startsecs: 0 } },
  })
  const client = openClient(t, supervisord.url)
  assert.deepEqual(await client.call('supervisor.startProcess', ['idle', true], never), {
    kind: 'value',
    value: true,
  })
  assert.equal(answered(await client.read(never)).processes[0]?.state, 'RUNNING')
  assert.deepEqual(await client.call('supervisor.startProcess', ['none'], never), {
    kind: 'failed',
    failure: {
      reason: 'fault',
      url: supervisord.url,
      detail: `supervisor.startProcess answered Fault 10 BAD_NAME: none at ${supervisord.url}`,
    },
  })
})

const alice = { username: 'alice', password: 'marked-secret-ü' }

test("supervisord's log tells of a death wherever in a character its last bytes begin", async (t) => {
  const supervisord = await start(t, { programs: { often: { command: 'sleep 1000', startsecs: 0 } } })
  for (const more of ['', 'x', 'xx', 'xxx']) {
    await appendFile(`${supervisord.dir}/supervisord.log`, `${'🐎'.repeat(9000)}${more}\n`)
    await supervisord.ctl('restart', 'often')
    const { events } = answered(await openClient(t, supervisord.url).read(never))
    assert.deepEqual(
      events?.slice(-3).map(({ name, kind }) => `${name} ${kind}`),
      ['often stopped', 'often spawned', 'often running'],
    )
  }
})

test('basic credentials are asked for and taken, on the socket and on the port', async (t) => {
  const supervisord = await start(t, { programs: { a: 'sleep 1000' }, unixAuth: alice, inet: alice })
  for (const url of [supervisord.url, supervisord.inetUrl]) {
    answered(await openClient(t, url, alice).read(never))
    for (const wrong of [{}, { ...alice, password: 'guessed' }, { ...alice, username: 'bob' }]) {
      const detail = failed(await openClient(t, url, wrong).read(never), 'unauthorized')
      assert.equal(
        detail,
        `supervisor.getAllProcessInfo was refused with HTTP 401 at ${url}: wrong or missing username and password`,
      )
    }
  }
})

test('credentials in a URL are used and never shown', async (t) => {
  const supervisord = await start(t, { unix: false, inet: alice })
  const url = supervisord.inetUrl.replace('//', `//alice:${encodeURIComponent(alice.password)}@`)
  answered(await openClient(t, url).read(never))
  await supervisord.end()
  assert.doesNotMatch(failed(await openClient(t, url).read(never), 'refused'), /alice|marked/)
})

test('a frozen supervisord ends at the deadline and answers after it goes on', async (t) => {
  const supervisord = await start(t, { programs: { a: 'sleep 1000' } })
  const client = openClient(t, supervisord.url, { timeoutMs: 400 })
  const patient = openClient(t, supervisord.url)
  answered(await patient.read(never))
  supervisord.kill('SIGSTOP')
  for (const asking of [client, client, openClient(t, supervisord.url, { timeoutMs: 400 })]) {
    assert.equal(
      failed(await asking.read(never), 'timeout'),
      `supervisor.getAllProcessInfo timed out after 400 ms at ${supervisord.url}`,
    )
  }
  const waiting = patient.read(never)
  supervisord.kill('SIGCONT')
  answered(await waiting)
  await eventually(
    'it answers again',
    () => client.read(never),
    (seen) => seen.kind === 'answered',
  )
})

test('a removed socket is named, and its return is enough', async (t) => {
  const supervisord = await start(t)
  await rename(supervisord.socket, `${supervisord.socket}.away`)
  const client = openClient(t, supervisord.url)
  assert.equal(
    failed(await client.read(never), 'socket-missing'),
    `the socket file of ${supervisord.url} does not exist`,
  )
  await rename(`${supervisord.socket}.away`, supervisord.socket)
  answered(await client.read(never))

  // A connection that is kept alive goes on working, for its owner alone.
  await rename(supervisord.socket, `${supervisord.socket}.away`)
  failed(await client.read(never), 'socket-missing')
  await rename(`${supervisord.socket}.away`, supervisord.socket)
  answered(await client.read(never))
})

test('a supervisord killed by force is told at once, and its socket without it is refused', async (t) => {
  const supervisord = await start(t, { programs: { a: 'sleep 1000' } })
  let ends = 0
  const client = openClient(t, supervisord.url, { wake: { notify: () => ends++ } })
  answered(await client.read(never))
  answered(await client.read(never))
  supervisord.kill('SIGKILL')
  await eventually(
    'the end is told',
    () => ends,
    (seen) => seen === 1,
  )
  const detail = failed(await client.read(never), 'refused')
  assert.match(detail, /^nobody listens at unix:\/\/.+ \(connect ECONNREFUSED .+\)$/)
})

test('a socket of root is named to a user without rights', { skip: process.getuid?.() !== 0 }, async (t) => {
  const supervisord = await start(t)
  const client = openClient(t, supervisord.url)
  answered(await client.read(never))
  const stranger = openClient(t, supervisord.url)
  process.seteuid?.(65534)
  try {
    assert.equal(
      failed(await stranger.read(never), 'permission'),
      `no permission to use ${supervisord.url} (connect EACCES ${supervisord.socket})`,
    )
  } finally {
    process.seteuid?.(0)
  }
})

test('a restart between two readings is not noticed but by the pid', async (t) => {
  const supervisord = await start(t, { programs: { a: 'sleep 1000' }, inet: true })
  for (const url of [supervisord.url, supervisord.inetUrl]) {
    const client = openClient(t, url)
    const before = answered(await client.read(never))
    await supervisord.end()
    await supervisord.start()
    const { pid, configs } = answered(await client.read(never))
    assert.notEqual(pid, before.pid)
    assert.equal(pid, supervisord.pid())
    assert.equal(configs?.length, 1)
  }
})

test('a shutdown is a state of its own while it lasts', async (t) => {
  const supervisord = await start(t, {
    programs: {
      slow: {
        command: `/bin/sh -c "trap '' TERM; while :; do sleep 0.1; done"`,
        stopwaitsecs: 3600,
        startsecs: 0,
        killasgroup: true,
      },
    },
  })
  const client = openClient(t, supervisord.url)
  await supervisord.running(1)
  const pid = byName(answered(await client.read(never))).get('slow:slow')?.pid ?? assert.fail()
  await supervisord.ctl('shutdown')
  const reading = await eventually(
    'it is shutting down',
    () => client.read(never),
    (seen) => seen.kind !== 'answered',
  )
  assert.equal(
    failed(reading, 'shutdown'),
    `supervisord at ${supervisord.url} is shutting down or restarting (Fault 6 SHUTDOWN_STATE)`,
  )
  process.kill(pid, 'SIGKILL')
  await eventually('it ended', () => supervisord.pid() === 0)
  const ended = await client.read(never)
  assert.ok(
    ended.kind === 'failed' && ['socket-missing', 'refused'].includes(ended.failure.reason),
    JSON.stringify(ended),
  )
})

test('its configuration is read anew after an update that changes a program under the same name', async (t) => {
  const supervisord = await start(t, { programs: { a: { command: 'sleep 1000', startsecs: 1 } } })
  const client = openClient(t, supervisord.url)
  const startsecs = async () => answered(await client.read(never)).configs?.map((config) => config.startsecs)
  await eventually(
    'it runs',
    async () => byName(answered(await client.read(never))).get('a:a')?.state === 'RUNNING',
  )
  assert.deepEqual(await startsecs(), [1])
  const text = await readFile(supervisord.conf, 'utf8')
  await writeFile(supervisord.conf, text.replace('startsecs = 1', 'startsecs = 2'))
  await supervisord.ctl('update')
  assert.deepEqual(await startsecs(), [2])
})

test('a program keeps its times while a change of them was only reread', async (t) => {
  const times = { command: 'sleep 1000', startsecs: 60 }
  const supervisord = await start(t, { programs: { a: times, b: times } })
  const client = openClient(t, supervisord.url)
  const startsecs = async () =>
    answered(await client.read(never)).configs?.map((config) => `${config.name} ${config.startsecs}`)
  assert.deepEqual(await startsecs(), ['a 60', 'b 60'])
  await eventually(
    'both were started in another second than this',
    async () => answered(await client.read(never)),
    ({ now, processes }) => processes.every((info) => info.start > 0 && info.start < now),
  )
  const text = await readFile(supervisord.conf, 'utf8')
  await writeFile(supervisord.conf, text.replaceAll('startsecs = 60', 'startsecs = 2'))
  await supervisord.ctl('reread')
  await supervisord.ctl('update', 'a')
  assert.deepEqual(await startsecs(), ['a 2', 'b 60'])
  await supervisord.ctl('update')
  assert.deepEqual(await startsecs(), ['a 2', 'b 2'])
})

test('a missing [rpcinterface:supervisor] section is named', async (t) => {
  const supervisord = await start(t, { rpcInterface: false })
  assert.equal(
    failed(await openClient(t, supervisord.url).read(never), 'fault'),
    `supervisor.getAllProcessInfo is unknown at ${supervisord.url} (Fault 1 UNKNOWN_METHOD): supervisord.conf has no [rpcinterface:supervisor] section`,
  )
})

test('is found by its configuration, credentials included, and by its socket without it', async (t) => {
  const supervisord = await start(t, { unixAuth: alice })
  const find = () =>
    findSupervisor(
      { username: null, password: null },
      { env: {}, socketPaths: [supervisord.socket], confPaths: [supervisord.conf] },
    )
  const found = await find()
  assert.deepEqual(found, {
    kind: 'found',
    url: supervisord.url,
    ...alice,
    source: `${supervisord.conf} [supervisorctl]`,
    warning: null,
  })
  answered(await openClient(t, supervisord.url, alice).read(never))
  await rm(supervisord.conf)
  const bySocket = await find()
  assert.equal(bySocket.kind === 'found' && bySocket.url, supervisord.url)
})
