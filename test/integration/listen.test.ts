// The agent as an event listener of a real supervisord, where there is no systemd.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { before, test, type TestContext } from 'node:test'
import { BUNDLE, buildBundle, runAgent } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { startReceiver, type Receiver } from '../helpers/receiver.ts'
import { startSupervisord, type Supervisord, type SupervisordOptions } from '../helpers/supervisord.ts'

before(() => buildBundle())

interface Stage {
  readonly kuma: Receiver
  readonly supervisord: Supervisord
  /** What the agent has written to standard error, and to standard output: the protocol. */
  readonly said: () => Promise<string>
  readonly protocol: () => Promise<string>
}

/** supervisord with the agent in it, which by itself would look and push once in a day. */
async function start(
  t: TestContext,
  programs: SupervisordOptions['programs'],
  { agent = '', kuma: more = '', args = '', listener = {} } = {},
): Promise<Stage> {
  const dir = await mkdtemp(join(tmpdir(), 'ksp-listen-'))
  t.after(() => rm(dir, { recursive: true, force: true, maxRetries: 9 }))
  const kuma = await startReceiver(t)
  const config = `[agent]\ncheck_every = "1h"\npush_every = "1d"\nstate_file = "${dir}/state.json"\n${agent}
[kuma]\nurl = "${kuma.url}"\n${more}\n[[monitor]]\ntoken = "AWbUXTosJG"\n`
  await writeFile(join(dir, 'config.toml'), config, { mode: 0o600 })
  const supervisord = await startSupervisord({
    programs: {
      ...programs,
      'eventlistener:kuma': {
        command: `${process.execPath} ${BUNDLE} listen --config ${dir}/config.toml --log-level debug ${args}`,
        // It serves its status in no folder of this host.
        environment: 'RUNTIME_DIRECTORY="/dev/null"',
        events: 'PROCESS_STATE,SUPERVISOR_STATE_CHANGE,TICK_5',
        // More than there are in any test: it loses none, however late the agent comes.
        buffer_size: 5000,
        autorestart: 'true',
        stdout_logfile: `${dir}/protocol`,
        stderr_logfile: `${dir}/said`,
        ...listener,
      },
    },
  })
  t.after(() => supervisord.stop())
  const read = (name: string): Promise<string> => readFile(join(dir, name), 'utf8').catch(() => '')
  return { kuma, supervisord, said: () => read('said'), protocol: () => read('protocol') }
}

async function waitUntil(what: string, { kuma, said }: Stage, message: RegExp): Promise<void> {
  const seen = (): boolean => kuma.accepted.some(({ msg }) => message.test(msg))
  await eventually(what, seen).catch(async (error: unknown) => {
    const told = kuma.arrivals.map(({ status, msg }) => `${status} ${msg}`).join('\n')
    throw new Error(`${String(error)}\npushed:\n${told}\nsaid:\n${await said()}`, { cause: error })
  })
}

/** All of supervisord's programs run, and the agent has told what it saw first: what comes after that, it hears. */
async function listens({ supervisord, said }: Stage): Promise<void> {
  await eventually(
    'all run',
    () => supervisord.ctl('status'),
    (text) => text !== '' && !text.includes('STARTING'),
  )
  await eventually('it has looked', said, (text) => /^supervisor is up/m.test(text))
}

const pidOf = async ({ supervisord }: Stage): Promise<number> => Number(await supervisord.ctl('pid', 'kuma'))

/** False for a process of which only its exit code is left, too: not everything that adopts orphans asks for that. */
async function isAlive(pid: number): Promise<boolean> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return status !== '' && !/^State:\s*[ZX]/m.test(status)
}

const isGone = async (pid: number): Promise<boolean> => !(await isAlive(pid))

test('pushes a program that goes FATAL, by the event alone, and never counts itself', async (t) => {
  const bad = { command: 'sh -c "exit 3"', autostart: 'false', startretries: 0 }
  const stage = await start(t, { web: 'sleep 1000', größe: 'sleep 1000', bad })
  await listens(stage)
  await stage.kuma.waitFor('up')
  await stage.supervisord.ctl('start', 'bad')
  await waitUntil('it is told', stage, /^bad FATAL: .* · 2 of 3 running$/)
  await stage.supervisord.ctl('restart', 'größe')
  await stage.supervisord.ctl('stop', 'größe')
  await eventually('its stop is heard', stage.said, (text) => /STATE_STOPPED processname:größe/.test(text))
  for (const { msg } of stage.kuma.arrivals) assert.doesNotMatch(msg, /kuma/)
})

test('says when it runs more than once, and counts none of its copies', async (t) => {
  const numprocs = { numprocs: 2, process_name: '%(program_name)s_%(process_num)02d' }
  const stage = await start(t, { web: 'sleep 600' }, { listener: numprocs })
  const warning =
    'warn: supervisord runs 2 of this agent and each of them pushes: take numprocs out of [eventlistener:kuma]'
  await eventually('it warns', stage.said, (text) => text.includes(warning))
  await waitUntil('it counts web alone', stage, /^(?:web STARTING · 0|1) of 1 running/)
})

test('writes nothing but the protocol to standard output, a dry run included', async (t) => {
  const stage = await start(t, { web: 'sleep 1000' }, { args: '--dry-run' })
  await listens(stage)
  await stage.supervisord.ctl('stop', 'web')
  await eventually('it is down', stage.said, (text) => text.includes('  down  '))
  // supervisord hands on to the file what it got as it gets it: half an answer may be there for a moment.
  const whole = /^READY\n(?:RESULT 2\nOKREADY\n){4,}$/
  await eventually('four events are answered', stage.protocol, (text) => whole.test(text))
  assert.doesNotMatch(await stage.supervisord.log(), /UNKNOWN state/)
})

test('is started again by supervisord, and listens as before', async (t) => {
  const stage = await start(t, { web: 'sleep 1000' })
  await listens(stage)
  const pid = await pidOf(stage)
  process.kill(pid, 'SIGKILL')
  await eventually(
    'another one runs',
    () => pidOf(stage),
    (now) => now > 0 && now !== pid,
  )
  await eventually('it has looked', stage.said, (text) => text.split(/^supervisor is up/m).length >= 3)
  await stage.supervisord.ctl('stop', 'web')
  await waitUntil('it is told', stage, /^web STOPPED by hand/)
})

test('takes a changed configuration by SIGHUP and goes on listening', async (t) => {
  const stage = await start(t, { web: 'sleep 1000' })
  await listens(stage)
  await stage.supervisord.ctl('signal', 'HUP', 'kuma')
  await eventually('it is loaded again', stage.said, (text) => text.split('watching ').length >= 3)
  await stage.supervisord.ctl('stop', 'web')
  await waitUntil('it is told', stage, /^web STOPPED by hand/)
})

test('a death of supervisord is told before the agent ends with it', async (t) => {
  const stage = await start(t, { web: 'sleep 1000' })
  await listens(stage)
  const pid = await pidOf(stage)
  stage.supervisord.kill('SIGKILL')
  await waitUntil('it is told', stage, /^supervisord died: nothing is watched until it runs again$/)
  await eventually('the agent is gone', () => isGone(pid))
  assert.equal(stage.kuma.arrivals.filter(({ status }) => status === 'down').length, 1)
  assert.equal(stage.kuma.arrivals.at(-1)?.status, 'down')
})

test('a death of supervisord is told though the agent is asked to stop at once, as systemd does', async (t) => {
  const stage = await start(t, { web: 'sleep 1000' })
  await listens(stage)
  const pid = await pidOf(stage)
  process.kill(pid, 'SIGSTOP')
  stage.supervisord.kill('SIGKILL')
  await eventually('supervisord is gone', () => stage.supervisord.pid() === 0)
  process.kill(pid, 'SIGTERM')
  process.kill(pid, 'SIGCONT')
  await waitUntil('it is told', stage, /^supervisord died/)
})

test('a death of supervisord ends the agent though Kuma does not answer', async (t) => {
  const stage = await start(t, { web: 'sleep 1000' }, { kuma: 'timeout = "5m"' })
  await listens(stage)
  await stage.kuma.waitFor('up')
  const pid = await pidOf(stage)
  stage.kuma.script(() => {})
  stage.supervisord.kill('SIGKILL')
  await eventually('the agent is gone', () => isGone(pid))
  assert.equal(stage.kuma.arrivals.at(-1)?.msg, 'supervisord died: nothing is watched until it runs again')
})

test('a planned shutdown is told only where on_stop asks for it, and is no death', async (t) => {
  const slow = { command: `sh -c "trap 'sleep 1; exit' TERM; sleep 1000 & wait"` }
  for (const [onStop, told] of [
    ['none', []],
    ['down', ['supervisord was stopped: nothing is watched until it runs again']],
  ] as const) {
    const stage = await start(t, { web: 'sleep 1000', slow }, { agent: `on_stop = "${onStop}"` })
    await listens(stage)
    const pid = await pidOf(stage)
    await stage.supervisord.end()
    await eventually('the agent is gone', () => isGone(pid))
    const down = stage.kuma.arrivals.filter(({ status }) => status === 'down')
    assert.deepEqual(
      down.map(({ msg }) => msg),
      told,
    )
    assert.match(await stage.said(), /event SUPERVISOR_STATE_CHANGE_STOPPING/)
  }
})

test('its own stop by hand is told as what it is', async (t) => {
  const stage = await start(t, { web: 'sleep 1000' }, { agent: 'on_stop = "down"' })
  await listens(stage)
  await stage.supervisord.ctl('stop', 'kuma')
  await waitUntil('it is told', stage, /^the agent was stopped: nothing is watched until it runs again$/)
  assert.match(await stage.supervisord.ctl('status', 'kuma'), /STOPPED/)
})

test('two hundred programs that restart together are no flood of pushes, and hold up no event', async (t) => {
  const all = { command: 'sleep 1000', numprocs: 200, process_name: 'p%(process_num)03d', startsecs: 0 }
  const stage = await start(t, { all })
  await listens(stage)
  await stage.kuma.waitFor('up')
  const earlier = stage.kuma.arrivals.length
  await stage.supervisord.ctl('restart', 'all:*')
  await eventually('every event is heard', stage.said, (text) => {
    const isBack = (_: unknown, index: number): boolean => {
      const name = `processname:p${String(index).padStart(3, '0')} `
      const stopped = text.lastIndexOf(`PROCESS_STATE_STOPPED ${name}`)
      return stopped !== -1 && text.lastIndexOf(`PROCESS_STATE_RUNNING ${name}`) > stopped
    }
    return Array.from({ length: 200 }).every(isBack)
  })
  // Rounds that were rung for are still under way.
  await sleep(2_000)
  const pushes = stage.kuma.arrivals.slice(earlier)
  // None where the restart falls between two looks; a DOWN and an UP where it takes long.
  assert.ok(pushes.length <= 2, pushes.map(({ status, msg }) => `${status} ${msg}`).join('\n'))
})

const ENV = { SUPERVISOR_PROCESS_NAME: 'kuma', SUPERVISOR_GROUP_NAME: 'kuma' }
const LISTEN = ['listen', '--dry-run', '--unit', 'none', '--supervisor-url', 'unix:///nowhere.sock']

test('by hand it says what it is for, with the lines to paste, and ends with 64', async () => {
  const { code, stdout, stderr } = await runAgent(['listen'])
  assert.equal(code, 64)
  assert.equal(stdout, '')
  assert.match(stderr, /event listener/)
  assert.match(stderr, /^\[eventlistener:kuma\]\ncommand=kuma-supervisor-push listen\nevents=/m)
})

for (const [title, feed] of [
  ['the end of the pipe', ':'],
  ['the end of the pipe in the midst of a header', 'printf "ver:3.0 serv"; sleep 1'],
  ['the end of the pipe in the midst of an event', 'printf "eventname:TICK_5 len:100\nwhen"; sleep 1'],
] as const) {
  test(`${title} ends it with 0`, async () => {
    const under = ['sh', '-c', `(${feed}) | "$0" "$@"`]
    const { code, stdout } = await runAgent(LISTEN, { env: ENV, under })
    assert.equal(code, 0)
    assert.equal(stdout, 'READY\n')
  })
}

test('what is no stream of events ends it with an error that says so', async () => {
  const under = ['sh', '-c', 'yes GARBAGE 2>/dev/null | "$0" "$@"']
  const { code, stdout, stderr } = await runAgent(LISTEN, { env: ENV, under })
  assert.equal(code, 70)
  assert.equal(stdout, 'READY\n')
  assert.match(stderr, /^error: standard input is no stream of supervisord's events: \d+ bytes/m)
})

test('a wrong configuration ends it with its problems', async () => {
  const under = ['sh', '-c', 'sleep 5 | "$0" "$@"']
  const { code, stderr } = await runAgent(['listen', '--config', '/nowhere.toml'], { env: ENV, under })
  assert.equal(code, 78)
  assert.match(stderr, /nowhere\.toml/)
})
