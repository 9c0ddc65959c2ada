import type { Monitor } from './monitor.ts'
import type { Standings } from './standings.ts'
import type { Memories } from './state-file.ts'
import type { Outboxes } from './open-outboxes.ts'

/** Gathers what the state file keeps of every monitor. */
export function remembered(
  monitors: readonly Monitor[],
  outboxes: Pick<Outboxes, 'state'>,
  standings: Standings,
): Memories {
  return new Map(
    monitors.map(({ name, memory }) => [
      name,
      {
        memory,
        standing: standings.of(name),
        notifiers: [outboxes.state(name) ?? []].flat(),
      },
    ]),
  )
}
