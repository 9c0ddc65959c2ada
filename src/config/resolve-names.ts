import type { Given, Place } from '../lib/place.ts'
import type { Problems } from './problems.ts'
import { quote } from '../lib/quote.ts'

interface Named {
  readonly given: Given<string> | undefined
  /** Used where no name is given, with a number behind it where it is taken. */
  readonly fallback: string
}

/** Names every entry of a list, in its order; two given names that are the same are a problem. */
export function resolveNames(entries: readonly Named[], problems: Problems): string[] {
  const places = new Map<string, Place>()
  for (const { given } of entries) {
    if (given === undefined || given.value === null) continue
    const first = places.get(given.value)
    if (first === undefined) places.set(given.value, given.place)
    else
      problems.add(
        given.place,
        `must be a name of its own, ${quote(given.value)} is taken in line ${first.line}`,
      )
  }
  const taken = new Set(places.keys())
  return entries.map(({ given, fallback }) => {
    if (given !== undefined && given.value !== null) return given.value
    let name = fallback
    for (let count = 2; taken.has(name); count++) name = `${fallback} ${count}`
    taken.add(name)
    return name
  })
}
