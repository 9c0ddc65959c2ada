import { engines } from '../../../package.json'
import { failed, ok, type Finding } from './check.ts'
import type { Patient } from './patient.ts'

const REMEDY =
  'install a newer Node: curl -fsSL https://deb.nodesource.com/setup_22.x | sudo bash - && sudo apt-get install nodejs'

/** Whether this Node is new enough. */
export async function checkNode({ nodeVersion }: Pick<Patient, 'nodeVersion'>): Promise<Finding[]> {
  const oldest = engines.node.replace('>=', '')
  return [
    isOlder(nodeVersion, oldest)
      ? failed(`Node ${nodeVersion} is too old: ${oldest} or newer is needed`, REMEDY)
      : ok(`Node ${nodeVersion}`),
  ]
}

function isOlder(version: string, than: string): boolean {
  const [a, b] = [numbers(version), numbers(than)]
  const differs = b.findIndex((part, index) => part !== a[index])
  return differs !== -1 && (a[differs] ?? 0) < (b[differs] ?? 0)
}

function numbers(version: string): number[] {
  return version.split('.').map((part) => Number.parseInt(part, 10))
}
