import { readFile } from 'node:fs/promises'
import { dirname, normalize, resolve } from 'node:path'
import { codeOf, isMissing } from '../../lib/errors.ts'
import { expand } from './expand.ts'
import { glob } from '../../lib/glob.ts'
import { type IniSections, parsePythonIni } from './python-ini.ts'

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

/** What a supervisord.conf says of addresses; each problem is one line. */
export type SupervisorConf =
  | { readonly kind: 'read'; readonly servers: readonly ConfServer[]; readonly problems: readonly string[] }
  | { readonly kind: 'missing' }
  | { readonly kind: 'unreadable'; readonly cause: string }

/**
 * Reads a supervisord.conf and its includes as supervisord does.
 * The addresses come in supervisorctl's order: its own section, then the socket, then the port.
 */
export async function loadSupervisorConf(path: string, around: ConfSurroundings): Promise<SupervisorConf> {
  const sections: IniSections = new Map()
  const problems: string[] = []
  const main = await loadInto(sections, path)
  if (main.kind !== 'read') return main
  problems.push(...main.problems)

  const here = dirname(resolve(path))
  const valueOf = (name: string): string | undefined => {
    if (name === 'here') return here
    if (name === 'host_node_name') return around.hostname
    const variable = /^ENV_(.+)$/s.exec(name)?.[1]
    return variable !== undefined && Object.hasOwn(around.env, variable) ? around.env[variable] : undefined
  }
  const expanded = (raw: string, place: string): string | null => {
    const result = expand(raw, valueOf)
    if ('value' in result) return result.value
    problems.push(`${path}: ${place}: ${result.wrong}`)
    return null
  }
  const patterns = expanded(sections.get('include')?.get('files') ?? '', '[include] files') ?? ''
  for (const pattern of patterns.split(/\s+/).filter((word) => word !== '')) {
    for (const file of await glob(resolve(dirname(path), pattern))) {
      const extra = await loadInto(sections, file)
      if (extra.kind === 'unreadable') problems.push(`${file} cannot be read (${extra.cause})`)
      if (extra.kind === 'read') problems.push(...extra.problems)
    }
  }
  return { kind: 'read', servers: serversOf(sections, expanded, around.env['HOME'] ?? '/'), problems }
}

/** The addresses of all sections, those left out whose value cannot be expanded. */
function serversOf(
  sections: IniSections,
  expanded: (raw: string, place: string) => string | null,
  home: string,
): ConfServer[] {
  const servers: ConfServer[] = []
  for (const { section, option, urlOf } of ADDRESSES) {
    sections.forEach((options, name) => {
      // A server section may carry a name of its own: [unix_http_server:second].
      if (name !== section && !name.startsWith(`${section}:`)) return
      const get = (key: string) => {
        const raw = options.get(key)
        return raw === undefined ? null : expanded(raw, `[${name}] ${key}`)
      }
      const address = get(option)
      if (address === null) return
      const password = get('password')
      const hashed = password?.startsWith('{SHA}') ?? false
      servers.push({
        url: urlOf(address.trim(), home),
        username: get('username'),
        password: hashed ? null : password,
        hashed,
        section: name,
      })
    })
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
  const [, host = '', port = ''] = /^(?:(.*):)?([^:]*)$/s.exec(value) ?? []
  return `http://${host === '' || host === '*' || host === '0.0.0.0' ? '127.0.0.1' : host.toLowerCase()}:${port}`
}

async function loadInto(
  sections: IniSections,
  path: string,
): Promise<{ kind: 'read'; problems: string[] } | Exclude<SupervisorConf, { kind: 'read' }>> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (error) {
    return isMissing(error)
      ? { kind: 'missing' }
      : { kind: 'unreadable', cause: codeOf(error) ?? String(error) }
  }
  const read: IniSections = new Map()
  const wrong = parsePythonIni(text, read)
  const here = dirname(resolve(path))
  read.forEach((options, name) => {
    const merged = sections.get(name) ?? new Map<string, string>()
    options.forEach((value, option) => merged.set(option, value.replaceAll('%(here)s', here)))
    sections.set(name, merged)
  })
  return { kind: 'read', problems: wrong === null ? [] : [`${path}: ${wrong}`] }
}
