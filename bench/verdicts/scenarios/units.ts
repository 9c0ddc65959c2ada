import type { UnitReading, UnitState } from '../../../src/collect/systemd/units.ts'
import { unitState } from '../../../test/helpers/snapshots.ts'
import type { Scenario } from '../scenario.ts'

const nginx = (more: Partial<UnitState> = {}): UnitReading => unitState({ name: 'nginx.service', ...more })
const NGINX = { alone: {}, rules: { kind: 'unit', unit: 'nginx.service' } } as const

/** Monitors over a plain unit: what systemd says is scripted. */
export const UNITS: readonly Scenario[] = [
  {
    ...NGINX,
    name: 'a plain unit, active',
    unit: nginx({ activeSeconds: null }),
    phases: [{ truth: 'well', says: /^nginx\.service active \(running\)$/ }],
  },
  {
    ...NGINX,
    name: 'a plain unit, restarted in three steps',
    unit: nginx(),
    phases: [
      {
        does: async ({ say, sleep }) => {
          say(nginx({ activeState: 'deactivating', subState: 'stop-sigterm' }))
          await sleep(3)
          say(nginx({ activeState: 'inactive', subState: 'dead', jobType: 'start' }))
          await sleep(1)
          say(nginx({ activeState: 'activating', subState: 'start' }))
          await sleep(3)
          say(nginx())
        },
        truth: 'well',
        says: /^nginx\.service active \(running\)$/,
      },
    ],
  },
  {
    ...NGINX,
    name: 'a plain unit, failed by its memory limit, then started',
    unit: nginx({ activeState: 'failed', subState: 'failed', result: 'oom-kill' }),
    phases: [
      { truth: 'bad', says: /^nginx\.service failed \(oom-kill\)$/ },
      {
        does: async ({ say }) => say(nginx()),
        truth: 'well',
        says: /^nginx\.service active \(running\)$/,
      },
    ],
  },
  {
    ...NGINX,
    name: 'a plain unit that nobody knows',
    unit: { kind: 'not-found', names: ['nginx.service'] },
    phases: [{ truth: 'bad', says: /^systemd knows no unit nginx\.service: is the name right\?$/ }],
  },
]
