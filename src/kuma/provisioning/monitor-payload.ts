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
 * What the event `add` takes. Every version refuses a key that it does not know, and does not go without these.
 * @see https://github.com/louislam/uptime-kuma/blob/master/server/server.js
 */
export function monitorPayload(
  { type, name, parent, intervalSeconds, notificationIds, pushToken }: NewMonitor,
  { hasConditions }: { readonly hasConditions: boolean },
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
