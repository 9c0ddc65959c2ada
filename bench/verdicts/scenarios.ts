import { CONFIGURATION } from './scenarios/configuration.ts'
import { LIVENESS } from './scenarios/liveness.ts'
import { RESTARTS } from './scenarios/restarts.ts'
import { SELECTION } from './scenarios/selection.ts'
import { STATES } from './scenarios/states.ts'
import { SUPERVISORD } from './scenarios/supervisord.ts'
import { UNITS } from './scenarios/units.ts'
import type { Scenario } from './scenario.ts'

/** Every scenario of the table. */
export const SCENARIOS: readonly Scenario[] = [
  ...STATES,
  ...RESTARTS,
  ...SELECTION,
  ...SUPERVISORD,
  ...CONFIGURATION,
  ...LIVENESS,
  ...UNITS,
]
