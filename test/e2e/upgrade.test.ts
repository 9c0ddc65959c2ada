// Upgrades by install.sh on a booted systemd, good ones and bad ones, and installations that are interrupted.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { before, suite, test } from 'node:test'
import { eventually } from '../helpers/eventually.ts'
import type { CommandResult } from '../helpers/run-command.ts'
import { setStage } from '../helpers/set-stage.ts'
import { unpackPackage } from '../helpers/unpack-package.ts'

const NAME = 'kuma-supervisor-push'
const LIB = `/usr/local/lib/${NAME}`
const GOOD = '/opt/ksp/package'
const OUTPUT = '/opt/install.out'

/** What a bad version does when it is run as the service or as a one-shot; whatever else it is asked works. */
const BAD = {
  crashes: 'throw new Error("broken")',
  hangs: 'return void setInterval(() => {}, 1e6)',
}

suite('an upgrade', { timeout: 1_800_000 }, () => {
  const stage = setStage()
  const { sh } = stage

  before(async () => {
    const program = '[program:sleeper]\ncommand=sleep 1000000\n'
    writeFileSync(`${stage.host.root}/etc/supervisor/conf.d/sleeper.conf`, program)
    await sh('systemctl restart supervisor')
    await unpackPackage(stage.host)
    await makeVersion('newer', '')
    for (const [kind, does] of Object.entries(BAD)) {
      await makeVersion(
        kind,
        `if (process.argv.some((word) => word === 'run' || word === 'once')) { ${does} }`,
      )
    }
    await sh(`${GOOD}/install.sh --kuma-url ${stage.receiver.url} --token AWbUXTosJG --push-every 2s`)
  })

  /** The package in /opt/NAME, with code that runs before everything else. */
  async function makeVersion(name: string, code: string): Promise<void> {
    await sh(`cp -r ${GOOD} /opt/${name}`)
    const bundle = `${stage.host.root}/opt/${name}/dist/${NAME}.cjs`
    const [shebang, ...lines] = readFileSync(bundle, 'utf8').split('\n')
    writeFileSync(bundle, [shebang, `// ${name}`, code, ...lines].join('\n'))
  }

  const install = (version: string, options = ''): Promise<CommandResult> =>
    stage.host.run(`${version.startsWith('/') ? version : `/opt/${version}`}/install.sh ${options}`, {
      timeoutMs: 240_000,
    })
  const inUse = (): Promise<string> => sh(`readlink ${LIB}/current`)
  const isActive = async (): Promise<string> =>
    (await stage.host.run(`systemctl is-active ${NAME}`)).stdout.trim()
  const leftOver = (): Promise<string> => sh(`ls -A ${LIB} ${LIB}/releases | tr '\\n' ' '`)

  /** A further heartbeat comes. */
  async function delivers(): Promise<void> {
    await stage.receiver.waitFor('up', performance.now(), 60_000)
  }

  /** Installs as a service of its own, which can be ended at once with all that it has started. */
  let installation = ''
  async function begin(version: string, options = ''): Promise<void> {
    installation = `installing-${randomBytes(4).toString('hex')}`
    const output = `-p StandardOutput=file:${OUTPUT} -p StandardError=inherit`
    await sh(
      `rm -f ${OUTPUT}; systemd-run --quiet --collect --unit=${installation} ${output} /opt/${version}/install.sh ${options}`,
    )
  }
  async function cut(signal: string): Promise<void> {
    await stage.host.run(`systemctl kill --kill-who=all -s ${signal} ${installation}`)
    await eventually('the installation has ended', async () => {
      return (await stage.host.run(`systemctl is-active --quiet ${installation}`)).code !== 0
    })
  }
  const waitsForHeartbeat = (): Promise<unknown> =>
    eventually('it waits for the first heartbeat', async () => {
      return (await stage.host.run(`grep -q 'wait for the first heartbeat' ${OUTPUT}`)).code === 0
    })

  test('keeps the new version and nothing of the one before when that delivers', async () => {
    const first = await inUse()
    const run = await install('newer')
    assert.equal(run.code, 0, run.stderr)
    assert.notEqual(await inUse(), first)
    const [, release] = (await inUse()).split('/')
    assert.equal(await leftOver(), `${LIB}: current install.sh releases  ${LIB}/releases: ${release}`)
    await delivers()
  })

  for (const kind of Object.keys(BAD)) {
    test(`goes back to the version before when the new one ${kind}`, async () => {
      const unit = await sh(`cat /etc/systemd/system/${NAME}.service`)
      const previous = await inUse()
      const run = await install(kind, '--wait 8')
      assert.equal(run.code, 70, run.stdout + run.stderr)
      assert.match(
        run.stderr,
        /^error: (the service does not run|version \S+ delivered no heartbeat within 8 s)/m,
      )
      assert.match(run.stderr, /^warning: going back to version \d/m)
      assert.match(run.stdout, /^version \S+ runs again and delivers$/m)
      assert.equal(await inUse(), previous)
      assert.equal(await sh(`cat /etc/systemd/system/${NAME}.service`), unit)
      assert.equal(
        await leftOver(),
        `${LIB}: current install.sh releases  ${LIB}/releases: ${previous.split('/')[1]}`,
      )
      await delivers()
    })
  }

  test('goes back when Kuma cannot be reached, and says that the version before reaches it no more', async () => {
    const previous = await inUse()
    stage.receiver.script((_, response) => void response.socket?.destroy())
    const run = await install(GOOD, '--wait 8')
    stage.receiver.script(null)
    assert.equal(run.code, 70, run.stdout + run.stderr)
    assert.match(run.stderr, /runs again and delivers nothing either: the new one may not be at fault$/m)
    assert.equal(await inUse(), previous)
    await delivers()
  })

  test('stays with the new version when Kuma answers but knows no such monitor', async () => {
    const previous = await inUse()
    stage.receiver.script((_, response) => {
      const body = { ok: false, msg: 'Monitor not found or not active.' }
      response.writeHead(404, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
    const run = await install(GOOD)
    assert.equal(run.code, 69, run.stdout + run.stderr)
    assert.notEqual(await inUse(), previous)
    stage.receiver.script(null)

    const again = await install(GOOD)
    assert.equal(again.code, 0, again.stderr)
    assert.match(again.stdout, /^delivered the first heartbeat of/m, 'it was not taken for proven')
  })

  for (const signal of ['INT', 'TERM', 'HUP']) {
    test(`goes back at once when it is ended by SIG${signal}`, async () => {
      const previous = await inUse()
      await begin('hangs')
      await waitsForHeartbeat()
      await cut(signal)
      assert.match(await sh(`cat ${OUTPUT}`), /^warning: ended by a signal; run this again to finish$/m)
      assert.equal(await inUse(), previous)
      await delivers()
      await eventually('the service is active', isActive, (state) => state === 'active')
    })
  }

  test('is taken up by the next run after it was killed, whichever version that brings', async () => {
    const previous = await inUse()
    await begin('hangs')
    await waitsForHeartbeat()
    await cut('KILL')
    assert.notEqual(await inUse(), previous)
    assert.equal((await install('hangs', '--wait 8')).code, 70)
    assert.equal(await inUse(), previous, 'what was there before the first of them')
    await delivers()

    await begin('crashes')
    await waitsForHeartbeat()
    await cut('KILL')
    const run = await install('newer')
    assert.equal(run.code, 0, run.stderr)
    assert.match(run.stdout, /^delivered the first heartbeat of/m)
    await delivers()
  })

  test('leaves what works at whatever moment it is killed, and the next run finishes', async () => {
    const versions = ['newer', GOOD.slice('/opt/'.length)]
    for (let moment = 0; moment < 8; moment += 1) {
      const version = versions[moment % 2] ?? ''
      await begin(version)
      await new Promise((resolve) => {
        setTimeout(resolve, moment * 250)
      })
      await cut('KILL')
      // As after a loss of power: what is on the disk starts and delivers.
      await sh(`systemctl daemon-reload; systemctl restart ${NAME}`)
      await delivers()
    }
    const run = await install('newer')
    assert.equal(run.code, 0, run.stderr)
    assert.equal((await leftOver()).split(' ').filter((word) => /^\d/.test(word)).length, 1)
  })

  test('does not begin while another one is under way', async () => {
    const run = await stage.host.run(`flock /run/${NAME}-install.lock ${GOOD}/install.sh`)
    assert.deepEqual(run, { code: 75, stdout: '', stderr: 'error: another install.sh is at work\n' })
  })

  test('of a cron job goes back, too, and a service that it should replace comes back', async () => {
    const previous = await inUse()
    const toCron = await install('crashes', '--cron')
    assert.equal(toCron.code, 70, toCron.stdout + toCron.stderr)
    assert.equal(await inUse(), previous)
    assert.equal((await stage.host.run(`test -e /etc/cron.d/${NAME}`)).code, 1)
    assert.equal(await sh(`systemctl is-enabled ${NAME}`), 'enabled')
    await delivers()

    assert.equal((await install('newer', '--cron')).code, 0)
    const crontab = await sh(`cat /etc/cron.d/${NAME}`)
    assert.equal((await install('crashes', '--cron 5m')).code, 70)
    assert.equal(await sh(`cat /etc/cron.d/${NAME}`), crontab)
    assert.equal(await inUse(), previous)
  })
})
