import type { SupervisorConfig } from '../../config/config.ts'
import { skipped, type Finding } from './check.ts'
import type { SupervisorExam } from './examine-supervisor.ts'
import type { Patient } from './patient.ts'

export interface Examined {
  readonly config: SupervisorConfig
  /** For the findings. */
  readonly of: string | null
  readonly exam: SupervisorExam
}

/** One finding for each supervisord that is asked. */
export async function eachSupervisor(
  { loaded, examineSupervisor }: Patient,
  judge: (examined: Examined) => Finding | Promise<Finding>,
): Promise<Finding[]> {
  if (loaded === null) return [skipped('needs a right configuration')]
  const { supervisors } = loaded.config
  if (supervisors.length === 0) return [skipped('no supervisord is watched')]
  return Promise.all(
    supervisors.map(async (config) => {
      // With one supervisord there is no need to name it.
      const of = supervisors.length > 1 ? config.name : null
      if (config.url === 'none') return skipped('not asked: url = "none"', { of })
      return judge({ config, of, exam: await examineSupervisor(config) })
    }),
  )
}
