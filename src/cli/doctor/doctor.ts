import type { SharedFlags } from '../../config/options.ts'
import { EXIT, type ExitCode } from '../../lib/errors.ts'
import { realClock } from '../../lib/clock.ts'
import type { OwnFlags } from '../options.ts'
import { styleOf } from '../screen.ts'
import { waitVisibly, type Terminal } from '../terminal.ts'
import { checkConfig, checkNode } from './config.ts'
import { HOST_FILES, openContext, type DoctorContext, type HostFiles } from './context.ts'
import { checkDelivery } from './delivery.ts'
import { checkApi, checkClock, checkKuma, checkTls, checkToken } from './kuma.ts'
import { checkPeriod, hasLogin } from './period.ts'
import { formatEnd, formatJson, formatLine, type Finding, type Line } from './report.ts'
import { checkLog, checkService } from './service.ts'
import {
  checkCredentials,
  checkPermission,
  checkPids,
  checkPrograms,
  checkRpc,
  checkSocket,
} from './supervisor.ts'
import { checkBus, checkUnit } from './unit.ts'

/** Returns one finding for each thing that the check is about. */
type Check = (context: DoctorContext) => Promise<readonly Finding[]>

/** Every check by its name, a word that scripts read, in the order from this host to Kuma. */
const CHECKS: Readonly<Record<string, Check>> = {
  node: checkNode,
  config: checkConfig,
  bus: checkBus,
  unit: checkUnit,
  socket: checkSocket,
  permission: checkPermission,
  credentials: checkCredentials,
  rpc: checkRpc,
  pids: checkPids,
  programs: checkPrograms,
  period: checkPeriod,
  kuma: checkKuma,
  tls: checkTls,
  api: checkApi,
  clock: checkClock,
  token: checkToken,
  service: checkService,
  delivery: checkDelivery,
  log: checkLog,
}

/** `doctor`: checks every leg from this host to Kuma, and says how to mend what is broken. */
export function doctor(
  flags: SharedFlags & OwnFlags,
  terminal: Terminal,
  stop: AbortSignal,
): Promise<ExitCode> {
  return examine(flags, terminal, stop, HOST_FILES)
}

export async function examine(
  flags: SharedFlags & OwnFlags,
  terminal: Terminal,
  stop: AbortSignal,
  files: HostFiles,
): Promise<ExitCode> {
  const { json = false } = flags
  const style = styleOf(terminal)
  const lines: Line[] = []
  const context = await openContext(flags, terminal, stop, files)
  try {
    for (const [name, check] of Object.entries(CHECKS)) {
      const startedMs = realClock.now()
      const checking = check(context)
      // Where a password may be asked for, nothing else is shown.
      const isQuiet = json || (name === 'period' && hasLogin(flags))
      const findings = await (isQuiet ? checking : waitVisibly(`checking ${name}`, checking, terminal))
      const ms = realClock.now() - startedMs
      const found = findings.map((finding): Line => ({ check: name, ...finding, ms: finding.ms ?? ms }))
      lines.push(...found)
      if (json) continue
      for (const line of found) terminal.print(formatLine(line, terminal.screenSize().columns, style))
    }
  } finally {
    context.readings.close()
  }
  terminal.print(json ? formatJson(lines) : formatEnd(lines, style))
  return lines.some(({ result }) => result === 'failed') ? EXIT.unwell : EXIT.ok
}
