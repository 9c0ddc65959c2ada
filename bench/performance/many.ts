import { writeFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Taken } from './daemon.ts'
import { startLightHost } from './light-host.ts'
import type { Stage } from './stage.ts'
import type { Row } from './table.ts'

const CHECK_EVERY = 5
const SECONDS = 50
const SUPERVISORDS = 300
const MONITORS = 1000

/** One agent over many supervisords, one of which hangs, and one with many monitors. */
export async function measureMany(stage: Stage): Promise<Row[]> {
  const { host, receiver, measure, agent } = stage
  const light = await startLightHost(host.root, SUPERVISORDS, 5)
  const config = (name: string, sockets: readonly string[], monitors = sockets.length): readonly string[] => {
    const path = `/run/${name}.toml`
    writeFileSync(`${host.root}${path}`, configText(receiver.url, name, light.folder, sockets, monitors), {
      mode: 0o600,
    })
    return ['--config', path]
  }
  const numbers = Array.from({ length: SUPERVISORDS }, (_, number) => String(number))
  try {
    const measured = measure<Record<'one' | 'many' | 'monitors', Taken>>('daemons.py', {
      settleSeconds: 3 * CHECK_EVERY,
      seconds: SECONDS,
      ring: [],
      ringEvery: 1,
      processes: {
        one: agent(...config('one', ['0'])),
        many: agent(...config('many', ['hung', ...numbers])),
        monitors: agent(...config('monitors', ['0'], MONITORS)),
      },
    })
    await sleep((3 * CHECK_EVERY + SECONDS / 2) * 1000)
    const sinceMs = performance.now()
    light.fail()
    const told = await receiver.waitFor('down', sinceMs, SECONDS * 1000)
    const { one, many, monitors } = await measured
    const perRound = ({ cpuMs }: Taken): number => cpuMs / (SECONDS / CHECK_EVERY)
    return [
      {
        measure: `CPU per round over ${SUPERVISORDS} supervisords (light ones)`,
        ours: `${perRound(many).toFixed(0)} ms, ${many.peak.toFixed(0)} MB`,
        beside: `${SUPERVISORDS} × one of them: ${(SUPERVISORDS * perRound(one)).toFixed(0)} ms`,
        ratio: many.cpuMs / (SUPERVISORDS * one.cpuMs),
        target: 1.5,
      },
      {
        measure: 'a program of the last one goes FATAL while another hangs: told after',
        ours: `${((told.atMs - sinceMs) / 1000).toFixed(1)} s`,
        beside: `a check every ${CHECK_EVERY} s`,
        ratio: (told.atMs - sinceMs) / 1000 / CHECK_EVERY,
        target: 1.2,
      },
      {
        measure: `${MONITORS.toLocaleString('en')} monitors over one supervisord`,
        ours: `${perRound(monitors).toFixed(0)} ms of CPU per check, ${monitors.peak.toFixed(0)} MB`,
        beside: `the most pushes in one second: ${busiestSecond(receiver.arrivals.map(({ token, atMs }) => ({ token, atMs })))}, on average ${(MONITORS / 24).toFixed(0)}`,
        ratio: null,
        target: null,
      },
    ]
  } finally {
    await light.stop()
  }
}

/** Of those with many monitors, once the first heartbeats, which all go out at once, are through. */
function busiestSecond(arrivals: readonly { token: string; atMs: number }[]): number {
  const ofMany = arrivals.filter(({ token }) => token.startsWith('monitors'))
  const firstMs = ofMany[0]?.atMs ?? 0
  const counts = new Map<number, number>()
  for (const { atMs } of ofMany) {
    const second = Math.floor((atMs - firstMs) / 1000)
    if (second > 10) counts.set(second, (counts.get(second) ?? 0) + 1)
  }
  return Math.max(0, ...counts.values())
}

function configText(
  url: string,
  name: string,
  folder: string,
  sockets: readonly string[],
  monitors: number,
): string {
  const supervisors = sockets.map(
    (socket) =>
      `[[supervisor]]\nname = "s${socket}"\nunit = "none"\nurl = "unix://${folder}/${socket}.sock"\n`,
  )
  const tables = Array.from({ length: monitors }, (_, index) => {
    const supervisor = `s${sockets[index % sockets.length] ?? ''}`
    return `[[monitor]]\nname = "m${index}"\ntoken = "${name}${String(index).padStart(8, '0')}"\nsupervisor = "${supervisor}"\n`
  })
  return `[kuma]
url = "${url}"
[agent]
check_every = "${CHECK_EVERY}s"
state_file = "/run/${name}-state.json"
${supervisors.join('')}${tables.join('')}`
}
