import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { buildBundle, startAgent } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'

before(() => buildBundle())

test('dozens of monitors are told one by one, and Node has nothing to complain of', async (t) => {
  const dir = await mkdtemp(join(tmpdir(), 'ksp-many-'))
  t.after(() => rm(dir, { recursive: true, force: true, maxRetries: 9 }))
  const names = Array.from({ length: 30 }, (_, index) => `m${index + 10}`)
  const monitors = names.map((name) => `[[monitor]]\nname = "${name}"\ntoken = "AWbUXTos${name}"\n`)
  const config = join(dir, 'config.toml')
  await writeFile(
    config,
    `[agent]\nstate_file = "${dir}/state.json"\n` +
      `[[supervisor]]\nunit = "none"\nurl = "unix://${dir}/none.sock"\n${monitors.join('')}`,
    { mode: 0o600 },
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
