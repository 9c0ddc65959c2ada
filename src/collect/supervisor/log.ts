import { fullName } from '../../lib/text.ts'
import type { CallResult } from './connection.ts'
import type { ProcessInfo, ProgramConfig } from './process-info.ts'

/** An event of one process, as supervisord's log tells it, which gives no groups, or as an event listener hears it. */
export type ProcessEvent = { readonly name: string; readonly group?: string } & (
  | { readonly kind: 'spawned'; readonly pid: number }
  /** It has been up for its `startsecs`. */
  | { readonly kind: 'running' }
  /** It was asked to stop, and did. */
  | { readonly kind: 'stopped' }
  /** It ended by itself. */
  | { readonly kind: 'exited'; readonly expected: boolean; readonly why: string }
)

/** Asks for the last bytes of a log, control characters given as their pictures. */
type AskTail = (bytes: number) => Promise<CallResult>

/**
 * The pieces of supervisord's log that are asked for, in bytes: some hundred lines. supervisord answers a piece that begins
 * within a character with HTTP 500, and adds a trace to the log, always of the same length: the first four pieces begin at
 * each byte of a character if that length is even, the others if it is odd.
 */
const LOG_PIECES = [32_768, 32_767, 32_766, 32_765, 32_768, 32_768, 32_768, 32_768] as const
/** A program that was started longer ago, on supervisord's clock, has no events to explain. */
const RECENT_SECONDS = 3_600

/**
 * Reads the events of programs that were started lately in supervisord's log. Asks for it only when one of them was started
 * anew, so that steady programs cost nothing.
 */
export class RecentEvents {
  #recent = ''
  #events: readonly ProcessEvent[] | null = null

  /**
   * Returns null where nothing was started lately, or the log cannot be read: that fails no reading.
   * @param nowSeconds on supervisord's clock
   */
  async read(
    processes: readonly ProcessInfo[],
    nowSeconds: number,
    ask: AskTail,
  ): Promise<readonly ProcessEvent[] | null> {
    const recent = processes
      .filter(({ start }) => start > 0 && nowSeconds - start < RECENT_SECONDS)
      .map((info) => `${fullName(info)} ${info.start} ${info.pid}`)
      .join('\n')
    if (recent === this.#recent) return this.#events
    this.#recent = recent
    const tail = recent === '' ? null : await readTail(LOG_PIECES, ask)
    // A log that is no file, like /dev/null, may be read and has nothing in it.
    this.#events = tail === null || tail.text === '' ? null : parseEvents(tail.text)
    return this.#events
  }
}

/** supervisord answers a piece of a log that is not whole UTF-8 with HTTP 500: the next piece is tried. */
async function readTail(
  pieces: readonly number[],
  ask: AskTail,
): Promise<{ readonly text: string; readonly isCut: boolean } | null> {
  for (const bytes of pieces) {
    const result = await ask(bytes)
    if (result.kind === 'value') {
      const text = result.value
      return typeof text === 'string' ? { text, isCut: Buffer.byteLength(text) >= bytes } : null
    }
    if (result.kind !== 'http-status' || result.status !== 500) return null
  }
  return null
}

const LINE = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} \w+ (?<what>spawned|success|stopped|exited): (?<rest>.+)$/
const SPAWNED = /^'(?<name>.+)' with pid (?<pid>\d+)$/
const SUCCESS = /^(?<name>.+) entered RUNNING state/
const ENDED =
  /^(?<name>.+) \((?:exit status (?<status>-?\d+)|terminated by (?<signal>[^;]+?))(?:; (?<expected>expected|not expected))?\)$/

/**
 * Parses the events in a piece of supervisord's log; passes over other lines, and a first one that was cut.
 * @see https://github.com/Supervisor/supervisor/blob/main/supervisor/process.py
 */
export function parseEvents(log: string): ProcessEvent[] {
  return log.split('\n').flatMap((line) => {
    const { what, rest = '' } = LINE.exec(line)?.groups ?? {}
    switch (what) {
      case 'spawned':
        return parseSpawned(rest)
      case 'success':
        return parseSuccess(rest)
      case 'stopped':
      case 'exited':
        return parseEnd(what, rest)
      default:
        return []
    }
  })
}

function parseSpawned(rest: string): ProcessEvent[] {
  const { name, pid } = SPAWNED.exec(rest)?.groups ?? {}
  return name === undefined ? [] : [{ name, kind: 'spawned', pid: Number(pid) }]
}

function parseSuccess(rest: string): ProcessEvent[] {
  const name = SUCCESS.exec(rest)?.groups?.['name']
  return name === undefined ? [] : [{ name, kind: 'running' }]
}

function parseEnd(what: 'stopped' | 'exited', rest: string): ProcessEvent[] {
  const { name, status, signal, expected } = ENDED.exec(rest)?.groups ?? {}
  if (name === undefined) return []
  if (what === 'stopped') return [{ name, kind: 'stopped' }]
  const why =
    status === undefined
      ? `killed by ${signal?.replace(' (core dumped)', ', core dumped')}`
      : `exit ${status}`
  return [{ name, kind: 'exited', expected: expected === 'expected', why }]
}

type Stream = 'stderr' | 'stdout'

/** A few bytes that are no text at all are left behind with a smaller piece. */
const LOG_TAIL_PIECES = [4096, 4095, 4094, 4093, 600, 599, 598, 597] as const
/** More are not read in one check: a message names one or two programs. */
const MAX_READ = 5
/** A program that was started longer ago, on supervisord's clock, has not just failed. */
const FAILED_SECONDS = 300

/** Reads the last line that programs wrote that failed, or came back after they had: once for each end. */
export class LastLines {
  /** By `group:name`: which end of the program it is, and the line. */
  readonly #known = new Map<string, { readonly incident: string; readonly line: string | null }>()

  /**
   * Returns the lines by `group:name`.
   * @param nowSeconds on supervisord's clock
   * @param configs null where supervisord does not tell them
   */
  async read(
    processes: readonly ProcessInfo[],
    nowSeconds: number,
    configs: readonly ProgramConfig[] | null,
    ask: (stream: Stream, fullName: string, bytes: number) => Promise<CallResult>,
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, string>> {
    const incidents = new Map(processes.map((info) => [fullName(info), incidentOf(info)]))
    for (const [name, { incident }] of this.#known) {
      if (incidents.get(name) !== incident) this.#known.delete(name)
    }
    const unread = processes
      .filter((info) => hasFailed(info) || isBack(info, nowSeconds))
      .filter((info) => !this.#known.has(fullName(info)))
      .flatMap((info) => {
        const stream = streamOfErrors(info, configs)
        return stream === null ? [] : [{ info, stream }]
      })
      .toSorted((a, b) => Number(hasFailed(b.info)) - Number(hasFailed(a.info)))
      .slice(0, MAX_READ)
    for (const { info, stream } of unread) {
      const name = fullName(info)
      const tail = await readTail(LOG_TAIL_PIECES, (bytes) => ask(stream, name, bytes))
      if (signal.aborted) break
      const line = tail === null ? null : lastLine(tail.text, tail.isCut)
      this.#known.set(name, { incident: incidentOf(info), line })
    }
    return new Map([...this.#known].flatMap(([name, { line }]) => (line === null ? [] : [[name, line]])))
  }
}

/** Returns the stream that has a program's errors; null where it is not kept in a file. */
function streamOfErrors(info: ProcessInfo, configs: readonly ProgramConfig[] | null): Stream | null {
  if (info.stderrLogfile !== '') return 'stderr'
  const config = configs?.find(({ group, name }) => group === info.group && name === info.name)
  // supervisord 3 does not tell: an error log of "NONE" is rarer than one that goes with stdout.
  const isRedirected = config?.redirectsStderr ?? true
  return isRedirected && info.stdoutLogfile !== '' ? 'stdout' : null
}

function hasFailed({ state, spawnerr, exitstatus }: ProcessInfo): boolean {
  if (state === 'EXITED') return spawnerr !== '' || exitstatus !== 0
  return state === 'FATAL' || state === 'BACKOFF'
}

function isBack({ start, stop }: ProcessInfo, nowSeconds: number): boolean {
  return start > 0 && stop > 0 && nowSeconds - start < FAILED_SECONDS
}

/** Several starts may fall into one second; and what failed is read once more when it has failed for good. */
function incidentOf(info: ProcessInfo): string {
  return `${info.start} ${info.pid} ${hasFailed(info) ? info.state : ''}`
}

// Of the pictures of ESC and BEL: CSI with its parameters, OSC up to its end, and the two-character ones.
const ESCAPES = /\u241b(?:\[[0-?]*[ -/]*[@-~]|\][^\u2407\u241b]*(?:\u2407|\u241b\\)?|[ -/]*[0-~])/gu
const PICTURES = /[\u2400-\u241f]/gu
/** Of a line whose beginning is missing, as much is dropped, and the word there: half a password could not be masked. */
const UNSAFE_LENGTH = 256

/**
 * Returns the last line that is not blank, of a text whose control characters are given as their pictures: without colours
 * and other escape sequences, without NUL and its like. Null when there is none.
 * @param isCut true when the text begins in the middle of a line
 */
export function lastLine(text: string, isCut: boolean): string | null {
  const lines = text
    .replaceAll(ESCAPES, '')
    .replaceAll(PICTURES, '')
    .split(/[\r\n]/)
    .map((line) => line.trim())
  const index = lines.findLastIndex((line) => line !== '')
  const line = lines[index] ?? ''
  const known = isCut && index === 0 ? line.slice(UNSAFE_LENGTH).replace(/^\S*/, '').trim() : line
  return known === '' ? null : known === line ? line : `…${known}`
}
