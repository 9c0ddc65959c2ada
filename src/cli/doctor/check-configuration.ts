import { failed, ok, skipped, type Finding } from './check.ts'
import { mayUser } from './may-user.ts'
import type { Patient } from './patient.ts'
import { quotePath } from '../../lib/quote.ts'

/** Whether the configuration is right, and whether exactly those can read it who should. */
export async function checkConfiguration(patient: Patient): Promise<Finding[]> {
  const { loaded, problems } = patient
  const findings = [...problems, ...(loaded?.warnings ?? [])].map((problem) =>
    failed(problem, remedyFor(problem, patient)),
  )
  const source = loaded?.source ?? null
  if (source !== null) findings.push(...(await serviceReads(source, patient)))
  if (findings.length > 0) return findings
  if (loaded === null) return [skipped('nothing was read')]
  const count = loaded.config.monitors.length
  const from = source ?? 'options and variables, no file'
  return [ok(`${from}: ${count} monitor${count === 1 ? '' : 's'}`)]
}

const THEN = 'then: kuma-supervisor-push check-config'

/** Problems begin with their place, and a file that others can read comes with its `chmod`. */
function remedyFor(problem: string, { user }: Patient): string {
  if (!user.isRoot && problem.includes(' cannot be read: permission denied'))
    return 'sudo kuma-supervisor-push doctor'
  const chmod = /: (chmod [^;]+)$/.exec(problem)?.[1]
  if (chmod !== undefined) return chmod
  const [, file, line] = /^(\/[^:]+):(\d+):/.exec(problem) ?? []
  if (file !== undefined) return `sudoedit ${quotePath(file)} (line ${line}), ${THEN}`
  const [, given] = /^(--[a-z-]+|KSP_[A-Z_]+):/.exec(problem) ?? []
  if (given !== undefined) return `correct ${given}, ${THEN}`
  if (problem.startsWith('no push token')) {
    return "sudo ./install.sh --push-url 'URL', as Kuma shows it, writes the file"
  }
  const [, without] = /^(\/.+): no push token/.exec(problem) ?? []
  if (without !== undefined) return `add a [[monitor]] with push_url = "…", as Kuma shows it, to ${without}`
  return `correct that, ${THEN}`
}

async function serviceReads(source: string, { serviceUser, user }: Patient): Promise<Finding[]> {
  if (serviceUser === null || !user.isRoot || (await mayUser(serviceUser, '-r', source))) return []
  const says = `${source} cannot be read by the service's user ${serviceUser}`
  return [failed(says, `chgrp ${serviceUser} ${quotePath(source)} && chmod 640 ${quotePath(source)}`)]
}
