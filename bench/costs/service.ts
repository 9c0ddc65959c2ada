import type { Stage } from './stage.ts'
import type { Row } from './table.ts'

interface Taken {
  readonly cpuMs: number
  /** Resident set in MB, at the end. */
  readonly rss: number
}

/** Until then V8 compiles and tidies up, which a service has but once. */
const SETTLE_SECONDS = 40
const CHECK_EVERY_SECONDS = 5

/** What `run` costs, over 5 programs with a check each second. */
export async function measureService(
  { measure, command, agent, pushUrl }: Stage,
  node: string,
  line: string,
  seconds: number,
): Promise<Row[]> {
  const args = ['--push-url', pushUrl, '--state-file', '/run/bench-run.json', '--check-every', '1s']
  const { ours, bare } = await measure<Record<'ours' | 'bare', Taken>>('processes.py', {
    settleSeconds: SETTLE_SECONDS,
    seconds,
    processes: { ours: agent(node, ...args), bare: command(node, '-e', 'setInterval(() => {}, 1000)') },
  })
  const msPerCheck = ours.cpuMs / seconds
  return [
    {
      node: line,
      measure: '`run`, 5 programs: resident set',
      ours: `${ours.rss.toFixed(0)} MB`,
      beside: `a bare Node that holds a timer: ${bare.rss.toFixed(0)} MB`,
      ratio: ours.rss / bare.rss,
      target: line === '20' ? 1.7 : 2,
    },
    {
      node: line,
      measure: 'the same: CPU per check',
      ours: `${msPerCheck.toFixed(1)} ms`,
      beside: `of one core at a check every ${CHECK_EVERY_SECONDS} s: ${(msPerCheck / CHECK_EVERY_SECONDS / 10).toFixed(2)} %`,
      ratio: null,
      target: null,
    },
  ]
}
