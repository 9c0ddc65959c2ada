import { monitorPayload } from '../../kuma/provisioning/monitor-payload.ts'
import type { Plan } from './plan.ts'
import type { OpenKuma } from './enter-kuma.ts'

interface Making {
  readonly intervalSeconds: number
  /** The notifications of a new monitor, by its token; the group's under null. */
  readonly notificationIds: (token: string | null) => readonly number[]
  /** Called before each step. */
  readonly onStep: (says: string) => void
}

/** How often Kuma looks at the children of a group: as often as all its versions can. */
const GROUP_INTERVAL_SECONDS = 20

/**
 * Makes the group where there is none yet, and the monitors in it.
 * @returns the id of the group
 * @throws {SessionError}
 */
export async function makeInKuma(
  { make, group }: Plan,
  { session, hasConditions }: OpenKuma,
  { intervalSeconds, notificationIds, onStep }: Making,
): Promise<number> {
  const add = (monitor: Parameters<typeof monitorPayload>[0]): Promise<number> =>
    session.add(monitorPayload(monitor, { hasConditions }))
  let parent = group.id
  if (parent === null) {
    onStep(`making the group ${group.name}`)
    parent = await add({
      type: 'group',
      name: group.name,
      parent: null,
      intervalSeconds: GROUP_INTERVAL_SECONDS,
      notificationIds: notificationIds(null),
      pushToken: null,
    })
  }
  for (const [index, { kumaName, token }] of make.entries()) {
    onStep(`making ${index + 1} of ${make.length}: ${kumaName}`)
    await add({
      type: 'push',
      name: kumaName,
      parent,
      intervalSeconds,
      notificationIds: notificationIds(token),
      pushToken: token,
    })
  }
  return parent
}
