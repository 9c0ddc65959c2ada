import { join } from 'node:path'
import * as v from 'valibot'
import type { KeyPath } from './toml.ts'
import type { Kind } from './values.ts'

/** Where a configured value stands, as people are told: `config.toml:12: push_every` or `--push-every:`. */
export interface Place {
  readonly label: string
  /** Lines of a file count from 1. Options and variables have 0 and are told first. */
  readonly line: number
}

/** A value that somebody configured; null when it was wrong, which is told already and must not be told twice. */
export interface Given<T> {
  readonly place: Place
  readonly value: T | null
}

/** Collects what is wrong with a configuration, so that all of it can be told at once. */
export class Problems {
  readonly #found: { line: number; text: string }[] = []

  /** @param what goes on after the place: `must be at least 1s, got "0s"` */
  add({ label, line }: Place, what: string): void {
    this.#found.push({ line, text: `${label} ${what}` })
  }

  /** Returns one line each: options and variables first, then the file from top to bottom. */
  list(): string[] {
    return [...new Set(this.#found.toSorted((a, b) => a.line - b.line).map(({ text }) => text))]
  }
}

/**
 * Reads a value by its schema. Adds each problem to `problems`, at the place of the part that is wrong.
 * @param absolute makes a path absolute
 */
export function readValue(
  kind: Kind<unknown>,
  input: unknown,
  absolute: (path: string) => string,
  placeOf: (part: KeyPath) => Place,
  problems: Problems,
): Given<unknown> {
  const place = placeOf([])
  const result = v.safeParse(kind.schema, input)
  if (result.success) return { place, value: kind.resolvePaths?.(result.output, absolute) ?? result.output }
  for (const { path, message } of result.issues) {
    // A key that is missing has no place of its own.
    const parts = (path ?? []).filter(({ value }) => value !== undefined)
    problems.add(placeOf(parts.map(({ key }) => (typeof key === 'number' ? key : String(key)))), message)
  }
  return { place, value: null }
}

/** Replaces `~/` by the user's home folder, which is empty where there is none. */
export function expandHome(path: string, home: string): string {
  return path.startsWith('~/') && home !== '' ? join(home, path.slice(2)) : path
}
