import { rm, writeFile } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { AgentProcess } from '../../test/helpers/agent-process.ts'
import type { Gate, GateMode } from '../../test/helpers/gate.ts'
import type { Supervisord } from '../../test/helpers/supervisord.ts'
import type { Trouble } from './compare.ts'

/** What the acts act upon. */
export interface Scene {
  readonly programs: readonly string[]
  readonly supervisord: Supervisord
  /** In front of Kuma. */
  readonly gate: Gate
  /** The agent that things are done to. */
  agent: AgentProcess
  readonly startAgent: () => AgentProcess
  /** While this file is there, the program ends at once. */
  readonly broken: (program: string) => string
  readonly pick: <T>(from: readonly T[]) => T
  readonly troubles: Trouble[]
}

/** Long enough for every rule, a shutdown's grace included. */
const TROUBLE_MS = 15_000

// Each answer ends its connection, as nginx's do: one that was kept would go on with it when the act is over.
const BAD_GATEWAY = 'HTTP/1.1 502 Bad Gateway\r\nconnection: close\r\ncontent-length: 0\r\n\r\n'
const NETWORK: readonly [name: string, ms: number, mode: GateMode][] = [
  ['Kuma refuses for 4 s', 4000, 'refuse'],
  ['Kuma resets connections for 4 s', 4000, (client: Socket) => void client.resetAndDestroy()],
  [
    'Kuma answers 502 for 4 s',
    4000,
    (client: Socket) => void client.once('data', () => client.end(BAD_GATEWAY)),
  ],
  ['Kuma does not answer for 7 s', 7000, () => undefined],
]

/** All that may happen, by its name; each resolves when it is over. */
export function createActs(scene: Scene): Readonly<Record<string, () => Promise<void>>> {
  const { programs, supervisord, gate, broken, pick, troubles } = scene

  /** What is wrong for the monitors over these programs, from now until the returned function is called. */
  function trouble(name: string, over: readonly string[]): () => void {
    const one: Trouble = { name, programs: over, fromMs: performance.now(), untilMs: Infinity }
    troubles.push(one)
    return () => {
      one.untilMs = performance.now()
    }
  }

  return {
    async 'a program is stopped by hand'() {
      const name = pick(programs)
      const over = trouble('stopped', [name])
      await supervisord.ctl('stop', name)
      await sleep(TROUBLE_MS)
      await supervisord.ctl('start', name)
      over()
    },
    async 'a program goes FATAL'() {
      const name = pick(programs)
      await writeFile(broken(name), '')
      const over = trouble('FATAL', [name])
      await supervisord.ctl('restart', name)
      await sleep(TROUBLE_MS)
      await rm(broken(name))
      await supervisord.ctl('start', name)
      over()
    },
    async 'supervisord is frozen'() {
      const over = trouble('frozen', programs)
      supervisord.kill('SIGSTOP')
      await sleep(TROUBLE_MS)
      supervisord.kill('SIGCONT')
      over()
    },
    async 'supervisord is gone'() {
      const over = trouble('gone', programs)
      await supervisord.end()
      await sleep(TROUBLE_MS)
      await supervisord.start()
      over()
    },
    async 'supervisord pauses for half a second'() {
      supervisord.kill('SIGSTOP')
      await sleep(500)
      supervisord.kill('SIGCONT')
    },
    async 'a program is restarted by hand'() {
      await supervisord.ctl('restart', pick(programs))
    },
    async 'supervisord rereads its configuration'() {
      await supervisord.ctl('update')
    },
    async 'the agent is frozen for 3 s'() {
      scene.agent.kill('SIGSTOP')
      await sleep(3000)
      scene.agent.kill('SIGCONT')
    },
    async 'the agent is killed and started again'() {
      scene.agent.kill('SIGKILL')
      await scene.agent.ended
      scene.agent = scene.startAgent()
    },
    async 'the agent reloads its configuration'() {
      scene.agent.kill('SIGHUP')
      await sleep(1000)
    },
    ...Object.fromEntries(
      NETWORK.map(([name, ms, mode]) => [
        name,
        async () => {
          await gate.set(mode)
          await sleep(ms)
          await gate.set('pass')
        },
      ]),
    ),
  }
}
