import { version } from '../../../package.json'
import type { Status } from './status.ts'

/** The stable form for scripts; see the README. On one line where there will be more of them. */
export function statusJson({ at, watches, monitors }: Status, isStream: boolean): string {
  const shown = {
    version,
    at: at.toISOString(),
    watches: watches.map(({ name, unit, unitSays, supervisord }) => ({
      name,
      unit,
      unit_says: unitSays,
      supervisord: supervisord && {
        problem: supervisord.problem,
        pid: supervisord.pid,
        up_seconds: supervisord.upSeconds,
        programs: supervisord.programs.map(({ group, name: program, state, upSeconds, pid, says }) => ({
          group,
          name: program,
          state,
          up_seconds: upSeconds,
          pid,
          says,
        })),
      },
    })),
    monitors,
  }
  return `${JSON.stringify(shown, null, isStream ? 0 : 2)}\n`
}
