import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import type { Cleanup } from './scripted-server.ts'

/** Where `startDbusDaemon` listens below a folder: the usual place of the system bus. */
export function busSocketOf(folder: string): string {
  return `${folder}/run/dbus/system_bus_socket`
}

/**
 * A private dbus-daemon that ends with the test.
 * @param policy the rules of its configuration for everybody
 */
export async function startDbusDaemon(t: Cleanup, folder: string, policy: string): Promise<ChildProcess> {
  mkdirSync(`${folder}/run/dbus`, { recursive: true })
  const config = `${folder}/bus.conf`
  writeFileSync(
    config,
    `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
       "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
     <busconfig>
       <type>system</type>
       <listen>unix:path=${busSocketOf(folder)}</listen>
       <policy context="default">${policy}</policy>
     </busconfig>`,
  )
  const child = spawn('dbus-daemon', [`--config-file=${config}`, '--nofork', '--print-address'])
  t.after(() => child.kill('SIGKILL'))
  await once(child.stdout, 'data')
  return child
}
