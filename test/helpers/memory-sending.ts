import type { Sending } from '../../src/agent/monitor.ts'
import type { Announcement } from '../../src/agent/notifier.ts'
import { GridPeriod, type Period } from '../../src/agent/pacing.ts'
import { memoryLog } from './memory-log.ts'

/** What a monitor of the running agent sends with, which keeps it all. */
export function memorySending(period: Period = new GridPeriod(1e9, 2e9)) {
  const sent: Announcement[] = []
  const log = memoryLog()
  let saves = 0
  const sending: Sending = {
    notifier: {
      offer(announcement) {
        sent.push(announcement)
        return new Promise(() => {})
      },
      settled: () => new Promise(() => {}),
      state: { kuma: 'kuma', missed: null, delivery: null, openSinceMs: null },
    },
    period,
    log,
    stateFile: { saveSoon: () => void (saves += 1) },
    systemd: null,
    crashNote: null,
  }
  return { sending, sent, log, saves: () => saves }
}
