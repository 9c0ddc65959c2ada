import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { StatusServer } from '../../../src/agent/status-server.ts'
import { askAgent } from '../../../src/cli/status/status.ts'
import { memoryLog } from '../../helpers/memory-log.ts'

const never = new AbortController().signal

async function temporaryFolder(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-ask-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  return folder
}

/** Serves the status of an agent; its environment finds it there, and nowhere else on this host. */
async function serve(t: TestContext): Promise<Record<string, string>> {
  const folder = await temporaryFolder(t)
  const status = { version: '0.1.0', at: new Date(0), service: null, watches: [], monitors: [] }
  const server = new StatusServer(() => Promise.resolve(JSON.stringify(status)), memoryLog())
  await server.start(folder)
  t.after(() => server.close())
  return { RUNTIME_DIRECTORY: folder }
}

test('a running agent that has too many readers is called busy', async (t) => {
  const env = await serve(t)
  const path = join(env['RUNTIME_DIRECTORY'] ?? '', 'status.sock')
  const silent = createServer((socket) => socket.end('busy\n'))
  await rm(path)
  silent.listen(path)
  t.after(() => silent.close())
  assert.deepEqual(await askAgent({}, env, never), {
    status: null,
    silence: `the agent that listens at ${path} is busy with other readers`,
  })
})

test('a running agent is not asked what it may not watch', async (t) => {
  const env = await serve(t)
  assert.equal((await askAgent({}, env, never)).status?.version, '0.1.0')
  const none = { status: null, silence: null }
  assert.deepEqual(await askAgent({ programs: ['web'] }, env, never), none)
  assert.deepEqual(await askAgent({}, { ...env, KSP_PROGRAMS: 'web' }, never), none)
})

test('an empty variable asks for nothing', async (t) => {
  const env = await serve(t)
  const { status } = await askAgent({}, { ...env, KSP_PROGRAMS: ' ', KSP_CONFIG: '' }, never)
  assert.equal(status?.version, '0.1.0')
})

test('an agent that listens and says nothing is told of', async (t) => {
  const folder = await temporaryFolder(t)
  const path = join(folder, 'status.sock')
  const server = createServer((socket) => t.after(() => void socket.destroy()))
  await new Promise<void>((resolve) => server.listen(path, resolve))
  t.after(() => void server.close())
  assert.deepEqual(await askAgent({}, { RUNTIME_DIRECTORY: folder }, never), {
    status: null,
    silence: `the agent that listens at ${path} did not answer within 3000 ms`,
  })
})
