// As in a container: processes, mounts and /run of its own, no systemd, no D-Bus, and supervisord as the first process.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import {
  chmod,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  open,
  readFile,
  readdir,
  readlink,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { BUNDLE, PROJECT, buildBundle, runAgent, startAgent } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { startReceiver, type Receiver } from '../helpers/receiver.ts'
import { runCommand } from '../helpers/run-command.ts'
import type { Cleanup } from '../helpers/scripted-server.ts'
import { startSupervisord } from '../helpers/supervisord.ts'

interface Container {
  readonly kuma: Receiver
  /** What `docker logs` would show. */
  readonly log: () => Promise<string>
  /** The pid of its first process, seen from outside. */
  readonly pid: number
  /** Its socket, seen from outside. */
  readonly url: string
  /** As `docker exec`. */
  readonly exec: (...command: string[]) => Promise<string>
  /** Whether its first process has ended. */
  readonly isOver: () => boolean
}

/** The pids of the processes in a pid namespace. */
async function processesIn(namespace: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const namespaces = await Promise.all(pids.map((pid) => readlink(`/proc/${pid}/ns/pid`).catch(() => '')))
  return pids.filter((_, index) => namespaces[index] === namespace)
}

/** Returns what docs/docker.md has: supervisord.conf before the programs, and the file that becomes the command. */
async function recipe(): Promise<{ conf: string; copied: string }> {
  const page = await readFile(new URL('../../docs/docker.md', import.meta.url), 'utf8')
  const conf = /```ini\n([^]*?)```/.exec(page)?.[1]
  const copied = /^COPY (\S+) \/usr\/local\/bin\/kuma-supervisor-push$/m.exec(page)?.[1]
  assert.ok(conf !== undefined && copied !== undefined)
  return { conf, copied }
}

const PROGRAMS = `
[program:web]
command=sleep 1000

[program:bad]
command=sh -c "exit 3"
autostart=false
startretries=0
`

async function startContainer(t: Cleanup): Promise<Container> {
  const dir = await mkdtemp(join(tmpdir(), 'ksp-container-'))
  t.after(() => rm(dir, { recursive: true, force: true, maxRetries: 9 }))
  const kuma = await startReceiver(t)
  const bin = join(dir, 'bin')
  await mkdir(bin)
  const { conf: supervisordConf, copied } = await recipe()
  await copyFile(join(PROJECT, copied), join(bin, 'kuma-supervisor-push'))
  await symlink(process.execPath, join(bin, 'node'))
  const conf = join(dir, 'supervisord.conf')
  await writeFile(conf, supervisordConf + PROGRAMS)
  const env = {
    PATH: `${bin}:${process.env['PATH']}`,
    KSP_PUSH_URL: `${kuma.url}/api/push/AWbUXTosJG`,
    KSP_STATE_FILE: join(dir, 'state.json'),
    // For the logs of its programs, which a killed supervisord leaves behind.
    TMPDIR: dir,
  }
  const inside = 'mount -t tmpfs tmpfs /run && exec supervisord -c "$0"'
  const unshare = ['--pid', '--fork', '--mount', '--mount-proc', '--kill-child', 'sh', '-c', inside, conf]
  // No pipes of Node: they are sockets, which /dev/stderr cannot open, as it can what Docker gives.
  const output = await open(join(dir, 'log'), 'a')
  const child = spawn('unshare', unshare, { cwd: dir, env, stdio: ['ignore', output.fd, output.fd] })
  await output.close()
  const isOver = (): boolean => child.exitCode !== null || child.signalCode !== null
  t.after(async () => {
    child.kill('SIGKILL')
    await eventually('it is over', isOver)
  })
  const children = (): Promise<string> =>
    readFile(`/proc/${child.pid}/task/${child.pid}/children`, 'latin1').catch(() => '')
  const pid = Number(await eventually('its first process', children))
  const exec = async (...command: string[]): Promise<string> => {
    const enter = ['nsenter', '--target', String(pid), '--pid', '--mount']
    return (await runCommand([...enter, ...command], { env })).stdout
  }
  await kuma.waitFor('up')
  await eventually(
    'all run',
    () => exec('supervisorctl', '-c', conf, 'status'),
    (text) => text.match(/RUNNING/g)?.length === 2,
  )
  return {
    kuma,
    log: () => readFile(join(dir, 'log'), 'utf8'),
    pid,
    url: `unix:///proc/${pid}/root/run/supervisor.sock`,
    exec: (name = '', ...args) => exec(name, ...(name === 'supervisorctl' ? ['-c', conf] : []), ...args),
    isOver,
  }
}

const skip = process.getuid?.() !== 0 && 'needs root'

suite('in a container', { skip }, () => {
  const ends: (() => unknown)[] = []
  let container: Container
  before(async () => {
    await buildBundle()
    container = await startContainer({ after: (end) => void ends.unshift(end) })
  })
  after(async () => {
    for (const end of ends) await end()
  })

  test('it works by the lines of docs/docker.md', async () => {
    const { kuma, log, exec } = container
    assert.match(await log(), /^watching local: a check every 5s/m)
    await exec('supervisorctl', 'start', 'bad')
    const { msg } = await kuma.waitFor('down')
    assert.equal(msg, 'bad FATAL: Exited too quickly, see its log · 1 of 2 running')
    await exec('supervisorctl', 'signal', 'HUP', 'kuma')
    await eventually('it has loaded again', log, (text) => text.match(/^watching /gm)?.length === 2)
    assert.doesNotMatch(await log(), /warn|error|READY|RESULT/)
  })

  test('doctor sees the programs by their pids in it, and says why it does not from outside', async () => {
    const { exec, url } = container
    const inside = await exec('kuma-supervisor-push', 'doctor')
    assert.match(inside, /pids .* the end of a program is seen at once: 2 pids to watch/)
    const { stdout } = await runAgent(['doctor', '--dry-run', '--unit', 'none', '--supervisor-url', url])
    assert.match(stdout, /pids .* off, .*: pid 1 is no supervisord here: it runs in another container/)
  })

  test('status is told by the agent in it, which leaves itself out', async () => {
    const { exec } = container
    const { service, watches } = JSON.parse(await exec('kuma-supervisor-push', 'status', '--json')) as {
      service: { pid: number } | null
      watches: { supervisord: { pid: number; programs: { name: string }[] } }[]
    }
    assert.ok(service !== null)
    const [watch] = watches
    assert.equal(watch?.supervisord.pid, 1)
    assert.deepEqual(
      watch.supervisord.programs.map(({ name }) => name),
      ['bad', 'web'],
    )
  })

  test('from outside, the end of a program is seen at the next check', async (t) => {
    const { exec, url } = container
    const watch = [
      '--dry-run',
      '--unit',
      'none',
      '--check-every',
      '1s',
      '--log-level',
      'debug',
      '--programs',
      'web',
    ]
    const agent = startAgent([...watch, '--supervisor-url', url])
    t.after(() => agent.stop())
    const says = (text: string) => (): boolean => (agent.stdout + agent.stderr).includes(text)
    await eventually('it is blind', says('its processes are not to be seen here'))
    await exec('supervisorctl', 'stop', 'web')
    await eventually('it is told', says('web STOPPED by hand'))
  })

  test('the end of its first process is the end of everything: nobody is left to tell Kuma', async () => {
    const { pid, isOver } = container
    const namespace = await readlink(`/proc/${pid}/ns/pid`)
    const inside = await processesIn(namespace)
    assert.ok(inside.length >= 2, 'supervisord and the agent')
    process.kill(pid, 'SIGKILL')
    await eventually('it is over', isOver)
    assert.deepEqual(await processesIn(namespace), [])
  })
})

test('the agent in a container sees that the host’s supervisord is elsewhere', { skip }, async (t) => {
  await buildBundle()
  const supervisord = await startSupervisord({ programs: { web: 'sleep 1000' } })
  t.after(() => supervisord.stop())
  const args = ['doctor', '--dry-run', '--unit', 'none', '--supervisor-url', supervisord.url]
  const under = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child']
  const { stdout } = await runAgent(args, { under })
  assert.match(stdout, /pids .* off, .* is no supervisord here: it runs in another container/)
})

test('doctor says what hidepid hides', { skip }, async (t) => {
  await buildBundle()
  const supervisord = await startSupervisord({ programs: { web: 'sleep 1000' } })
  t.after(() => supervisord.stop())
  const dir = await mkdtemp(join(tmpdir(), 'ksp-hidepid-'))
  t.after(() => rm(dir, { recursive: true, force: true, maxRetries: 9 }))
  await cp(dirname(BUNDLE), dir, { recursive: true })
  const bundle = join(dir, basename(BUNDLE))
  for (const path of [dir, supervisord.dir]) await chmod(path, 0o755)
  await chmod(supervisord.socket, 0o777)
  for (const hidepid of [1, 2]) {
    const nobody = 'exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"'
    const script = `mount -t proc -o hidepid=${hidepid} proc /proc && ${nobody}`
    const agent = [process.execPath, bundle]
    const more = ['--dry-run', '--unit', 'none', '--supervisor-url', supervisord.url]
    const { stdout } = await runCommand(
      ['unshare', '--mount', 'sh', '-c', script, 'sh', ...agent, 'doctor', ...more],
      { env: { PATH: process.env['PATH'] ?? '' } },
    )
    assert.match(stdout, /pids .* off, .*: \/proc hides it, pid \d+, from this user \(hidepid\)/)
    assert.match(stdout, /programs .* 1 selected/)
  }
})
