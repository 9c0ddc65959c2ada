import { setTimeout as sleep } from 'node:timers/promises'
import { startKuma } from '../../test/helpers/kuma.ts'
import type { Cleanup } from '../../test/helpers/scripted-server.ts'
import type { Place, Recorded } from './place.ts'

/** Kuma's shortest, in seconds. */
const INTERVAL = 20

/** A real Kuma at its shortest interval; what it recorded is read from its database, its own alarms included. */
export async function startKumaPlace(t: Cleanup): Promise<Place> {
  const kuma = await startKuma()
  t.after(() => kuma.stop())
  const names = new Map<number, string>()
  return {
    name: `a real Kuma (Heartbeat Interval ${INTERVAL} s)`,
    port: kuma.port,
    pushEverySeconds: 0.4 * INTERVAL,
    acts: {
      'Kuma is restarted': () => kuma.restart(),
      async 'Kuma is frozen for 5 s'() {
        process.kill(kuma.pid, 'SIGSTOP')
        await sleep(5000)
        process.kill(kuma.pid, 'SIGCONT')
      },
    },
    async createMonitor(name) {
      const { id, token } = await kuma.createPushMonitor({ name, interval: INTERVAL })
      names.set(id, name)
      return token
    },
    async recorded() {
      const all: Recorded[] = []
      for (const [id, monitor] of names) {
        for (const { status, msg, time } of await kuma.heartbeats(id)) {
          all.push({ monitor, status, msg, atMs: time.getTime() - performance.timeOrigin })
        }
      }
      return all.toSorted((a, b) => a.atMs - b.atMs)
    },
  }
}
