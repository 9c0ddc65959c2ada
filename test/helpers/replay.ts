// Recorded looks: how they are written to a fixture, read again and played to the rules.
import { Monitor } from '../../src/agent/monitor.ts'
import type { SupervisorState } from '../../src/collect/supervisor/rpc-reading.ts'
import type { Rules } from '../../src/rules/judge.ts'
import type { Look } from '../../src/collect/look.ts'
import { rules as supervisorRules } from './looks.ts'

export interface TimedLook {
  /** Since the first one. */
  readonly atMs: number
  readonly look: Look
}

/** A verdict when it began: `+12.4 s down web crash loop: …`. */
export type Timeline = readonly string[]

export interface Recording {
  /** What happened, and what of it was not recorded but made. */
  readonly about: string
  readonly recordedWith: string
  readonly rules: Partial<Extract<Rules, { kind: 'supervisor' }>>
  readonly looks: readonly TimedLook[]
  readonly timeline: Timeline
}

/** Recordings hold what supervisord and systemd said, and nothing else. */
const NO_PROBES = {
  memory: { kind: 'not-asked' },
  http: new Map(),
  stderr: new Map(),
} as const satisfies Partial<Look>

/** What is long and seldom changes is written once, and its number where it stood. */
export function encodeRecording({ looks, ...head }: Recording): string {
  const parts: string[] = []
  const part = (value: unknown): number => {
    const text = JSON.stringify(value)
    if (!parts.includes(text)) parts.push(text)
    return parts.indexOf(text)
  }
  const lines = looks.map(({ atMs, look: { unit, rpc, upSeconds } }) => {
    const look = { unit, rpc, upSeconds }
    if (look.rpc.kind !== 'answered') return JSON.stringify({ atMs, ...look })
    const { configs, events, ...state } = look.rpc.state
    return JSON.stringify({
      atMs,
      ...look,
      rpc: { kind: 'answered', state: { ...state, configs: part(configs), events: part(events) } },
    })
  })
  const list = (items: readonly string[]): string => `[\n${items.join(',\n')}\n]`
  return `${JSON.stringify(head, null, 2).slice(0, -2)},\n"parts": ${list(parts)},\n"looks": ${list(lines)}\n}\n`
}

export function decodeRecording(text: string): Recording {
  const { parts, looks, ...head } = JSON.parse(text) as Omit<Recording, 'looks'> & {
    parts: unknown[]
    looks: ({ atMs: number } & Omit<Look, keyof typeof NO_PROBES>)[]
  }
  return {
    ...head,
    looks: looks.map(({ atMs, ...look }) => {
      if (look.rpc.kind !== 'answered') return { atMs, look: { ...look, ...NO_PROBES } }
      const { state } = look.rpc
      const configs = parts[Number(state.configs)] as SupervisorState['configs']
      const events = parts[Number(state.events)] as SupervisorState['events']
      const rpc = { kind: 'answered', state: { ...state, configs, events } } as const
      return { atMs, look: { ...look, ...NO_PROBES, rpc } }
    }),
  }
}

/** Each change of the status, with its message; every message is delivered at once. */
export function play({ looks, rules }: Pick<Recording, 'looks' | 'rules'>): Timeline {
  const timeline: string[] = []
  const monitor = new Monitor('replayed', supervisorRules(rules))
  let before: string | undefined
  for (const { atMs, look } of looks) {
    const nowMs = 1_000_000 + atMs
    monitor.see(look, nowMs)
    const telling = monitor.heartbeat(nowMs, Infinity)
    if (telling === null) continue
    const { status, message } = telling.verdict
    if (status !== before) timeline.push(`+${(atMs / 1000).toFixed(1)} s ${status} ${message}`)
    before = status
    if (telling.restartsUntilMs !== null) monitor.told(telling.restartsUntilMs)
  }
  return timeline
}
