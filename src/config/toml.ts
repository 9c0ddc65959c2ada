import { parse, TomlError } from 'smol-toml'

/** Keys and array indexes from the root of a TOML document: `['monitor', 1, 'programs', 0]`. */
export type KeyPath = readonly (string | number)[]

/** Returns the line, from 1, of a key or of an array's item; null when the document has none. */
export type LineOf = (path: KeyPath) => number | null

/** A text that is TOML, or the place where it is not. */
export type TomlReading =
  | { readonly kind: 'toml'; readonly root: Readonly<Record<string, unknown>>; readonly lineOf: LineOf }
  | { readonly kind: 'wrong'; readonly line: number; readonly column: number; readonly cause: string }

/** Tells a TOML table from everything else. */
export function isTable(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

export function parseToml(toml: string): TomlReading {
  try {
    return { kind: 'toml', root: parse(toml, { maxDepth: 20 }), lineOf: locateKeys(toml) }
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const { line, column } = error
    // The other lines of the message show the file, which may hold a token.
    const cause = error.message.split('\n')[0]?.replace(/^Invalid TOML document: /, '') ?? ''
    const hint = hintFor(toml.split(/\r?\n/)[line - 1] ?? '')
    return { kind: 'wrong', line, column, cause: `${cause}${hint}` }
  }
}

/** The usual slips: a value without its quotes, a key without a value. */
function hintFor(line: string): string {
  const match = /^\s*([\w.-]+)\s*(=?)\s*(.*)$/.exec(line)
  if (match === null) return ''
  const [, key = '', equals = '', value = ''] = match
  if (equals === '' || value === '') return `; a line is key = value, such as push_every = "24s"`
  if (/^["'[{]/.test(value)) return ''
  return `; a text needs quotes: ${key} = "…"`
}

/**
 * Finds the lines of all keys of a TOML document that smol-toml has accepted, since smol-toml tells none.
 * @see https://toml.io/en/v1.0.0
 */
export function locateKeys(toml: string): LineOf {
  const { lines } = new KeyScanner(toml).scan()
  return (path) => lines.get(idOf(path)) ?? null
}

/** Goes through a document once. It knows strings, brackets and comments, and leaves the rest to smol-toml. */
class KeyScanner {
  /** By the id of a path. */
  readonly lines = new Map<string, number>()
  /** How many tables each array of tables has so far. */
  readonly #counts = new Map<string, number>()
  readonly #toml: string
  #position = 0
  #line = 1
  /** The line breaks before it are counted in `#line`. */
  #countedTo = 0

  constructor(toml: string) {
    this.#toml = toml
  }

  scan(): this {
    let table: KeyPath = []
    for (this.#skipBlank(); !this.#atEnd(); this.#skipBlank()) {
      if (this.#takes('[')) table = this.#header()
      else this.#keyValue(table)
    }
    return this
  }

  #header(): KeyPath {
    const isArray = this.#takes('[')
    const line = this.#currentLine()
    const names = this.#key(']')
    if (isArray) this.#takes(']')
    const path: (string | number)[] = []
    for (const [index, name] of names.entries()) {
      path.push(name)
      this.#note(path, line)
      const id = idOf(path)
      if (isArray && index === names.length - 1) this.#counts.set(id, (this.#counts.get(id) ?? 0) + 1)
      const count = this.#counts.get(id)
      if (count !== undefined) path.push(count - 1)
      this.#note(path, line)
    }
    return path
  }

  #keyValue(table: KeyPath): void {
    const line = this.#currentLine()
    const names = this.#key('=')
    for (const index of names.keys()) this.#note([...table, ...names.slice(0, index + 1)], line)
    this.#value([...table, ...names])
  }

  /** Takes a key, dotted and quoted as it may be, and the character after it. */
  #key(end: '=' | ']'): string[] {
    const start = this.#position
    while (!this.#atEnd() && this.#next() !== end) {
      if (this.#atQuote()) this.#string()
      else this.#position++
    }
    const names = namesIn(this.#toml.slice(start, this.#position))
    this.#position++
    return names
  }

  #value(path: KeyPath): void {
    this.#skipBlank()
    if (this.#takes('[')) {
      for (let index = 0; this.#hasItem(']'); index++) {
        this.#note([...path, index], this.#currentLine())
        this.#value([...path, index])
      }
    } else if (this.#takes('{')) while (this.#hasItem('}')) this.#keyValue(path)
    else if (this.#atQuote()) this.#string()
    else this.#skipTo(/[\n,\]}#]/g)
  }

  /** Goes to the next item of an array or inline table, or past its end. */
  #hasItem(end: ']' | '}'): boolean {
    this.#skipBlank()
    if (this.#takes(',')) this.#skipBlank()
    return !this.#takes(end) && !this.#atEnd()
  }

  #string(): void {
    const quote = this.#next()
    const isLong = this.#takes(quote.repeat(3))
    const end = isLong ? quote.repeat(3) : quote
    if (!isLong) this.#position++
    while (!this.#atEnd() && !this.#toml.startsWith(end, this.#position)) {
      this.#position += quote === '"' && this.#next() === '\\' ? 2 : 1
    }
    this.#position += end.length
    // One or two quotes may stand before the three that end a long string.
    if (isLong) while (this.#next() === quote) this.#position++
  }

  #skipBlank(): void {
    for (this.#skipTo(/[^\s\uFEFF]/g); this.#next() === '#'; this.#skipTo(/[^\s]/g)) this.#skipTo(/\n/g)
  }

  #skipTo(pattern: RegExp): void {
    pattern.lastIndex = this.#position
    this.#position = pattern.exec(this.#toml)?.index ?? this.#toml.length
  }

  #takes(mark: string): boolean {
    const isThere = this.#toml.startsWith(mark, this.#position)
    if (isThere) this.#position += mark.length
    return isThere
  }

  #next(): string {
    return this.#toml[this.#position] ?? ''
  }

  #atQuote(): boolean {
    return this.#next() === '"' || this.#next() === "'"
  }

  #atEnd(): boolean {
    return this.#position >= this.#toml.length
  }

  #currentLine(): number {
    for (; this.#countedTo < this.#position; this.#countedTo++) {
      if (this.#toml[this.#countedTo] === '\n') this.#line++
    }
    return this.#line
  }

  /** The first place of a path is the one that counts. */
  #note(path: KeyPath, line: number): void {
    const id = idOf(path)
    if (!this.lines.has(id)) this.lines.set(id, line)
  }
}

function idOf(path: KeyPath): string {
  return JSON.stringify(path)
}

/** Lets smol-toml read the names of a dotted key, with its quotes and escapes. */
function namesIn(key: string): string[] {
  const names: string[] = []
  let level: unknown = parse(`${key} = 0`)
  while (isTable(level)) {
    const [entry] = Object.entries(level)
    names.push(entry?.[0] ?? '')
    level = entry?.[1]
  }
  return names
}
