// Builders of snapshots for the tests of the rules: say only what matters to the case.
import type { ProcessEvent } from '../../src/collect/supervisor/log.ts'
import type { ProcessInfo, ProcessState, ProgramConfig } from '../../src/collect/supervisor/process-info.ts'
import type { RpcFailureReason, RpcReading } from '../../src/collect/supervisor/rpc-reading.ts'
import type { UnitReading, UnitState } from '../../src/collect/systemd/units.ts'
import type { Snapshot } from '../../src/collect/snapshot.ts'
import type { Settings } from '../../src/rules/judge.ts'

export function program(fullName: string, state: ProcessState, more: Partial<ProcessInfo> = {}): ProcessInfo {
  const [group = '', name = group] = fullName.split(':')
  const isAlive = state === 'RUNNING' || state === 'STARTING' || state === 'STOPPING'
  return {
    group,
    name,
    state,
    start: 1_700_000_000,
    stop: 0,
    spawnerr: '',
    exitstatus: 0,
    pid: isAlive ? 1234 : 0,
    stdoutLogfile: '',
    stderrLogfile: '',
    ...more,
  }
}

export function programConfig(fullName: string, more: Partial<ProgramConfig> = {}): ProgramConfig {
  const [group = '', name = group] = fullName.split(':')
  return {
    group,
    name,
    autostart: true,
    exitcodes: [0],
    startsecs: 1,
    stopwaitsecs: 10,
    redirectsStderr: null,
    ...more,
  }
}

export function unitState(more: Partial<UnitState> = {}): UnitReading {
  return {
    kind: 'state',
    unit: {
      name: 'supervisor.service',
      loadState: 'loaded',
      activeState: 'active',
      subState: 'running',
      jobType: '',
      result: 'success',
      mainPid: 4711,
      restarts: 0,
      execMainStatus: 0,
      activeSeconds: null,
      ...more,
    },
  }
}

export function answered(
  processes: readonly ProcessInfo[],
  configs: readonly ProgramConfig[] | null = null,
  more: { pid?: number; now?: number; events?: readonly ProcessEvent[] } = {},
): RpcReading {
  return {
    kind: 'answered',
    state: { ms: 3, pid: 4711, now: 1_700_000_100, processes, configs, events: null, ...more },
  }
}

const SOCKET = 'unix:///run/supervisor.sock'

export function failed(reason: RpcFailureReason, detail = `the ${reason} detail`): RpcReading {
  return { kind: 'failed', failure: { reason, url: SOCKET, detail } }
}

export function snapshot(
  unit: UnitReading,
  rpc: RpcReading,
  upSeconds: number | null = null,
  probes: Partial<Pick<Snapshot, 'memory' | 'http' | 'lastLines'>> = {},
): Snapshot {
  return {
    unit,
    rpc,
    upSeconds,
    memory: { kind: 'not-asked' },
    http: new Map(),
    lastLines: new Map(),
    ...probes,
  }
}

export function healthy(...names: string[]): Snapshot {
  return snapshot(unitState(), answered(names.map((name) => program(name, 'RUNNING'))))
}

export function monitorSettings(more: Partial<Extract<Settings, { kind: 'supervisor' }>> = {}): Settings {
  return {
    kind: 'supervisor',
    supervisor: 'local',
    programs: [],
    exclude: [],
    minRunning: null,
    stopped: 'down',
    memoryBytes: null,
    http: null,
    onFailure: 'report',
    restartCooldownMs: 600_000,
    logTail: false,
    ...more,
  }
}
