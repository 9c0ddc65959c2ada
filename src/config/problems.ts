import type { Place } from '../lib/place.ts'

/** Collects what is wrong with a configuration, so that all of it can be told at once. */
export interface Problems {
  /** `what` goes on after the place: `must be at least 1s, got "0s"`. */
  add(place: Place, what: string): void
  /** One line each: options and variables first, then the file from top to bottom. */
  list(): string[]
}

export function createProblems(): Problems {
  const found: { line: number; text: string }[] = []
  return {
    add: ({ label, line }, what) => found.push({ line, text: `${label} ${what}` }),
    list: () => [...new Set(found.toSorted((a, b) => a.line - b.line).map(({ text }) => text))],
  }
}
