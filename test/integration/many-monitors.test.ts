import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test, type TestContext } from 'node:test'
import { buildBundle, runAgent, startAgent } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { startPageKuma } from '../helpers/page-kuma.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { startSupervisord, type Supervisord } from '../helpers/supervisord.ts'

before(() => buildBundle())

async function configFile(t: TestContext, text: (folder: string) => string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-many-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const config = join(folder, 'config.toml')
  await writeFile(config, text(folder), { mode: 0o600 })
  return config
}

test('dozens of monitors are told one by one, and Node has nothing to complain of', async (t) => {
  const names = Array.from({ length: 30 }, (_, index) => `m${index + 10}`)
  const monitors = names.map((name) => `[[monitor]]\nname = "${name}"\ntoken = "AWbUXTos${name}"\n`)
  const config = await configFile(
    t,
    (folder) =>
      `[agent]\nstate_file = "${folder}/state.json"\n` +
      `[[supervisor]]\nunit = "none"\nurl = "unix://${folder}/none.sock"\n${monitors.join('')}`,
  )
  const agent = startAgent(['--config', config, '--dry-run', '--push-every', '2s'])
  t.after(() => agent.stop())
  for (const name of names) {
    await eventually(
      `${name} is told twice`,
      () => agent.stdout,
      (said) => said.split(new RegExp(`down +${name}: `)).length > 2,
    )
  }
  agent.kill('SIGTERM')
  assert.equal(await agent.ended, 0)
  assert.doesNotMatch(agent.stderr, /warning/i)
})

suite('with 25 monitors Node warns of nothing on standard error', () => {
  const programs = Array.from({ length: 25 }, (_, index) => `p${index + 10}`)
  let supervisord: Supervisord

  before(async () => {
    supervisord = await startSupervisord({
      programs: Object.fromEntries(programs.map((name) => [name, 'sleep 86400'])),
    })
    await supervisord.running(programs.length)
  })
  after(() => supervisord.stop())

  /** One monitor for each program, and one supervisord for each where `isEachItsOwn`. */
  async function monitored(t: TestContext, isEachItsOwn = false) {
    const receiver = await startReceiver(t)
    const supervisors = isEachItsOwn ? programs : ['all']
    const config = await configFile(t, (folder) =>
      [
        `[kuma]\nurl = "${receiver.url}"\n[agent]\nstate_file = "${folder}/state.json"\n`,
        ...supervisors.map(
          (name) => `[[supervisor]]\nname = "${name}"\nunit = "none"\nurl = "${supervisord.url}"\n`,
        ),
        ...programs.map(
          (name) =>
            `[[monitor]]\nname = "${name}"\ntoken = "AWbUXTos${name}"\nprograms = ["${name}"]\n` +
            `supervisor = "${isEachItsOwn ? name : 'all'}"\n`,
        ),
      ].join(''),
    )
    return { receiver, config }
  }

  for (const [command, args] of [
    ['once', []],
    ['doctor', ['--push']],
    ['status', []],
  ] as const) {
    test(`from ${command} ${args.join(' ')}`.trim(), async (t) => {
      const { receiver, config } = await monitored(t)
      const { stderr } = await runAgent([command, '--config', config, ...args])
      assert.equal(stderr, '')
      const pushed = programs.filter((name) => receiver.accepted.some(({ token }) => token.endsWith(name)))
      assert.deepEqual(pushed, command === 'status' ? [] : programs)
    })
  }

  for (const isEachItsOwn of [false, true]) {
    test(`from run over ${isEachItsOwn ? 'as many supervisords' : 'one supervisord'}`, async (t) => {
      const { receiver, config } = await monitored(t, isEachItsOwn)
      const agent = startAgent(['run', '--config', config, '--check-every', '1s', '--push-every', '2s'])
      t.after(() => agent.stop())
      await eventually('each has pushed twice', () => receiver.accepted.length >= 2 * programs.length)
      agent.kill('SIGTERM')
      assert.equal(await agent.ended, 0)
      assert.doesNotMatch(agent.stderr, /warning/i)
    })
  }

  test('from provision', async (t) => {
    const kuma = await startPageKuma(t)
    const config = await configFile(t, () => '')
    const where = ['--kuma-url', kuma.url, '--supervisor-url', supervisord.url, '--unit', 'none']
    const { code, stderr } = await runAgent(
      ['provision', '--config', config, '--host-name', 'host-a', '--user', 'admin', ...where],
      { env: { KSP_KUMA_PASSWORD: 'right' } },
    )
    assert.equal(stderr, '')
    assert.equal(code, 0)
    // Beside those of the programs there is one of supervisord itself.
    assert.equal(kuma.pushes.length, programs.length + 1)
  })
})
