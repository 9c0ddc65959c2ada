import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { KumaSession, type SessionError } from '../../../src/kuma/api/session.ts'
import { startPageKuma, type PageKuma } from '../../helpers/page-kuma.ts'
import { openTestKuma } from '../../helpers/push-to.ts'

/** Nothing here is to be waited for so long. */
const HOUR_MS = 3_600_000

/** Logged in to a Kuma that does not tell what it has. */
async function waiting(
  t: TestContext,
  signal: AbortSignal,
): Promise<{ kuma: PageKuma; session: KumaSession }> {
  const kuma = await startPageKuma(t, { tellsItself: false })
  const session = await KumaSession.open(await openTestKuma(t, kuma.url), signal, HOUR_MS)
  t.after(() => session.close())
  assert.equal(await session.login({ username: 'admin', password: 'right', code: '' }), 'in')
  return { kuma, session }
}

test('what Kuma has is not waited for once the connection has ended', async (t) => {
  const { kuma, session } = await waiting(t, new AbortController().signal)
  const hangUp = setInterval(kuma.hangUp, 20)
  t.after(() => clearInterval(hangUp))
  await assert.rejects(session.inventory(), ({ failure, message }: SessionError) => {
    assert.equal(failure, 'lost')
    assert.equal(message, `the connection to Kuma at ${kuma.url} ended before it told what it has`)
    return true
  })
})

test('nor after Ctrl-C', async (t) => {
  const stop = new AbortController()
  const { session } = await waiting(t, stop.signal)
  const reading = session.inventory()
  stop.abort()
  await assert.rejects(reading, ({ failure }: SessionError) => failure === 'aborted')
})
