// One agent with several monitors, in a real Uptime Kuma: the one that is down is the one whose programs are.
import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { buildBundle, startAgent } from '../helpers/agent-process.ts'
import { startFakeBus } from '../helpers/fake-bus.ts'
import { fakeSystemd } from '../helpers/fake-systemd.ts'
import { startKuma, type Kuma } from '../helpers/kuma.ts'
import { startSupervisord, type SupervisordOptions, type Supervisord } from '../helpers/supervisord.ts'

type Name = 'celery' | 'web' | 'nginx' | 'remote'

async function supervisordOf(t: TestContext, options: SupervisordOptions): Promise<Supervisord> {
  const supervisord = await startSupervisord(options)
  t.after(() => supervisord.stop())
  return supervisord
}

async function monitorsIn(kuma: Kuma): Promise<Record<Name, { id: number; token: string }>> {
  const make = (name: Name) => kuma.createPushMonitor({ name, interval: 60 })
  return {
    celery: await make('celery'),
    web: await make('web'),
    nginx: await make('nginx'),
    remote: await make('remote'),
  }
}

test('several monitors of one agent: the right one is down, the others stay up', async (t) => {
  await buildBundle()
  const kuma = await startKuma()
  t.after(() => kuma.stop())
  const monitors = await monitorsIn(kuma)
  const bus = await startFakeBus(t, {
    answer: fakeSystemd([{ id: 'nginx.service', active: 'active', sub: 'running' }]),
  })
  const local = await supervisordOf(t, {
    programs: {
      'group:celery': { programs: 'beat,worker' },
      beat: 'sleep 1000',
      worker: {
        command: '/bin/sh -c "test -f %(here)s/broken && exit 1; exec sleep 1000"',
        startretries: 0,
      },
      web: 'sleep 1000',
    },
  })
  const remote = await supervisordOf(t, {
    programs: { mail: 'sleep 1000' },
    inet: { username: 'alice', password: 'wonder' },
  })
  const config = join(local.dir, 'config.toml')
  await writeFile(join(local.dir, 'remote.password'), 'wonder\n', { mode: 0o600 })
  await writeFile(
    config,
    `
[kuma]
url = "${kuma.url}"
[agent]
push_every = "8s"
check_every = "1s"
state_file = "state.json"
[[supervisor]]
name = "local"
unit = "none"
url = "${local.url}"
[[supervisor]]
name = "remote"
unit = "none"
url = "${remote.inetUrl}"
username = "alice"
password_file = "remote.password"
timeout = "2s"
[[monitor]]
name = "celery"
supervisor = "local"
programs = ["celery:*"]
token = "${monitors.celery.token}"
[[monitor]]
name = "web"
supervisor = "local"
programs = ["web"]
token = "${monitors.web.token}"
[[monitor]]
name = "nginx"
unit = "nginx.service"
token = "${monitors.nginx.token}"
[[monitor]]
name = "remote"
supervisor = "remote"
token = "${monitors.remote.token}"
`,
    { mode: 0o600 },
  )
  const agent = startAgent(['run', '--config', config], { env: { DBUS_SYSTEM_BUS_ADDRESS: bus.address } })
  t.after(() => agent.stop())
  const last: Record<Name, number> = { celery: 0, web: 0, nginx: 0, remote: 0 }
  /** Something newer than what was awaited before. */
  const says = async (name: Name, status: 'up' | 'down', msg: RegExp): Promise<void> => {
    const { id } = await kuma
      .waitForHeartbeat(
        monitors[name].id,
        (beat) => beat.id > last[name] && beat.status === status && msg.test(beat.msg),
      )
      .catch((error: unknown) =>
        assert.fail(`${name} ${status} ${String(msg)}: ${String(error)}\n${agent.stderr}`),
      )
    last[name] = id
  }

  await says('celery', 'up', /^2 of 2 running/)
  await says('web', 'up', /^1 of 1 running/)
  await says('nginx', 'up', /^nginx\.service active \(running\)/)
  await says('remote', 'up', /^1 of 1 running/)

  await writeFile(join(local.dir, 'broken'), '')
  await local.ctl('restart', 'celery:worker')
  await says('celery', 'down', /^celery:worker FATAL: Exited too quickly, see its log · 1 of 2 running/)

  remote.kill('SIGSTOP')
  await says('remote', 'down', /^supervisord hangs: it accepts connections and does not answer/)

  await rm(join(local.dir, 'broken'))
  await local.ctl('start', 'celery:worker')
  await says('celery', 'up', /^2 of 2 running/)
  remote.kill('SIGCONT')
  await says('remote', 'up', /^1 of 1 running/)

  for (const name of ['web', 'nginx'] as const) {
    const beats = await kuma.heartbeats(monitors[name].id)
    const firstUp = beats.findIndex(({ status }) => status === 'up')
    assert.deepEqual(
      beats.slice(firstUp).filter(({ status }) => status !== 'up'),
      [],
      name,
    )
  }
})
