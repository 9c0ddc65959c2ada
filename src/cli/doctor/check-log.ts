import { cut, describeDuration } from '../../lib/text.ts'
import { failed, ok, skipped, type Finding } from './check.ts'
import type { Patient } from './patient.ts'
import { SERVICE_UNIT } from './service-unit.ts'

/** What is older may be mended long since. */
const LATELY_MS = 60 * 60_000
const MOST_SHOWN = 200

/** Whether the service has told of mistakes lately. */
export async function checkLog({ readUnit, journal, cronJob, wallNow, user }: Patient): Promise<Finding[]> {
  const { value } = await readUnit(SERVICE_UNIT)
  const isCron = (await cronJob()) !== null
  if (value.kind !== 'state' && !isCron) return [skipped('no service, no log')]
  const lines = await journal()
  if (lines === null) return [skipped(`its journal holds nothing that ${user.name} may read`)]
  const lately = lines.filter(({ atMs }) => wallNow() - atMs < LATELY_MS)
  const ago = (atMs: number): string => `${describeDuration((wallNow() - atMs) / 1000)} ago`
  const error = lately.findLast(({ level }) => level === 'error')
  if (error !== undefined) {
    return [
      failed(
        `error ${ago(error.atMs)}: ${cut(error.text, MOST_SHOWN)}`,
        isCron
          ? 'mend that; journalctl -t kuma-supervisor-push -n 30 shows more'
          : 'mend that, then: systemctl restart kuma-supervisor-push; journalctl -u kuma-supervisor-push -n 30 shows more',
      ),
    ]
  }
  const warning = lately.findLast(({ level }) => level === 'warn')
  return [
    ok(
      warning === undefined
        ? 'no error and no warning in the last hour'
        : `no error in the last hour; warning ${ago(warning.atMs)}: ${cut(warning.text, MOST_SHOWN)}`,
    ),
  ]
}
