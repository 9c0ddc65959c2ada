import type { ProcessInfo } from '../../collect/supervisor/process-info.ts'

/** What gets a monitor of its own beside the host. */
export type Per = 'program' | 'group' | 'host'

type Program = Pick<ProcessInfo, 'group' | 'name'>

/** A monitor that there should be. */
export interface WantedMonitor {
  readonly name: string
  /** Globs on `group:name`; empty for the host's own, over the whole supervisord. */
  readonly programs: readonly string[]
}

const HOST_NAME = 'supervisord'

/** The host's own monitor, and one for each program or group of programs, in supervisord's order. */
export function wantedMonitors(programs: readonly Program[], per: Per): WantedMonitor[] {
  const parts = per === 'host' ? [] : per === 'group' ? byGroup(programs) : programs.map(single)
  // A program may be named so too.
  const host = parts.some(({ name }) => name === HOST_NAME) ? `whole ${HOST_NAME}` : HOST_NAME
  return [{ name: host, programs: [] }, ...parts]
}

function byGroup(programs: readonly Program[]): WantedMonitor[] {
  const groups = [...new Set(programs.map(({ group }) => group))]
  return groups.map((group) => ({ name: group, programs: [`${literal(group)}:*`] }))
}

function single({ group, name }: Program): WantedMonitor {
  return {
    // As supervisorctl writes it.
    name: group === name ? name : `${group}:${name}`,
    programs: [`${literal(group)}:${literal(name)}`],
  }
}

/** A glob that matches the text alone. */
function literal(text: string): string {
  return text.replaceAll(/[*?[]/g, '[$&]')
}
