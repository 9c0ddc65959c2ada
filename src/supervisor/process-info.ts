/**
 * supervisord's process states by their numbers; the names on the wire differ between implementations.
 * @see http://supervisord.org/subprocess.html#process-states
 */
export const PROCESS_STATE = {
  stopped: 0,
  starting: 10,
  running: 20,
  backoff: 30,
  stopping: 40,
  exited: 100,
  fatal: 200,
  unknown: 1000,
} as const

/**
 * One struct of `supervisor.getAllProcessInfo`.
 * @see http://supervisord.org/api.html#supervisor.rpcinterface.SupervisorNamespaceRPCInterface.getProcessInfo
 */
export interface ProcessInfo {
  readonly group: string
  readonly name: string
  /** One of `PROCESS_STATE`; compare numbers, never names. */
  readonly state: number
  /** Unix seconds of the last spawn on supervisord's clock; 0 when never started. */
  readonly start: number
  /** Unix seconds of the last end on supervisord's clock; 0 when it never ended. */
  readonly stop: number
  /** Unix seconds on supervisord's clock when it answered. */
  readonly now: number
  /** Empty when the last spawn and exit were fine. */
  readonly spawnerr: string
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
