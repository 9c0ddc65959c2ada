import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { bootSystem, type BootedSystem } from '../helpers/booted-system.ts'

const repository = process.cwd()

test('boots a real systemd and runs commands in it', async (t) => {
  const host = await bootSystem()
  t.after(() => host.stop())

  const init = await host.run(['cat', '/proc/1/comm'])
  assert.deepEqual(init, { code: 0, stdout: 'systemd\n', stderr: '' })
  const state = await host.run(['systemctl', 'is-system-running'])
  assert.equal(state.stdout, 'running\n', (await host.run(['systemctl', '--failed', '--no-legend'])).stdout)
  const line = await host.run('cat; echo oops >&2; exit 7', { input: 'from outside' })
  assert.deepEqual(line, { code: 7, stdout: 'from outside', stderr: 'oops\n' })
  assert.equal((await host.run(['id', '-un'], { user: 'daemon' })).stdout, 'daemon\n')
  await assert.rejects(host.run('sleep 60', { timeoutMs: 200 }), /sleep 60 timed out after 200 ms/)
  await waitUntil(async () => (await host.run(['pgrep', '-x', 'sleep'])).code === 1)
})

test('shows node and this repository inside, and files in both directions', async (t) => {
  const host = await bootSystem()
  t.after(() => host.stop())

  const read = `console.log(require(${JSON.stringify(`${repository}/package.json`)}).name)`
  assert.equal((await host.run([process.execPath, '-e', read])).stdout, 'kuma-supervisor-push\n')
  const modules = await host.run(['test', '-e', `${repository}/node_modules/typescript/package.json`])
  assert.equal(modules.code, 0)
  writeFileSync(`${host.root}/root/in`, 'in')
  assert.equal((await host.run(['cat', '/root/in'])).stdout, 'in')
  await host.run('echo out >/run/out; rm /etc/passwd')
  assert.equal(readFileSync(`${host.root}/run/out`, 'utf8'), 'out\n')
  assert.ok(existsSync('/etc/passwd'), 'what is removed inside stays outside')
})

test('two at once do not disturb one another, and both are gone after their stop', async (t) => {
  const hosts = await Promise.all([bootSystem(), bootSystem()])
  t.after(() => Promise.all(hosts.map((host) => host.stop())))
  const [first, second] = hosts

  assert.notEqual(await machineId(first), await machineId(second))
  await first.stop()
  assert.ok(!existsSync(`/proc/${first.leaderPid}`))
  assert.equal((await second.run(['systemctl', 'is-system-running'])).stdout, 'running\n')
  await second.stop()
  await second.stop()
  assert.deepEqual(leftovers(process.pid), [])
})

test('leaves nothing behind when the run that booted it is killed', async () => {
  const script = `
    import { bootSystem } from ${JSON.stringify(`${repository}/test/helpers/booted-system.ts`)}
    bootSystem().then((host) => process.stdout.write(String(host.leaderPid)))
    setInterval(() => {}, 1000)`
  const run = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
    cwd: repository,
  })
  run.stderr.pipe(process.stderr)
  const [pid] = (await once(run.stdout, 'data')) as [Buffer]
  assert.ok(existsSync(`/proc/${pid.toString()}/root/run`))
  run.kill('SIGKILL')
  await waitUntil(() => !existsSync(`/proc/${pid.toString()}/root/run`))

  // Its control groups are removed by a later run, once the kernel is done with the processes in them.
  await waitUntil(async () => {
    await (await bootSystem()).stop()
    return leftovers(run.pid).length === 0
  })
})

async function machineId(host: BootedSystem): Promise<string> {
  return (await host.run(['cat', '/etc/machine-id'])).stdout
}

/** Mounts seen here, and control groups made by the process of that pid. */
function leftovers(pid: number | undefined): string[] {
  const mounts = readFileSync('/proc/self/mounts', 'utf8').split('\n')
  const parents = ['/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified', '/sys/fs/cgroup']
  const groups = parents.filter((at) => existsSync(at)).flatMap((at) => readdirSync(at))
  return [
    ...mounts.filter((line) => line.startsWith('ksp-boot')),
    ...groups.filter((name) => name.startsWith(`ksp-boot-${pid}-`)),
  ]
}

async function waitUntil(isSo: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 180_000
  while (!(await isSo())) {
    assert.ok(Date.now() < deadline, 'did not happen within 180 s')
    await sleep(50)
  }
}
