import type { KumaNotification } from '../../kuma/provisioning/kuma-inventory.ts'

/** Which monitors alert. */
export type Notify = 'host' | 'each' | 'group' | 'none'

/** The notifications for new monitors, or why there is no telling which. */
export type Choice =
  | { readonly kind: 'chosen'; readonly notifications: readonly KumaNotification[] }
  | { readonly kind: 'unclear'; readonly says: string }

/** Those that were named; else those that Kuma itself attaches to new monitors; else the only one there is. */
export function chooseNotifications(
  all: readonly KumaNotification[],
  { notify, named }: { readonly notify: Notify; readonly named: readonly string[] },
): Choice {
  if (notify === 'none') return { kind: 'chosen', notifications: [] }
  const names = all.map(({ name }) => `"${name}"`).join(', ')
  const missing = named.find((wanted) => !all.some(({ name }) => name === wanted))
  if (missing !== undefined) {
    const known = all.length === 0 ? 'it has none' : `it has ${names}`
    return { kind: 'unclear', says: `--notification: Kuma has no notification "${missing}"; ${known}` }
  }
  if (named.length > 0) {
    return { kind: 'chosen', notifications: all.filter(({ name }) => named.includes(name)) }
  }
  const defaults = all.filter(({ isDefault }) => isDefault)
  if (defaults.length > 0) return { kind: 'chosen', notifications: defaults }
  if (all.length <= 1) return { kind: 'chosen', notifications: all }
  return {
    kind: 'unclear',
    says:
      `Kuma has ${all.length} notifications and none is its default: choose by --notification (${names}; repeatable), ` +
      'or have none by --notify none',
  }
}
