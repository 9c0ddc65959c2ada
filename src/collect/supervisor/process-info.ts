import { isArray, isStruct, type XmlRpcStruct, type XmlRpcValue } from './xmlrpc.ts'

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
  /** Empty when stdout is not kept in a file. */
  readonly stdoutLogfile: string
  /** Empty when stderr is not kept in a file of its own. */
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
  /** stderr goes where stdout goes; null where supervisord does not tell. */
  readonly redirectsStderr: boolean | null
}

/**
 * Parses the answer of `supervisor.getAllProcessInfo`; other implementations leave fields out and add their own.
 * @returns what is wrong as half a sentence, when it is not a list of named processes
 */
export function parseProcessInfos(value: XmlRpcValue): readonly ProcessInfo[] | { readonly wrong: string } {
  if (!isArray(value)) return { wrong: 'expected an array of processes' }
  const processes = value.flatMap((item) => (isStruct(item) ? parseProcessInfo(item) : []))
  return processes.length === value.length
    ? processes
    : { wrong: `${value.length - processes.length} of ${value.length} processes have no name` }
}

/** Returns Unix seconds on supervisord's clock when it gave the same answer; 0 when it does not tell. */
export function parseClock(value: XmlRpcValue): number {
  const [first] = isArray(value) ? value : []
  return isStruct(first) ? numberOf(first, 'now') : 0
}

function parseProcessInfo(struct: XmlRpcStruct): readonly ProcessInfo[] {
  const name = textOf(struct, 'name')
  if (name === '') return []
  return [
    {
      group: textOf(struct, 'group') || name,
      name,
      state: parseState(struct),
      start: numberOf(struct, 'start'),
      stop: numberOf(struct, 'stop'),
      // The Go re-implementation, known by its `node`, sends the field and never fills it.
      spawnerr: struct.has('node') || !struct.has('spawnerr') ? null : textOf(struct, 'spawnerr'),
      exitstatus: numberOf(struct, 'exitstatus'),
      pid: numberOf(struct, 'pid'),
      stdoutLogfile: textOf(struct, 'stdout_logfile'),
      stderrLogfile: textOf(struct, 'stderr_logfile'),
    },
  ]
}

/** By the number; the name, which is not spelled alike everywhere, speaks only where there is none. */
function parseState(struct: XmlRpcStruct): ProcessState {
  const state = struct.get('state')
  if (typeof state === 'number') return PROCESS_STATES.get(state) ?? 'UNKNOWN'
  const name = textOf(struct, 'statename').toUpperCase()
  return [...PROCESS_STATES.values()].find((known) => known === name) ?? 'UNKNOWN'
}

/** Parses the answer of `supervisor.getAllConfigInfo` without its incomplete entries; null when it is something else. */
export function parseProgramConfigs(value: XmlRpcValue): readonly ProgramConfig[] | null {
  if (!isArray(value)) return null
  return value.flatMap((item) => (isStruct(item) ? parseProgramConfig(item) : []))
}

function parseProgramConfig(struct: XmlRpcStruct): readonly ProgramConfig[] {
  const name = textOf(struct, 'name')
  const exitcodes = struct.get('exitcodes')
  const [startsecs, stopwaitsecs] = [struct.get('startsecs'), struct.get('stopwaitsecs')]
  if (name === '' || !isArray(exitcodes) || typeof startsecs !== 'number') return []
  return [
    {
      group: textOf(struct, 'group') || name,
      name,
      autostart: isTrue(struct, 'autostart'),
      exitcodes: exitcodes.filter((code) => typeof code === 'number'),
      startsecs,
      stopwaitsecs: typeof stopwaitsecs === 'number' ? stopwaitsecs : 10,
      redirectsStderr: struct.has('redirect_stderr') ? isTrue(struct, 'redirect_stderr') : null,
    },
  ]
}

/** supervisord sends a boolean, other builds 0 and 1. */
function isTrue(struct: XmlRpcStruct, member: string): boolean {
  return struct.get(member) === true || struct.get(member) === 1
}

function textOf(struct: XmlRpcStruct, member: string): string {
  const value = struct.get(member)
  return typeof value === 'string' ? value : ''
}

function numberOf(struct: XmlRpcStruct, member: string): number {
  const value = struct.get(member)
  return typeof value === 'number' ? value : 0
}
