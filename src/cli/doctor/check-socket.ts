import { failed, ok, skipped, type Finding } from './check.ts'
import { eachSupervisor, type Examined } from './each-supervisor.ts'
import type { Patient } from './patient.ts'
import { quotePath } from '../../lib/quote.ts'

/** Where supervisord listens, why it is looked for there, and whether anybody does. */
export function checkSocket(patient: Patient): Promise<Finding[]> {
  return eachSupervisor(patient, async (examined) => judge(examined, await startCommand(examined, patient)))
}

function judge({ exam, of }: Examined, start: string): Finding {
  const { url, source, reading, findMs } = exam
  const details = { of, ms: findMs }
  const reason = reading.kind === 'failed' ? reading.failure.reason : null
  const detail = reading.kind === 'failed' ? reading.failure.detail : ''
  switch (reason) {
    case 'no-address':
      return failed(
        detail,
        `${start}; where it listens elsewhere: url = "unix:///…" under [[supervisor]]`,
        details,
      )
    case 'socket-missing':
      return failed(`${detail}; address from ${source}`, start.replace(' start ', ' restart '), details)
    case 'refused':
      return failed(`${detail}; address from ${source}`, start, details)
    case 'unreachable':
      return failed(
        `${detail}; address from ${source}`,
        'correct url, or give the authority of its certificate as ca_file, under [[supervisor]]',
        details,
      )
    case 'permission':
      return skipped(`${url} from ${source}`, details)
    default:
      return ok(`${url} from ${source}`, details)
  }
}

async function startCommand({ config, exam }: Examined, { readUnit }: Patient): Promise<string> {
  const { value } = await readUnit(config.unit)
  if (value.kind === 'state') return `systemctl start ${value.unit.name}`
  const [, conf] = /^(\/.+) \[/.exec(exam.source) ?? []
  return `supervisord -c ${quotePath(conf ?? '/etc/supervisor/supervisord.conf')}`
}
