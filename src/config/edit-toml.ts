import { isDeepStrictEqual } from 'node:util'
import { parse, TomlError } from 'smol-toml'
import { formatDuration } from '../lib/duration.ts'
import { isTable } from './kind.ts'
import { locateKeys } from './locate-keys.ts'

/** A `[[monitor]]` that is written by the program rather than by hand. */
export interface WrittenMonitor {
  readonly name: string
  readonly token: string
  readonly kumaIntervalMs: number
  /** Globs; empty is the whole supervisord. */
  readonly programs: readonly string[]
}

/** Stands behind the heading of what was written by the program; who takes it away keeps the monitor for himself. */
const MARK = '# made by provision'

/** The text cannot be changed as wanted; the message goes on after the file's name. */
export class EditError extends Error {
  override name = 'EditError'
}

/** The indexes of the `[[monitor]]` that the program wrote. */
export function writtenMonitors(toml: string): ReadonlySet<number> {
  const lineOf = locateKeys(toml)
  const lines = toml.split('\n')
  return new Set(
    monitorsOf(toml).flatMap((_, index) => {
      const line = lineOf(['monitor', index])
      return line !== null && (lines[line - 1] ?? '').includes(MARK) ? index : []
    }),
  )
}

/**
 * Adds monitors at the end; whatever stands there stays as it is.
 * @throws {EditError}
 */
export function addMonitors(toml: string, monitors: readonly WrittenMonitor[]): string {
  if (monitors.length === 0) return toml
  const added = monitors.map(
    ({ name, token, kumaIntervalMs, programs }) =>
      `\n[[monitor]] ${MARK}\n` +
      `name = ${quoted(name)}\n` +
      `token = ${quoted(token)}\n` +
      `kuma_interval = ${quoted(formatDuration(kumaIntervalMs))}\n` +
      (programs.length === 0 ? '' : `programs = [${programs.map(quoted).join(', ')}]\n`),
  )
  const whole = toml === '' || toml.endsWith('\n') ? toml : `${toml}\n`
  const edited = (whole + added.join('')).replace(/^\n/, '')
  const wanted = {
    ...parse(toml),
    monitor: [
      ...monitorsOf(toml),
      ...monitors.map(({ name, token, kumaIntervalMs, programs }) => ({
        name,
        token,
        kuma_interval: formatDuration(kumaIntervalMs),
        ...(programs.length > 0 && { programs: [...programs] }),
      })),
    ],
  }
  return proven(
    withEndsOf(toml, edited),
    wanted,
    'takes no further [[monitor]]: write each as a table of its own',
  )
}

/**
 * Sets `kuma.url`, which must not be there yet.
 * @throws {EditError}
 */
export function setKumaUrl(toml: string, url: string): string {
  const root = parse(toml)
  const line = `url = ${quoted(url)}`
  const heading = /^[ \t]*\[{1,2}[ \t]*kuma[ \t]*\]{1,2}[^\n]*$/m.exec(toml)
  const edited =
    heading === null
      ? `${toml}${toml === '' || toml.endsWith('\n') ? '' : '\n'}${toml === '' ? '' : '\n'}[kuma]\n${line}\n`
      : `${toml.slice(0, heading.index + heading[0].length)}\n${line}${toml.slice(heading.index + heading[0].length)}`
  const { kuma } = root
  const wanted = {
    ...root,
    kuma: Array.isArray(kuma) ? [{ ...isTableOf(kuma[0]), url }] : { ...isTableOf(kuma), url },
  }
  return proven(
    withEndsOf(toml, edited),
    wanted,
    `cannot be given url = ${quoted(url)} under [kuma]: write it there`,
  )
}

/**
 * Takes away monitors that the program wrote.
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
  return proven(
    lines.join('\n'),
    left.length === 0 ? rest : { ...rest, monitor: left },
    'has a [[monitor]] that was changed too much to be taken away: take it away by hand',
  )
}

/** Only what says what it should is written. */
function proven(edited: string, wanted: unknown, otherwise: string): string {
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

function isTableOf(value: unknown): Readonly<Record<string, unknown>> {
  return isTable(value) ? value : {}
}

/** The parser's tables have no prototype. */
function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}

function withEndsOf(toml: string, edited: string): string {
  return toml.includes('\r\n') ? edited.replaceAll(/\r?\n/g, '\r\n') : edited
}

function quoted(text: string): string {
  return JSON.stringify(text).replaceAll('\u007F', String.raw`\u007F`)
}
