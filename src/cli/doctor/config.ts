import { engines } from '../../../package.json'
import { quotePath } from '../../lib/quote.ts'
import type { DoctorContext } from './context.ts'
import { failed, ok, skipped, type Finding } from './report.ts'

const NEWER_NODE =
  'install a newer Node: curl -fsSL https://deb.nodesource.com/setup_24.x | sudo bash - && sudo apt-get install nodejs'

/** `node`: this Node is new enough. */
export function checkNode(): Promise<Finding[]> {
  return Promise.resolve([judgeNode(process.versions.node)])
}

export function judgeNode(version: string): Finding {
  const oldest = engines.node.replace('>=', '')
  const [have = [], need = []] = [version, oldest].map((text) =>
    text.split('.').map((part) => Number.parseInt(part, 10)),
  )
  const differs = need.findIndex((part, index) => part !== have[index])
  return differs !== -1 && (have[differs] ?? 0) < (need[differs] ?? 0)
    ? failed(`Node ${version} is too old: ${oldest} or newer is needed`, NEWER_NODE)
    : ok(`Node ${version}`)
}

/** `config`: the configuration is right, and the service can read it. */
export async function checkConfig(context: DoctorContext): Promise<Finding[]> {
  const { loaded, problems, serviceUser, user } = context
  const findings = [...problems, ...(loaded?.warnings ?? [])].map((problem) =>
    failed(problem, remedyFor(problem, user.isRoot)),
  )
  const source = loaded?.source ?? null
  if (source !== null && (await context.readings.isServiceBarred('-r', source))) {
    const path = quotePath(source)
    const remedy = `chgrp ${serviceUser} ${path} && chmod 640 ${path}`
    findings.push(failed(`${source} cannot be read by the service's user ${serviceUser}`, remedy))
  }
  if (findings.length > 0) return findings
  if (loaded === null) return [skipped('nothing was read')]
  const count = loaded.config.monitors.length
  const from = source ?? 'options and variables, no file'
  return [ok(`${from}: ${count} monitor${count === 1 ? '' : 's'}`)]
}

const THEN = 'then: kuma-supervisor-push check-config'

/** Problems begin with their place, and a file that others can read comes with its `chmod`. */
function remedyFor(problem: string, isRoot: boolean): string {
  if (!isRoot && problem.includes(' cannot be read: permission denied'))
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
