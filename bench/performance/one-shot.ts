import { BUNDLE, type Command, type Stage } from './stage.ts'
import { median, type Row } from './table.ts'

/** Wall and CPU milliseconds and the largest resident set in MB, of each run. */
type Runs = Readonly<
  Record<'empty' | 'once' | 'unitOnly' | 'shell' | 'cron', readonly [number, number, number][]>
>

/** What one round costs that starts anew each minute. */
export async function measureOneShots({ measure, command, pushUrl }: Stage, rounds: number): Promise<Row[]> {
  const node = process.execPath
  // Not in the command line, where it would warn of the token in it. Each has a memory of its own, as two jobs of cron have.
  const ours = (name: string, ...args: readonly string[]): Command => {
    const { argv, env } = command(node, BUNDLE, 'once', '--state-file', `/run/bench-${name}.json`, ...args)
    return { argv, env: { ...env, KSP_PUSH_URL: pushUrl } }
  }
  const push = `curl -fsS -o /dev/null '${pushUrl}?status=up&msg=OK&ping='`
  const runs = await measure<Runs>('measure.py', {
    rounds,
    commands: {
      empty: command(node, '-e', '0'),
      once: ours('once'),
      unitOnly: ours('unit-only', '--supervisor-url', 'none'),
      shell: command(
        'bash',
        '-c',
        `systemctl is-active -q supervisor && s=$(supervisorctl status) && ${push}`,
      ),
      cron: command('bash', '-c', `systemctl is-active -q supervisor && ${push}`),
    },
  })
  const says = (name: keyof Runs): string => {
    const [wall, cpu, mb] = [0, 1, 2].map((field) => median(runs[name].map((run) => run[field] ?? NaN)))
    return `${wall?.toFixed(0)} ms, CPU ${cpu?.toFixed(0)} ms, ${mb?.toFixed(0)} MB`
  }
  /** Of the runs of one round, since the machine may do other things in the next. */
  const ratio = (one: keyof Runs, other: keyof Runs, field = 0): number =>
    median(runs[one].map((run, round) => (run[field] ?? NaN) / (runs[other][round]?.[field] ?? NaN)))
  const row = (
    measured: string,
    one: keyof Runs,
    other: keyof Runs,
    what: string,
    target: number | null,
  ): Row[] => [
    {
      measure: `${measured}, wall`,
      ours: says(one),
      beside: `${what}: ${says(other)}`,
      ratio: ratio(one, other),
      target,
    },
    { measure: `${measured}, CPU`, ours: '', beside: what, ratio: ratio(one, other, 1), target: null },
  ]
  return [
    ...row(
      '`once`: D-Bus, 5 programs by RPC, a push',
      'once',
      'shell',
      '`systemctl`, `supervisorctl`, `curl`',
      0.35,
    ),
    ...row('the same', 'once', 'empty', '`node -e 0`', 2.8),
    ...row('`once --supervisor-url none`', 'unitOnly', 'cron', '`systemctl`, `curl`', 5),
  ]
}
