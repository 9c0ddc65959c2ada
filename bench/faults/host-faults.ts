// The host itself fails, or somebody does something to the agent: Kuma must hear the truth all the same.
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { runCommand } from '../../test/helpers/run-command.ts'
import type { Fault, Stage } from './fault.ts'

async function sh(line: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await runCommand(['sh', '-c', line, 'sh', ...args])
  if (code !== 0) throw new Error(`${line}: ${stderr}`)
}

const state = ({ folder }: Stage) => join(folder, 'state')

const NO_DESCRIPTORS = /the agent has no file descriptors left/

/** Nothing new can be opened by the agent with less than it has open. */
const limitFiles = ({ agent }: Stage, most: number) =>
  sh('prlimit --pid "$1" --nofile="$2:4096"', String(agent.pid), String(most))

/** A file system of its own for the state file. */
async function mountState(stage: Stage): Promise<void> {
  await mkdir(state(stage))
  await sh('mount -t tmpfs -o size=64k none "$1"', state(stage))
  stage.after(() => runCommand(['umount', '--lazy', state(stage)]))
}

/** Moves the agent's wall clock, and nobody else's. */
const clock = (name: string, offset: string): Fault => ({
  name,
  by: 'libfaketime',
  kind: 'delivery',
  prepare: ({ folder }) => writeFile(join(folder, 'clock'), '+0\n'),
  env: ({ folder }) => ({
    LD_PRELOAD: '/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1',
    FAKETIME_TIMESTAMP_FILE: join(folder, 'clock'),
    FAKETIME_NO_CACHE: '1',
    FAKETIME_DONT_FAKE_MONOTONIC: '1',
  }),
  begin: ({ folder }) => writeFile(join(folder, 'clock'), `${offset}\n`),
  end: ({ folder }) => writeFile(join(folder, 'clock'), '+0\n'),
})

export const hostFaults: readonly Fault[] = [
  {
    name: 'the disk of the state file is full',
    by: 'real tmpfs',
    kind: 'delivery',
    prepare: mountState,
    stateFile: (stage) => join(state(stage), 'state.json'),
    begin: (stage) => sh('dd if=/dev/zero of="$1/filler" 2>/dev/null || :', state(stage)),
    end: (stage) => sh('rm "$1/filler"', state(stage)),
  },
  {
    name: 'the folder of the state file becomes read-only',
    by: 'real tmpfs',
    kind: 'delivery',
    prepare: mountState,
    stateFile: (stage) => join(state(stage), 'state.json'),
    begin: (stage) => sh('mount -o remount,ro "$1"', state(stage)),
    end: (stage) => sh('mount -o remount,rw "$1"', state(stage)),
  },
  {
    name: 'the agent is frozen and goes on (SIGSTOP, SIGCONT)',
    by: 'real kernel',
    kind: 'delivery',
    begin: ({ agent }) => agent.kill('SIGSTOP'),
    end: ({ agent }) => agent.kill('SIGCONT'),
  },
  {
    name: 'the agent is killed and started again',
    by: 'real kernel',
    kind: 'delivery',
    async begin({ agent }) {
      agent.kill('SIGKILL')
      await agent.ended
    },
    end: (stage) => stage.restart(),
  },
  {
    name: 'the agent is killed while Kuma is away',
    by: 'real kernel',
    kind: 'delivery',
    begin: ({ gate }) => gate.set('refuse'),
    async end(stage) {
      stage.agent.kill('SIGKILL')
      await stage.agent.ended
      stage.restart()
      await stage.gate.set('pass')
    },
  },
  {
    name: 'no file descriptors are left, and the connection to Kuma ends',
    by: 'real kernel (prlimit)',
    kind: 'delivery',
    // It cannot look either, and says so.
    told: NO_DESCRIPTORS,
    async begin(stage) {
      await limitFiles(stage, 3)
      stage.gate.hangUp()
      stage.rpcGate.hangUp()
    },
    end: (stage) => limitFiles(stage, 4096),
  },
  {
    name: 'no file descriptors are left, and the connection to supervisord ends',
    by: 'real kernel (prlimit)',
    kind: NO_DESCRIPTORS,
    async begin(stage) {
      await limitFiles(stage, 3)
      stage.rpcGate.hangUp()
    },
    end: (stage) => limitFiles(stage, 4096),
  },
  {
    name: 'the configuration is overwritten with nonsense',
    by: 'real file',
    kind: 'delivery',
    begin: ({ folder }) =>
      writeFile(join(folder, 'config.toml.new'), '[[monitor]\n').then(() =>
        sh('cp "$1/config.toml" "$1/kept"; mv "$1/config.toml.new" "$1/config.toml"', folder),
      ),
    end: ({ folder }) => sh('mv "$1/kept" "$1/config.toml"', folder),
  },
  {
    name: 'the configuration is overwritten with nonsense and reloaded (SIGHUP)',
    by: 'real file',
    kind: 'delivery',
    async begin({ folder, agent }) {
      await sh('cp "$1/config.toml" "$1/kept"; echo "[[monitor]" >"$1/config.toml"', folder)
      agent.kill('SIGHUP')
    },
    async end({ folder, agent }) {
      if (!agent.stderr.includes('the one before stays in force')) throw new Error('it was not refused')
      await sh('mv "$1/kept" "$1/config.toml"', folder)
      agent.kill('SIGHUP')
    },
  },
  {
    name: 'the configuration is overwritten with a wrong token and reloaded (SIGHUP)',
    by: 'real file',
    kind: 'delivery',
    async begin({ folder, agent, receiver }) {
      receiver.script((_, response, arrival) => {
        arrival.accepted = arrival.token !== 'wrong'
        if (!arrival.accepted) response.statusCode = 404
        const msg = 'Monitor not found or not active.'
        response.end(JSON.stringify(arrival.accepted ? { ok: true } : { ok: false, msg }))
      })
      await sh(
        'cp "$1/config.toml" "$1/kept"; sed -i "s/^token = .*/token = \\"wrong\\"/" "$1/config.toml"',
        folder,
      )
      agent.kill('SIGHUP')
    },
    async end({ folder, agent }) {
      await sh('mv "$1/kept" "$1/config.toml"', folder)
      agent.kill('SIGHUP')
    },
  },
  {
    name: 'the agent is started again with a nonsense configuration, then with the right one',
    by: 'real file',
    kind: 'delivery',
    async begin(stage) {
      const { folder } = stage
      await sh('cp "$1/config.toml" "$1/kept"; echo "[[monitor]" >"$1/config.toml"', folder)
      await stage.agent.stop()
      stage.restart()
      const code = await stage.agent.ended
      if (code !== 78) throw new Error(`ended with ${code}, not 78`)
    },
    async end(stage) {
      await sh('mv "$1/kept" "$1/config.toml"', stage.folder)
      stage.restart()
    },
  },
  {
    name: 'the state file is garbage at a start',
    by: 'real file',
    kind: 'delivery',
    async begin(stage) {
      stage.agent.kill('SIGKILL')
      await stage.agent.ended
      await writeFile(join(stage.folder, 'state.json'), '{"version":1,"monitors":[{"name":')
    },
    end: (stage) => stage.restart(),
  },
  clock('the clock jumps forward by a day', '+86400'),
  clock('the clock jumps back by a day', '-86400'),
  {
    name: 'the machine is overloaded',
    by: 'real kernel',
    kind: 'delivery',
    async begin(stage) {
      const line =
        'i=0; while [ $i -lt 8 ]; do timeout 8 sh -c "while :; do :; done" & i=$((i + 1)); done; wait'
      stage.after(() => load)
      const load = runCommand(['sh', '-c', line])
      await sleep(100)
    },
    end: () => undefined,
  },
]
