import type { Monitor } from './monitor.ts'
import type { Standings } from './standings.ts'
import type { Memories } from './state-file.ts'
import type { Outboxes } from './open-outboxes.ts'

/** Gathers what the state file keeps of every monitor. */
export function remembered(
  monitors: readonly Monitor[],
  outboxes: Pick<Outboxes, 'missed' | 'deliveries'>,
  standings: Standings,
): Memories {
  return new Map(
    monitors.map(({ name, memory }) => [
      name,
      {
        memory,
        missed: outboxes.missed(name),
        standing: standings.of(name),
        deliveries: outboxes.deliveries(name),
      },
    ]),
  )
}
