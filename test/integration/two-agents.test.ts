// A second agent beside one that runs with the same state file.
import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, suite, test, type TestContext } from 'node:test'
import { BUNDLE, buildBundle, runAgent, startAgent, type AgentProcess } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { startReceiver, type Receiver } from '../helpers/receiver.ts'
import { runCommand } from '../helpers/run-command.ts'

before(() => buildBundle())

interface Setting {
  readonly kuma: Receiver
  readonly config: string
  readonly start: (...options: readonly string[]) => AgentProcess
}

async function setUp(t: TestContext): Promise<Setting> {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-two-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const kuma = await startReceiver(t)
  const config = join(folder, 'config.toml')
  const toml = `[kuma]\nurl = "${kuma.url}"\n[agent]\nstate_file = "${folder}/state/state.json"
[[supervisor]]\nurl = "unix://${folder}/none.sock"\nunit = "none"\n[[monitor]]\ntoken = "AWbUXTosJG"\n`
  await writeFile(config, toml, { mode: 0o600 })
  const start = (...options: readonly string[]): AgentProcess => {
    const agent = startAgent(['run', '--config', config, ...options])
    t.after(() => agent.stop())
    return agent
  }
  return { kuma, config, start }
}

const says = (agent: AgentProcess, expected: RegExp): Promise<string> =>
  eventually(
    `an agent says ${expected.source}`,
    () => agent.stderr,
    (said) => expected.test(said),
  )

suite('a second agent with the same state file', () => {
  test('pushes too and warns, and a dry run is none', async (t) => {
    const { kuma, start } = await setUp(t)
    const dry = start('--dry-run')
    await eventually(
      'the dry run prints',
      () => dry.stdout,
      (said) => said.includes('down'),
    )
    const first = start()
    await kuma.waitFor('down')
    const pushes = kuma.arrivals.length
    const second = start()
    await says(
      second,
      new RegExp(`another agent runs already with the state file \\S+ \\(pid ${first.pid}, `),
    )
    await eventually(
      'it pushes',
      () => kuma.arrivals.length,
      (count) => count > pushes,
    )
    await first.stop()
    await says(second, /the other agent has ended: this one is alone now/)
    assert.doesNotMatch(first.stderr + dry.stderr, /another agent/)
  })

  test('is not started at a terminal', async (t) => {
    const { kuma, config, start } = await setUp(t)
    const first = start()
    await kuma.waitFor('down')
    const command = `${process.execPath} ${BUNDLE} run --config ${config}`
    const { code, stdout } = await runCommand(['script', '-qefc', command, '/dev/null'])
    assert.equal(code, 75)
    assert.match(
      stdout,
      new RegExp(`another agent runs already .* \\(pid ${first.pid}, .*this one is not started`),
    )
  })

  test('is none that only looks once, as from cron', async (t) => {
    const { kuma, config, start } = await setUp(t)
    const first = start()
    await kuma.waitFor('down')
    const { code, stderr } = await runAgent(['once', '--config', config])
    assert.equal(code, 1)
    assert.doesNotMatch(stderr + first.stderr, /another/)
  })

  test('is none by a reload', async (t) => {
    const { kuma, start } = await setUp(t)
    const agent = start('--log-level', 'debug')
    await kuma.waitFor('down')
    for (const times of [2, 3, 4]) {
      agent.kill('SIGHUP')
      await eventually(
        'it watches again',
        () => agent.stderr.split('watching ').length,
        (count) => count > times,
      )
    }
    const second = start()
    await says(second, new RegExp(`another agent .* \\(pid ${agent.pid}, `))
    assert.doesNotMatch(agent.stderr, /another agent/)
  })
})
