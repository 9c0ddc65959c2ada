// Setting up a real Kuma by one command, and what it then alerts.
import assert from 'node:assert/strict'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { parse } from 'smol-toml'
import { buildBundle, runAgent, startAgent, type AgentProcess } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { startKuma, type Kuma, type RecordedMonitor } from '../helpers/kuma.ts'
import { startSupervisord, type Supervisord } from '../helpers/supervisord.ts'
import { startWebhookSink, type WebhookSink } from '../helpers/webhook-sink.ts'

describe('provision with a real Uptime Kuma', () => {
  let kuma: Kuma
  let sink: WebhookSink
  let supervisord: Supervisord
  let folder: string
  let config: string
  let agent: AgentProcess | null = null
  let where: string[]
  let login: string[]

  before(async () => {
    await buildBundle()
    folder = await mkdtemp(join(tmpdir(), 'ksp-provision-'))
    config = join(folder, 'config.toml')
    sink = await startWebhookSink()
    kuma = await startKuma()
    await kuma.addWebhookNotification(sink.url)
    await writeFile(join(folder, 'a1'), '#!/bin/sh\nexec sleep 600\n', { mode: 0o755 })
    const programs = Object.fromEntries(['a2', 'b1', 'b2', 'c1', 'c2'].map((name) => [name, 'sleep 600']))
    supervisord = await startSupervisord({
      programs: {
        // Without its file it is FATAL at the first try.
        a1: { command: join(folder, 'a1'), startretries: 0 },
        ...programs,
        'group:alpha': { programs: 'a1,a2' },
        'group:beta': { programs: 'b1,b2' },
        'group:gamma': { programs: 'c1,c2' },
      },
    })
    where = ['--config', config, '--supervisor-url', supervisord.url, '--unit', 'none']
    login = ['--user', kuma.account.username]
    await eventually(
      'all programs run',
      () => supervisord.ctl('status'),
      (text) => (text.match(/RUNNING/g) ?? []).length === 6,
    )
  })
  after(async () => {
    await agent?.stop()
    await supervisord.stop()
    await kuma.stop()
    await sink.stop()
    await rm(folder, { recursive: true, force: true, maxRetries: 9 })
  })

  const provision = (...more: string[]) =>
    runAgent(
      ['provision', ...where, ...`--kuma-url ${kuma.url} --host-name host-a`.split(' '), ...login, ...more],
      {
        env: { KSP_KUMA_PASSWORD: kuma.account.password, HOME: folder },
      },
    )
  const statuses = async () => {
    const monitors = await kuma.monitors()
    const latest = await Promise.all(
      monitors.map(async ({ id, name }) => [name, (await kuma.heartbeats(id)).at(-1)?.status ?? null]),
    )
    return Object.fromEntries(latest) as Record<string, string | null>
  }

  test('shows its plan and changes nothing with --dry-run', async () => {
    const { code, stdout, stderr } = await provision('--dry-run')
    assert.equal(code, 0, stderr)
    assert.match(stdout, /^\+ push +host-a \/ beta +beta:\*, every 60 s$/m)
    assert.deepEqual(await kuma.monitors(), [])
  })

  test('makes group and monitors, all up at once', async () => {
    const { code, stdout, stderr } = await provision()
    assert.equal(code, 0, stderr)
    assert.match(stdout, /\nMade 4 in the group "host-a"\.\n/)
    const isUp = (now: Record<string, string | null>) => Object.values(now).every((is) => is === 'up')
    // Kuma looks at a group in its own time.
    assert.deepEqual(await eventually('all are up', statuses, isUp), {
      'host-a': 'up',
      'host-a / supervisord': 'up',
      'host-a / alpha': 'up',
      'host-a / beta': 'up',
      'host-a / gamma': 'up',
    })
    assert.deepEqual(sink.alerts, [])
  })

  test('changes nothing the second time', async () => {
    const [text, monitors] = [await readFile(config, 'utf8'), await kuma.monitors()]
    const { code, stdout } = await provision()
    assert.equal(code, 0)
    assert.match(stdout, /\nNothing to change\.\n$/)
    assert.equal(await readFile(config, 'utf8'), text)
    assert.deepEqual(await kuma.monitors(), monitors)
  })

  test('gives one alert, with our text, for a program that fails', async () => {
    const { monitor } = parse(await readFile(config, 'utf8'))
    assert.equal((monitor as unknown[]).length, 4)
    agent = startAgent(['run', ...where, '--state-file', join(folder, 'state.json')])
    await eventually(
      'the agent runs',
      () => agent?.stderr ?? '',
      (text) => text.includes('delivered the first'),
    )
    await rm(join(folder, 'a1'))
    await supervisord.ctl('signal', 'KILL', 'alpha:a1')
    const alert = await sink.waitFor(({ msg }) => msg.includes('a1'))
    assert.match(alert.msg, /^\[host-a \/ supervisord\] \[🔴 Down\] alpha:a1 FATAL: can't find command/)
    const seen = await eventually('the group is down too', statuses, (now) => now['host-a'] === 'down')
    assert.equal(seen['host-a / alpha'], 'down')
    assert.equal(seen['host-a / supervisord'], 'down')
    assert.equal(seen['host-a / beta'], 'up')
    assert.equal(sink.alerts.length, 1)
  })

  test('gives a new program a monitor, and removes that of one that is gone with --prune', async () => {
    await supervisord.ctl('stop', 'gamma:*')
    await supervisord.ctl('remove', 'gamma')
    assert.match(
      (await provision()).stdout,
      /^! push +host-a \/ gamma +no program matches gamma:\* any more; --prune/m,
    )
    const { code, stderr } = await provision('--prune')
    assert.equal(code, 0, stderr)
    const names = async () => (await kuma.monitors()).map(({ name }) => name).toSorted()
    const left = ['host-a', 'host-a / alpha', 'host-a / beta', 'host-a / supervisord']
    assert.deepEqual(await names(), left)
    await supervisord.ctl('add', 'gamma')
    assert.equal((await provision()).code, 0)
    assert.deepEqual(await names(), [...left, 'host-a / gamma'].toSorted())
  })

  test('leaves alone what was renamed and moved in Kuma', async () => {
    const find = async (accepts: (monitor: RecordedMonitor) => boolean) =>
      (await kuma.monitors()).find(accepts)
    const beta = await find(({ name }) => name === 'host-a / beta')
    await kuma.edit(beta?.id ?? 0, { name: 'the queue', parent: null, interval: 120 })
    assert.match((await provision()).stdout, /^ {2}push +the queue +beta:\*$/m)
    const left = await find(({ id }) => id === beta?.id)
    assert.deepEqual([left?.name, left?.parent, left?.interval], ['the queue', null, 120])
  })

  test('is refused to a second host of that name', async () => {
    const { code, stderr } = await provision('--config', `${config}.other`)
    assert.equal(code, 69)
    assert.match(stderr, /^error: Kuma has a group "host-a" already/)
  })

  test('says that the password is wrong', async () => {
    const env = { KSP_KUMA_PASSWORD: 'wrong' }
    const { code, stderr } = await runAgent(['provision', ...where, ...login], { env })
    assert.equal(code, 69)
    assert.match(stderr, /refuses the login: "Incorrect username or password\."/)
  })
})
