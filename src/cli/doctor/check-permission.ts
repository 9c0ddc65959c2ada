import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { failed, ok, skipped, type Finding } from './check.ts'
import { eachSupervisor, type Examined } from './each-supervisor.ts'
import { mayUser } from './may-user.ts'
import type { Patient } from './patient.ts'
import { quotePath } from '../../lib/quote.ts'

/** Whether this user, and that of the service, may use supervisord's socket. */
export function checkPermission(patient: Patient): Promise<Finding[]> {
  return eachSupervisor(patient, (examined) => judge(examined, patient))
}

async function judge({ exam, of }: Examined, { user, serviceUser }: Patient): Promise<Finding> {
  const { url, reading } = exam
  if (url === null) return skipped('unknown without an address', { of })
  if (!url.startsWith('unix://')) return skipped(`not needed at ${url}`, { of })
  const path = url.replace('unix://', '')
  const reason = reading.kind === 'failed' ? reading.failure.reason : null
  if (reason === 'socket-missing') return skipped('unknown without a socket', { of })
  if (reason === 'permission') {
    return failed(`the user ${user.name} may not use ${path}`, await remedy(path, user.name), { of })
  }
  if (serviceUser !== null && user.isRoot && !(await mayUser(serviceUser, '-w', path))) {
    const says = `${user.name} may use ${path}, but the service's user ${serviceUser} may not`
    return failed(
      says,
      `run install.sh again; until supervisord restarts: setfacl -m u:${serviceUser}:rw ${quotePath(path)}`,
      { of },
    )
  }
  return ok(`${user.name} may use ${path}`, { of })
}

/** The first folder on the way that is closed, else the socket itself. */
async function remedy(path: string, user: string): Promise<string> {
  const folders = path.split('/').slice(1, -1)
  for (const index of folders.keys()) {
    const folder = `/${folders.slice(0, index + 1).join('/')}`
    const isOpen = await access(folder, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (!isOpen) return `sudo setfacl -m u:${user}:x ${quotePath(folder)}, then run doctor again`
  }
  return (
    `sudo setfacl -m u:${user}:rw ${quotePath(path)}; to last: chmod = 0770 and chown = root:GROUP ` +
    'in [unix_http_server] of supervisord.conf'
  )
}
