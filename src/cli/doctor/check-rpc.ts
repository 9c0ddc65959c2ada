import { CheckPeriod } from '../../agent/check-period.ts'
import type { RpcFailureReason } from '../../collect/supervisor/rpc-reading.ts'
import { failed, ok, skipped, type Finding } from './check.ts'
import { eachSupervisor, type Examined } from './each-supervisor.ts'
import type { Patient } from './patient.ts'

/** Whether supervisord answers as it should. */
export function checkRpc(patient: Patient): Promise<Finding[]> {
  return eachSupervisor(patient, async (examined) => {
    const { value } = await patient.readUnit(examined.config.unit)
    const unit = value.kind === 'state' ? value.unit.name : 'supervisor'
    return judge(examined, unit, new CheckPeriod(patient.loaded?.config.agent.checkEveryMs ?? Infinity))
  })
}

/** Failures that an earlier check tells. */
type Earlier = 'no-address' | 'socket-missing' | 'refused' | 'permission' | 'unauthorized' | 'unreachable'

const REMEDIES: Readonly<Record<Exclude<RpcFailureReason, Earlier>, string>> = {
  timeout: 'systemctl restart UNIT; if it does not end: systemctl kill -s KILL UNIT',
  shutdown: 'wait until it is up again: systemctl status UNIT',
  'no-descriptors': 'raise the limit of open files: ulimit -n, or LimitNOFILE in a unit',
  fault:
    'in supervisord.conf: [rpcinterface:supervisor] with supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface; then: systemctl restart UNIT',
  'bad-answer': 'something else than supervisord listens there: correct url under [[supervisor]]',
}

function judge({ exam, of }: Examined, unit: string, checks: CheckPeriod): Finding {
  const { reading, version, readMs } = exam
  const details = { of, ms: readMs }
  if (reading.kind === 'answered') {
    const { pid, ms } = reading.state
    // The agent stretches its checks when two answers have taken that long.
    for (const _ of [1, 2]) checks.answered(ms, 0)
    const slow = checks.news()
    const name = version === null ? 'supervisord' : `supervisord ${version}`
    return ok(
      `${name} answers${pid === null ? '' : `, pid ${pid}`}${slow === null ? '' : `; ${slow}`}`,
      details,
    )
  }
  const { reason, detail } = reading.failure
  if (!isOwn(reason)) return skipped('unknown without a way to it', details)
  return failed(detail, REMEDIES[reason].replaceAll('UNIT', unit), details)
}

function isOwn(reason: RpcFailureReason): reason is keyof typeof REMEDIES {
  return reason in REMEDIES
}
