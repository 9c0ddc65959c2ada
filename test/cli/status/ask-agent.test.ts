import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { askAgent } from '../../../src/cli/status/ask-agent.ts'
import { serveStatus } from '../../../src/agent/serve-status.ts'
import { statusJson } from '../../../src/agent/status-json.ts'
import { memoryLog } from '../../helpers/memory-log.ts'

const never = new AbortController().signal

/** The environment of an agent that tells its status. */
async function agent(t: TestContext): Promise<Record<string, string>> {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-ask-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const told = { version: '0.1.0', at: new Date(0), service: null, watches: [], monitors: [] }
  const describe = (): Promise<string> => Promise.resolve(JSON.stringify(statusJson(told)))
  t.after(await serveStatus({ folder, describe, log: memoryLog() }))
  return { RUNTIME_DIRECTORY: folder }
}

test('a running agent is not asked what it may not watch', async (t) => {
  const env = await agent(t)
  assert.equal((await askAgent({}, env, never))?.version, '0.1.0')
  assert.equal(await askAgent({ programs: ['web'] }, env, never), null)
  assert.equal(await askAgent({}, { ...env, KSP_PROGRAMS: 'web' }, never), null)
})

test('an empty variable asks for nothing', async (t) => {
  const env = await agent(t)
  assert.equal((await askAgent({}, { ...env, KSP_PROGRAMS: ' ', KSP_CONFIG: '' }, never))?.version, '0.1.0')
})

test('an agent that listens and says nothing is told of', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-ask-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const path = join(folder, 'status.sock')
  const server = createServer((socket) => t.after(() => void socket.destroy()))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  t.after(() => void server.close())
  const told: string[] = []
  assert.equal(await askAgent({}, { RUNTIME_DIRECTORY: folder }, never, (says) => void told.push(says)), null)
  assert.deepEqual(told, [`the agent that listens at ${path} did not answer within 3000 ms`])
})
