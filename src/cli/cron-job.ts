import { readFile } from 'node:fs/promises'
import { formatDuration } from '../lib/duration.ts'
import { longestGap, type Rhythm } from '../config/timing.ts'

/** Written by `install.sh --cron`. */
export const CRON_FILE = '/etc/cron.d/kuma-supervisor-push'

/** That cron runs `once`. */
export interface CronJob {
  /** The five fields. */
  readonly fields: string
  /** How often heartbeats go out so, whatever the configuration says of its own period. */
  readonly rhythm: Rhythm
}

/** By what cron runs `once`; null where it does not. */
export async function readCronJob(file: string): Promise<CronJob | null> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const fields = /^((?:[^\s#]\S* +){5})\S.* once /m.exec(text)?.[1]?.trim().replaceAll(/ +/g, ' ')
  if (fields === undefined) return null
  const everyMs = await longestGap(fields)
  const name = `cron's ${fields} (up to ${formatDuration(everyMs)} apart)`
  return { fields, rhythm: { everyMs, name, isPeriod: false } }
}
