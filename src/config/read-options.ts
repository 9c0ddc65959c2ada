import { nearest } from '../lib/nearest.ts'
import type { OptionName, OptionValue, SharedFlags, SharedOption } from './options.ts'
import { OPTION_NAMES, OPTIONS, OTHER_VARIABLES } from './options.ts'
import type { Given } from '../lib/place.ts'
import type { Problems } from './problems.ts'
import type { Environment } from './secrets.ts'

/** The values of one source, command line or environment, by option. */
export type OptionValues = { readonly [N in OptionName]?: Given<OptionValue<N>> }

/** Reads the options of the command line. */
export function readFlags(
  flags: SharedFlags,
  absolute: (path: string) => string,
  problems: Problems,
): OptionValues {
  return readAll((name) => flags[name], 'flag', absolute, problems)
}

/** Reads the variables that stand for options; an empty one counts as not set. */
export function readEnvironment(
  env: Environment,
  absolute: (path: string) => string,
  problems: Problems,
): OptionValues {
  return readAll((_name, option) => env[option.env]?.trim() || undefined, 'env', absolute, problems)
}

/** Tells the variables that look like ours and are none. */
export function unknownVariables(env: Environment): string[] {
  const known = [...Object.values(OPTIONS).map((option) => option.env), ...Object.values(OTHER_VARIABLES)]
  return Object.keys(env)
    .filter((name) => name.startsWith('KSP_') && !known.some((one) => one === name))
    .map((name) => {
      const near = nearest(
        name.slice(4),
        known.map((one) => one.slice(4)),
      )
      return `${name}: unknown variable${near === null ? '' : `; did you mean KSP_${near}?`}`
    })
}

function readAll(
  find: (name: OptionName, option: SharedOption) => unknown,
  label: 'flag' | 'env',
  absolute: (path: string) => string,
  problems: Problems,
): OptionValues {
  const values: Record<string, Given<unknown>> = {}
  for (const name of OPTION_NAMES) {
    const option: SharedOption = OPTIONS[name]
    const found = find(name, option)
    if (found === undefined) continue
    const place = { label: `${option[label]}:`, line: 0 }
    const wrong = (what: string) => problems.add(place, what)
    values[name] = {
      place,
      value: option.kind.parse(option.isList ? splitList(found) : found, { wrong, absolute }),
    }
  }
  return values
}

function splitList(found: unknown): string[] {
  return [found]
    .flat()
    .flatMap((text) => String(text).split(','))
    .map((item) => item.trim())
    .filter((item) => item !== '')
}
