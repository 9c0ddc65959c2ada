import { setFlagsFromString } from 'node:v8'

/** Of V8 11: for a short run, and as they are by themselves. */
const FLAGS: readonly (readonly [short: string, usual: string])[] = [
  // To compile functions and regular expressions again once they are called a few times, and regular expressions better.
  ['--no-sparkplug', '--sparkplug'],
  ['--regexp-tier-up-ticks=100', '--regexp-tier-up-ticks=1'],
  ['--no-regexp-peephole-optimization', '--regexp-peephole-optimization'],
  // After how much work of a function V8 takes notes of what it works on.
  ['--interrupt-budget-for-feedback-allocation=4000', '--interrupt-budget-for-feedback-allocation=940'],
  [
    '--interrupt-budget-factor-for-feedback-allocation=32',
    '--interrupt-budget-factor-for-feedback-allocation=8',
  ],
  // To wake threads for collecting a megabyte of garbage, and to collect it before there is need.
  ['--no-parallel-scavenge', '--parallel-scavenge'],
  ['--no-minor-gc-task', '--minor-gc-task'],
]

/**
 * Whether V8 11 (Node 20) leaves undone what pays for itself only in a process that lasts. A one-shot takes 3 ms less so.
 *
 * To be switched on only when the modules are loaded, since V8 refuses code that was compiled under other flags.
 */
export function setShortRun(state: 'on' | 'off'): void {
  if (!process.versions.v8.startsWith('11.3.')) return
  setFlagsFromString(FLAGS.map(([short, usual]) => (state === 'on' ? short : usual)).join(' '))
}
