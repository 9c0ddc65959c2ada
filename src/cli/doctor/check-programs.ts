import type { MonitorConfig, SupervisorTarget } from '../../config/config.ts'
import type { ProcessInfo } from '../../collect/supervisor/process-info.ts'
import { selectPrograms } from '../../rules/programs.ts'
import { failed, ok, skipped, type Finding } from './check.ts'
import type { Patient } from './patient.ts'

/** Whether every monitor selects programs that there are. */
export async function checkPrograms({ loaded, examineSupervisor }: Patient): Promise<Finding[]> {
  if (loaded === null) return [skipped('needs a right configuration')]
  const { monitors, supervisors } = loaded.config
  const overPrograms = monitors.flatMap(({ name, target }) =>
    target.kind === 'supervisor' ? [{ name, target }] : [],
  )
  if (overPrograms.length === 0) return [skipped('no monitor is over programs')]
  return Promise.all(
    overPrograms.map(async ({ name, target }) => {
      const supervisor = supervisors.find((one) => one.name === target.supervisor)
      if (supervisor === undefined || supervisor.url === 'none') {
        return skipped('not asked: url = "none"', { of: name })
      }
      const { reading } = await examineSupervisor(supervisor)
      if (reading.kind === 'failed') return skipped('unknown without an answer of supervisord', { of: name })
      return judge(name, target, reading.state.processes)
    }),
  )
}

function judge(
  of: MonitorConfig['name'],
  target: SupervisorTarget,
  processes: readonly ProcessInfo[],
): Finding {
  const { selected, unmatched } = selectPrograms(processes, target)
  const names = [...new Set(processes.map(({ group, name }) => (group === name ? name : `${group}:${name}`)))]
  const some = names.slice(0, 8).join(', ') + (names.length > 8 ? ', …' : '')
  if (processes.length === 0) {
    return failed(
      'supervisord has no programs',
      'add a [program:NAME] to supervisord.conf, then: supervisorctl update',
      { of },
    )
  }
  if (unmatched.length > 0) {
    const groups = new Set(processes.map(({ group }) => group))
    const [pattern = ''] = unmatched
    const remedy = groups.has(pattern)
      ? `programs = ["${pattern}:*"] in this [[monitor]]: it is a group`
      : `correct programs in this [[monitor]]; there are: ${some}`
    return failed(`no program matches ${unmatched.map((one) => `"${one}"`).join(', ')}`, remedy, { of })
  }
  if (selected.length === 0) {
    return failed(
      `exclude leaves none of the ${processes.length} programs`,
      'correct exclude in this [[monitor]]',
      { of },
    )
  }
  const { minRunning } = target
  if (minRunning !== null && minRunning > selected.length) {
    const says = `min_running = ${minRunning} can never be met: ${selected.length} selected`
    return failed(says, `min_running = ${selected.length} in this [[monitor]], or less`, { of })
  }
  const running = selected.filter(({ state }) => state === 'RUNNING').length
  return ok(`${selected.length} selected, ${running} RUNNING`, { of })
}
