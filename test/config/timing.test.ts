import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkInterval, longestGap } from '../../src/config/timing.ts'
import { loadText } from '../helpers/load-text.ts'

const every = (seconds: number) => ({
  everyMs: seconds * 1000,
  name: `push_every ${seconds}s`,
  isPeriod: true,
})
const check = (intervalSeconds: number, everySeconds: number): string | null =>
  checkInterval('config.toml:9: monitor[1].kuma_interval', intervalSeconds * 1000, every(everySeconds))

describe('the timing of heartbeats against the interval in Kuma', () => {
  for (const [interval, period] of [
    [60, 24],
    [150, 60],
    [75, 30],
    [20, 8],
    [3, 1.2],
    [60, 8],
    [300, 24],
    [3600, 24],
  ] as const) {
    test(`is right for ${period} s and Kuma's ${interval} s`, () =>
      assert.equal(check(interval, period), null))
  }

  const cases: [interval: number, period: number, trouble: RegExp][] = [
    [60, 90, /Kuma gives its alarm 61 s after a heartbeat, before the next one comes;/],
    [60, 60, /61 s after a heartbeat, and the next one races with it;/],
    [60, 59, /races with it;/],
    [60, 40, /so that one lost heartbeat is a false alarm;/],
    [60, 30, /so that one lost heartbeat is a false alarm;/],
    [60, 29.5, /so that one lost heartbeat is a false alarm;/],
    [60, 20, /heartbeats come at the moment in which Kuma looks for itself, where it has lost alarms;/],
    [60, 12, /at the moment in which Kuma looks/],
    [60, 20.3, /at the moment in which Kuma looks/],
    [60, 19.5, /at the moment in which Kuma looks/],
  ]
  for (const [interval, period, trouble] of cases) {
    test(`is warned of for ${period} s and Kuma's ${interval} s`, () =>
      assert.match(check(interval, period) ?? 'no warning', trouble))
  }

  test('is warned of with the numbers that would work, and they do', () => {
    assert.equal(
      check(60, 60),
      'config.toml:9: monitor[1].kuma_interval 1m does not go with push_every 60s: Kuma gives its alarm 61 s after a ' +
        'heartbeat, and the next one races with it; set push_every = "24s", or set Heartbeat Interval 150 in Kuma ' +
        'and kuma_interval = "2m30s"',
    )
    assert.match(
      check(5, 5) ?? '',
      /push_every = "2s", or set Heartbeat Interval 13 in Kuma \(Kuma 2.1 or newer\)/,
    )
    for (let interval = 3; interval < 4000; interval += 7) {
      const proposed = /push_every = "(?:(\d+)m)?(?:(\d+)s)?(?:(\d+)ms)?"/.exec(
        check(interval, 2 * interval) ?? '',
      )
      const [minutes = 0, seconds = 0, ms = 0] = (proposed ?? []).slice(1).map((text) => Number(text || 0))
      assert.equal(check(interval, minutes * 60 + seconds + ms / 1000), null, `${interval}`)
    }
  })
})

describe('kuma_interval', () => {
  const load = (agent: string) =>
    loadText(`[agent]\n${agent}\n[[monitor]]\ntoken = "abc"\nkuma_interval = "60s"\nunit = "nginx"`)

  test('is compared with push_every, which is right by default', async () => {
    assert.deepEqual((await load('')).timing, [])
    const { timing, config } = await load('push_every = "60s"')
    assert.equal(config.monitors[0]?.kumaIntervalMs, 60_000)
    assert.match(
      timing[0] ?? '',
      /^config.toml:5: monitor\[1\].kuma_interval 1m does not go with push_every 1m: /,
    )
  })

  test('is compared with the longest gap of a schedule', async () => {
    assert.deepEqual((await load('schedule = "*/24 * * * * *"')).timing, [])
    const { timing } = await load('schedule = "*/5 * * * *"')
    assert.match(
      timing[0] ?? '',
      /with schedule "\*\/5 \* \* \* \*", with up to 5m between two heartbeats: .* before the next one comes; set Heartbeat Interval 750 in Kuma and kuma_interval = "12m30s"$/,
    )
  })
})

describe("the timeout of a Kuma's pushes", () => {
  const load = async (kuma: string, agent: string, monitor = '') =>
    loadText(`[kuma]\n${kuma}\n[agent]\n${agent}\n[[monitor]]\ntoken = "abc"\nunit = "nginx"\n${monitor}`)

  for (const [pushEvery, news, repeat] of [
    ['24s', 25_000, 12_000],
    ['8s', 10_000, 4000],
    ['2s', 2500, 1000],
    ['5m', 25_000, 25_000],
  ] as const) {
    test(`is by default one that goes with push_every ${pushEvery}`, async () => {
      const { config, timing } = await load('', `push_every = "${pushEvery}"`)
      assert.equal(config.kumas[0]?.timeoutMs, news)
      assert.equal(config.kumas[0].repeatTimeoutMs, repeat)
      assert.deepEqual(timing, [])
    })
  }

  test('leaves two pushes in a row that get no answer a third one before the alarm, whatever the period', async () => {
    for (const everyMs of [1000, 2000, 5000, 8000, 24_000, 60_000, 300_000]) {
      const { config } = await load('', `push_every = "${everyMs / 1000}s"`)
      const [kuma] = config.kumas
      assert.ok(kuma)
      const secondEndsMs = everyMs + 2 * kuma.repeatTimeoutMs
      assert.ok(Math.max(2 * everyMs, secondEndsMs) < 2.5 * everyMs + 1000, `${everyMs} ms`)
      assert.ok(everyMs + kuma.timeoutMs < 2.5 * everyMs + 1000, `${everyMs} ms`)
    }
  })

  test('is warned of where it holds up the next heartbeat for too long, with the number that would do', async () => {
    const { timing } = await load('timeout = "1m"', 'push_every = "24s"')
    assert.deepEqual(timing, [
      'kuma.timeout 1m does not go with push_every 24s: a heartbeat without an answer would hold up the next one until ' +
        '84 s after the last that arrived, and Kuma gives its alarm after 61 s (Heartbeat Interval 60); set timeout = "25s" under [kuma]',
    ])
    assert.deepEqual((await load('timeout = "25s"', 'push_every = "24s"')).timing, [])
    const short = await load('timeout = "25s"', 'push_every = "8s"', 'kuma_interval = "20s"')
    assert.match(short.timing[0] ?? '', /after 21 s \(Heartbeat Interval 20\); set timeout = "11s"/)
    assert.deepEqual((await load('timeout = "11s"', 'push_every = "8s"', 'kuma_interval = "20s"')).timing, [])
    const long = await load('timeout = "1m"', 'push_every = "24s"', 'kuma_interval = "130s"')
    assert.deepEqual(long.timing, [])
  })

  test('is warned of by the name of the Kuma where there are several', async () => {
    const { timing } = await loadText(
      '[[kuma]]\nname = "office"\n[[kuma]]\nname = "cloud"\nurl = "http://h"\ntimeout = "2m"\n' +
        '[[monitor]]\nunit = "nginx"\nkuma = "office"\ntoken = "abc"\n[[monitor]]\nunit = "nginx"\nkuma = "cloud"\ntoken = "def"\n',
    )
    assert.equal(timing.length, 1)
    assert.match(timing[0] ?? '', /^kuma.timeout 2m of "cloud" does not go with push_every 24s/)
  })
})

test('the longest gap of a schedule is that of its night or weekend, whatever the hour', async () => {
  assert.equal(await longestGap('* * * * *'), 60_000)
  assert.equal(await longestGap('0 8-18 * * *'), 14 * 3_600_000)
  assert.ok((await longestGap('0 0 29 2 *')) >= 4 * 365 * 86_400_000)
})
