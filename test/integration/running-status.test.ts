// What a running agent tells `status`: its memory, its deliveries, and to whom.
import assert from 'node:assert/strict'
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test, type TestContext } from 'node:test'
import { buildBundle, runAgent, startAgent, type AgentProcess } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { startReceiver, type Receiver } from '../helpers/receiver.ts'
import { startSupervisord, type Supervisord } from '../helpers/supervisord.ts'

interface Told {
  /** What it said on standard error. */
  warning: string
  service: { pid: number; config: string | null; pushes: string } | null
  watches: {
    check: object | null
    deaths: string | null
    supervisord: { version: string; programs: { name: string; restarts: number | null; memory_bytes: number | null }[] }
  }[]
  monitors: {
    name: string
    status: string
    since: string | null
    deliveries: { kuma: string; delivered_at: string | null; delivered: string; kind: string; answer: string }[]
  }[]
} // prettier-ignore

let supervisord: Supervisord

before(async () => {
  await buildBundle()
  supervisord = await startSupervisord({
    programs: { web: 'sleep 600', shaky: { command: 'sleep 600', autorestart: true } },
  })
  await supervisord.running(2)
})
after(() => supervisord.stop())

interface Setting {
  readonly folder: string
  readonly config: string
  readonly env: Record<string, string>
  readonly kuma: Receiver
}

async function setUp(t: TestContext): Promise<Setting> {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-status-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  await chmod(folder, 0o755)
  const kuma = await startReceiver(t)
  const config = join(folder, 'config.toml')
  const toml = `[kuma]\nurl = "${kuma.url}"\n[agent]\nstate_file = "${folder}/state.json"\ncheck_every = "1s"\npush_every = "2s"
[[supervisor]]\nurl = "${supervisord.url}"\nunit = "none"\n[[monitor]]\ntoken = "AWbUXTosJG"\nstopped = "ok"\n`
  await writeFile(config, toml, { mode: 0o600 })
  return { folder, config, kuma, env: { RUNTIME_DIRECTORY: folder, LANG: 'C.UTF-8' } }
}

function start(t: TestContext, { config, env }: Setting): AgentProcess {
  const agent = startAgent(['--config', config], { env })
  t.after(() => agent.stop())
  return agent
}

async function ask({ env }: Pick<Setting, 'env'>, ...args: string[]): Promise<Told> {
  const { stdout, stderr } = await runAgent(['status', '--json', ...args], { env })
  // A slow machine may take longer than it waits.
  assert.match(stderr, SILENT_OR_NOTHING)
  return { ...(JSON.parse(stdout) as Omit<Told, 'warning'>), warning: stderr }
}

const SILENT_OR_NOTHING =
  /^(?:warn: the agent that listens at \S+ did not answer within 3000 ms: the command looks itself\n)?$/

/** Has a program die, and waits until the agent has counted its restart. */
async function restartShaky(setting: Setting): Promise<Told> {
  process.kill(Number(await supervisord.ctl('pid', 'shaky')), 'SIGKILL')
  const told = await eventually(
    'a restart is counted',
    () => ask(setting),
    (seen) => shaky(seen) > 0,
  )
  await supervisord.running(2)
  return told
}

const shaky = ({ watches: [watch] }: Told) =>
  watch?.supervisord.programs.find(({ name }) => name === 'shaky')?.restarts ?? 0

suite('status of a running agent', () => {
  test('knows restarts, deliveries and since when, without a configuration', async (t) => {
    const setting = await setUp(t)
    const agent = start(t, setting)
    await setting.kuma.waitFor('up')
    const told = await restartShaky(setting)
    assert.equal(told.service?.pid, agent.pid)
    assert.equal(told.service.config, setting.config)
    assert.equal(told.service.pushes, 'every 2s')
    const [watch] = told.watches
    // It leaves a supervisord that is slow to answer its time.
    assert.deepEqual(Object.keys(watch?.check ?? {}), ['every_seconds', 'why'])
    assert.equal(watch?.deaths, 'at once')
    assert.match(watch.supervisord.version, /^\d+\.\d+/)
    const web = watch.supervisord.programs.find(({ name }) => name === 'web')
    assert.equal(web?.restarts, 0)
    assert.ok((web.memory_bytes ?? 0) > 100_000)
    const [monitor] = told.monitors
    assert.ok(monitor?.since)
    const [delivery] = monitor.deliveries
    assert.equal(delivery?.kind, 'accepted')
    assert.ok(delivery.delivered_at !== null && delivery.delivered_at >= monitor.since)
    assert.ok(!JSON.stringify(told).includes('AWbUXTosJG'))
  })

  test('tells any user of this host', { skip: userInfo().uid !== 0 && 'needs root' }, async (t) => {
    const setting = await setUp(t)
    start(t, setting)
    await setting.kuma.waitFor('up')
    const under = ['setpriv', '--reuid=65534', '--clear-groups', '--regid=65534']
    const { stdout, stderr } = await runAgent(['status'], { under, env: setting.env })
    assert.equal(stderr, '')
    assert.match(stdout, /\n {2}web +RUNNING +\d.* s +\d+ +\d\S* [MG]B +0\n/)
    assert.match(stdout, /last heartbeat \d.* s ago, accepted\n/)
    assert.match(stdout, /\nagent \S+ pid \d+ up \d.* s · a check every \d[^·]*· a heartbeat\s+every\s+2s/)
  })

  test('says what became of a heartbeat that Kuma did not take, and when it took the last', async (t) => {
    const setting = await setUp(t)
    start(t, setting)
    await setting.kuma.waitFor('up')
    setting.kuma.script((_, response) => void response.writeHead(404).end('{"ok":false,"msg":"Monitor not found or not active."}')) // prettier-ignore
    const told = await eventually(
      'a heartbeat is refused',
      () => ask(setting),
      ({ monitors: [monitor] }) => monitor?.deliveries[0]?.kind === 'unknown-monitor',
    )
    const delivery = told.monitors[0]?.deliveries[0]
    assert.match(delivery?.answer ?? '', /Monitor not found or not active/)
    assert.equal(delivery?.delivered, 'up')
    assert.ok(delivery.delivered_at)
  })

  test('is not asked about another configuration, nor with options about what to watch', async (t) => {
    const setting = await setUp(t)
    start(t, setting)
    await setting.kuma.waitFor('up')
    assert.ok((await ask(setting, '--config', setting.config)).service)
    const other = join(setting.folder, 'other.toml')
    await writeFile(other, `[[supervisor]]\nurl = "${supervisord.url}"\nunit = "none"\n`, { mode: 0o600 })
    assert.equal((await ask(setting, '--config', other)).service, null)
    const options = ['--config', setting.config, '--programs', 'web']
    assert.equal((await ask(setting, ...options)).service, null)
  })

  test('shows doctor whether the agent has read the file as it is now', async (t) => {
    const setting = await setUp(t)
    const agent = start(t, setting)
    await setting.kuma.waitFor('up')
    const stale = async (): Promise<string[]> => {
      const { stdout } = await runAgent(['doctor', '--json', '--config', setting.config], setting)
      const { checks } = JSON.parse(stdout) as { checks: { check: string; says: string }[] }
      return checks.flatMap(({ check, says }) =>
        check === 'delivery' && /running agent/.test(says) ? [says] : [],
      )
    }
    assert.deepEqual(await stale(), [])
    await chmod(setting.config, 0o640)
    assert.deepEqual(await stale(), [], 'other permissions are no other file')
    const toml = await readFile(setting.config, 'utf8')
    await writeFile(setting.config, toml.replace('AWbUXTosJG', 'BWbUXTosJG'))
    assert.deepEqual(await stale(), [`${setting.config} was written after the running agent had read it`])
    const text = JSON.stringify(await ask(setting))
    assert.doesNotMatch(text, /[AB]WbUXTosJG/)
    agent.kill('SIGHUP')
    await eventually('it is read again', stale, ({ length }) => length === 0)
  })

  test('looks itself once the agent has ended, and goes on from what that one remembered', async (t) => {
    const setting = await setUp(t)
    const agent = start(t, setting)
    await setting.kuma.waitFor('up')
    const earlier = await restartShaky(setting)
    await agent.stop()
    assert.ok(!(await readdir(setting.folder)).includes('status.sock'), 'the socket is gone')
    const told = await ask(setting, '--config', setting.config)
    assert.equal(told.service, null)
    assert.ok(shaky(told) >= shaky(earlier))
    assert.ok(told.monitors[0]?.deliveries[0]?.delivered_at)
    assert.equal(told.monitors[0].since, earlier.monitors[0]?.since)
  })

  test('takes the place of one that was killed, and does not wait for one that hangs', async (t) => {
    const setting = await setUp(t)
    const first = start(t, setting)
    await setting.kuma.waitFor('up')
    first.kill('SIGKILL')
    await first.ended
    const second = start(t, setting)
    await eventually(
      'the second tells',
      () => ask(setting, '--config', setting.config),
      ({ service }) => service?.pid === second.pid,
    )
    second.kill('SIGSTOP')
    const { service, warning } = await ask(setting, '--config', setting.config)
    assert.equal(service, null)
    assert.match(warning, /did not answer/)
  })
})
