// One command on a fresh host: monitors in a real Uptime Kuma, the service, and one alert for each incident.
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { after, before, suite, test } from 'node:test'
import { bootSystem, type BootedSystem } from '../helpers/booted-system.ts'
import { eventually } from '../helpers/eventually.ts'
import { startKuma, type Kuma, type RecordedMonitor } from '../helpers/kuma.ts'
import type { CommandResult } from '../helpers/run-command.ts'
import { unpackPackage } from '../helpers/unpack-package.ts'
import { startWebhookSink, type WebhookSink } from '../helpers/webhook-sink.ts'

const NAME = 'kuma-supervisor-push'
const CONFIG = `/etc/${NAME}/config.toml`
const PASSWORD_FILE = '/root/kuma.password'

const PROGRAMS = `
${['web', 'api', 'beat', 'mailer', 'importer'].map((name) => `[program:${name}]\ncommand=sleep 1000000\n`).join('')}
[program:worker]
command=sh -c 'test ! -e /run/broken && exec sleep 1000000; exit 3'
startretries=1

[group:site]
programs=web,api

[group:celery]
programs=worker,beat

[group:jobs]
programs=mailer,importer
`

suite('set up by one command', { timeout: 1_800_000 }, () => {
  let host: BootedSystem
  let kuma: Kuma
  let sink: WebhookSink
  let folder: string

  before(async () => {
    ;[host, kuma, sink] = await Promise.all([bootSystem(), startKuma(), startWebhookSink()])
    await kuma.addWebhookNotification(sink.url)
    folder = await unpackPackage(host)
    writeFileSync(`${host.root}/etc/supervisor/conf.d/programs.conf`, PROGRAMS)
    // systemd shall not start it again before Kuma's group has looked.
    mkdirSync(`${host.root}/etc/systemd/system/supervisor.service.d`)
    writeFileSync(
      `${host.root}/etc/systemd/system/supervisor.service.d/slow.conf`,
      '[Service]\nRestartSec=1h\n',
    )
    writeFileSync(`${host.root}${PASSWORD_FILE}`, `${kuma.account.password}\n`, { mode: 0o600 })
    await sh('systemctl daemon-reload; systemctl restart supervisor')
    await eventually('the six programs run', async () => {
      return (await host.run('supervisorctl status')).stdout.match(/RUNNING/g)?.length === 6
    })
  })
  after(async () => {
    await Promise.all([host.stop(), kuma.stop(), sink.stop()])
  })

  async function sh(line: string): Promise<string> {
    const { code, stdout, stderr } = await host.run(line)
    assert.equal(code, 0, `${line}: ${stdout}${stderr}`)
    return stdout.trim()
  }

  const install = (...options: string[]): Promise<CommandResult> => {
    const login = ['--kuma-url', kuma.url, '--user', kuma.account.username, '--password-file', PASSWORD_FILE]
    return host.run([`${folder}/install.sh`, ...login, '--host-name', 'web-1', ...options], {
      timeoutMs: 240_000,
    })
  }

  async function monitor(name: string): Promise<RecordedMonitor> {
    const found = (await kuma.monitors()).find((one) => one.name === name)
    assert.ok(found, `${name} is in Kuma`)
    return found
  }

  /** Waits until these show it, and all the others the contrary. */
  async function allShow(status: 'up' | 'down', names: readonly string[]): Promise<void> {
    const contrary = status === 'up' ? 'down' : 'up'
    const shown = async (): Promise<Record<string, string>> =>
      Object.fromEntries(
        await Promise.all(
          (await kuma.monitors()).map(async ({ id, name }) => {
            return [name, (await kuma.heartbeats(id)).at(-1)?.status ?? 'nothing'] as const
          }),
        ),
      )
    await eventually(
      `${status}: ${names.join(', ')}`,
      shown,
      (seen) => Object.entries(seen).every(([name, is]) => is === (names.includes(name) ? status : contrary)),
      { timeoutMs: 300_000, everyMs: 500 },
    )
  }
  const ALL = ['web-1', 'web-1 / supervisord', 'web-1 / celery', 'web-1 / jobs', 'web-1 / site']
  /** All monitors have turned by now: what alerts has alerted, but for the way of the one alert to the sink. */
  async function alertOnce(told: number, says: RegExp): Promise<void> {
    const [alert] = await eventually(
      'an alert',
      () => downs().slice(told),
      (alerts) => alerts.length > 0,
    )
    assert.match(alert ?? '', says)
    assert.equal(downs().length, told + 1, downs().join('\n'))
  }
  const downs = (): string[] => sink.alerts.filter(({ status }) => status === 0).map(({ msg }) => msg)

  test('leaves nothing behind where Kuma does not take the login', async () => {
    await sh(`echo wrong >/root/wrong`)
    const run = await install('--password-file', '/root/wrong')
    assert.equal(run.code, 69, run.stdout + run.stderr)
    assert.match(run.stderr, /^error: the monitors were not made, or not all of them \(see above\)/m)
    assert.equal((await host.run(`test -e ${CONFIG} -o -e /usr/local/lib/${NAME}/current`)).code, 1)
    assert.deepEqual(await kuma.monitors(), [])
  })

  test('shows its plan and makes nothing with --dry-run', async () => {
    const run = await install('--dry-run')
    assert.equal(run.code, 0, run.stdout + run.stderr)
    assert.match(run.stdout, /^\+ push {3}web-1 \/ celery +celery:\*/m)
    assert.match(run.stdout, new RegExp(`^${CONFIG}$`, 'm'))
    assert.deepEqual(await kuma.monitors(), [])
  })

  test('makes group and monitors, attaches the notification, installs, starts, and all of it is up', async () => {
    const run = await install()
    assert.equal(run.code, 0, run.stdout + run.stderr)
    assert.ok(!run.stdout.includes(kuma.account.password))
    await allShow('up', ALL)

    const group = await monitor('web-1')
    assert.equal(group.type, 'group')
    const others = (await kuma.monitors()).filter(({ id }) => id !== group.id)
    assert.deepEqual(
      others.map(({ name, type, parent, interval, notifications }) => [
        name,
        type,
        parent,
        interval,
        notifications,
      ]),
      [
        ['web-1 / supervisord', 'push', group.id, 60, 1],
        ['web-1 / celery', 'push', group.id, 60, 0],
        ['web-1 / jobs', 'push', group.id, 60, 0],
        ['web-1 / site', 'push', group.id, 60, 0],
      ],
    )
    assert.equal(await sh(`systemctl is-enabled ${NAME}`), 'enabled')
    assert.equal(await sh(`systemctl is-active ${NAME}`), 'active')
    assert.equal(await sh(`stat -c '%a %U' ${CONFIG}`), `600 ${NAME}`)
    assert.equal((await host.run(['grep', '-rq', kuma.account.password, '/etc', '/var'])).code, 1, 'not kept')
    assert.deepEqual(downs(), [])
  })

  test('tells of a program that is FATAL by its own monitor, the host and the group, and alerts once', async () => {
    await sh('touch /run/broken; supervisorctl signal KILL celery:worker')
    await allShow('down', ['web-1', 'web-1 / supervisord', 'web-1 / celery'])
    await alertOnce(0, /web-1 \/ supervisord.* celery:worker FATAL: .* · 5 of 6 running/s)

    await sh('rm /run/broken; supervisorctl start celery:worker')
    await allShow('up', ALL)
  })

  test('alerts once when supervisord is killed', async () => {
    const told = downs().length
    await sh('systemctl kill -s KILL --kill-who=main supervisor')
    await allShow('down', ALL)
    await alertOnce(told, /web-1 \/ supervisord.* supervisor\.service activating \(auto-restart/s)

    await sh('systemctl restart supervisor')
    await allShow('up', ALL)
  })

  test('changes nothing when it is run again', async () => {
    const monitors = await kuma.monitors()
    const config = await sh(`stat -c %Y ${CONFIG}; cat ${CONFIG}`)
    const pid = await sh(`systemctl show --value -p MainPID ${NAME}`)
    const run = await install()
    assert.equal(run.code, 0, run.stdout + run.stderr)
    assert.equal(run.stderr, '')
    assert.match(run.stdout, /^Nothing to change\.$/m)
    assert.match(run.stdout, /^nothing changed: the service runs on$/m)
    assert.deepEqual(await kuma.monitors(), monitors)
    assert.equal(await sh(`stat -c %Y ${CONFIG}; cat ${CONFIG}`), config)
    assert.equal(await sh(`systemctl show --value -p MainPID ${NAME}`), pid)
  })

  test('gives a new group of programs its monitor when it is run again', async () => {
    writeFileSync(`${host.root}/etc/supervisor/conf.d/more.conf`, '[program:search]\ncommand=sleep 1000000\n')
    await sh('supervisorctl update')
    const run = await install()
    assert.equal(run.code, 0, run.stdout + run.stderr)
    await allShow('up', [...ALL, 'web-1 / search'])
  })

  test("with --cron makes monitors that wait for cron's next run, and so does provision there later", async () => {
    await sh(`${folder}/install.sh --uninstall --purge`)
    const run = await install('--cron', '--host-name', 'web-2')
    assert.equal(run.code, 0, run.stdout + run.stderr)
    assert.match(run.stdout, /^done\. What it sees: kuma-supervisor-push status$/m)
    const intervals = async (): Promise<readonly number[]> => {
      const pushed = (await kuma.monitors()).filter(({ name }) => name.startsWith('web-2 / '))
      return pushed.map(({ interval }) => interval)
    }
    assert.deepEqual(await intervals(), [150, 150, 150, 150, 150])
    const doctor = await sh('kuma-supervisor-push doctor')
    assert.match(doctor, /^✓ service .* none: cron runs it by \* \* \* \* \*$/m)
    assert.match(doctor, /^✓ delivery .* celery: Kuma took the last heartbeat /m)

    writeFileSync(`${host.root}/etc/supervisor/conf.d/last.conf`, '[program:mirror]\ncommand=sleep 1000000\n')
    await sh('supervisorctl update')
    const login = `--user ${kuma.account.username} --password-file ${PASSWORD_FILE}`
    assert.match(await sh(`kuma-supervisor-push provision ${login}`), /^Nothing is left to do: cron pushes /m)
    assert.deepEqual(await intervals(), [150, 150, 150, 150, 150, 150])
  })
})
