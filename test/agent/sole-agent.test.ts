import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import { lockName, takeLock } from '../../src/lib/lock.ts'
import { SoleAgent } from '../../src/agent/sole-agent.ts'
import { eventually } from '../helpers/eventually.ts'
import { memoryLog } from '../helpers/memory-log.ts'

async function place(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-sole-'))
  t.after(() => rm(folder, { recursive: true, maxRetries: 9 }))
  return join(folder, 'not-yet/state.json')
}

/** @param onSleep called before each sleep, which takes no time but on its own clock */
function open(
  t: TestContext,
  stateFile: string,
  onSleep: () => unknown = turn,
): { agent: SoleAgent; lines: readonly string[] } {
  let nowMs = 0
  const log = memoryLog()
  const clock = {
    now: () => nowMs,
    random: () => 0,
    async sleep(ms: number) {
      await onSleep()
      nowMs += ms
    },
  }
  const agent = new SoleAgent(stateFile, clock, log)
  t.after(() => agent.leave())
  return { agent, lines: log.lines }
}

describe('an agent beside another one', () => {
  it('says who has its state file already, and when that one has ended', async (t) => {
    const stateFile = await place(t)
    const first = open(t, stateFile)
    assert.equal(await first.agent.refuses(), false)
    const second = open(t, stateFile)
    second.agent.watch()
    const [warning = ''] = await eventually(
      'it warns',
      () => second.lines,
      ({ length }) => length > 0,
    )
    const who = `\\(pid ${process.pid}, since \\S+( \\S+)?; systemctl status ${process.pid}\\)`
    assert.match(
      warning,
      new RegExp(`^warn: another agent runs already with the state file ${stateFile} ${who}: both push`),
    )
    await first.agent.leave()
    await eventually(
      'it is alone',
      () => second.lines[1],
      (line) => line === 'info: the other agent has ended: this one is alone now',
    )
    assert.deepEqual(first.lines, [])
  })

  it('does not start at a terminal', async (t) => {
    const stateFile = await place(t)
    assert.equal(await open(t, stateFile).agent.refuses(), false)
    const second = open(t, stateFile)
    assert.equal(await second.agent.refuses(), true)
    assert.match(second.lines[0] ?? '', /^error: another agent .* \(pid \d+, .*: this one is not started; /)
  })

  it('says nothing where the other is just ending', async (t) => {
    const stateFile = await place(t)
    const first = open(t, stateFile)
    await first.agent.refuses()
    const second = open(t, stateFile, () => first.agent.leave())
    assert.equal(await second.agent.refuses(), false)
    assert.deepEqual(second.lines, [])
    assert.equal(await open(t, stateFile).agent.refuses(), true)
  })

  it('is alone with a state file of its own', async (t) => {
    const agents = [open(t, await place(t)), open(t, await place(t))]
    for (const { agent } of agents) assert.equal(await agent.refuses(), false)
  })

  it('leaves nothing behind, in whatever it was when it left', async (t) => {
    const stateFile = await place(t)
    for (let turns = 0; turns < 20; turns += 1) {
      const { agent } = open(t, stateFile)
      agent.watch()
      for (let turned = 0; turned < turns; turned += 1) await turn()
      await agent.leave()
      const { agent: next } = open(t, stateFile)
      assert.equal(await next.refuses(), false)
      await next.leave()
    }
  })

  const strangers: [string, RegExp][] = [
    ['7 pid:[1] 0', /state\.json \(in another container, since \d+-\d+-\d+ \d+:\d+\): both push/],
    ['\x1b[31m 7 8', /state\.json: both push/],
  ]
  for (const [says, expected] of strangers) {
    it(`believes no more than it can of ${JSON.stringify(says)}`, async (t) => {
      const stateFile = join(await place(t), '../state.json')
      const first = open(t, stateFile)
      assert.equal(await first.agent.refuses(), false)
      await first.agent.leave()
      const release = await takeLock(`run ${await lockName(stateFile)}`, says)
      t.after(() => release?.())
      const second = open(t, stateFile)
      second.agent.watch()
      await eventually(
        'it warns',
        () => second.lines[0] ?? '',
        (line) => expected.test(line),
      )
    })
  }
})
