// Recorded snapshots: how they are written to a fixture, read again and played to the rules.
import { Monitor } from '../../src/agent/monitor.ts'
import type { SupervisorState } from '../../src/collect/supervisor/rpc-reading.ts'
import type { Settings } from '../../src/rules/judge.ts'
import type { Snapshot } from '../../src/collect/snapshot.ts'
import { monitorSettings } from './snapshots.ts'

export interface TimedSnapshot {
  /** Since the first one. */
  readonly atMs: number
  readonly snapshot: Snapshot
}

/** A verdict when it began: `+12.4 s down web crash loop: …`. */
export type Timeline = readonly string[]

export interface Recording {
  /** What happened, and what of it was not recorded but made. */
  readonly about: string
  readonly recordedWith: string
  readonly rules: Partial<Extract<Settings, { kind: 'supervisor' }>>
  readonly snapshots: readonly TimedSnapshot[]
  readonly timeline: Timeline
}

/** Recordings hold what supervisord and systemd said, and nothing else. */
const NO_PROBES = {
  memory: { kind: 'not-asked' },
  http: new Map(),
  lastLines: new Map(),
} as const satisfies Omit<Snapshot, 'unit' | 'rpc' | 'upSeconds'>

/** What is long and seldom changes is written once, and its number where it stood. */
export function encodeRecording({ snapshots, ...head }: Recording): string {
  const parts: string[] = []
  const part = (value: unknown): number => {
    const text = JSON.stringify(value)
    if (!parts.includes(text)) parts.push(text)
    return parts.indexOf(text)
  }
  const lines = snapshots.map(({ atMs, snapshot: { unit, rpc, upSeconds } }) => {
    const snapshot = { unit, rpc, upSeconds }
    if (snapshot.rpc.kind !== 'answered') return JSON.stringify({ atMs, ...snapshot })
    const { configs, events, ...state } = snapshot.rpc.state
    return JSON.stringify({
      atMs,
      ...snapshot,
      rpc: { kind: 'answered', state: { ...state, configs: part(configs), events: part(events) } },
    })
  })
  const list = (items: readonly string[]): string => `[\n${items.join(',\n')}\n]`
  return `${JSON.stringify(head, null, 2).slice(0, -2)},\n"parts": ${list(parts)},\n"snapshots": ${list(lines)}\n}\n`
}

export function decodeRecording(text: string): Recording {
  const { parts, snapshots, ...head } = JSON.parse(text) as Omit<Recording, 'snapshots'> & {
    parts: unknown[]
    snapshots: ({ atMs: number } & Omit<Snapshot, keyof typeof NO_PROBES>)[]
  }
  return {
    ...head,
    snapshots: snapshots.map(({ atMs, ...snapshot }) => {
      if (snapshot.rpc.kind !== 'answered') return { atMs, snapshot: { ...snapshot, ...NO_PROBES } }
      const { state } = snapshot.rpc
      const configs = parts[Number(state.configs)] as SupervisorState['configs']
      const events = parts[Number(state.events)] as SupervisorState['events']
      const rpc = { kind: 'answered', state: { ...state, configs, events } } as const
      return { atMs, snapshot: { ...snapshot, ...NO_PROBES, rpc } }
    }),
  }
}

/** Each change of the status, with its message; every message is delivered at once. */
export function play({ snapshots, rules }: Pick<Recording, 'snapshots' | 'rules'>): Timeline {
  const timeline: string[] = []
  const monitor = new Monitor('replayed', monitorSettings(rules), {}, null)
  let before: string | undefined
  for (const { atMs, snapshot } of snapshots) {
    const nowMs = 1_000_000 + atMs
    monitor.update(snapshot, nowMs)
    const { announcement } = monitor
    if (announcement === null) continue
    const { status, message } = announcement.verdict
    if (status !== before) timeline.push(`+${(atMs / 1000).toFixed(1)} s ${status} ${message}`)
    before = status
    if (announcement.restartsUntilMs !== null) monitor.told(announcement.restartsUntilMs)
  }
  return timeline
}
