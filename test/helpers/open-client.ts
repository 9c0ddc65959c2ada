import type { TestContext } from 'node:test'
import { realClock } from '../../src/lib/clock.ts'
import { SupervisorClient, type SupervisorClientOptions } from '../../src/collect/supervisor/client.ts'

/** A client of the supervisord at this URL, patient and without credentials but for what is given; ends with the test. */
export function openClient(
  t: TestContext,
  url: string | URL,
  more: Partial<SupervisorClientOptions> = {},
): SupervisorClient {
  const client = new SupervisorClient({
    url: String(url),
    username: null,
    password: null,
    caFile: null,
    timeoutMs: 10_000,
    clock: realClock,
    ...more,
  })
  t.after(() => client.close())
  return client
}
