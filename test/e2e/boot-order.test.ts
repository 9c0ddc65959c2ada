// The agent at the boot and the shutdown of its host: nothing of it is ever a false alarm.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { before, suite, test } from 'node:test'
import { buildBundle, startAgent } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import type { Receiver } from '../helpers/receiver.ts'
import { setStage } from '../helpers/set-stage.ts'
import { unpackPackage } from '../helpers/unpack-package.ts'

type Arrival = Receiver['accepted'][number]

const SERVICE = 'kuma-supervisor-push'
const PROGRAMS = `
[program:web]
command=sleep 1000000

[program:slow]
command=sh -c 'trap "sleep 2; exit" TERM; sleep 1000000 & wait'
stopwaitsecs=20
`

suite('the boot and the shutdown of a host', { timeout: 1_800_000 }, () => {
  const stage = setStage()
  const { sh } = stage

  before(async () => {
    await buildBundle()
    writeFileSync(`${stage.host.root}/etc/supervisor/conf.d/programs.conf`, PROGRAMS)
    // It keeps the journal of the boots before.
    await sh('mkdir -p /var/log/journal; systemctl restart systemd-journald supervisor')
    const folder = await unpackPackage(stage.host)
    await sh(`${folder}/install.sh --kuma-url ${stage.receiver.url} --token AWbUXTosJG`)
    await allRun()
  })

  /** What Kuma took since then, once it has heard that all is well. */
  async function toldSince(count: number): Promise<readonly Arrival[]> {
    const told = () => stage.receiver.accepted.slice(count)
    await eventually(
      'it is up with all programs',
      () => told().at(-1)?.msg ?? '',
      (msg) => msg.startsWith('2 of 2 running'),
    )
    return told()
  }
  const allRun = () => toldSince(0)
  const down = (told: readonly Arrival[]): string[] =>
    told.filter(({ status }) => status === 'down').map(({ msg }) => msg)

  test('are no alarm, and the agent ends by itself', async () => {
    const count = stage.receiver.accepted.length
    await stage.host.reboot()
    assert.deepEqual(down(await toldSince(count)), [])
    const journal = await sh(`journalctl --no-pager -o cat -b -1 -u ${SERVICE}`)
    assert.match(journal, /Deactivated successfully/)
    assert.doesNotMatch(journal, /timed out|Killing|Failed with result/)
  })

  test('are no alarm without a network: Kuma hears of it when it can be reached', async () => {
    stage.receiver.script((_, response) => void response.socket?.destroy())
    const count = stage.receiver.accepted.length
    await stage.host.reboot()
    const tried = stage.receiver.arrivals.length
    await eventually('it tries', () => stage.receiver.arrivals.length > tried)
    stage.receiver.script(null)
    const told = await toldSince(count)
    assert.deepEqual(down(told), [])
    assert.doesNotMatch(told.map(({ msg }) => msg).join('\n'), /was down/)
  })

  test('are no alarm of an agent that was there before supervisord', async (t) => {
    await sh(`systemctl stop ${SERVICE} supervisor`)
    const dropIn = '/etc/systemd/system/supervisor.service.d'
    await sh(`mkdir -p ${dropIn}`)
    const waits = '[Service]\nExecStartPre=/bin/sh -c "until test -e /run/go; do sleep 0.1; done"\n'
    writeFileSync(`${stage.host.root}${dropIn}/waits.conf`, waits)
    await sh('systemctl daemon-reload; systemctl start --no-block supervisor')
    const count = stage.receiver.accepted.length
    const agent = startAgent(
      ['--kuma-url', stage.receiver.url, '--token', 'AWbUXTosJG', '--state-file', '/run/state.json'],
      // nsenter forks and hands no signal on: the agent ends when nsenter does.
      {
        under: [
          'nsenter',
          '--target',
          String(stage.host.leaderPid),
          '--all',
          '--',
          'setpriv',
          '--pdeathsig',
          'TERM',
        ],
      },
    )
    t.after(() => agent.stop())
    await eventually('it watches', () => agent.stderr.includes('watching'))
    assert.equal((await stage.host.run('systemctl is-active supervisor')).stdout, 'activating\n')
    await sh('touch /run/go')
    assert.deepEqual(down(await toldSince(count)), [])
  })
})
