// The whole agent on a booted systemd, as install.sh leaves it: every way to fail is DOWN in a real Uptime Kuma.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { bootSystem, type BootedSystem } from '../helpers/booted-system.ts'
import { eventually } from '../helpers/eventually.ts'
import { startKuma, type Kuma, type RecordedHeartbeat } from '../helpers/kuma.ts'
import type { CommandResult } from '../helpers/run-command.ts'
import { unpackPackage } from '../helpers/unpack-package.ts'

const CONFIG = '/etc/kuma-supervisor-push/config.toml'
const PROGRAMS = `
[program:web]
command=sleep 1000000

[program:worker]
command=sleep 1000000
process_name=%(program_name)s_%(process_num)02d
numprocs=2

[program:fragile]
command=sh -c 'test ! -e /run/broken && exec sleep 1000000; exit 3'
startsecs=3
startretries=1

[program:never]
command=sleep 1000000
autostart=false
`

/** Surely within the 10 s that whatever is on its way up or down has. */
const WITHIN_GRACE_MS = 8_000

describe('a watched host', { timeout: 1_800_000 }, () => {
  let host: BootedSystem
  let kuma: Kuma
  let monitor: { id: number; token: string; pushUrl: string }

  before(async () => {
    ;[host, kuma] = await Promise.all([bootSystem(), startKuma()])
    monitor = await kuma.createPushMonitor({ name: 'host', interval: 20 })
    writeFileSync(`${host.root}/etc/supervisor/conf.d/programs.conf`, PROGRAMS)
    await host.run('systemctl restart supervisor')
    await comesTrue('all programs run', allRun)
    const folder = await unpackPackage(host)
    const times = ['--push-every', '8s', '--check-every', '1s']
    const run = await host.run([
      `${folder}/install.sh`,
      '--kuma-url',
      kuma.url,
      '--token',
      monitor.token,
      ...times,
    ])
    assert.equal(run.code, 0, run.stdout + run.stderr)
  })
  after(async () => {
    await Promise.all([host.stop(), kuma.stop()])
  })

  const allRun = `test "$(supervisorctl status | grep -c RUNNING)" = 4`
  const comesTrue = async (what: string, command: string): Promise<void> => {
    await eventually(what, async () => (await host.run(command)).code === 0)
  }

  /** Runs a command and waits until Kuma has recorded what came of it. */
  async function afterRunning(
    command: string,
    status: 'up' | 'down',
    says: RegExp,
  ): Promise<RecordedHeartbeat> {
    const since = Date.now()
    const { code, stderr } = await host.run(command)
    assert.equal(code, 0, stderr)
    return kuma.waitForHeartbeat(
      monitor.id,
      (heartbeat) =>
        heartbeat.status === status && heartbeat.time.getTime() >= since && says.test(heartbeat.msg),
      90_000,
    )
  }
  /** One that turned to DOWN three times within five minutes would stay DOWN for a while: each cause is a first one. */
  async function forget(): Promise<void> {
    const state = '/var/lib/kuma-supervisor-push/state.json'
    const unit = 'kuma-supervisor-push'
    await afterRunning(`systemctl stop ${unit}; rm ${state}; systemctl start ${unit}`, 'up', allRuns)
  }
  const allRuns = /^4 of 5 running, 1 never started/
  const pid = '$(cat /run/supervisord.pid)'

  test('is up with the count of its programs and the time supervisord took', async () => {
    const heartbeat = await afterRunning('true', 'up', allRuns)
    assert.ok(heartbeat.ping !== null && heartbeat.ping > 0)
  })

  test('is down when a program was stopped by hand', async () => {
    await afterRunning('supervisorctl stop web', 'down', /^web STOPPED by hand · 3 of 5 running/)
    await afterRunning('supervisorctl start web', 'up', allRuns)
  })

  test('is down when a program has become FATAL', async () => {
    await afterRunning(
      'touch /run/broken; supervisorctl restart fragile || true',
      'down',
      /^fragile FATAL: .* · 3 of 5 running/,
    )
    await afterRunning('rm /run/broken; supervisorctl start fragile', 'up', allRuns)
  })

  test('is down when supervisord was stopped', async () => {
    await forget()
    await afterRunning('systemctl stop supervisor', 'down', /^supervisor\.service inactive/)
    await afterRunning('systemctl start supervisor', 'up', allRuns)
  })

  test('is down when supervisord was killed', async () => {
    await forget()
    await afterRunning(`kill -9 ${pid}`, 'down', /^supervisor\.service activating \(auto-restart/)
    await afterRunning('systemctl restart supervisor', 'up', allRuns)
  })

  test('is down when supervisord hangs', async () => {
    await forget()
    await afterRunning(
      `kill -STOP ${pid}`,
      'down',
      /supervisord hangs: it accepts connections and does not answer/,
    )
    await afterRunning(`kill -CONT ${pid}`, 'up', allRuns)
  })

  test('is down when the socket file is gone', async () => {
    await forget()
    await afterRunning(
      'rm /run/supervisor.sock',
      'down',
      /^supervisor\.service is active but its socket file \/(var\/)?run\/supervisor\.sock is gone/,
    )
    await afterRunning('systemctl restart supervisor', 'up', allRuns)
  })

  /** What Kuma had recorded as DOWN by the time that all was well again, and how long it took until all programs ran. */
  async function restart(command: string): Promise<{ downs: string[]; tookMs: number }> {
    const { stdout: pidBefore } = await host.run('supervisorctl pid web')
    const since = Date.now()
    const { code, stderr } = await host.run(command)
    assert.equal(code, 0, stderr)
    const isAnother = `now=$(supervisorctl pid web) && test "$now" -gt 0 && test "$now" != ${pidBefore.trim()}`
    await comesTrue('another process runs', isAnother)
    await comesTrue('all programs run', allRun)
    const tookMs = Date.now() - since
    await afterRunning('true', 'up', allRuns)
    const recorded = (await kuma.heartbeats(monitor.id)).filter(({ time }) => time.getTime() >= since)
    return { downs: recorded.filter(({ status }) => status === 'down').map(({ msg }) => msg), tookMs }
  }

  for (const command of ['systemctl restart supervisor', 'supervisorctl reload']) {
    test(`stays up, untouched itself, in ${command}`, async (t) => {
      const show = 'systemctl show -p MainPID,InvocationID kuma-supervisor-push'
      const agent = await host.run(show)
      let isUp = false
      for (let times = 0; times < 3 && !isUp; times += 1) {
        const { downs, tookMs } = await restart(command)
        assert.deepEqual(await host.run(show), agent)
        isUp = downs.length === 0
        assert.ok(isUp || tookMs > WITHIN_GRACE_MS, `after ${tookMs} ms:\n${downs.join('\n')}`)
      }
      if (!isUp) t.skip('on this machine a restart takes about as long as the grace, or longer')
    })
  }

  test('is watched from the boot on, with access to the socket', async () => {
    const links = await host.run(
      'systemctl is-enabled kuma-supervisor-push "kuma-supervisor-push-access@run-supervisor.sock.path"',
    )
    assert.equal(links.stdout, 'enabled\nenabled\n')
  })

  describe('by one-shots', () => {
    before(async () => {
      await forget()
      assert.equal((await host.run('systemctl stop kuma-supervisor-push')).code, 0)
    })
    const once = (...args: string[]): Promise<CommandResult> =>
      host.run(['kuma-supervisor-push', 'once', ...args], { user: 'kuma-supervisor-push' })

    test('tells by its exit code that all is well, and delivers', async () => {
      const since = Date.now()
      const run = await once('--config', CONFIG)
      assert.equal(run.code, 0, run.stderr)
      await kuma.waitForHeartbeat(
        monitor.id,
        ({ status, msg, time }) => status === 'up' && allRuns.test(msg) && time.getTime() >= since,
      )
    })

    test('tells by its exit code that something is down', async () => {
      await host.run('supervisorctl stop web')
      const codes: (number | null)[] = []
      await eventually('exit code 1', async () => {
        codes.push((await once('--config', CONFIG)).code)
        return codes.at(-1) === 1
      })
      await host.run('supervisorctl start web')
    })

    test('tells by its exit code what is wrong with itself', async () => {
      assert.equal((await once('--config', CONFIG, '--kuma-url', 'http://127.0.0.1:9')).code, 69)
      assert.equal((await once('--frobnicate')).code, 64)
      assert.equal((await once('--config', '/nowhere')).code, 78)
    })
  })

  test('has shown its token neither in the process list nor in the journal', async () => {
    const seen = await host.run('ps axwwe -o args; journalctl --no-pager -o export')
    assert.ok(seen.stdout.includes('fragile FATAL'), 'the journal is there')
    assert.ok(!seen.stdout.includes(monitor.token), 'the token is shown')
  })
})
