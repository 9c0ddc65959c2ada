export type ProcessState =
  'STOPPED' | 'STARTING' | 'RUNNING' | 'BACKOFF' | 'STOPPING' | 'EXITED' | 'FATAL' | 'UNKNOWN'

/**
 * supervisord's process states by their numbers on the wire; the names there differ between implementations.
 * @see http://supervisord.org/subprocess.html#process-states
 */
export const PROCESS_STATES: ReadonlyMap<number, ProcessState> = new Map([
  [0, 'STOPPED'],
  [10, 'STARTING'],
  [20, 'RUNNING'],
  [30, 'BACKOFF'],
  [40, 'STOPPING'],
  [100, 'EXITED'],
  [200, 'FATAL'],
  [1000, 'UNKNOWN'],
])

/**
 * One struct of `supervisor.getAllProcessInfo`.
 * @see http://supervisord.org/api.html#supervisor.rpcinterface.SupervisorNamespaceRPCInterface.getProcessInfo
 */
export interface ProcessInfo {
  readonly group: string
  readonly name: string
  /** By its number on the wire; a number that is none of them is UNKNOWN. */
  readonly state: ProcessState
  /** Unix seconds of the last spawn on supervisord's clock; 0 when never started. */
  readonly start: number
  /** Unix seconds of the last end on supervisord's clock; 0 when it never ended. */
  readonly stop: number
  /** Empty when the last spawn and exit were fine; null where the implementation never tells. */
  readonly spawnerr: string | null
  /** Exit status of the last end; −1 for a signal. */
  readonly exitstatus: number
  /** 0 when it does not run. */
  readonly pid: number
  /** Empty when stderr is not kept in a file. */
  readonly stderrLogfile: string
}

/** The part of one struct of `supervisor.getAllConfigInfo` that the rules use. */
export interface ProgramConfig {
  readonly group: string
  readonly name: string
  readonly autostart: boolean
  readonly exitcodes: readonly number[]
  /** Seconds a process must stay up to be RUNNING. */
  readonly startsecs: number
  /** Seconds a stop may take before SIGKILL. */
  readonly stopwaitsecs: number
}
