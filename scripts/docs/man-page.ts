import { version } from '../../package.json'
import type { CommandLine, LineCommand, LineOption } from '../../src/cli/command-line.ts'
import { OPTION_TOPICS } from '../../src/config/options.ts'
import { headingOf, TABLES } from '../../src/config/schema.ts'
import { groupExits, type KeyEntry } from './reference.ts'

/** Writes the manual page, which `man` of every Linux can show. */
export function makeManPage(
  { name, summary, shared, commands }: CommandLine,
  keys: readonly KeyEntry[],
): string {
  // Options of no topic, such as --help, come last.
  const topics = new Set([...OPTION_TOPICS.map((topic) => `${topic}:`), ...shared.map(({ topic }) => topic)])
  return `${[
    '.\\" Made by: npm run docs',
    `.TH ${roff(name.toUpperCase())} 1 "" "${name} ${version}" "User Commands"`,
    '.SH NAME',
    `${roff(name)} \\- ${roff(lowerFirst(summary))}`,
    '.SH SYNOPSIS',
    `${bold(name)} [${italic('command')}] [${italic('options')}]`,
    '.SH DESCRIPTION',
    roff(DESCRIPTION),
    '.SH COMMANDS',
    ...commands.map(describeCommand),
    '.SH OPTIONS',
    roff('An option wins over its variable, and this over the configuration file.'),
    ...[...topics].flatMap((topic) => [
      `.SS ${roff(topic.replace(/:$/, ''))}`,
      ...shared.filter((option) => option.topic === topic).map(describeOption),
    ]),
    '.SH CONFIGURATION FILE',
    roff('TOML. Everything has a default but the tokens.'),
    roff('Times and sizes have a unit: 500ms, 24s, 5m, 1h30m; 512MB, 2GB.'),
    ...TABLES.flatMap((table) => [
      `.SS ${roff(headingOf(table))}`,
      ...keys.filter((key) => key.table === table).map(describeKey),
    ]),
    '.SH SIGNALS',
    entry(
      bold('SIGHUP'),
      'Loads the configuration again; a wrong one is refused, the one before stays in force.',
    ),
    entry(bold('SIGUSR1'), 'Looks at once.'),
    entry(`${bold('SIGTERM')}, ${bold('SIGINT')}`, 'Stop; a second one stops at once.'),
    '.SH EXIT STATUS',
    ...groupExits().map(({ code, meanings }) => entry(bold(code), ...meanings.map(describeMeaning))),
    '.SH FILES',
    ...FILES.map(([path, what]) => entry(italic(path), roff(what))),
    '.SH EXAMPLES',
    ...EXAMPLES.map(([args, what]) => entry(bold(`${name} ${args}`), roff(what))),
    '.SH SEE ALSO',
    '.BR supervisorctl (1),',
    '.BR systemctl (1),',
    '.BR journalctl (1)',
  ].join('\n')}\n`
}

const DESCRIPTION = `Looks at supervisord through systemd (D-Bus) and XML-RPC every few seconds,
judges what it sees by fixed rules, and pushes one line about it to push monitors of Uptime Kuma:
on a period, and at once when something changes.
It needs neither root nor a change of supervisord, only the right to use its socket.`

const FILES = [
  ['/etc/kuma-supervisor-push/config.toml', 'The configuration, with the tokens: mode 0600.'],
  ['/var/lib/kuma-supervisor-push/state.json', 'What is remembered over a restart.'],
] as const

const EXAMPLES = [
  ['once --dry-run', 'Looks once and prints what it would push.'],
  ['status', 'Shows what it sees now.'],
  ['doctor --push', 'Tries every leg of the way, with one true heartbeat.'],
] as const

function describeCommand({ name, arguments: args, summary, own }: LineCommand): string {
  const term = [bold(name), ...[...args.keys()].map(italic)].join(' ')
  const choices = [...args].flatMap(([argument, words]) =>
    words.length > 0 ? `${italic(argument)} is ${words.map(bold).join(' or ')}.` : [],
  )
  const options = own.length > 0 ? ['.RS', ...own.map(describeOption), '.RE'] : []
  return [entry(term, roff(sentence(summary)), ...choices), ...options].join('\n')
}

function describeOption({ flags, placeholder, help, shared }: LineOption): string {
  const value = placeholder === null ? '' : ` ${italic(placeholder.replaceAll(/[<>]/g, ''))}`
  const known = [shared?.env, shared?.key].filter((one) => one !== undefined && one !== null)
  return entry(
    flags.map((flag) => `${bold(flag)}${value}`).join(', '),
    roff(help),
    ...(known.length > 0 ? [known.map(bold).join(', ')] : []),
  )
}

function describeKey({ key, help, form, default: value, option, inner }: KeyEntry): string {
  return entry(
    bold(key),
    roff(help),
    roff(`${sentence(form)}${value === null ? '' : ` Default: ${value}`}`),
    ...(option === null ? [] : [`${bold(option.flag)}, ${bold(option.env)}`]),
    ...inner.map((one) =>
      roff(`${one.key}: ${one.form}${one.default === null ? '' : `; default ${one.default}`}`),
    ),
  )
}

function describeMeaning({ meaning, commands }: { meaning: string; commands: readonly string[] }): string {
  return commands.length === 0 ? roff(meaning) : `${commands.map(bold).join(', ')}: ${roff(meaning)}`
}

function sentence(text: string): string {
  return /[.)\]…]$/.test(text) ? upperFirst(text) : `${upperFirst(text)}.`
}

/** Only where a word of the language begins: no URL, no name. */
function upperFirst(text: string): string {
  return /^[a-z]+(?![\w/:])/.test(text) ? `${text[0]?.toUpperCase()}${text.slice(1)}` : text
}

function lowerFirst(text: string): string {
  return `${text[0]?.toLowerCase()}${text.slice(1)}`.replace(/\.$/, '')
}

/** Text as roff takes it: hyphens that can be copied, no line that begins like a request. */
function roff(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll(/^[.']/gm, '\\&$&')
}

/** Text in bold. */
function bold(text: string): string {
  return `\\fB${roff(text)}\\fR`
}

/** Text in italics, for what is to be replaced. */
function italic(text: string): string {
  return `\\fI${roff(text)}\\fR`
}

/** An entry of a list: what stands at the left, and lines below it. */
function entry(term: string, ...lines: readonly string[]): string {
  return [`.TP`, term, ...lines.flatMap((line, index) => (index === 0 ? [line] : ['.br', line]))].join('\n')
}
