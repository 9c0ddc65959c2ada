// What people use instead, each as it is usually written; they push DOWN to the same receiver, under tokens of their own.
import { setTimeout as sleep } from 'node:timers/promises'
import type { Stage } from './stage.ts'

/** A poller looks this often, cron this often; the phase against the cause is chance. */
const POLL_MS = 5_000
const CRON_MS = 60_000
/** Of cron's minute only a twentieth is waited out; what is waited counts twentyfold, the script itself as it is. */
const CRON_COMPRESSION = 20

export const TOKENS = { listener: 'peerlisten', poller: 'peerpoller', cron: 'peercronjob' } as const

export function listenerSection(url: string): string {
  return `
[eventlistener:listener]
command=python3 ${import.meta.dirname}/listener.py ${url}/api/push/${TOKENS.listener}
events=PROCESS_STATE_EXITED,PROCESS_STATE_FATAL
`
}

/** Runs the script at a moment of cron's minute; gives the milliseconds that were left out before it. */
export async function runCron(stage: Stage, url: string): Promise<number> {
  const waitMs = (Math.random() * CRON_MS) / CRON_COMPRESSION
  await sleep(waitMs)
  await stage.host.run(
    `systemctl is-active --quiet supervisor && s=up || s=down; curl -fsS "${pushUrl(url, TOKENS.cron)}"`,
  )
  return waitMs * (CRON_COMPRESSION - 1)
}

/** Looks from a moment of its period on until it is stopped. */
export async function runPoller(stage: Stage, url: string, signal: AbortSignal): Promise<void> {
  await sleep(Math.random() * POLL_MS, undefined, { signal }).catch(() => {})
  while (!signal.aborted) {
    await stage.host.run(
      `systemctl is-active --quiet supervisor && ! supervisorctl status | grep -Eq 'FATAL|EXITED' && s=up || s=down; curl -fsS "${pushUrl(url, TOKENS.poller)}"`,
    )
    await sleep(POLL_MS, undefined, { signal }).catch(() => {})
  }
}

function pushUrl(url: string, token: string): string {
  return `${url}/api/push/${token}?status=$s&msg=$s&ping=`
}
