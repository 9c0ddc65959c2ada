import { findBlindness } from '../../collect/find-blindness.ts'
import { ok, skipped, type Finding } from './check.ts'
import { eachSupervisor, type Examined } from './each-supervisor.ts'
import { mayUser } from './may-user.ts'
import type { Patient } from './patient.ts'

/** Whether the end of a program is seen at once, by its pid. */
export function checkPids(patient: Patient): Promise<Finding[]> {
  return eachSupervisor(patient, (examined) => judge(examined, patient))
}

async function judge({ exam, of }: Examined, { user, serviceUser }: Patient): Promise<Finding> {
  const { reading } = exam
  if (reading.kind === 'failed') return skipped('unknown without an answer of supervisord', { of })
  const { pid: supervisorPid, processes } = reading.state
  const pids = processes.map(({ pid }) => pid).filter((pid) => pid > 0)
  const why = findBlindness({ supervisorPid, pids })
  if (why !== null) return off(why, of)
  // Root sees what hidepid hides from the service.
  const isServiceBlind =
    serviceUser !== null &&
    user.isRoot &&
    !(await mayUser(serviceUser, '-r', `/proc/${supervisorPid}/cmdline`))
  if (isServiceBlind) return off(`/proc hides it from the service's user ${serviceUser} (hidepid)`, of)
  return ok(
    `the end of a program is seen at once: ${pids.length} ${pids.length === 1 ? 'pid' : 'pids'} to watch`,
    { of },
  )
}

function off(why: string, of: string | null): Finding {
  return skipped(`off, the end of a program is seen at the next check: ${why}`, { of })
}
