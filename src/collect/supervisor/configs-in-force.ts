import { fullName } from '../../lib/text.ts'
import type { ProgramConfig } from './process-info.ts'

/**
 * `supervisor.getAllConfigInfo` tells what supervisord has read last, by `supervisorctl reread` too, after which programs go
 * on with the configuration that they were made with. So one that was not made anew, as far as is known, is given the longer
 * of the times that it had and those that were read: with what waits for an `update`, there is no alarm before its time.
 */
export function createConfigsInForce() {
  let known: ReadonlyMap<string, ProgramConfig> = new Map()
  return {
    /** @param isMadeAnew whether a program, by `group:name`, was surely made with what was read */
    take(
      read: readonly ProgramConfig[],
      isMadeAnew: (fullName: string) => boolean,
    ): readonly ProgramConfig[] {
      const before = known
      known = new Map(
        read.map((config) => {
          const name = fullName(config)
          return [name, isMadeAnew(name) ? config : (before.get(name) ?? config)]
        }),
      )
      return read.map((config) => {
        const { startsecs, stopwaitsecs } = known.get(fullName(config)) ?? config
        return {
          ...config,
          startsecs: Math.max(config.startsecs, startsecs),
          stopwaitsecs: Math.max(config.stopwaitsecs, stopwaitsecs),
        }
      })
    },
  }
}
