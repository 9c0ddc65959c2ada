// The service's own limits of memory must not be what ends it.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { before, test } from 'node:test'
import { answer, array, processInfos, scalar } from '../helpers/rpc-answers.ts'
import { buildBundle, startAgent } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { startRpcServer } from '../helpers/rpc-server.ts'

before(buildBundle)

const MIB = 1024 * 1024

for (const [what, programs, says] of [
  ['just below 16 MiB is read', 12_500, /^12500 of 12500 running/],
  ['above 16 MiB is refused', 14_000, /larger than 16777216 bytes/],
] as const) {
  test(`with the options of the service, an answer ${what} again and again`, async (t) => {
    const dir = mkdtempSync(join(tmpdir(), 'ksp-large-'))
    t.after(() => rmSync(dir, { recursive: true, maxRetries: 9 }))
    const large = answer(array([scalar(4711), processInfos(programs, 1_800_000_000)]))
    assert.ok(large.length > 15 * MIB && large.length < 19 * MIB, `${large.length / MIB} MiB`)
    let asked = 0
    const server = await startRpcServer(t, (method) => {
      if (method !== 'system.multicall') return answer(method.endsWith('Info') ? array([]) : scalar(''))
      asked++
      return large
    })
    const receiver = await startReceiver(t)
    const pushes = [
      '--push-url',
      `${receiver.url}/api/push/AWbUXTosJG`,
      '--state-file',
      join(dir, 'state.json'),
    ]
    const looks = ['--unit', 'none', '--supervisor-url', server.url.origin, '--check-every', '1s']
    const agent = startAgent(['run', ...pushes, ...looks], { env: { HOME: dir } })
    t.after(() => agent.stop())
    const patience = { timeoutMs: 120_000 }
    await eventually(
      'it is told',
      () => receiver.accepted.some(({ msg }) => says.test(msg)),
      Boolean,
      patience,
    )
    const until = asked + 5
    await eventually(
      'it is asked again and again',
      () => {
        agent.kill('SIGUSR1')
        return asked >= until
      },
      Boolean,
      patience,
    )
    assert.ok(agent.isAlive, agent.stderr)
    assert.doesNotMatch(agent.stderr, /out of memory/)
  })
}
