import { messageOf } from '../lib/errors.ts'
import type { Given } from '../lib/place.ts'
import type { Problems } from './problems.ts'
import { quote } from '../lib/quote.ts'

/** Tells of a schedule that is no cron expression, or that never comes; false then. */
export async function checkSchedule({ place, value }: Given<string>, problems: Problems): Promise<boolean> {
  if (value === null) return false
  // cron brings luxon along, which nobody without a schedule should wait for.
  const { CronTime } = await import('cron')
  try {
    new CronTime(value).sendAt()
    return true
  } catch (error) {
    const cause = messageOf(error).split('\n')[0]
    problems.add(
      place,
      /No execution date/.test(cause ?? '')
        ? `never comes in the next 8 years, got ${quote(value)}`
        : `must be a cron expression such as "*/5 * * * *", got ${quote(value)} (${cause})`,
    )
    return false
  }
}
