import { readFile, stat } from 'node:fs/promises'
import { dirname, normalize, resolve } from 'node:path'
import { codeOf, isMissing } from '../../lib/errors.ts'
import { glob } from '../../lib/glob.ts'

/** One place where a configuration says supervisord listens. */
export interface ConfServer {
  /** `unix:///…`, `http://…`, … as written, paths made absolute. */
  readonly url: string
  readonly username: string | null
  /** null also where only its hash is known. */
  readonly password: string | null
  /** The password is there only as a `{SHA}` hash, which a client cannot use. */
  readonly hashed: boolean
  /** The section's name. */
  readonly section: string
}

export interface ConfSurroundings {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly hostname: string
}

/** The addresses in a supervisord.conf; each problem is one line. */
export type SupervisorConf =
  | { readonly kind: 'read'; readonly servers: readonly ConfServer[]; readonly problems: readonly string[] }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly cause: string }

/** Sections by name; options by lower-case name. */
type IniSections = Map<string, Map<string, string>>

/**
 * Reads a supervisord.conf and its includes as supervisord does.
 * The addresses come in supervisorctl's order: its own section, then the socket, then the port.
 */
export async function loadSupervisorConf(
  path: string,
  { env, hostname }: ConfSurroundings,
): Promise<SupervisorConf> {
  const sections: IniSections = new Map()
  const main = await loadInto(sections, path)
  if (main.kind !== 'read') return main
  const problems = [...main.problems]

  const here = dirname(resolve(path))
  const valueOf = (name: string): string | undefined => {
    if (name === 'here') return here
    if (name === 'host_node_name') return hostname
    const variable = name.startsWith('ENV_') ? name.slice('ENV_'.length) : ''
    return Object.hasOwn(env, variable) ? env[variable] : undefined
  }
  /** Returns null, and notes why, where a value cannot be expanded. */
  const expanded = (raw: string, place: string): string | null => {
    const result = expand(raw, valueOf)
    if ('value' in result) return result.value
    problems.push(`${path}: ${place}: ${result.wrong}`)
    return null
  }
  const patterns = expanded(sections.get('include')?.get('files') ?? '', '[include] files') ?? ''
  for (const pattern of patterns.split(/\s+/).filter((word) => word !== '')) {
    for (const file of await glob(resolve(here, pattern))) {
      const extra = await loadInto(sections, file)
      if (extra.kind === 'unreadable') problems.push(`${file} cannot be read (${extra.cause})`)
      if (extra.kind === 'read') problems.push(...extra.problems)
    }
  }
  return { kind: 'read', servers: serversOf(sections, expanded, env['HOME'] ?? '/'), problems }
}

/** No supervisord.conf of people is that large. */
const MAX_BYTES = 1024 * 1024

async function loadInto(
  sections: IniSections,
  path: string,
): Promise<{ kind: 'read'; problems: string[] } | Exclude<SupervisorConf, { kind: 'read' }>> {
  let text: string
  try {
    if ((await stat(path)).size > MAX_BYTES) return { kind: 'unreadable', cause: 'larger than 1 MB' }
    text = await readFile(path, 'utf8')
  } catch (error) {
    return isMissing(error)
      ? { kind: 'missing' }
      : { kind: 'unreadable', cause: codeOf(error) ?? String(error) }
  }
  const read = parsePythonIni(text)
  const here = dirname(resolve(path))
  for (const [name, options] of read.sections) {
    const merged = sections.get(name) ?? new Map<string, string>()
    for (const [option, value] of options) merged.set(option, value.replaceAll('%(here)s', here))
    sections.set(name, merged)
  }
  return { kind: 'read', problems: read.wrong === null ? [] : [`${path}: ${read.wrong}`] }
}

/** Returns the addresses of all sections, without those whose value cannot be expanded. */
function serversOf(
  sections: IniSections,
  expanded: (raw: string, place: string) => string | null,
  home: string,
): ConfServer[] {
  const servers: ConfServer[] = []
  for (const { section, option, urlOf } of ADDRESSES) {
    for (const [name, options] of sections) {
      // A server section may carry a name of its own: [unix_http_server:second].
      if (name !== section && !name.startsWith(`${section}:`)) continue
      const get = (key: string) => {
        const raw = options.get(key)
        return raw === undefined ? null : expanded(raw, `[${name}] ${key}`)
      }
      const address = get(option)
      if (address === null) continue
      const password = get('password')
      const hashed = password?.startsWith('{SHA}') ?? false
      servers.push({
        url: urlOf(address.trim(), home),
        username: get('username'),
        password: hashed ? null : password,
        hashed,
        section: name,
      })
    }
  }
  return servers
}

const ADDRESSES: readonly {
  readonly section: string
  readonly option: string
  readonly urlOf: (value: string, home: string) => string
}[] = [
  {
    section: 'supervisorctl',
    option: 'serverurl',
    urlOf: (value, home) =>
      value.startsWith('unix://') ? `unix://${absolute(value.slice(7), home)}` : value,
  },
  {
    section: 'unix_http_server',
    option: 'file',
    urlOf: (value, home) => `unix://${absolute(value, home)}`,
  },
  { section: 'inet_http_server', option: 'port', urlOf: urlOfPort },
]

function absolute(path: string, home: string): string {
  return normalize(resolve(path.replace(/^~(?=\/|$)/, home)))
}

/** `9001`, `:9001` and `*:9001` listen on every address, so also on the local one. */
function urlOfPort(value: string): string {
  const colon = value.lastIndexOf(':')
  const host = value.slice(0, Math.max(colon, 0)).toLowerCase()
  const isLocal = host === '' || host === '*' || host === '0.0.0.0'
  return `http://${isLocal ? '127.0.0.1' : host}:${value.slice(colon + 1)}`
}

/**
 * Reads an INI text as supervisord does, by Python's `RawConfigParser` with `strict=False`: `;` and `#` begin a comment
 * only at the start or after white space, deeper lines continue a value, `:` is as good as `=`, the last of two equal
 * options wins and sections of one name are joined. (The npm package `ini` cuts `a#b`, strips quotes, knows no
 * continuation and splits section names at dots.)
 * @returns the sections, and what is wrong with the first wrong line, as `line 3: …`, or null
 * @see https://docs.python.org/3/library/configparser.html#supported-ini-file-structure
 */
export function parsePythonIni(text: string): { sections: IniSections; wrong: string | null } {
  const sections: IniSections = new Map()
  let section: Map<string, string> | null = null
  let option = ''
  let indent = 0
  let wrong: string | null = null

  for (const [index, line] of text.split(/\r\n|\n|\r/).entries()) {
    const value = withoutComment(line).trim()
    // An empty line inside a value only adds a line break, which no option here is sensitive to.
    if (value === '') continue
    const depth = line.search(/\S/)
    if (section && option !== '' && depth > indent) {
      section.set(option, `${section.get(option) ?? ''}\n${value}`)
      continue
    }
    indent = depth
    const header = /^\[(.+)\]/.exec(value)?.[1]
    const separator = value.search(/[=:]/)
    if (header !== undefined) {
      section = sections.get(header) ?? new Map<string, string>()
      sections.set(header, section)
      option = ''
    } else if (section && separator > 0) {
      option = value.slice(0, separator).trimEnd().toLowerCase()
      section.set(option, value.slice(separator + 1).trimStart())
    } else {
      wrong ??= `line ${index + 1}: neither a section nor an option`
    }
  }
  return { sections, wrong }
}

function withoutComment(line: string): string {
  if (/^\s*[;#]/.test(line)) return ''
  const inline = line.search(/(?<=\s)[;#]/)
  return inline === -1 ? line : line.slice(0, inline)
}

/**
 * Expands `%(name)s` and `%%` as Python's `%` operator does for supervisord.
 * @param valueOf returns undefined for a name that is unknown
 * @returns what is wrong as half a sentence, when a name is unknown or a `%` stands alone
 */
export function expand(
  text: string,
  valueOf: (name: string) => string | undefined,
): { readonly value: string } | { readonly wrong: string } {
  const wrong: string[] = []
  const value = text.replace(/%(?:\(([^()%]*)\)s|%|)/g, (found: string, name: string | undefined) => {
    if (found === '%%') return '%'
    const known = name === undefined ? undefined : valueOf(name)
    if (known === undefined)
      wrong.push(name === undefined ? 'a single % (write %%)' : `${found} is not known here`)
    return known ?? ''
  })
  return wrong[0] === undefined ? { value } : { wrong: wrong[0] }
}
