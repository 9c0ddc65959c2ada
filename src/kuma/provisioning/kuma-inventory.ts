/** A monitor as Kuma lists it; what a set-up needs of it. */
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
  /** Whether Kuma's page attaches it to new monitors by itself. */
  readonly isDefault: boolean
}

/** What Kuma has, as it tells after a login. */
export interface KumaInventory {
  readonly version: string
  readonly monitors: readonly KumaMonitor[]
  readonly notifications: readonly KumaNotification[]
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
