import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkPeriod } from '../../../src/commands/doctor/check-period.ts'
import type { Finding } from '../../../src/commands/doctor/check.ts'
import type { KumaMonitor } from '../../../src/kuma/provisioning/kuma-inventory.ts'
import { loadText } from '../../helpers/load-text.ts'

const GOOD: KumaMonitor = {
  id: 1,
  name: 'web-1',
  type: 'push',
  parent: null,
  pushToken: 'AWbUXTosJG',
  isActive: true,
  intervalSeconds: 60,
  retries: 0,
  resendInterval: 0,
  isUpsideDown: false,
}

async function check(monitors: readonly KumaMonitor[], agent = ''): Promise<readonly Finding[]> {
  const loaded = await loadText(`[agent]\n${agent}\n[[monitor]]\nname = "host"\ntoken = "AWbUXTosJG"\n`)
  const askKuma = () => Promise.resolve({ kind: 'told', kuma: 'kuma', monitors } as const)
  return checkPeriod({ loaded, askKuma })
}

test('a monitor that is set as it should be is well', async () => {
  const findings = await check([GOOD])
  assert.deepEqual(
    findings.map(({ result, of, says }) => [result, of, says]),
    [['ok', 'host', "push_every 24s goes with Kuma's Heartbeat Interval 60"]],
  )
})

const rows: [name: string, monitor: Partial<KumaMonitor>, says: RegExp, remedy: RegExp][] = [
  ['another token', { pushToken: 'BBBBBBBBBB' }, /^no monitor of this user in Kuma has its token$/, /Push URL/],
  ['a pause', { isActive: false }, /^paused in Kuma$/, /^press Resume/],
  ['upside down', { isUpsideDown: true }, /^Upside Down is on/, /^switch Upside Down off/],
  ['retries', { retries: 3 }, /^Retries 3: /, /^set Retries 0/],
  ['resend', { resendInterval: 2 }, /^Resend 2: /, /^set Resend Notification 0/],
  ['an interval that races', { intervalSeconds: 24 }, /^Kuma's Heartbeat Interval 24s does not go with push_every 24s/, /^set push_every = "10s", or set Heartbeat Interval 60/],
] // prettier-ignore
for (const [name, monitor, says, remedy] of rows) {
  test(`finds ${name} in Kuma, and says how to mend it`, async () => {
    const [finding, ...others] = await check([{ ...GOOD, ...monitor }])
    assert.deepEqual(others, [])
    assert.equal(finding?.result, 'failed')
    assert.match(finding.says, says)
    assert.match(finding.remedy ?? '', remedy)
  })
}
