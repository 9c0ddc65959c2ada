import { startKuma } from '../../test/helpers/kuma.ts'
import { startReceiver } from '../../test/helpers/receiver.ts'
import { CAUSES, type Cause } from './causes.ts'
import { describeTimes } from './distribution.ts'
import { measure, type Teller } from './measure.ts'
import { listenerSection } from './peers.ts'
import { openStage, RESTARTED, type Stage } from './stage.ts'
import { hearKuma, peerTellers, startAgentTeller, type AgentOptions } from './tellers.ts'

/** By name of the teller, the milliseconds of each run. */
type Times = Map<string, number[]>

const TOKEN = 'AWbUXTosJG'

/**
 * Brings every cause about again and again; gives a table of how long each teller took.
 * @param runs of the agent; of the slower ones some
 * @param words only causes whose names have all of them
 */
export async function runCauses(runs: number, words: readonly string[]): Promise<string> {
  const ends: (() => unknown)[] = []
  const receiver = await startReceiver({ after: (end) => void ends.push(end) })
  const stage = await openStage(listenerSection(receiver.url))
  ends.push(() => stage.host.stop())
  try {
    const kuma = await startKuma()
    ends.push(() => kuma.stop())
    const { token } = await kuma.createPushMonitor({ name: 'latency', interval: 60 })
    const shown = hearKuma(kuma, token)
    const own = { name: 'agent', token: TOKEN, url: receiver.url, arrived: () => receiver.accepted }
    const agents = [
      { options: { ...own, isInside: true }, share: 1 },
      {
        options: { name: 'agent, real Kuma', token, url: kuma.url, arrived: shown, isInside: true },
        share: 0.1,
      },
      { options: { ...own, name: 'agent in another pid namespace', isInside: false }, share: 0.1 },
    ]
    const peers = peerTellers(stage, receiver)
    const rows: string[] = []
    for (const cause of CAUSES.filter(({ name }) => words.every((word) => name.includes(word)))) {
      await restartBy(stage, cause.unitRestart)
      const times: Times = new Map()
      const most = runs * (cause.isSlow === true ? 0.1 : 1)
      for (const { options, share } of agents) {
        if (options.isInside || cause.seenBy.includes('listener')) {
          await withAgent(stage, cause, { options, runs: Math.ceil(most * share), times })
        }
      }
      // Alone, because whoever asks supervisord wakes it for the others.
      const others = [['listener'], ['poller', 'cron']] as const
      for (const tellers of others.map((group) => group.filter((who) => cause.seenBy.includes(who)))) {
        if (tellers.length > 0)
          await take(
            stage,
            cause,
            tellers.map((who) => peers[who]),
            { first: 0, runs: Math.ceil(most / 3), times },
          )
      }
      const described = describe(cause, times)
      process.stdout.write(`${described.join('\n')}\n`)
      rows.push(...described)
    }
    return `| what happens | who tells it | p50 | p95 | max | runs |\n| --- | --- | --- | --- | --- | --- |\n${rows.join('\n')}\n`
  } finally {
    for (const end of ends.toReversed()) await end()
  }
}

async function withAgent(
  stage: Stage,
  cause: Cause,
  { options, runs, times }: { options: AgentOptions; runs: number; times: Times },
): Promise<void> {
  // Anew before the same program dies for the second time: the news would be of two restarts.
  for (let first = 0; first < runs; first += RESTARTED) {
    const agent = startAgentTeller(stage, options)
    try {
      await take(stage, cause, [agent], { first, runs: Math.min(RESTARTED, runs - first), times })
    } finally {
      await agent.stop()
    }
  }
}

async function take(
  stage: Stage,
  cause: Cause,
  tellers: readonly Teller[],
  { first, runs, times }: { first: number; runs: number; times: Times },
): Promise<void> {
  for (let run = first; run < first + runs; run++) {
    const all = await measure(stage, cause, tellers, run)
    for (const [index, { name }] of tellers.entries()) {
      times.set(name, [...(times.get(name) ?? []), all[index] ?? NaN])
    }
  }
}

function describe({ name, seenBy }: Cause, times: Times): string[] {
  const blind = (['listener', 'poller', 'cron'] as const).filter((who) => !seenBy.includes(who))
  return [
    ...[...times].map(([who, all]) => `| ${name} | ${who} ${describeTimes(all)}`),
    ...(blind.length === 0 ? [] : [`| ${name} | ${blind.join(', ')} | never | | | |`]),
  ]
}

async function restartBy({ sh }: Stage, restart: Cause['unitRestart']): Promise<void> {
  const folder = '/run/systemd/system/supervisor.service.d'
  await sh(
    `mkdir -p ${folder}; printf '[Service]\\nRestart=${restart}\\n' >${folder}/bench.conf; systemctl daemon-reload`,
  )
}
