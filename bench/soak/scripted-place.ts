import { startReceiver } from '../../test/helpers/receiver.ts'
import type { Cleanup } from '../../test/helpers/scripted-server.ts'
import type { Place } from './place.ts'

/** A server in Kuma's place, for shorter intervals than Kuma allows; it keeps what it has accepted. */
export async function startScriptedPlace(t: Cleanup): Promise<Place> {
  const receiver = await startReceiver(t)
  const names = new Map<string, string>()
  return {
    name: "a server in Kuma's place",
    port: receiver.server.port,
    pushEverySeconds: 2,
    acts: {},
    createMonitor(name) {
      const token = name.replaceAll(/\W/g, '')
      names.set(token, name)
      return Promise.resolve(token)
    },
    recorded: () =>
      Promise.resolve(
        receiver.accepted.map(({ token, status, msg, atMs }) => ({
          monitor: names.get(token) ?? token,
          status,
          msg,
          atMs,
        })),
      ),
  }
}
