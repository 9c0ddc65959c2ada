import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const UNIT = join(import.meta.dirname, '../../systemd/kuma-supervisor-push.service')

/** The options of Node that the service runs the agent with. */
export function unitFlags(): readonly string[] {
  const command = /^ExecStart=@NODE@ (.*?)\S+\.cjs run /m.exec(readFileSync(UNIT, 'utf8'))
  if (command === null) throw new Error(`${UNIT} has no ExecStart that is understood here`)
  return (command[1] ?? '').split(' ').filter((word) => word !== '')
}
