import type { Config } from './config.ts'
import { configTables, type ConfigTable, type ConfigValue } from './config-tables.ts'

/** Writes a resolved configuration as TOML, defaults included, secrets masked; what is not set is left out. */
export function describeConfig(config: Config): string {
  const { kuma, agent, supervisor, monitor } = configTables(config)
  return [
    ...kuma.map((one) => table(kuma.length > 1 ? '[[kuma]]' : '[kuma]', one)),
    table('[agent]', agent),
    ...supervisor.map((one) => table('[[supervisor]]', one)),
    ...monitor.map((one) => table('[[monitor]]', one)),
  ].join('\n')
}

function table(heading: string, values: ConfigTable): string {
  const lines = Object.entries(values).flatMap(([key, value]) => {
    const written = write(value)
    return written === null ? [] : `${key} = ${written}`
  })
  return `${[heading, ...lines].join('\n')}\n`
}

function isList(value: ConfigValue): value is readonly (string | number)[] {
  return Array.isArray(value)
}

/** JSON's strings and arrays are TOML's; its objects are not. */
function write(value: ConfigValue): string | null {
  if (value === null || (isList(value) && value.length === 0)) return null
  if (typeof value !== 'object' || isList(value)) return JSON.stringify(value)
  const entries = Object.entries(value).flatMap(([key, inner]) => {
    const written = write(inner)
    return written === null ? [] : `${/^[\w-]+$/.test(key) ? key : JSON.stringify(key)} = ${written}`
  })
  return entries.length === 0 ? null : `{ ${entries.join(', ')} }`
}
