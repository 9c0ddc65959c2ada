import { isAbsolute, join } from 'node:path'
import type { AgentConfig } from './config.ts'
import { formatDuration } from '../lib/duration.ts'
import type { LoadContext } from './load-context.ts'
import { firstGiven } from './load-context.ts'
import type { Given } from '../lib/place.ts'
import type { TableValues } from './read-document.ts'
import { whyNoSchedule } from './timing.ts'

const STATE_FOLDER = '/var/lib/kuma-supervisor-push'

/** Fills in when the agent looks and pushes, and where it keeps its memory. */
export async function resolveAgent(context: LoadContext, values: TableValues<'agent'>): Promise<AgentConfig> {
  const { schedule, pushEvery } = rhythm(context, values)
  const whyNot = typeof schedule?.value === 'string' ? await whyNoSchedule(schedule.value) : null
  if (schedule !== undefined && whyNot !== null) context.problems.add(schedule.place, whyNot)
  const pushEveryMs = pushEvery?.value ?? 24_000
  const checkEvery = firstGiven(context, 'checkEvery', values.check_every)
  // Looking less often than pushing is right for a supervisord with very many programs, but should be meant.
  const checkEveryMs = checkEvery?.value ?? Math.min(5000, pushEveryMs)
  if (schedule === undefined && checkEvery !== undefined && checkEveryMs > pushEveryMs) {
    const [check, push] = [formatDuration(checkEveryMs), formatDuration(pushEveryMs)]
    context.warnings.push(
      `${checkEvery.place.label} ${check} is longer than push_every (${push}): a heartbeat may tell what was seen ${check} before`,
    )
  }
  return {
    pushEveryMs,
    checkEveryMs,
    schedule: whyNot === null ? (schedule?.value ?? null) : null,
    stateFile:
      firstGiven(context, 'stateFile', values.state_file)?.value ?? (await defaultStateFile(context)),
    onStop: values.on_stop?.value ?? 'none',
  }
}

interface Rhythm {
  readonly pushEvery?: Given<number> | undefined
  readonly schedule?: Given<string> | undefined
}

/** The first source that gives one of the two decides; one source cannot give both. */
function rhythm({ layers, problems }: LoadContext, values: TableValues<'agent'>): Rhythm {
  const sources: Rhythm[] = [...layers, { pushEvery: values.push_every, schedule: values.schedule }]
  for (const { pushEvery, schedule } of sources) {
    if (pushEvery !== undefined && schedule !== undefined) {
      problems.add(schedule.place, `takes the place of ${nameIn(pushEvery)}; give one of them`)
    }
  }
  return sources.find(({ pushEvery, schedule }) => pushEvery !== undefined || schedule !== undefined) ?? {}
}

function nameIn({ place }: Given<unknown>): string {
  return place.label.replace(/^.*:\d+: |:$/g, '')
}

/** @see https://specifications.freedesktop.org/basedir-spec/latest/ */
async function defaultStateFile({ files, env, home }: LoadContext): Promise<string> {
  const stateHome = env['XDG_STATE_HOME'] ?? ''
  const base = isAbsolute(stateHome) ? stateHome : home === '' ? null : join(home, '.local/state')
  if (base === null || (await files.canWriteIn(STATE_FOLDER))) return join(STATE_FOLDER, 'state.json')
  return join(base, 'kuma-supervisor-push/state.json')
}
