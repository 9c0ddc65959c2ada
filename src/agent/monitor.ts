import type { Snapshot } from '../collect/snapshot.ts'
import { cut, describeDuration, MESSAGE_LIMIT, oneLine } from '../lib/text.ts'
import type { Log } from '../lib/log.ts'
import { judge, type Judgement, type Settings, type Verdict } from '../rules/judge.ts'
import type { RestartOrder } from '../rules/own-restarts.ts'
import { hasNews } from '../rules/restarts.ts'
import { EMPTY_STATE, type MonitorState } from '../rules/state.ts'
import type { CrashNote } from './crash-note.ts'
import type { Announcement, Notifier, Outcome } from './notifier.ts'
import type { Period } from './pacing.ts'
import type { RestartOutcome } from '../collect/supervisor/restart.ts'
import type { MonitorRecord, StateFile, StatusSince } from './state.ts'
import type { SystemdNotify } from './systemd-notify.ts'

/** The parts that a monitor sends its heartbeats with, and those told of its verdicts. */
export interface Sending {
  readonly notifier: Pick<Notifier, 'offer' | 'settled' | 'state'>
  /** Null for a one-shot, which sends nothing but by `send`. */
  readonly period: Period | null
  readonly log: Log
  /** Saved at every change; null for a one-shot, which saves at its end. */
  readonly stateFile: Pick<StateFile, 'saveSoon'> | null
  /** Null where no systemd asked to be told. */
  readonly systemd: SystemdNotify | null
  /** Told with the first heartbeat that is delivered; null where the agent did not end by an exception. */
  readonly crashNote: CrashNote | null
}

interface Judged {
  /** How soon something that is pending may be confirmed; null when nothing is, Infinity when no check can tell. */
  readonly pendingMs: number | null
  /** The restarts that the agent is to begin now. */
  readonly restarts: readonly RestartOrder[]
}

/** News that come sooner after others wait: a flood of restarts must not become one of heartbeats. */
const NEWS_GAP_MS = 5_000

/** So many changes of what is wrong are sent at once while a monitor is down. */
const FREE_CHANGES = 3

/** An agent that was frozen with its host has had no check either: it gets this long to finish one. */
const DOUBT_MS = 20_000

/** One monitor of the configuration: what it remembers, its verdict, and when that is sent. Times are monotonic milliseconds. */
export class Monitor {
  readonly name: string
  readonly settings: Settings
  readonly #sending: Sending | null
  #state: MonitorState
  #statusSince: StatusSince | null
  #announcement: Announcement | null = null
  /** When a check last ended, if only in an error of ours; null before the first. */
  #checkedMs: number | null = null
  /** Restarts up to this time have gone out, whether they have arrived or not. */
  #newsMs = 0
  /** When news of restarts last went out at once. */
  #newsSentMs = -Infinity
  /** While it is down: what of was last sent ahead of time and when, and how many times it has changed. */
  #down: { kinds: Judgement['kinds']; changes: number; sentMs: number } = {
    kinds: new Map(),
    changes: 0,
    sentMs: 0,
  }
  #dueMs: number | null = null
  #hasSent = false
  /** Since when a heartbeat waits for a check to end; null when none does. */
  #doubtMs: number | null = null
  #crashNote: CrashNote | null

  /** @param sending null for who only judges, as `status` */
  constructor(
    name: string,
    settings: Settings,
    { state = EMPTY_STATE, statusSince = null }: { state?: MonitorState; statusSince?: StatusSince | null },
    sending: Sending | null,
  ) {
    this.name = name
    this.settings = settings
    this.#state = state
    this.#statusSince = statusSince
    this.#sending = sending
    this.#crashNote = sending?.crashNote ?? null
  }

  get state(): MonitorState {
    return this.#state
  }

  /** Null before the first verdict, of an earlier run included. */
  get statusSince(): StatusSince | null {
    return this.#statusSince
  }

  /** The part of it that the state file keeps. */
  get record(): MonitorRecord {
    return {
      state: this.#state,
      statusSince: this.#statusSince,
      notifiers: this.#sending === null ? [] : [this.#sending.notifier.state],
    }
  }

  /** Null before anything can be said. */
  get verdict(): Verdict | null {
    return this.#announcement?.verdict ?? null
  }

  /** The next heartbeat for Kuma; null before the first verdict. */
  get announcement(): Announcement | null {
    return this.#announcement
  }

  /** Judges by a snapshot. A verdict that turned, the first one, a change of what is wrong, news of a restart and a heartbeat that waits are sent at once. */
  update(snapshot: Snapshot, nowMs: number): Judged {
    const { verdict, kinds, content, restartsUntilMs, state, settled, againMs, restarts } = judge(
      snapshot,
      this.#state,
      this.settings,
      nowMs,
    )
    const hasTurned = verdict !== null && verdict.status !== this.verdict?.status
    const isNews = verdict !== null && !hasTurned && this.#isNews(state, nowMs)
    const hasChanged = this.#hasChanged(verdict, kinds, hasTurned, nowMs)
    const isAwaited = verdict !== null && this.#doubtMs !== null
    if (hasTurned || isNews) this.#newsMs = nowMs
    if (isNews) this.#newsSentMs = nowMs
    this.#doubtMs = null
    this.#state = state
    this.#checkedMs = nowMs
    if (verdict !== null) this.#announcement = { verdict, restartsUntilMs, content }
    if (hasTurned || hasChanged || isNews || isAwaited) this.#announce(nowMs)
    return { pendingMs: settled ? null : againMs, restarts }
  }

  /** Takes in that the agent itself went wrong in a check: that is a DOWN, never a silence. */
  fail(message: string, nowMs: number): void {
    this.#checkedMs = nowMs
    this.#turnToError(message, nowMs)
  }

  /**
   * Sends the heartbeat that is due, if one is. A verdict that no check has renewed within `maxAgeMs` is not passed off as news:
   * its heartbeat waits for a check to end, for `DOUBT_MS`, and then is an error.
   * @returns when the next one is due
   */
  sendDue(nowMs: number, maxAgeMs: number): number {
    const period = this.#sending?.period ?? null
    if (period === null) return Infinity
    this.#dueMs ??= period.next(nowMs)
    if (nowMs < this.#dueMs) {
      // A change of the date moves the times of a cron expression.
      this.#dueMs = Math.min(this.#dueMs, period.next(nowMs))
      return this.#dueMs
    }
    this.#dueMs = period.next(nowMs)
    const ageMs = this.#checkedMs === null ? 0 : nowMs - this.#checkedMs
    if (ageMs <= maxAgeMs) {
      this.send()
      return this.#dueMs
    }
    this.#doubtMs ??= nowMs
    if (nowMs - this.#doubtMs < DOUBT_MS) {
      this.#dueMs = this.#doubtMs + DOUBT_MS
    } else if (!this.#turnToError(`no check has finished for ${describeDuration(ageMs / 1000)}`, nowMs)) {
      this.send()
    }
    return this.#dueMs
  }

  /** Sends the verdict; nothing before anything can be said. */
  send(): void {
    if (this.#announcement === null || this.#sending === null) return
    const { notifier, systemd } = this.#sending
    this.#hasSent = true
    const announcement = withNote(this.#announcement, this.#crashNote)
    void this.#keepTold(announcement, notifier.offer(announcement), this.#sending)
    if (systemd !== null) void notifier.settled().then(() => systemd.answered())
  }

  /** Sends a last heartbeat: DOWN with this line. */
  sendFarewell(message: string): void {
    void this.#sending?.notifier.offer(announceDown(message))
  }

  /** Resolves when the last heartbeat is delivered, with true, or no try within seconds is left. */
  settled(): Promise<boolean> {
    return this.#sending?.notifier.settled() ?? Promise.resolve(false)
  }

  /** Takes in what became of a restart that a check asked for. */
  restarted(program: string, outcome: RestartOutcome, nowMs: number): void {
    const { ownRestarts } = this.#state
    const begun = ownRestarts.get(program)
    if (begun === undefined) return
    const isFailed = outcome.kind === 'failed'
    const ended = {
      endedMs: nowMs,
      failure: isFailed ? outcome.why : null,
      leftStopped: isFailed && outcome.leftStopped,
    }
    this.#state = {
      ...this.#state,
      ownRestarts: new Map([...ownRestarts, [program, { ...begun, ...ended }]]),
    }
  }

  /**
   * Takes in that restarts up to `untilMs` have reached Kuma and are no news any more; null for none.
   * @returns true when there were any
   */
  told(untilMs: number | null): boolean {
    const { toldMs, programs, ownRestarts } = this.#state
    if (untilMs === null || untilMs <= toldMs) return false
    this.#state = { ...this.#state, toldMs: untilMs }
    const times = [
      ...[...programs.values()].flatMap(({ restarts }) => restarts.map(({ atMs }) => atMs)),
      ...[...ownRestarts.values()].map(({ backMs }) => backMs ?? Infinity),
    ]
    return times.some((ms) => ms > toldMs && ms <= untilMs)
  }

  /**
   * True when it is down of another set of problems than the one that was last sent ahead of time, and that may be sent now:
   * `FREE_CHANGES` while it is down, and then one in half a period.
   */
  #hasChanged(
    verdict: Verdict | null,
    kinds: Judgement['kinds'],
    hasTurned: boolean,
    nowMs: number,
  ): boolean {
    if (verdict?.status !== 'down' || hasTurned) {
      this.#down = { kinds: new Map(kinds), changes: 0, sentMs: nowMs }
      return false
    }
    const before = this.#down
    const now = new Map(
      [...kinds].map(([subject, kind]) => [subject, kind ?? before.kinds.get(subject) ?? null]),
    )
    const isSame =
      now.size === before.kinds.size &&
      [...now].every(([subject, kind]) => before.kinds.get(subject) === kind)
    const halfMs = (this.#sending?.period?.everyMs ?? Infinity) / 2
    const isFree = before.changes < FREE_CHANGES || nowMs - before.sentMs >= halfMs
    // A verdict that is only held down by its flapping has no problem of its own.
    if (isSame || now.size === 0 || !isFree) return false
    this.#down = { kinds: now, changes: before.changes + 1, sentMs: nowMs }
    return true
  }

  #isNews({ programs, toldMs }: MonitorState, nowMs: number): boolean {
    return nowMs - this.#newsSentMs >= NEWS_GAP_MS && hasNews(programs, Math.max(toldMs, this.#newsMs))
  }

  /** True when it was not down before: then that is sent at once. */
  #turnToError(message: string, nowMs: number): boolean {
    const hasTurned = this.verdict?.status !== 'down'
    this.#announcement = announceDown(cut(oneLine(`agent error: ${message}`), MESSAGE_LIMIT))
    if (hasTurned) this.#announce(nowMs)
    return hasTurned
  }

  /** Sends ahead of time. That restarts the period, but for the first: a fleet started together would push together for ever. */
  #announce(nowMs: number): void {
    const { verdict } = this
    if (verdict === null) return
    const { status, message } = verdict
    if (this.#statusSince?.status !== status) this.#statusSince = { status, sinceMs: Date.now() }
    if (this.#sending === null || this.#sending.period === null) return
    const { log, period, stateFile, systemd } = this.#sending
    log.info(`${this.name} is ${status}: ${message}`)
    stateFile?.saveSoon()
    systemd?.changed()
    if (this.#hasSent) {
      period.restart(nowMs)
      this.#dueMs = period.next(nowMs)
    }
    this.send()
  }

  /** Takes in that it was delivered, so that what it told is not told again. */
  async #keepTold(
    { restartsUntilMs }: Announcement,
    ending: Promise<Outcome>,
    { stateFile }: Sending,
  ): Promise<void> {
    const note = this.#crashNote
    const outcome = await ending
    if (outcome === 'open') stateFile?.saveSoon()
    if (outcome === 'lost' || outcome === 'open') return
    if (this.told(restartsUntilMs) || outcome === 'news') stateFile?.saveSoon()
    if (note === null) return
    this.#crashNote = null
    await note.remove()
  }
}

function withNote(announcement: Announcement, note: CrashNote | null): Announcement {
  if (note === null) return announcement
  const { verdict, restartsUntilMs } = announcement
  return { verdict: { ...verdict, message: note.appendTo(verdict.message) }, restartsUntilMs, content: null }
}

/** DOWN with one line of ours, which speaks of no restarts. */
function announceDown(message: string): Announcement {
  return {
    verdict: { status: 'down', message, ping: null },
    restartsUntilMs: null,
    content: null,
  }
}
