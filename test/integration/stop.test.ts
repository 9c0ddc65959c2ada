// A stop of the agent while everything that it could wait for hangs: the deadlines are all longer than the test.
import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { before, test } from 'node:test'
import { buildBundle, startAgent } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { startSupervisord } from '../helpers/supervisord.ts'

before(() => buildBundle())

for (const onStop of ['none', 'down']) {
  test(`waits neither for Kuma nor for supervisord (on_stop = "${onStop}")`, async (t) => {
    const supervisord = await startSupervisord({ programs: { web: 'sleep 1000' } })
    t.after(() => supervisord.stop())
    const kuma = await startReceiver(t)
    let held = 0
    kuma.script(() => void (held += 1))
    const config = join(supervisord.dir, 'config.toml')
    await writeFile(
      config,
      `[kuma]\nurl = "${kuma.url}"\ntimeout = "5m"\n[agent]\npush_every = "1h"\ncheck_every = "1s"\n` +
        `on_stop = "${onStop}"\nstate_file = "${supervisord.dir}/state.json"\n` +
        `[[supervisor]]\nunit = "none"\nurl = "${supervisord.url}"\ntimeout = "5m"\n[[monitor]]\ntoken = "AWbUXTosJG"\n`,
      { mode: 0o600 },
    )
    const agent = startAgent(['run', '--config', config, '--log-level', 'debug'])
    t.after(() => agent.stop())
    await eventually('a push hangs', () => held === 1)
    supervisord.kill('SIGSTOP')
    // Time for the next look to begin.
    await sleep(1_500)
    agent.kill('SIGTERM')
    await eventually('it has ended', () => !agent.isAlive)
    assert.equal(await agent.ended, 0)
    assert.doesNotMatch(agent.stderr, /timed out|did not answer/)
    assert.equal(kuma.accepted.length, 0)
  })
}
