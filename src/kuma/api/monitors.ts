import { randomInt } from 'node:crypto'

/** The state of Kuma, sent after a login. */
export interface KumaInventory {
  readonly version: string
  readonly monitors: readonly KumaMonitor[]
  readonly notifications: readonly KumaNotification[]
}

/** A monitor as Kuma lists it, as far as it is used here. */
export interface KumaMonitor {
  readonly id: number
  readonly name: string
  /** `push`, `group`, … */
  readonly type: string
  /** The id of its group; null at the top. */
  readonly parent: number | null
  /** Null for what is no push monitor. */
  readonly pushToken: string | null
  readonly isActive: boolean
  /** Its Heartbeat Interval. */
  readonly intervalSeconds: number
  readonly retries: number
  /** After so many looks Kuma alerts again; 0: never. */
  readonly resendInterval: number
  readonly isUpsideDown: boolean
}

export interface KumaNotification {
  readonly id: number
  readonly name: string
  /** Kuma's page attaches it to new monitors by itself. */
  readonly isDefault: boolean
}

/** Reads the event `monitorList`: monitors by their ids. */
export function parseMonitorList(value: unknown): KumaMonitor[] {
  return Object.values(isRecord(value) ? value : {})
    .filter(isRecord)
    .flatMap(({ id, name, type, parent, pushToken, active, ...settings }) =>
      typeof id === 'number'
        ? {
            id,
            name: String(name),
            type: String(type),
            parent: typeof parent === 'number' ? parent : null,
            pushToken: typeof pushToken === 'string' && pushToken !== '' ? pushToken : null,
            isActive: active !== false && active !== 0,
            intervalSeconds: Number(settings['interval']),
            retries: Number(settings['maxretries']),
            resendInterval: Number(settings['resendInterval']),
            isUpsideDown: Boolean(settings['upsideDown']),
          }
        : [],
    )
}

/** Reads the event `notificationList`; one that is switched off is left out. */
export function parseNotificationList(value: unknown): KumaNotification[] {
  return (Array.isArray(value) ? value : [])
    .filter(isRecord)
    .flatMap(({ id, name, isDefault, active }) =>
      typeof id === 'number' && active !== false
        ? { id, name: String(name), isDefault: isDefault === true }
        : [],
    )
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A monitor that Kuma is to make. */
export interface NewMonitor {
  readonly type: 'push' | 'group'
  readonly name: string
  /** The id of its group; null at the top. */
  readonly parent: number | null
  /** Kuma's Heartbeat Interval. */
  readonly intervalSeconds: number
  /** The ids of the notifications that tell about it. */
  readonly notificationIds: readonly number[]
  /** Null for a group. */
  readonly pushToken: string | null
}

/**
 * Returns the argument of the event `add`. Every version refuses a key that it does not know, and requires these.
 * @see https://github.com/louislam/uptime-kuma/blob/master/server/server.js
 */
export function monitorPayload(
  { type, name, parent, intervalSeconds, notificationIds, pushToken }: NewMonitor,
  hasConditions: boolean,
): Readonly<Record<string, unknown>> {
  return {
    type,
    name,
    parent,
    interval: intervalSeconds,
    retryInterval: intervalSeconds,
    // With retries Kuma would hold back or repeat what we push.
    maxretries: 0,
    resendInterval: 0,
    upsideDown: false,
    active: true,
    notificationIDList: Object.fromEntries(notificationIds.map((id) => [id, true])),
    accepted_statuscodes: ['200-299'],
    ...(pushToken !== null && { pushToken }),
    ...(hasConditions && { conditions: [] }),
  }
}

const TOKEN_CHARACTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'
/** As Kuma 2 makes them; its version 1 takes them too. */
const TOKEN_LENGTH = 32

/** Returns a push token that nobody can guess. */
export function newPushToken(): string {
  return Array.from(
    { length: TOKEN_LENGTH },
    () => TOKEN_CHARACTERS[randomInt(TOKEN_CHARACTERS.length)],
  ).join('')
}

/** How monitors are made in a version of Kuma, or why they are not. */
export type VersionSupport =
  | { readonly kind: 'known'; readonly hasConditions: boolean }
  | { readonly kind: 'unknown'; readonly message: string }

/**
 * Tells whether a version of Kuma wants `conditions` in a new monitor: they came with 2.0.0, whose development version has
 * none yet.
 * @see https://github.com/louislam/uptime-kuma/blob/master/server/server.js
 */
export function supportOf(version: string): VersionSupport {
  const [, major = '', minor = ''] = /^v?(\d+)\.(\d+)/.exec(version) ?? []
  if (major === '1' && Number(minor) >= 23) return { kind: 'known', hasConditions: false }
  if (major === '2') return { kind: 'known', hasConditions: !/^v?2\.0\.0-dev\b/.test(version) }
  const why =
    major === '0' || major === '1'
      ? `${version} is too old: 1.23 or newer is needed; upgrade it`
      : major === ''
        ? `calls itself "${version.slice(0, 40)}", which is no version that is known (1.23 and 2.x)`
        : `${version} is newer than what is known (1.23 and 2.x)`
  const byHand = 'or make the push monitors on its page and their [[monitor]] by hand; nothing was changed'
  return { kind: 'unknown', message: `Uptime Kuma ${why}, ${byHand}` }
}
