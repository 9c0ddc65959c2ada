import type { Config, PushTarget } from '../../config/config.ts'
import { ConfigError } from '../../lib/errors.ts'
import type { Probe } from '../../kuma/probe.ts'
import { openKumas } from '../../agent/open-kumas.ts'
import { realClock } from '../../lib/real-clock.ts'

/** What stands at one address that heartbeats go to. */
export interface KumaExam {
  /** Without credentials. */
  readonly url: string
  /** Whether its certificate is not checked. */
  readonly isInsecure: boolean
  /** What was answered, or why a certificate or key cannot be used. */
  readonly found: { readonly kind: 'probed'; readonly probe: Probe } | UnusableKeys
  /** Unix milliseconds at which the answer came. */
  readonly answeredAtMs: number
  readonly ms: number
}

interface UnusableKeys {
  readonly kind: 'unusable'
  readonly problem: string
}

/** Asks every address that heartbeats go to what it is, without a heartbeat. */
export async function examineKumas(
  { kumas, monitors }: Config,
  wallNow: () => number,
  signal: AbortSignal,
): Promise<readonly KumaExam[]> {
  const targets = new Map<string, PushTarget>()
  for (const target of monitors.flatMap(({ push }) => push ?? [])) {
    targets.set(`${target.kuma} ${target.baseUrl}`, target)
  }
  return Promise.all(
    [...targets.values()].map(async (target): Promise<KumaExam> => {
      const kuma = kumas.filter(({ name }) => name === target.kuma)
      const startedMs = realClock.now()
      const found = await ask(kuma, target, signal)
      const { origin, pathname } = new URL(target.baseUrl)
      return {
        url: `${origin}${pathname.replace(/\/+$/, '')}`,
        isInsecure: kuma.some(({ insecure }) => insecure),
        found,
        answeredAtMs: wallNow(),
        ms: realClock.now() - startedMs,
      }
    }),
  )
}

async function ask(
  kumas: Config['kumas'],
  target: PushTarget,
  signal: AbortSignal,
): Promise<KumaExam['found']> {
  try {
    const connections = await openKumas(kumas, () => realClock.now())
    try {
      const connection = connections.get(target.kuma)
      if (connection === undefined) throw new Error(`no Kuma is named ${target.kuma}`)
      return { kind: 'probed', probe: await connection.probe(target, signal) }
    } finally {
      await Promise.all([...connections.values()].map((connection) => connection.close()))
    }
  } catch (error) {
    if (error instanceof ConfigError) return { kind: 'unusable', problem: error.problems.join('; ') }
    throw error
  }
}
