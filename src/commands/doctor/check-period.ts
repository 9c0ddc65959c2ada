import { bestIntervalSeconds } from '../../config/check-timing.ts'
import { rhythmOf } from '../../config/rhythm.ts'
import { failed, ok, skipped, type Finding } from './check.ts'
import type { Patient } from './patient.ts'

/** Whether the heartbeats go with Kuma's Heartbeat Interval, as far as that is known. */
export async function checkPeriod({ loaded }: Patient): Promise<Finding[]> {
  if (loaded === null) return [skipped('needs a right configuration')]
  const { timing, config } = loaded
  if (timing.length > 0) {
    return timing.map((line) => {
      const [says = '', ...remedy] = line.split('; ')
      return failed(says, remedy.join('; '))
    })
  }
  const { everyMs, name } = await rhythmOf(config.agent)
  const seconds = bestIntervalSeconds(everyMs)
  return config.monitors.every(({ kumaIntervalMs }) => kumaIntervalMs !== null)
    ? [ok(`${name} goes with Kuma's Heartbeat Interval`)]
    : [
        ok(
          `${name} wants Heartbeat Interval ${seconds} in Kuma; kuma_interval = "${seconds}s" lets this be checked`,
        ),
      ]
}
