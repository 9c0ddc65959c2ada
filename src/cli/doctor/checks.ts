import { checkApi } from './check-api.ts'
import { checkBus } from './check-bus.ts'
import { checkClock } from './check-clock.ts'
import { checkConfiguration } from './check-configuration.ts'
import { checkCredentials } from './check-credentials.ts'
import { checkDelivery } from './check-delivery.ts'
import { checkKuma } from './check-kuma.ts'
import { checkLog } from './check-log.ts'
import { checkNode } from './check-node.ts'
import { checkPeriod } from './check-period.ts'
import { checkPermission } from './check-permission.ts'
import { checkPids } from './check-pids.ts'
import { checkPrograms } from './check-programs.ts'
import { checkRpc } from './check-rpc.ts'
import { checkService } from './check-service.ts'
import { checkSocket } from './check-socket.ts'
import { checkTls } from './check-tls.ts'
import { checkToken } from './check-token.ts'
import { checkUnit } from './check-unit.ts'
import type { Check } from './check.ts'

/** Every check, in the order of the way: one line here and one file beside. */
export const CHECKS: readonly Check[] = [
  { name: 'node', examine: checkNode },
  { name: 'config', examine: checkConfiguration },
  { name: 'bus', examine: checkBus },
  { name: 'unit', examine: checkUnit },
  { name: 'socket', examine: checkSocket },
  { name: 'permission', examine: checkPermission },
  { name: 'credentials', examine: checkCredentials },
  { name: 'rpc', examine: checkRpc },
  { name: 'pids', examine: checkPids },
  { name: 'programs', examine: checkPrograms },
  { name: 'period', examine: checkPeriod },
  { name: 'kuma', examine: checkKuma },
  { name: 'tls', examine: checkTls },
  { name: 'api', examine: checkApi },
  { name: 'clock', examine: checkClock },
  { name: 'token', examine: checkToken },
  { name: 'service', examine: checkService },
  { name: 'delivery', examine: checkDelivery },
  { name: 'log', examine: checkLog },
]
