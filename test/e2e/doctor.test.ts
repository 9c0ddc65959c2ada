// With a login, doctor asks a real Kuma how the monitors are set there.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { buildBundle, runAgent } from '../helpers/agent-process.ts'
import { startKuma, type Kuma } from '../helpers/kuma.ts'

suite('doctor with a login to a real Kuma', () => {
  let kuma: Kuma
  let folder: string

  before(async () => {
    await buildBundle()
    folder = await mkdtemp(join(tmpdir(), 'ksp-doctor-'))
    kuma = await startKuma()
  })
  after(async () => {
    await kuma.stop()
    await rm(folder, { recursive: true, force: true, maxRetries: 9 })
  })

  async function periods(password: string): Promise<{ of: string; result: string; says: string }[]> {
    const good = await kuma.createPushMonitor({ name: 'good' })
    const paused = await kuma.createPushMonitor({ name: 'paused' })
    const racing = await kuma.createPushMonitor({ name: 'racing', interval: 24, maxretries: 2 })
    await kuma.pause(paused.id)
    const monitors = Object.entries({ good: good.token, paused: paused.token, racing: racing.token, gone: 'x'.repeat(32) })
      .map(([name, token]) => `[[monitor]]\nname = "${name}"\ntoken = "${token}"\n`)
      .join('') // prettier-ignore
    const config = join(folder, 'config.toml')
    const toml = `[kuma]\nurl = "${kuma.url}"\n[[supervisor]]\nunit = "none"\nurl = "unix:///none.sock"\n${monitors}`
    await writeFile(config, toml, { mode: 0o600 })
    await writeFile(join(folder, 'password'), password, { mode: 0o600 })
    const login = ['--user', kuma.account.username, '--password-file', join(folder, 'password')]
    const { stdout, stderr } = await runAgent(['doctor', '--json', '--config', config, ...login])
    assert.ok(!(stdout + stderr).includes(password))
    const { checks } = JSON.parse(stdout) as {
      checks: { check: string; of: string; result: string; says: string }[]
    }
    return checks
      .filter(({ check }) => check === 'period')
      .map(({ of, result, says }) => ({ of, result, says }))
  }

  test('names each monitor that is not set as it should be', async () => {
    assert.deepEqual(await periods(kuma.account.password), [
      { of: 'good', result: 'ok', says: "push_every 24s goes with Kuma's Heartbeat Interval 60" },
      { of: 'paused', result: 'failed', says: 'paused in Kuma' },
      { of: 'racing', result: 'failed', says: 'Retries 2: alerts come late, and with other words than ours' },
      {
        of: 'racing',
        result: 'failed',
        says: "Kuma's Heartbeat Interval 24s does not go with push_every 24s: Kuma gives its alarm 25 s after a heartbeat, and the next one races with it",
      },
      { of: 'gone', result: 'failed', says: 'no monitor of this user in Kuma has its token' },
    ])
  })

  test('says when Kuma refuses the login', async () => {
    const [finding] = await periods('wrong-for-tests-2')
    assert.equal(finding?.result, 'failed')
    assert.match(finding.says, /refuses the login/)
  })
})
