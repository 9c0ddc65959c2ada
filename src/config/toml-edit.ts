import { isDeepStrictEqual } from 'node:util'
import { parse, TomlError } from 'smol-toml'
import { formatDuration } from '../lib/duration.ts'
import { isTable, locateKeys } from './toml.ts'

/** A `[[monitor]]` that the program writes, rather than a person. */
export interface WrittenMonitor {
  readonly name: string
  readonly token: string
  readonly kumaIntervalMs: number
  /** Globs; empty is the whole supervisord. */
  readonly programs: readonly string[]
}

/** Stands behind the heading of a table that the program wrote. Who removes it keeps the monitor as their own. */
const MARK = '# made by provision'

/** The text cannot be changed as wanted; the message goes on after the file's name. */
export class EditError extends Error {
  override name = 'EditError'
}

/** Returns the indexes of the `[[monitor]]` that the program wrote. */
export function writtenMonitors(toml: string): ReadonlySet<number> {
  const lineOf = locateKeys(toml)
  const lines = toml.split('\n')
  const isWritten = (index: number) => (lines[(lineOf(['monitor', index]) ?? 0) - 1] ?? '').includes(MARK)
  return new Set([...monitorsOf(toml).keys()].filter(isWritten))
}

/**
 * Adds monitors at the end and leaves the rest as it is.
 * @throws {EditError}
 */
export function addMonitors(toml: string, monitors: readonly WrittenMonitor[]): string {
  if (monitors.length === 0) return toml
  const tables = monitors.map(({ name, token, kumaIntervalMs, programs }) => ({
    name,
    token,
    kuma_interval: formatDuration(kumaIntervalMs),
    ...(programs.length > 0 && { programs: [...programs] }),
  }))
  const added = tables.map((table) => {
    const lines = Object.entries(table).map(([key, value]) => `${key} = ${write(value)}\n`)
    return `[[monitor]] ${MARK}\n${lines.join('')}`
  })
  return prove(
    withLineEndsOf(toml, [...(toml === '' ? [] : [endLine(toml)]), ...added].join('\n')),
    { ...parse(toml), monitor: [...monitorsOf(toml), ...tables] },
    'takes no further [[monitor]]: write each as a table of its own',
  )
}

/**
 * Sets `kuma.url`, which must not be there yet.
 * @throws {EditError}
 */
export function setKumaUrl(toml: string, url: string): string {
  const root = parse(toml)
  const line = `url = ${write(url)}`
  const heading = /^[ \t]*\[{1,2}[ \t]*kuma[ \t]*\]{1,2}[^\n]*$/m.exec(toml)
  const headingEnd = heading === null ? 0 : heading.index + heading[0].length
  const edited =
    heading === null
      ? [...(toml === '' ? [] : [endLine(toml)]), `[kuma]\n${line}\n`].join('\n')
      : `${toml.slice(0, headingEnd)}\n${line}${toml.slice(headingEnd)}`
  const before: unknown = Array.isArray(root['kuma']) ? root['kuma'][0] : root['kuma']
  const kuma = { ...(isTable(before) && before), url }
  return prove(
    withLineEndsOf(toml, edited),
    { ...root, kuma: Array.isArray(root['kuma']) ? [kuma] : kuma },
    `cannot be given ${line} under [kuma]: write it there`,
  )
}

/**
 * Removes monitors that the program wrote.
 * @throws {EditError}
 */
export function removeMonitors(toml: string, indexes: ReadonlySet<number>): string {
  if (indexes.size === 0) return toml
  const lineOf = locateKeys(toml)
  const lines = toml.split('\n')
  for (const index of [...indexes].toSorted((a, b) => b - a)) {
    const start = (lineOf(['monitor', index]) ?? 0) - 1
    const isEnd = (line: string, at: number) => at > start && /^[ \t\r]*($|\[)/.test(line)
    const found = lines.findIndex(isEnd)
    const end = found === -1 ? lines.length : found
    const isGap = (lines[start - 1] ?? '').trim() === ''
    lines.splice(isGap && start > 0 ? start - 1 : start, end - start + (isGap && start > 0 ? 1 : 0))
  }
  const left = monitorsOf(toml).filter((_, index) => !indexes.has(index))
  const { monitor: _, ...rest } = parse(toml)
  return prove(
    lines.join('\n'),
    left.length === 0 ? rest : { ...rest, monitor: left },
    'has a [[monitor]] that was changed too much to be taken away: take it away by hand',
  )
}

/** Returns the edited text once it is sure that it means what was wanted. */
function prove(edited: string, wanted: unknown, otherwise: string): string {
  try {
    if (isDeepStrictEqual(plain(parse(edited)), plain(wanted))) return edited
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
  }
  throw new EditError(otherwise)
}

function monitorsOf(toml: string): readonly unknown[] {
  const { monitor } = parse(toml)
  return Array.isArray(monitor) ? monitor : []
}

/** The parser's tables have no prototype. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

function endLine(toml: string): string {
  return toml.endsWith('\n') ? toml : `${toml}\n`
}

function withLineEndsOf(toml: string, edited: string): string {
  return toml.includes('\r\n') ? edited.replaceAll(/\r?\n/g, '\r\n') : edited
}

/** JSON's strings are TOML's, but for a character that TOML wants escaped. */
function write(value: string | readonly string[]): string {
  if (typeof value !== 'string') return `[${value.map(write).join(', ')}]`
  return JSON.stringify(value).replaceAll('\u007F', String.raw`\u007F`)
}
