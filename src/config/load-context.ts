import { nearest } from '../lib/nearest.ts'
import { quote } from '../lib/quote.ts'
import type { Entry } from './document.ts'
import type { FileSource } from './files.ts'
import { Problems, type Given, type Place } from './given.ts'
import { readEnvironment, readFlags, unknownVariables } from './options.ts'
import type { OptionName, OptionValues, SharedFlags } from './options.ts'
import type { TableName } from './schema.ts'
import { readSecretFile, whyNotUsable, type Environment } from './secrets.ts'

/** The shared state of loading a configuration: what was given outside the file, what is wrong, and how files are read. */
export class LoadContext {
  readonly files: FileSource
  readonly env: Environment
  /** The user's home folder; empty where there is none. */
  readonly home: string
  readonly problems = new Problems()
  /** One line each. */
  readonly warnings: string[]
  /** The sources that win over the file, the first one most. */
  readonly layers: readonly OptionValues[]

  constructor(flags: SharedFlags, env: Environment, home: string, files: FileSource) {
    this.files = files
    this.env = env
    this.home = home
    this.warnings = unknownVariables(env)
    this.layers = [readFlags(flags, home, this.problems), readEnvironment(env, home, this.problems)]
  }

  /** Returns an option's value from the command line, else from the environment, else from the file. */
  given<N extends OptionName>(name: N, inFile?: OptionValues[N]): OptionValues[N] | undefined {
    return this.layers.find((layer) => layer[name] !== undefined)?.[name] ?? inFile
  }

  /** Returns where options were given outside the file, wrong ones included. */
  placesOf(...names: OptionName[]): Place[] {
    return this.layers.flatMap((layer) => names.flatMap((name) => layer[name]?.place ?? []))
  }

  /** Refuses options that could be about any of several tables of the file. */
  refuseAmbiguous(table: TableName, count: number, ...names: OptionName[]): void {
    if (count < 2) return
    const what = `cannot tell which of ${count} [[${table}]] is meant; change it in the file`
    for (const place of this.placesOf(...names)) this.problems.add(place, what)
  }

  /** Names every table of a list. Refuses a name that is given twice, and puts a number behind a fallback that is taken. */
  resolveNames(tables: readonly { given: Given<string> | undefined; fallback: string }[]): string[] {
    const places = new Map<string, Place>()
    for (const { given } of tables) {
      if (given === undefined || given.value === null) continue
      const first = places.get(given.value)
      if (first === undefined) places.set(given.value, given.place)
      else {
        const what = `must be a name of its own, ${quote(given.value)} is taken in line ${first.line}`
        this.problems.add(given.place, what)
      }
    }
    const taken = new Set(places.keys())
    return tables.map(({ given, fallback }) => {
      if (given !== undefined && given.value !== null) return given.value
      let name = fallback
      for (let count = 2; taken.has(name); count++) name = `${fallback} ${count}`
      taken.add(name)
      return name
    })
  }

  /** Tells whether a name is one of those that tables have, and refuses another one. */
  isKnown(table: TableName, { place, value }: Given<string>, names: readonly string[]): boolean {
    if (value === null || names.includes(value)) return value !== null
    const near = nearest(value, names)
    const hint = near === null ? `known are ${names.map(quote).join(', ')}` : `did you mean ${quote(near)}?`
    this.problems.add(place, `must be the name of a [[${table}]], got ${quote(value)}; ${hint}`)
    return false
  }

  /** Leaves out what no monitor uses, and warns of it. */
  keepUsed<T extends { readonly name: string }>(
    configs: readonly T[],
    entries: readonly Entry<TableName>[],
    used: ReadonlySet<string | null>,
    consequence: string,
  ): T[] {
    for (const [index, { place }] of entries.entries()) {
      const name = configs[index]?.name ?? ''
      if (used.has(name)) continue
      this.warnings.push(`${place.label} ${quote(name)} is in no [[monitor]] and ${consequence}`)
    }
    return configs.filter(({ name }) => used.has(name))
  }

  /**
   * Returns the secret that a file holds; null after telling why there is none.
   * @param isNeeded false turns a file that cannot be read into a warning
   */
  async readSecret({ place, value: path }: Given<string>, isNeeded = true): Promise<string | null> {
    if (path === null) return null
    const reading = await readSecretFile(this.files, path, this.env)
    if (reading.kind === 'secret') {
      if (reading.exposure !== null) this.warnings.push(reading.exposure)
      return reading.secret
    }
    if (reading.kind === 'unreadable' && !isNeeded) this.warnings.push(`${place.label} ${reading.cause}`)
    else this.problems.add(place, reading.cause)
    return null
  }

  /** Returns the password of a login, after telling what is missing or too much; null when there is none. */
  async readPassword(login: {
    readonly username?: Given<string>
    readonly password?: Given<string>
    readonly password_file?: Given<string>
  }): Promise<string | null> {
    const { username, password, password_file: file } = login
    const given = password ?? file
    if (password !== undefined && file !== undefined) {
      this.problems.add(file.place, 'cannot stand beside password')
    }
    if (username !== undefined && given === undefined) {
      this.problems.add(username.place, 'needs a password or password_file too')
    }
    if (given !== undefined && username === undefined) this.problems.add(given.place, 'needs a username too')
    // Basic authentication ends the name at its first colon.
    if (username?.value?.includes(':') === true) this.problems.add(username.place, 'must not hold a colon')
    if (password !== undefined || file === undefined) return password?.value ?? null
    return this.readSecret(file)
  }

  /** Refuses the file of a certificate or a key that is of no use. */
  async checkUsable(file: Given<string> | undefined): Promise<void> {
    if (file === undefined || file.value === null) return
    const cause = await whyNotUsable(this.files, file.value)
    if (cause !== null) this.problems.add(file.place, cause)
  }
}
