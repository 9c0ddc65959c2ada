import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { judgeFile, judgeInKuma } from '../../../src/cli/doctor/period.ts'
import { rhythmOf } from '../../../src/config/timing.ts'
import type { CronJob } from '../../../src/cli/cron-job.ts'
import type { Finding } from '../../../src/cli/doctor/report.ts'
import type { KumaMonitor } from '../../../src/kuma/api/monitors.ts'
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

interface Setting {
  /** In Kuma; null without a login. */
  monitors: readonly KumaMonitor[] | null
  monitor?: string
  cron?: CronJob
}

async function check({ monitors, monitor = '', cron }: Setting): Promise<readonly Finding[]> {
  const loaded = await loadText(`[[monitor]]\nname = "host"\ntoken = "AWbUXTosJG"\n${monitor}\n`)
  const rhythm = cron?.rhythm ?? (await rhythmOf(loaded.config.agent))
  if (monitors === null) return judgeFile(loaded, rhythm, cron !== undefined)
  return loaded.config.monitors.flatMap((one) => judgeInKuma(one, monitors, rhythm))
}

test('a monitor that is set as it should be is well', async () => {
  const findings = await check({ monitors: [GOOD] })
  assert.deepEqual(
    findings.map(({ result, of, says }) => [result, of, says]),
    [['ok', 'host', "push_every 24s goes with Kuma's Heartbeat Interval 60"]],
  )
})

test('a monitor that was set for cron is well, and may be set to tell more quickly', async () => {
  const [finding] = await check({ monitors: [{ ...GOOD, intervalSeconds: 750 }] })
  assert.equal(finding?.result, 'ok')
  assert.equal(
    finding.says,
    "push_every 24s goes with Kuma's Heartbeat Interval 750; 60 would tell of a dead host sooner",
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
    const [finding, ...others] = await check({ monitors: [{ ...GOOD, ...monitor }] })
    assert.deepEqual(others, [])
    assert.equal(finding?.result, 'failed')
    assert.match(finding.says, says)
    assert.match(finding.remedy ?? '', remedy)
  })
}

suite('where cron runs `once`, its times count and not push_every', () => {
  const rhythm = { everyMs: 60_000, name: "cron's * * * * * (up to 1m apart)", isPeriod: false }
  const EVERY_MINUTE = { fields: '* * * * *', rhythm }

  test('tells the Heartbeat Interval that goes with them', async () => {
    const [finding] = await check({ monitors: null, cron: EVERY_MINUTE })
    assert.equal(finding?.result, 'ok')
    assert.match(
      finding.says,
      /^cron's \* \* \* \* \* \(up to 1m apart\) wants Heartbeat Interval 150 in Kuma/,
    )
  })

  test('finds the interval of the file too short', async () => {
    const [finding] = await check({ monitors: null, monitor: 'kuma_interval = "60s"', cron: EVERY_MINUTE })
    assert.equal(finding?.result, 'failed')
    assert.match(finding.says, /^kuma_interval of host 1m does not go with cron's \* \* \* \* \* /)
    assert.match(finding.remedy ?? '', /^set Heartbeat Interval 150 in Kuma and kuma_interval = "2m30s"$/)
  })

  test('finds the one in Kuma too short, or well', async () => {
    const [short] = await check({ monitors: [GOOD], cron: EVERY_MINUTE })
    assert.equal(short?.result, 'failed')
    const [fine] = await check({ monitors: [{ ...GOOD, intervalSeconds: 150 }], cron: EVERY_MINUTE })
    assert.equal(fine?.result, 'ok')
  })
})
