// A real systemd, booted on a copy of this machine, whose bus or manager goes away and comes back.
import { bootSystem, type BootedSystem } from '../../test/helpers/booted-system.ts'
import type { Fault, Stage } from './fault.ts'

const UNIT = 'systemd-journald.service'
const booted = new WeakMap<Stage, BootedSystem>()

function hostOf(stage: Stage): BootedSystem {
  const host = booted.get(stage)
  if (host === undefined) throw new Error('not booted')
  return host
}

const systemd = (name: string, kind: Fault['kind'], begin: string, end: string): Fault => ({
  name,
  by: 'real systemd',
  kind,
  async prepare(stage) {
    const host = await bootSystem()
    stage.after(() => host.stop())
    booted.set(stage, host)
  },
  env: (stage) => ({ DBUS_SYSTEM_BUS_ADDRESS: `unix:path=${hostOf(stage).busSocket}` }),
  supervisor: ({ folder }) =>
    `unit = "${UNIT}"\nurl = "${kind === 'delivery' ? `unix://${folder}/rpc.sock` : 'none'}"\ntimeout = "1s"`,
  begin: (stage) => hostOf(stage).run(begin),
  end: (stage) => hostOf(stage).run(end),
})

export const systemdFaults: readonly Fault[] = [
  systemd('D-Bus goes away and comes back; supervisord answers', 'delivery', 'systemctl stop dbus.socket dbus.service', 'systemctl start dbus.socket dbus.service'),
  systemd('D-Bus goes away and comes back; nothing else is known', /bus/i, 'systemctl stop dbus.socket dbus.service', 'systemctl start dbus.socket dbus.service'),
  systemd('D-Bus is frozen', /bus|unit/i, 'pkill -STOP -x dbus-daemon', 'pkill -CONT -x dbus-daemon'),
  systemd('systemd is executed anew (daemon-reexec)', 'delivery', 'systemctl daemon-reexec', 'true'),
  systemd('systemd reads its units again (daemon-reload)', 'delivery', 'systemctl daemon-reload', 'true'),
] // prettier-ignore
