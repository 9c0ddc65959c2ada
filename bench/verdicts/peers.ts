// What others would have said of the same look: their published rules, told in our own words.
import type { ProcessInfo } from '../../src/collect/supervisor/process-info.ts'
import type { RpcReading } from '../../src/collect/supervisor/rpc-reading.ts'
import type { Snapshot } from '../../src/collect/snapshot.ts'

/** Null where it cannot be used at all, as a check by systemctl without systemd. */
export type PeerVerdict = 'quiet' | 'alarm' | null

export interface Peer {
  readonly name: string
  readonly says: (snapshot: Snapshot, selected: readonly ProcessInfo[]) => PeerVerdict
}

const alarmIf = (bad: boolean): PeerVerdict => (bad ? 'alarm' : 'quiet')

/** `systemctl is-active --quiet supervisord` from cron. @see https://www.freedesktop.org/software/systemd/man/latest/systemctl.html */
const cron: Peer = {
  name: 'cron',
  says({ unit }) {
    if (unit.kind === 'no-systemd' || unit.kind === 'not-asked') return null
    return alarmIf(
      unit.kind !== 'state' || !['active', 'reloading', 'refreshing'].includes(unit.unit.activeState),
    )
  },
}

/**
 * It collects and judges nothing: taken here is the alert its table of states suggests, any program that is not RUNNING,
 * and a dead man's switch for metrics that stay away.
 * @see https://github.com/influxdata/telegraf/blob/master/plugins/inputs/supervisor/README.md
 */
const telegraf: Peer = {
  name: 'telegraf',
  says({ rpc }, selected) {
    if (rpc.kind === 'not-asked') return null
    return alarmIf(rpc.kind === 'failed' || selected.some(({ state }) => state !== 'RUNNING'))
  },
}

const DATADOG_CRITICAL = new Set<string>(['STOPPED', 'BACKOFF', 'STOPPING', 'EXITED', 'FATAL'])

/**
 * `supervisord.can_connect` and `supervisord.process.status`; STARTING and UNKNOWN are UNKNOWN, which pages nobody. It has
 * no deadline, and a fault ends the check before anything is said.
 * @see https://github.com/DataDog/integrations-core/blob/master/supervisord/datadog_checks/supervisord/supervisord.py
 */
const datadog: Peer = {
  name: 'Datadog',
  says({ rpc }, selected) {
    if (rpc.kind === 'not-asked') return null
    if (rpc.kind === 'failed') return alarmIf(datadogCannotConnect(rpc))
    return alarmIf(selected.some(({ state }) => DATADOG_CRITICAL.has(state)))
  },
}

function datadogCannotConnect({ failure }: Extract<RpcReading, { kind: 'failed' }>): boolean {
  return !['timeout', 'shutdown', 'fault', 'bad-answer'].includes(failure.reason)
}

/**
 * FATAL is critical; EXITED, BACKOFF, STARTING and STOPPING are warnings, STOPPED is fine. A failed connection and an
 * empty answer are UNKNOWN, which Nagios notifies of like the state UNKNOWN. The exit code is that of all programs, whatever
 * was named; it has no deadline of its own, Nagios ends it after a minute.
 * @see https://github.com/vint21h/nagios-check-supervisord/blob/master/check_supervisord.py
 */
const nagios: Peer = {
  name: 'Nagios',
  says({ rpc }) {
    if (rpc.kind === 'not-asked') return null
    if (rpc.kind === 'failed') return 'alarm'
    const { processes } = rpc.state
    return alarmIf(
      processes.length === 0 || processes.some(({ state }) => state === 'FATAL' || state === 'UNKNOWN'),
    )
  },
}

export const PEERS: readonly Peer[] = [cron, telegraf, datadog, nagios]
