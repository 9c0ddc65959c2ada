import { parse } from 'smol-toml'

/** Keys and array indexes from the root of a TOML document: `['monitor', 1, 'programs', 0]`. */
export type KeyPath = readonly (string | number)[]

/** Gives the line, from 1, where a key or an array's item stands; null when the document has none. */
export type LineOf = (path: KeyPath) => number | null

/**
 * Finds the lines of all keys of a TOML document that smol-toml has accepted, since smol-toml tells none.
 * @see https://toml.io/en/v1.0.0
 */
export function locateKeys(toml: string): LineOf {
  const scan = createScan(toml)
  let table: KeyPath = []
  for (scan.skipBlank(); !scan.atEnd(); scan.skipBlank()) {
    if (scan.takes('[')) table = scan.header()
    else scan.keyValue(table)
  }
  return (path) => scan.lines.get(idOf(path)) ?? null
}

function createScan(toml: string) {
  const lines = new Map<string, number>()
  /** How many tables each array of tables has so far. */
  const counts = new Map<string, number>()
  let position = 0
  let counted = { position: 0, line: 1 }

  function lineNow(): number {
    let { line } = counted
    for (let i = counted.position; i < position; i++) if (toml[i] === '\n') line++
    counted = { position, line }
    return line
  }

  function note(path: KeyPath, line: number): void {
    const id = idOf(path)
    if (!lines.has(id)) lines.set(id, line)
  }

  const atEnd = () => position >= toml.length

  function takes(mark: string): boolean {
    const found = toml.startsWith(mark, position)
    if (found) position += mark.length
    return found
  }

  function skipTo(pattern: RegExp): void {
    pattern.lastIndex = position
    const match = pattern.exec(toml)
    position = match === null ? toml.length : match.index
  }

  function skipBlank(): void {
    for (skipTo(/[^\s\uFEFF]/g); toml[position] === '#'; skipTo(/[^\s]/g)) skipTo(/\n/g)
  }

  /** Takes a key, dotted and quoted as it may be, and the mark after it. */
  function key(end: '=' | ']'): string[] {
    const start = position
    while (!atEnd() && toml[position] !== end) {
      const quote = toml[position]
      if (quote === '"' || quote === "'") string()
      else position++
    }
    const names = namesIn(toml.slice(start, position))
    position++
    return names
  }

  function header(): KeyPath {
    const isArray = takes('[')
    const line = lineNow()
    const names = key(']')
    if (isArray) takes(']')
    const path: (string | number)[] = []
    for (const [index, name] of names.entries()) {
      path.push(name)
      note(path, line)
      const id = idOf(path)
      if (isArray && index === names.length - 1) counts.set(id, (counts.get(id) ?? 0) + 1)
      const count = counts.get(id)
      if (count !== undefined) path.push(count - 1)
      note(path, line)
    }
    return path
  }

  function keyValue(table: KeyPath): void {
    const line = lineNow()
    const names = key('=')
    for (const index of names.keys()) note([...table, ...names.slice(0, index + 1)], line)
    value([...table, ...names])
  }

  function value(path: KeyPath): void {
    skipBlank()
    if (takes('[')) {
      for (let index = 0; opens(']'); index++) {
        note([...path, index], lineNow())
        value([...path, index])
      }
    } else if (takes('{')) while (opens('}')) keyValue(path)
    else if (toml[position] === '"' || toml[position] === "'") string()
    else skipTo(/[\n,\]}#]/g)
  }

  /** Goes to the next item of an array or inline table, or past its end. */
  function opens(end: ']' | '}'): boolean {
    skipBlank()
    if (takes(',')) skipBlank()
    return !takes(end) && !atEnd()
  }

  function string(): void {
    const quote = toml[position] ?? ''
    const isLong = takes(quote.repeat(3))
    const end = isLong ? quote.repeat(3) : quote
    if (!isLong) position++
    while (!atEnd() && !toml.startsWith(end, position)) {
      position += quote === '"' && toml[position] === '\\' ? 2 : 1
    }
    position += end.length
    // One or two quotes may stand before the three that end a long string.
    if (isLong) while (toml[position] === quote) position++
  }

  return { lines, atEnd, takes, skipBlank, header, keyValue }
}

function idOf(path: KeyPath): string {
  return JSON.stringify(path)
}

/** Lets smol-toml read the names of a dotted key, with its quotes and escapes. */
function namesIn(key: string): string[] {
  const names: string[] = []
  let level: unknown = parse(`${key} = 0`)
  while (typeof level === 'object' && level !== null) {
    const [entry] = Object.entries(level)
    names.push(entry?.[0] ?? '')
    level = entry?.[1]
  }
  return names
}
