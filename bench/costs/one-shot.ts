import { BUNDLE } from '../../test/helpers/agent-process.ts'
import type { Command, Stage } from './stage.ts'
import { median, type Row } from './table.ts'

/** Wall and CPU milliseconds and the largest resident set in MB, of each run. */
type Runs = Readonly<Record<'empty' | 'once' | 'shell', readonly [number, number, number][]>>

/** What `once` costs, which starts anew each minute. */
export async function measureOneShots(
  { measure, command, pushUrl }: Stage,
  node: string,
  line: string,
  rounds: number,
): Promise<Row[]> {
  const push = `curl -fsS -o /dev/null '${pushUrl}?status=up&msg=OK&ping='`
  const { argv, env } = command(node, BUNDLE, 'once', '--state-file', '/run/bench-once.json')
  // Not in the command line, where it would warn of the token in it.
  const once: Command = { argv, env: { ...env, KSP_PUSH_URL: pushUrl } }
  const runs = await measure<Runs>('commands.py', {
    rounds,
    commands: {
      empty: command(node, '-e', '0'),
      once,
      shell: command(
        'bash',
        '-c',
        `systemctl is-active -q supervisor && s=$(supervisorctl status) && ${push}`,
      ),
    },
  })
  const describe = (name: keyof Runs): string => {
    const [wall, cpu, mb] = [0, 1, 2].map((field) => median(runs[name].map((run) => run[field] ?? NaN)))
    return `${wall?.toFixed(0)} ms, CPU ${cpu?.toFixed(0)} ms, ${mb?.toFixed(0)} MB`
  }
  /** Compares the runs of one round, since the machine may do other things in the next. */
  const ratio = (other: keyof Runs, field: 0 | 1): number =>
    median(runs.once.map((run, round) => run[field] / (runs[other][round]?.[field] ?? NaN)))
  const shell = '`systemctl`, `supervisorctl`, `curl`'
  return [
    {
      node: line,
      measure: '`once`: D-Bus, 5 programs by RPC, a push; wall',
      ours: describe('once'),
      beside: `${shell}: ${describe('shell')}`,
      ratio: ratio('shell', 0),
      target: line === '20' ? 0.85 : 0.7,
    },
    { node: line, measure: 'the same, CPU', ours: '', beside: shell, ratio: ratio('shell', 1), target: null },
    {
      node: line,
      measure: 'the same, CPU',
      ours: '',
      beside: `\`node -e 0\`: ${describe('empty')}`,
      ratio: ratio('empty', 1),
      target: null,
    },
  ]
}
