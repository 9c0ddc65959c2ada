import { failed, ok, skipped, type Finding } from './check.ts'
import type { Pushed } from '../../agent/push-all.ts'
import type { Patient } from './patient.ts'

/** For a token that Kuma does not know, or whose monitor is paused: it does not tell which. */
export const RESUME_OR_COPY =
  "press Resume on the monitor's page in Kuma if it is paused; else copy its Push URL into push_url of this [[monitor]]"

/** Whether Kuma takes the heartbeats: only a heartbeat can tell. */
export async function checkToken({ loaded, mayPush, examineKumas, pushAll }: Patient): Promise<Finding[]> {
  if (loaded === null) return [skipped('needs a right configuration')]
  if (loaded.config.monitors.every(({ push }) => push === null)) return [skipped('no monitor has a token')]
  if (!mayPush) return [skipped('not tried: doctor --push sends one heartbeat for each monitor')]
  const exams = await examineKumas()
  if (exams.some(({ found }) => found.kind === 'unusable')) return [skipped('not tried without certificates')]
  return (await pushAll()).map(judge)
}

function judge({ monitor, telling, answer, ms }: Pushed): Finding {
  const details = { of: monitor, ms }
  if (telling === null || answer === null) return skipped('not tried: nothing can be said yet', details)
  const { status, message } = telling.verdict
  switch (answer.kind) {
    case 'accepted':
      return ok(`Kuma took: ${status} ${message}`, details)
    case 'unknown-monitor':
      return failed(answer.says, RESUME_OR_COPY, details)
    default:
      return failed(answer.says, 'mend what is told above, then: kuma-supervisor-push doctor --push', details)
  }
}
