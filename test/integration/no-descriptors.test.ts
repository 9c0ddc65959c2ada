import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { buildBundle, startAgent } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { startGate } from '../helpers/gate.ts'
import { runCommand } from '../helpers/run-command.ts'
import { watchedProgram } from '../helpers/watched-program.ts'

before(buildBundle)

const limit = async (pid: number, files: number) => {
  const { code, stderr } = await runCommand(['prlimit', '--pid', String(pid), `--nofile=${files}:4096`])
  assert.equal(code, 0, stderr)
}

/** An agent whose connection to supervisord can be cut; supervisord is given as its URL or found by its configuration. */
async function scene(t: TestContext, isFound: boolean) {
  const { folder, supervisord, kuma, options } = await watchedProgram(t)
  const gate = await startGate(t, { path: supervisord.socket }, { path: join(folder, 'rpc.sock') })
  const url = `unix://${folder}/rpc.sock`
  await writeFile(join(folder, 'supervisord.conf'), `[supervisorctl]\nserverurl=${url}\n`)
  const more = { 'supervisor-url': isFound ? 'auto' : url, 'check-every': '1s', 'push-every': '1s' }
  const agent = startAgent(['run', ...options(more)], { cwd: folder })
  t.after(() => agent.stop())
  await eventually('heartbeats', () => kuma.heartbeats.length > 2)
  return { agent, kuma, gate }
}

for (const [how, isFound, answerAfterMs] of [
  ['given', false, 0],
  ['found by its configuration', true, 0],
  ['given, though a push may be under way', false, 400],
] as const) {
  test(`without file descriptors the agent tells its own trouble, not one of a supervisord that is ${how}`, async (t) => {
    const { agent, kuma, gate } = await scene(t, isFound)
    kuma.answerAfterMs = answerAfterMs
    await limit(agent.pid, 3)
    gate.hangUp()
    const isDown = (line: string) => line.startsWith('down')
    await eventually('Kuma is told', () => kuma.heartbeats.some(isDown))
    assert.match(
      kuma.heartbeats.find(isDown) ?? '',
      /^down nothing can be seen: the agent has no file descriptors left \(EMFILE\): raise its limit/,
    )
    await limit(agent.pid, 4096)
    await eventually('it is up again', () => kuma.heartbeats.at(-1)?.startsWith('up 1 of 1'))
    assert.equal(await agent.stop(), 0)
  })
}

test('an agent that may have few descriptors delivers however many programs it watches, and sees one die', async (t) => {
  const { supervisord, stateFile, kuma, options } = await watchedProgram(t, 80)
  const more = { 'check-every': '1s', 'push-every': '1s' }
  const agent = startAgent(['run', ...options(more)], { under: ['prlimit', '--nofile=64'] })
  t.after(() => agent.stop())
  const isUp = (line: string) => line.startsWith('up 80 of 80')
  await eventually('heartbeats', () => kuma.heartbeats.filter(isUp).length > 2)
  await eventually(
    'what it knows is written',
    async () => (await readFile(stateFile, 'utf8').catch(() => '')) !== '',
  )
  await supervisord.ctl('signal', 'KILL', 'web:web79')
  await eventually('it is told', () => kuma.heartbeats.some((line) => line.includes('web79')))
  assert.equal(await agent.stop(), 0)
  assert.doesNotMatch([agent.stderr, ...kuma.heartbeats].join('\n'), /EMFILE/)
})
