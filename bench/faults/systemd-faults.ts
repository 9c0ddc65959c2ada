// A real systemd, booted on a copy of this machine, whose bus or manager goes away and comes back; and a bus of messages that cannot be read.
import { bootSystem, type BootedSystem } from '../../test/helpers/booted-system.ts'
import { encodeReturn, encodeSignal } from '../../test/helpers/dbus-wire.ts'
import { startFakeBus } from '../../test/helpers/fake-bus.ts'
import { fakeSystemd } from '../../test/helpers/fake-systemd.ts'
import type { Fault, Stage } from './fault.ts'

const UNIT = 'systemd-journald.service'
const booted = new WeakMap<Stage, BootedSystem>()

function hostOf(stage: Stage): BootedSystem {
  const host = booted.get(stage)
  if (host === undefined) throw new Error('not booted')
  return host
}

const supervisorOf = ({ folder }: Stage, kind: Fault['kind']): string =>
  `unit = "${UNIT}"\nurl = "${kind === 'delivery' ? `unix://${folder}/rpc.sock` : 'none'}"\ntimeout = "1s"`

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
  supervisor: (stage) => supervisorOf(stage, kind),
  begin: (stage) => hostOf(stage).run(begin),
  end: (stage) => hostOf(stage).run(end),
})

/** Answers with a signal that the D-Bus library throws at, noise, and the beginning of a message of 4 GB. */
const damagedBus = (name: string, kind: Fault['kind']): Fault => {
  const healthy = fakeSystemd([{ id: UNIT, active: 'active', sub: 'running' }])
  const huge = encodeReturn(1, 's', ['x'])
  huge.writeUInt32LE(0xffff_fff0, 4)
  const damaged = [
    encodeSignal({ path: '/a', interface: 'a.b', member: 'c' }, 'h', [0]),
    Buffer.alloc(4096, 0xff),
    huge,
  ]
  let times = 0
  const addresses = new WeakMap<Stage, string>()
  let isDamaged = false
  return {
    name,
    by: 'scripted bus',
    kind,
    async prepare(stage) {
      const bus = await startFakeBus(stage, {
        answer(call) {
          if (!isDamaged) return healthy(call)
          return { bytes: damaged[times++ % damaged.length] ?? huge }
        },
      })
      addresses.set(stage, bus.address)
    },
    env: (stage) => ({ DBUS_SYSTEM_BUS_ADDRESS: addresses.get(stage) ?? '' }),
    supervisor: (stage) => supervisorOf(stage, kind),
    begin: () => (isDamaged = true),
    end: () => (isDamaged = false),
  }
}

export const systemdFaults: readonly Fault[] = [
  systemd('D-Bus goes away and comes back; supervisord answers', 'delivery', 'systemctl stop dbus.socket dbus.service', 'systemctl start dbus.socket dbus.service'),
  systemd('D-Bus goes away and comes back; nothing else is known', /bus/i, 'systemctl stop dbus.socket dbus.service', 'systemctl start dbus.socket dbus.service'),
  systemd('D-Bus is frozen', /bus|unit/i, 'pkill -STOP -x dbus-daemon', 'pkill -CONT -x dbus-daemon'),
  damagedBus('D-Bus sends damaged messages; supervisord answers', 'delivery'),
  damagedBus('D-Bus sends damaged messages; nothing else is known', /D-Bus|bus/),
  systemd('systemd is executed anew (daemon-reexec)', 'delivery', 'systemctl daemon-reexec', 'true'),
  systemd('systemd reads its units again (daemon-reload)', 'delivery', 'systemctl daemon-reload', 'true'),
] // prettier-ignore
