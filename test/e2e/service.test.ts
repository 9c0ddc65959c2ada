// The agent as systemd's service: it says how it is, is started again when it hangs, and reloads.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { before, suite, test } from 'node:test'
import { eventually } from '../helpers/eventually.ts'
import { setStage } from '../helpers/set-stage.ts'
import { unpackPackage } from '../helpers/unpack-package.ts'

const SERVICE = 'kuma-supervisor-push'
const CONFIG = '/etc/kuma-supervisor-push/config.toml'
/** Marked, so that they are found wherever they are shown. */
const SECRETS = {
  token: 'Tk7TokenMarkedForSearch',
  header: 'Hd5HeaderMarkedForSearch',
  password: 'Pw9PasswordMarkedForSearch',
}

suite('the agent as a service', { timeout: 1_800_000 }, () => {
  const stage = setStage()
  const { sh } = stage

  before(async () => {
    await sh('systemctl start supervisor')
    const folder = await unpackPackage(stage.host)
    await sh(`${folder}/install.sh --kuma-url ${stage.receiver.url} --token ${SECRETS.token}`)
    const file = '/etc/kuma-supervisor-push/kuma.password'
    await sh(`install -o ${SERVICE} -m 600 /dev/null ${file}; echo ${SECRETS.password} >${file}`)
    const keys = `headers = { "X-Access" = "${SECRETS.header}" }\\nusername = "kay"\\npassword_file = "${file}"`
    await sh(
      `sed -i '/^\\[kuma\\]/a ${keys}' ${CONFIG}; grep -q X-Access ${CONFIG}; systemctl restart ${SERVICE}`,
    )
  })

  const show = async (property: string): Promise<string> =>
    (await sh(`systemctl show --value -p ${property} ${SERVICE}`)).trim()

  test('is ready once its first heartbeat was answered, and shows the verdict', async () => {
    assert.equal(await show('ActiveState'), 'active')
    assert.ok(stage.receiver.accepted.length > 0)
    await eventually(
      'the verdict is shown',
      () => show('StatusText'),
      (status) => /^(UP|DOWN): /.test(status),
    )
  })

  test('does not wait for a Kuma that is away', async () => {
    stage.receiver.script((_, response) => void response.socket?.destroy())
    await sh(`systemctl restart ${SERVICE}`)
    assert.equal(await show('ActiveState'), 'active')
    stage.receiver.script(null)
  })

  test('tells any user what it sees, and keeps its configuration to itself', async () => {
    const nobody = 'setpriv --reuid=65534 --regid=65534 --clear-groups --'
    const ask = async () =>
      JSON.parse(await sh(`${nobody} ${SERVICE} status --json || true`)) as {
        service: { pid: number; config: string }
        watches: { unit: string; deaths: string }[]
        monitors: { deliveries: { kind: string }[] }[]
      }
    const { service, watches } = await eventually(
      'a delivery is told',
      ask,
      ({ monitors }) => (monitors[0]?.deliveries.length ?? 0) > 0,
    )
    assert.equal(String(service.pid), await show('MainPID'))
    assert.equal(service.config, CONFIG)
    assert.equal(watches[0]?.unit, 'supervisor.service')
    const { code } = await stage.host.run(`${nobody} cat ${CONFIG}`)
    assert.notEqual(code, 0)
  })

  test('shows a change of the verdict', async () => {
    await sh('systemctl stop supervisor')
    await eventually(
      'it shows DOWN',
      () => show('StatusText'),
      (status) => status.startsWith('DOWN: supervisor.service inactive'),
    )
    await sh('systemctl start supervisor')
  })

  test('refuses a wrong configuration at a reload, which fails, and goes on', async () => {
    const pid = await show('MainPID')
    await sh(`cp ${CONFIG} /root/good.toml; echo 'nonsense = 1' >>${CONFIG}`)
    const { code } = await stage.host.run(`systemctl reload ${SERVICE}`)
    assert.notEqual(code, 0)
    await eventually(
      'the journal names it',
      () => sh(`journalctl -o cat -u ${SERVICE}`),
      (text) => text.includes('unknown key "nonsense"'),
    )
    await sh(`kill -HUP ${pid}`)
    const log = await eventually(
      'doctor finds the error in the journal',
      async () => {
        const { checks } = JSON.parse(await sh(`${SERVICE} doctor --json || true`)) as {
          checks: { check: string; result: string; says: string }[]
        }
        return checks.find(({ check }) => check === 'log')
      },
      (finding) => finding?.result === 'failed',
    )
    assert.match(log?.says ?? '', /^error \d+ s ago: /)
    await sh(`cp /root/good.toml ${CONFIG}`)
    await sh(`systemctl reload ${SERVICE}`)
    await eventually(
      'it is active',
      () => show('ActiveState'),
      (state) => state === 'active',
    )
    assert.equal(await show('MainPID'), pid)
  })

  test('is started again when it hangs', async () => {
    const pid = await show('MainPID')
    await sh(`kill -STOP ${pid}`)
    const arrived = stage.receiver.accepted.length
    await eventually(
      'another one runs',
      async () => [await show('MainPID'), await show('ActiveState')],
      ([now, state]) => now !== '0' && now !== pid && state === 'active',
      { timeoutMs: 90_000, everyMs: 500 },
    )
    assert.match(await sh(`journalctl -o cat -u ${SERVICE}`), /Watchdog timeout/)
    await eventually('it pushes', () => stage.receiver.accepted.length > arrived)
  })

  test('feeds the watchdog: it is not started again without a reason', async () => {
    const pid = await show('MainPID')
    const since = await show('WatchdogTimestampMonotonic')
    await eventually(
      'it is fed',
      () => show('WatchdogTimestampMonotonic'),
      (now) => now !== since,
      { timeoutMs: 40_000, everyMs: 500 },
    )
    assert.equal(await show('MainPID'), pid)
  })

  test('is given the time by a stop to start a program again that it is restarting', async () => {
    const program = `[program:deaf]\ncommand=sh -c 'trap "" TERM; while :; do sleep 1; done'\nstopwaitsecs=8\n`
    const file = '/etc/supervisor/conf.d/deaf.conf'
    writeFileSync(`${stage.host.root}${file}`, program)
    await sh(`supervisorctl update; cp ${CONFIG} /root/before.toml`)
    // Nothing listens there.
    const keys = `http = { url = "http://127.0.0.1:9/" }\\non_failure = "restart"`
    await sh(`sed -i '/^\\[\\[monitor\\]\\]/a ${keys}' ${CONFIG}; systemctl restart ${SERVICE}`)
    const status = (): Promise<string> => sh('supervisorctl status deaf || true')
    await eventually('it is being stopped', status, (text) => text.includes('STOPPING'))
    await sh(`systemctl stop ${SERVICE}`)
    assert.equal(await show('Result'), 'success')
    assert.match(await status(), /STARTING|RUNNING/)
    await sh(`cp /root/before.toml ${CONFIG}; rm ${file}; supervisorctl update; systemctl start ${SERVICE}`)
  })

  test('has shown no secret in the journal, whatever went wrong', async () => {
    const journal = await sh('journalctl --no-pager -o export')
    assert.match(journal, /not delivered: .*Kuma at/)
    assert.match(journal, /unknown key "nonsense"/)
    const basic = Buffer.from(`kay:${SECRETS.password}`).toString('base64')
    for (const [name, secret] of Object.entries({ ...SECRETS, basic })) {
      assert.ok(!journal.includes(secret), `the ${name} is shown`)
    }
  })

  test('stops by itself', async () => {
    await sh(`systemctl stop ${SERVICE}`)
    assert.equal(await show('Result'), 'success')
  })
})
