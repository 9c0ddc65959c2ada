import { version } from '../../package.json'
import type { CommandLine, LineOption } from '../../src/commands/command-line.ts'
import { COMMANDS, COMMON_EXITS } from '../../src/commands/commands.ts'
import { headingOf, TABLES } from '../../src/config/schema.ts'
import { OPTION_TOPICS } from '../../src/config/options.ts'
import type { KeyEntry } from './read-keys.ts'
import { bold, entry, roff } from './roff.ts'

/** Writes the manual page, which `man` of every Linux can show. */
export function makeManPage(line: CommandLine, keys: readonly KeyEntry[]): string {
  const { name, summary, shared, commands } = line
  const named = OPTION_TOPICS.map((topic) => `${topic}:`)
  const topics = [...new Set([...named, ...shared.map(({ topic }) => topic)])]
  return `.\\" Made by: npm run docs
.TH ${name.toUpperCase().replaceAll('-', '\\-')} 1 "" "${name} ${version}" "User Commands"
.SH NAME
${roff(name)} \\- ${roff(lowerFirst(summary))}
.SH SYNOPSIS
${bold(name)} [\\fIcommand\\fR] [\\fIoptions\\fR]
.SH DESCRIPTION
${roff(
  `Looks at supervisord through systemd (D-Bus) and XML-RPC every few seconds, judges what it sees by fixed rules, and pushes one line about it to push monitors of Uptime Kuma: on a period, and at once when something changes.
It needs neither root nor a change of supervisord, only the right to use its socket.`,
)}
.SH COMMANDS
${commands
  .map(({ name: command, arguments: args, summary: says, own }) =>
    [
      entry(
        [bold(command), ...[...args.keys()].map((one) => `\\fI${roff(one)}\\fR`)].join(' '),
        roff(sentence(says)),
        ...[...args].flatMap(([one, words]) =>
          words.length > 0 ? [`\\fI${roff(one)}\\fR is ${words.map(bold).join(' or ')}.`] : [],
        ),
      ),
      ...(own.length > 0 ? ['.RS', ...own.map(describeOption), '.RE'] : []),
    ].join('\n'),
  )
  .join('\n')}
.SH OPTIONS
${roff('An option wins over its variable, and this over the configuration file.')}
${topics
  .map((topic) =>
    [
      `.SS ${roff(topic.replace(/:$/, ''))}`,
      ...shared.filter((option) => option.topic === topic).map(describeOption),
    ].join('\n'),
  )
  .join('\n')}
.SH CONFIGURATION FILE
${roff('TOML. Everything has a default but the tokens. Times and sizes have a unit: 500ms, 24s, 5m, 1h30m; 512MB, 2GB.')}
${TABLES.map((table) =>
  [`.SS ${roff(headingOf(table))}`, ...keys.filter((one) => one.table === table).map(describeKey)].join('\n'),
).join('\n')}
.SH SIGNALS
${entry('\\fBSIGHUP\\fR', roff('reads the configuration again; a wrong one is refused, and the one before stays in force.'))}
${entry('\\fBSIGUSR1\\fR', 'looks at once.')}
${entry('\\fBSIGTERM\\fR, \\fBSIGINT\\fR', 'stop; a second one stops at once.')}
.SH EXIT STATUS
${[
  ...Object.entries(COMMANDS).flatMap(([command, { exits }]) =>
    Object.entries(exits).map(([code, meaning]) => ({ code, meaning: `${command}: ${meaning}` })),
  ),
  ...Object.entries(COMMON_EXITS).map(([code, meaning]) => ({ code, meaning })),
]
  .toSorted((a, b) => Number(a.code) - Number(b.code))
  .map(({ code, meaning }) => entry(bold(code), roff(meaning)))
  .join('\n')}
.SH FILES
${entry('\\fI/etc/kuma\\-supervisor\\-push/config.toml\\fR', 'The configuration, with the tokens: mode 0600.')}
${entry('\\fI/var/lib/kuma\\-supervisor\\-push/state.json\\fR', 'What is remembered over a restart.')}
.SH EXAMPLES
${entry(bold(`${name} once --dry-run`), 'Looks once and prints what it would push.')}
${entry(bold(`${name} status`), 'Shows what it sees now.')}
${entry(bold(`${name} doctor --push`), 'Tries every leg of the way, and one true heartbeat.')}
.SH SEE ALSO
.BR supervisorctl (1),
.BR systemctl (1),
.BR journalctl (1)
`
}

function describeOption({ flags, placeholder, help, shared }: LineOption): string {
  const value = placeholder === null ? '' : ` \\fI${roff(placeholder.replaceAll(/[<>]/g, ''))}\\fR`
  const known = shared === null ? [] : [shared.env, ...(shared.key === null ? [] : [shared.key])]
  return entry(
    flags.map((flag) => `${bold(flag)}${value}`).join(', '),
    roff(help),
    ...(known.length > 0 ? [known.map(bold).join(', ')] : []),
  )
}

function describeKey({ key, words, form, fallback, option, inner }: KeyEntry): string {
  return entry(
    bold(key),
    roff(words),
    roff(`${sentence(form)}${fallback === null ? '' : ` Default: ${fallback}`}`),
    ...(option === null ? [] : [`${bold(option.flag)}, ${bold(option.env)}`]),
    ...inner.map((one) =>
      roff(`${one.key}: ${one.form}${one.fallback === null ? '' : `; default ${one.fallback}`}`),
    ),
  )
}

function sentence(text: string): string {
  return /[.)\]…]$/.test(text) ? upperFirst(text) : `${upperFirst(text)}.`
}

function upperFirst(text: string): string {
  return /^[a-z]+(?![\w/:])/.test(text) ? `${text[0]?.toUpperCase()}${text.slice(1)}` : text
}

function lowerFirst(text: string): string {
  return `${text[0]?.toLowerCase()}${text.slice(1)}`.replace(/\.$/, '')
}
