import { spawn, type ChildProcess } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { accessSync, constants, existsSync, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { createCgroup, processesIn, removeCgroup } from './own-cgroup.ts'
import { runCommand, type CommandResult, type RunOptions } from './run-command.ts'

/** A whole Debian booted by a real systemd on a throw-away copy of this machine's root file system. */
export interface BootedSystem {
  /** Runs a command (or a line of sh) in it as root, or as `user`, with a clean environment, in `/`. */
  run(command: readonly string[] | string, options?: RunOptions & { user?: string }): Promise<CommandResult>
  /**
   * Its `/` seen from outside, for reading and writing files. Symlinks that are absolute lead back to this machine:
   * write `run`, not `var/run`.
   */
  readonly root: string
  /** Its system bus, seen from outside. */
  readonly busSocket: string
  /** The pid of its systemd, seen from outside. */
  readonly leaderPid: number
  /** Shuts it down and boots it again, with what is on its disk; `root`, `busSocket` and `leaderPid` are others then. */
  reboot(): Promise<void>
  /** Ends it and waits until nothing of it is left; may be called again. */
  stop(): Promise<void>
}

interface BootOptions {
  /** Directories of this machine shown inside at the same place, read-only; the repository and node always are. */
  binds?: readonly string[]
  timeoutMs?: number
}

const ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  LANG: 'C.UTF-8',
  LC_ALL: 'C.UTF-8',
  SYSTEMD_PAGER: 'cat',
}

// Would slow the boot down, or act on this machine's kernel, clock or network.
const MASKED = [
  'apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer fstrim.timer man-db.timer',
  'systemd-tmpfiles-clean.timer e2scrub_reap.service systemd-timesyncd.service systemd-networkd.service',
  'systemd-networkd.socket systemd-networkd-wait-online.service systemd-resolved.service networking.service',
  'systemd-udevd.service systemd-udev-trigger.service systemd-udev-settle.service systemd-modules-load.service',
  'systemd-sysctl.service systemd-binfmt.service systemd-pstore.service systemd-random-seed.service getty.target',
  'console-getty.service getty-static.service systemd-firstboot.service systemd-machine-id-commit.service',
]
  .join(' ')
  .split(' ')

/**
 * Everything is mounted in a mount namespace and runs in a pid namespace of its own, both of which the kernel takes
 * down with their last process: a killed test run leaves no mount and no process behind. $1 is the machine's name;
 * the rest are arguments of systemd-nspawn. Control groups and the machine id come by the environment.
 */
const BOOT_SCRIPT = `
set -eu
for group in $KSP_CGROUPS; do echo 0 >"$group/cgroup.procs"; done
name=$1
shift
mount -t tmpfs -o mode=0755 ksp-boot /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work ksp-boot /mnt/root
mount -t tmpfs -o mode=0755 ksp-boot /run
cd /mnt/root
rm -f etc/machine-id var/lib/dbus/machine-id etc/fstab etc/cron.d/* etc/cron.hourly/* etc/cron.daily/* etc/cron.weekly/*
rm -rf var/log/journal
echo "$KSP_MACHINE_ID" >etc/machine-id
for link in etc/systemd/system/*.target.wants/* etc/rc[2-5].d/S*; do
    case $link in */supervisor.service | */cron.service | */dbus.service) ;; *) rm -f "$link" ;; esac
done
for unit in $KSP_MASKED; do ln -sfn /dev/null "etc/systemd/system/$unit"; done
cd /
unset KSP_CGROUPS KSP_MACHINE_ID KSP_MASKED
# It ends with 133 when the system inside wants to be booted again.
code=133
while [ "$code" -eq 133 ]; do
    code=0
    systemd-nspawn -D /mnt/root --machine="$name" --boot --register=no --keep-unit --console=pipe --quiet "$@" || code=$?
done
exit "$code"
`

/**
 * Boots one in a few seconds; needs root on Debian with systemd-container and dbus. It shares this machine's network:
 * loopback, ports and all. supervisor.service and cron.service are started in it where they are installed.
 * @throws Error with the reason, when this machine cannot do it
 */
export async function bootSystem({
  binds = [],
  timeoutMs = 180_000,
}: BootOptions = {}): Promise<BootedSystem> {
  assertPossible()
  const name = `ksp${randomBytes(6).toString('hex')}`
  const cgroups = createCgroup(name)
  const bindArgs = shownInside(binds).map((path) => `--bind-ro=${path}`)
  const command = [
    '--pdeathsig=KILL',
    'unshare',
    '--mount',
    '--pid',
    '--fork',
    '--kill-child',
    '--mount-proc',
  ]
  const child = spawn('setpriv', [...command, 'sh', '-c', BOOT_SCRIPT, 'boot', name, ...bindArgs], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...ENVIRONMENT,
      KSP_CGROUPS: cgroups.join(' '),
      KSP_MACHINE_ID: randomBytes(16).toString('hex'),
      KSP_MASKED: MASKED.join(' '),
    },
  })
  const console = collectOutput(child)
  const endNow = (): void => {
    child.kill('SIGKILL')
    for (const group of cgroups) removeCgroup(group)
  }
  process.once('exit', endNow)
  let leaderPid: number | undefined
  const isThere = (): boolean =>
    cgroups.some((group) => processesIn(group).length > 0) || existsSync(`/proc/${leaderPid}`)
  const stop = async (): Promise<void> => {
    child.kill('SIGKILL')
    const deadline = Date.now() + 60_000
    while (isThere()) {
      if (Date.now() > deadline) throw new Error(`the booted system ${name} did not end within 60 s`)
      await sleep(20)
    }
    for (const group of cgroups) removeCgroup(group)
    process.off('exit', endNow)
  }

  try {
    let leader = await bootedLeader(child, timeoutMs)
    leaderPid = leader
    // A test that forgets to stop it must still come to its end; the kernel cleans up then.
    child.unref()
    const run: BootedSystem['run'] = (line, { user, ...options } = {}) =>
      runInside(leader, line, user, options)
    return {
      run,
      get root() {
        return `/proc/${leader}/root`
      },
      get busSocket() {
        return `/proc/${leader}/root/run/dbus/system_bus_socket`
      },
      get leaderPid() {
        return leader
      },
      async reboot() {
        const before = leader
        await run('systemctl reboot')
        while (existsSync(`/proc/${before}`)) await sleep(50)
        leader = await bootedLeader(child, timeoutMs)
        leaderPid = leader
      },
      stop,
    }
  } catch (error) {
    await stop()
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(`cannot boot a systemd for this test: ${reason}\n${console()}`, { cause: error })
  }
}

function assertPossible(): void {
  if (process.getuid?.() !== 0) throw new Error('cannot boot a systemd for this test: root is needed')
  const path = ENVIRONMENT.PATH.split(':')
  const needed = ['systemd-nspawn', 'nsenter', 'unshare', 'setpriv', 'runuser', 'dbus-daemon']
  const missing = needed.filter((program) => !path.some((at) => isExecutable(join(at, program))))
  if (missing.length > 0) {
    const names = missing.join(', ')
    throw new Error(
      `cannot boot a systemd for this test: no ${names}; apt-get install systemd-container dbus`,
    )
  }
}

function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** What the overlay of `/` does not show: other file systems, and what nspawn hides under its own /tmp and /run. */
function shownInside(binds: readonly string[]): string[] {
  const repository = resolve(import.meta.dirname, '../..')
  const modules = realpathSync(join(repository, 'node_modules'))
  const wanted = [
    repository,
    modules,
    dirname(realpathSync(process.execPath)),
    ...binds.map((path) => realpathSync(path)),
  ]
  const rootDevice = statSync('/').dev
  const hidden = (path: string): boolean =>
    /^\/(tmp|run|dev|proc|sys)\//.test(path) || statSync(path).dev !== rootDevice
  return [...new Set(wanted.filter(hidden))]
}

async function bootedLeader(child: ChildProcess, timeoutMs: number): Promise<number> {
  const deadline = Date.now() + timeoutMs
  const ended = (): boolean => child.exitCode !== null || child.signalCode !== null || child.pid === undefined
  let state = 'no systemd process yet'
  while (Date.now() < deadline) {
    if (ended()) throw new Error(`systemd-nspawn ended with exit code ${child.exitCode ?? child.signalCode}`)
    const leader = systemdBelow(child.pid ?? 0)
    if (leader !== null) {
      const remainingMs = Math.max(1, deadline - Date.now())
      const answer = await runInside(leader, ['systemctl', 'is-system-running'], undefined, {
        timeoutMs: remainingMs,
      })
      state = answer.stdout.trim() || answer.stderr.trim()
      const isUp = state === 'running' || state === 'degraded'
      if (isUp && existsSync(`/proc/${leader}/root/run/dbus/system_bus_socket`)) return leader
    }
    await sleep(50)
  }
  throw new Error(`it was not up after ${timeoutMs} ms: ${state}`)
}

/** The descendant that is a systemd and the first process of its pid namespace. */
function systemdBelow(ancestor: number): number | null {
  const parents = new Map<number, number>()
  const leaders: number[] = []
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue
    try {
      const status = readFileSync(`/proc/${entry}/status`, 'utf8')
      parents.set(Number(entry), Number(/^PPid:\s*(\d+)/m.exec(status)?.[1]))
      if (/^Name:\s*systemd$/m.test(status) && /^NSpid:.*\s1$/m.test(status)) leaders.push(Number(entry))
    } catch {
      // It ended while it was read.
    }
  }
  const isBelow = (pid: number | undefined): boolean =>
    pid === ancestor || (pid !== undefined && pid > 1 && isBelow(parents.get(pid)))
  return leaders.find(isBelow) ?? null
}

function runInside(
  leader: number,
  command: readonly string[] | string,
  user: string | undefined,
  options: RunOptions,
): Promise<CommandResult> {
  const words = typeof command === 'string' ? ['sh', '-c', command] : command
  const asUser = user === undefined ? [] : ['runuser', '-u', user, '--']
  const enter = ['nsenter', '--target', String(leader), '--all', '--', ...asUser, ...words]
  return runCommand(enter, { ...options, env: { ...ENVIRONMENT, ...options.env } })
}

function collectOutput(child: ChildProcess): () => string {
  let text = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => (text = (text + chunk).slice(-16_384)))
    if (stream !== null && 'unref' in stream && typeof stream.unref === 'function') stream.unref()
  }
  child.on('error', (error) => (text += error.message))
  return () => text
}
