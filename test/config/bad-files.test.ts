import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SharedFlags } from '../../src/config/options.ts'
import { problemsOf } from '../helpers/load-text.ts'
import type { MemoryFile } from '../helpers/memory-files.ts'

interface Row {
  name: string
  /** The file `config.toml`; null is none. */
  toml?: MemoryFile | null
  flags?: SharedFlags
  env?: Record<string, string>
  files?: Record<string, MemoryFile>
  problems: string[]
}

const TOKEN = '[[monitor]]\ntoken = "AWbUXTosJG"\n'
const COPY = 'copy the Push URL from the page of the monitor in Kuma'
const NO_TOKEN = 'pass --token or --push-url with what Kuma shows for a push monitor, or'

const files: Row[] = [
  {
    name: 'no file and no token',
    toml: null,
    problems: [`no push token: ${NO_TOKEN} write config.toml; --dry-run needs none`],
  },
  {
    name: 'an empty file',
    toml: '',
    problems: [`config.toml: no push token; ${NO_TOKEN} add a [[monitor]]; --dry-run needs none`],
  },
  {
    name: 'a file of comments',
    toml: '\uFEFF# nothing\r\n',
    problems: [`config.toml: no push token; ${NO_TOKEN} add a [[monitor]]; --dry-run needs none`],
  },
  {
    name: 'a named file that is missing',
    flags: { config: 'other.toml' },
    problems: ['--config: other.toml does not exist'],
  },
  {
    name: 'a file named by a variable that is missing',
    env: { KSP_CONFIG: 'other.toml' },
    problems: ['KSP_CONFIG: other.toml does not exist'],
  },
  {
    name: 'a folder',
    flags: { config: '/etc' },
    files: { '/etc': { code: 'EISDIR' } },
    problems: ['--config: /etc is a folder, not a file'],
  },
  {
    name: 'a default file that is closed to us',
    toml: { code: 'EACCES' },
    flags: { token: 'AWbUXTosJG' },
    problems: [
      'config.toml cannot be read: permission denied; run as its owner or as root, or give the user access to it; ' +
        '--config takes another (/dev/null is none)',
    ],
  },
  {
    name: 'an error that nobody thought of',
    toml: { code: 'EIO' },
    problems: ['config.toml cannot be read: EIO; --config takes another (/dev/null is none)'],
  },
  {
    name: '5 MB of text',
    toml: { content: 'a'.repeat(5_000_000) },
    flags: { config: 'config.toml' },
    problems: ['--config: config.toml is larger than 1024 KiB'],
  },
  {
    name: 'Latin-1',
    toml: { content: Buffer.from('[kuma]\nurl = "http://k\xfcma"\n', 'latin1') },
    flags: { config: 'config.toml' },
    problems: ['--config: config.toml is not UTF-8 text in line 2; save it as UTF-8'],
  },
  {
    name: 'UTF-16',
    toml: { content: Buffer.from('\uFEFF[kuma]\n', 'utf16le') },
    flags: { config: 'config.toml' },
    problems: ['--config: config.toml is not UTF-8 text; it has zero bytes in it'],
  },
]

const syntax: Row[] = [
  {
    name: 'a time without its quotes',
    toml: '[agent]\npush_every = 24s\n',
    problems: [
      'config.toml:2:16: is not TOML: illegal character in numeric literal; a text needs quotes: push_every = "…"',
    ],
  },
  {
    name: 'a token without its quotes, which is not shown',
    toml: '[[monitor]]\r\ntoken = AWbUXTosJG\r\n',
    problems: ['config.toml:2:9: is not TOML: invalid value; a text needs quotes: token = "…"'],
  },
  {
    name: 'a quote that is not closed',
    toml: '[[monitor]]\ntoken = "AWbUXTosJG\n',
    problems: ['config.toml:2:20: is not TOML: control characters are not allowed in strings'],
  },
  {
    name: 'a colon for the equals sign',
    toml: '[agent]\npush_every: "24s"\n',
    problems: [
      'config.toml:2:11: is not TOML: illegal character in key; a line is key = value, such as push_every = "24s"',
    ],
  },
  {
    name: 'a key twice',
    toml: '[agent]\npush_every = "24s"\npush_every = "25s"\n',
    problems: ['config.toml:3:1: is not TOML: trying to redefine an already defined table or value'],
  },
  {
    name: 'a table twice',
    toml: '[agent]\n[kuma]\n[agent]\n',
    problems: ['config.toml:3:2: is not TOML: trying to redefine an already defined table or value'],
  },
  {
    name: 'YAML',
    toml: 'kuma:\n  url: http://h\n',
    problems: [
      'config.toml:1:5: is not TOML: illegal character in key; a line is key = value, such as push_every = "24s"',
    ],
  },
  {
    name: 'a deep nest',
    toml: `a = ${'['.repeat(5000)}`,
    problems: ['config.toml:1:25: is not TOML: document contains excessively nested structures. aborting.'],
  },
]

const shapes: Row[] = [
  {
    name: 'a mistyped key',
    toml: `[agent]\n\n\npush_evry = "24s"\n${TOKEN}`,
    problems: ['config.toml:4: unknown key "push_evry" in [agent]; did you mean "push_every"?'],
  },
  {
    name: 'a key that is like no other',
    toml: `[[monitor]]\ntoken = "abc"\ncolour = "red"\n`,
    problems: [
      'config.toml:3: unknown key "colour" in [[monitor]]; known are name, token, token_file, push_url, kuma, kuma_interval, supervisor, programs, exclude, min_running, stopped, memory, http, on_failure, restart_cooldown, log_tail, unit',
    ],
  },
  {
    name: 'a key in the wrong table',
    toml: '[agent]\ntoken = "AWbUXTosJG"\n[kuma]\nmin_running = 1\n',
    problems: [
      `config.toml: no push token; ${NO_TOKEN} add a [[monitor]]; --dry-run needs none`,
      'config.toml:2: unknown key "token" in [agent]; it belongs in [[monitor]]',
      'config.toml:4: unknown key "min_running" in [kuma]; it belongs in [[monitor]]',
    ],
  },
  {
    name: 'keys above the first table',
    toml: `push_every = "24s"\nurl = "x"\n${TOKEN}`,
    problems: [
      'config.toml:1: unknown key "push_every" above the first table; it belongs in [agent]',
      'config.toml:2: unknown key "url" above the first table; it belongs in [kuma] or [[supervisor]]',
    ],
  },
  {
    name: 'unknown tables',
    toml: `[monitors]\n[toast]\n${TOKEN}`,
    problems: [
      'config.toml:1: unknown table "monitors"; did you mean "monitor"?',
      'config.toml:2: unknown table "toast"; known are kuma, agent, supervisor, monitor',
    ],
  },
  {
    name: 'names of every object',
    toml: `__proto__ = 1\n[agent]\nconstructor = 2\n${TOKEN}toString = 3\n`,
    problems: [
      'config.toml:1: unknown table "__proto__"; known are kuma, agent, supervisor, monitor',
      'config.toml:3: unknown key "constructor" in [agent]; known are push_every, check_every, schedule, state_file, on_stop',
      'config.toml:6: unknown key "toString" in [[monitor]]; known are name, token, token_file, push_url, kuma, kuma_interval, supervisor, programs, exclude, min_running, stopped, memory, http, on_failure, restart_cooldown, log_tail, unit',
    ],
  },
  {
    name: '[monitor] for [[monitor]]',
    toml: '[monitor]\ntoken = "AWbUXTosJG"\n',
    problems: ['config.toml:1: [monitor] can stand there several times: write [[monitor]]'],
  },
  {
    name: '[[agent]] for [agent]',
    toml: `[[agent]]\n${TOKEN}`,
    problems: ['config.toml:1: [[agent]] stands there once: write [agent]'],
  },
  {
    name: 'values for tables',
    toml: 'kuma = "http://h"\nmonitor = "x"\nsupervisor = [\n{},\n3 ]\n',
    problems: [
      'config.toml:1: kuma must be a table that starts with [kuma], got a text',
      'config.toml:2: monitor must be a table that starts with [[monitor]], got a text',
      'config.toml:5: supervisor must be a table that starts with [[supervisor]], got a number',
    ],
  },
]

const values: Row[] = [
  {
    name: 'times',
    toml: `[agent]\npush_every = "0s"\ncheck_every = 5\n[kuma]\ntimeout = "soon"\n[[supervisor]]\ntimeout = "1h"\n${TOKEN}`,
    problems: [
      'config.toml:2: push_every must be at least 1s, got "0s"',
      'config.toml:3: check_every needs a unit, got 5; "5s" is in seconds',
      'config.toml:5: timeout must be a time with its unit such as "24s", "5m" or "1h30m", got "soon"',
      'config.toml:7: supervisor[1].timeout must be at most 5m, got "1h"',
    ],
  },
  {
    name: 'times of other types',
    toml: `[agent]\npush_every = -1\ncheck_every = nan\n[kuma]\ntimeout = 07:32:00\n${TOKEN}`,
    problems: [
      'config.toml:2: push_every must be at least 1s, got -1',
      'config.toml:3: check_every must be a time with its unit such as "24s", "5m" or "1h30m", got NaN',
      'config.toml:5: timeout must be a time with its unit such as "24s", "5m" or "1h30m", got a date',
    ],
  },
  {
    name: 'schedules',
    toml: `[agent]\nschedule = "61 * * * *"\n${TOKEN}`,
    problems: [
      'config.toml:2: schedule must be a cron expression such as "*/5 * * * *", got "61 * * * *" (Field value (61) is out of range)',
    ],
  },
  {
    name: 'a schedule that never comes',
    toml: `[agent]\nschedule = "0 0 31 2 *"\n${TOKEN}`,
    problems: ['config.toml:2: schedule never comes in the next 8 years, got "0 0 31 2 *"'],
  },
  {
    name: 'a schedule beside a period',
    toml: `[agent]\nschedule = "* * * * *"\npush_every = "24s"\n${TOKEN}`,
    problems: ['config.toml:2: schedule takes the place of push_every; give one of them'],
  },
  {
    name: 'a Kuma URL that is a push URL',
    toml: `[kuma]\nurl = "http://h:3001/api/push/AWbUXTosJG"\n${TOKEN}`,
    problems: [
      'config.toml:2: url is a push URL and must be the base of Kuma alone, such as "http://h:3001"; a whole push URL goes into --push-url, or push_url of a [[monitor]]',
    ],
  },
  {
    name: 'headers',
    toml: `[kuma.headers]\n"a b" = "secret"\nHost = "secret"\nX-A = "secret"\nx-a = "secret"\nX-B = "sec\\nret"\nX-C = "secret\u4e00"\nX-D = 12\n${TOKEN}`,
    problems: [
      'config.toml:2: headers."a b" is not a valid name of an HTTP header',
      'config.toml:3: headers.Host is set by the HTTP client and cannot be given',
      'config.toml:5: headers.x-a is the same header as X-A',
      'config.toml:6: headers.X-B must be one line without control characters',
      'config.toml:7: headers.X-C must hold Latin characters only',
      'config.toml:8: headers.X-D must be a text in quotes, got a number',
    ],
  },
  {
    name: 'headers that are no table',
    toml: `[kuma]\nheaders = "X: secret"\n${TOKEN}`,
    problems: ['config.toml:2: headers must be a table such as { "X-Name" = "value" }, got a text'],
  },
  {
    name: 'certificates',
    toml: `[kuma]\nca_file = "ca.pem"\nclient_cert_file = "/c.pem"\n[[supervisor]]\nurl = "http://127.0.0.1:9001"\nca_file = "/c.pem"\n${TOKEN}`,
    files: { '/c.pem': ' \n' },
    problems: [
      'config.toml:2: ca_file ca.pem does not exist',
      'config.toml:3: client_cert_file needs client_key_file too',
      'config.toml:3: client_cert_file /c.pem is empty',
      'config.toml:6: supervisor[1].ca_file has a use with an https:// url only',
      'config.toml:6: supervisor[1].ca_file /c.pem is empty',
    ],
  },
]

const supervisors: Row[] = [
  {
    name: 'a URL of a wrong kind',
    toml: `[[supervisor]]\nurl = "/run/supervisor.sock"\n${TOKEN}`,
    problems: [
      'config.toml:2: supervisor[1].url must be auto, none, unix:///…, http://… or https://…, got "/run/supervisor.sock"; did you mean "unix:///run/supervisor.sock"?',
    ],
  },
  {
    name: 'a URL with a password, which is not shown',
    toml: `[[supervisor]]\nurl = "http://kay:s3cret@h:9001"\n${TOKEN}`,
    problems: [
      'config.toml:2: supervisor[1].url must not hold a user name or password; set username and password_file in [[supervisor]]',
    ],
  },
  {
    name: 'a password in a place where URLs go, which is not shown',
    toml: `[[supervisor]]\nunit = "http://kay:s3cret@h"\n[kuma]\nproxy = "socks://kay:s3cret@h?x=s3cret"\n${TOKEN}`,
    problems: [
      'config.toml:2: supervisor[1].unit must be the name of a systemd unit such as "nginx.service", got "http://…@h"',
      'config.toml:4: proxy must be a URL such as "http://proxy:3128", got "socks://…@h?…"',
    ],
  },
  {
    name: 'credentials that do not fit together',
    toml: `[[supervisor]]\nusername = "a:b"\n[[supervisor]]\nname = "x"\npassword = "s3cret"\npassword_file = "/p"\n[[supervisor]]\npassword = 1234\nusername = "kay"\n${TOKEN}`,
    problems: [
      'config.toml:2: supervisor[1].username needs a password or password_file too',
      'config.toml:2: supervisor[1].username must not hold a colon',
      'config.toml:5: supervisor[2].password needs a username too',
      'config.toml:6: supervisor[2].password_file cannot stand beside password',
      'config.toml:8: supervisor[3].password must be a text in quotes, got a number',
    ],
  },
  {
    name: 'password files',
    toml: `[[supervisor]]\nusername = "kay"\npassword_file = "two"\n[[supervisor]]\nusername = "kay"\npassword_file = "none"\n${TOKEN}`,
    files: { two: 's3cret\ns3cret\n' },
    problems: [
      'config.toml:3: supervisor[1].password_file two must hold one line',
      'config.toml:6: supervisor[2].password_file none does not exist',
    ],
  },
  {
    name: 'nothing to look at',
    toml: `[[supervisor]]\nunit = "none"\nurl = "none"\nusername = "kay"\npassword = "s3cret"\n${TOKEN}`,
    problems: [
      'config.toml:3: supervisor[1].url leaves nothing to look at, since the unit is "none" too',
      'config.toml:4: supervisor[1].username has no use with url = "none"',
      'config.toml:5: supervisor[1].password has no use with url = "none"',
    ],
  },
  {
    name: 'names that are taken or unknown',
    toml: `[[supervisor]]\nname = "web"\n[[supervisor]]\nname = "web"\n${TOKEN}supervisor = "wbe"\n[[monitor]]\ntoken = "abc"\nsupervisor = "other"\n`,
    problems: [
      'config.toml:4: supervisor[2].name must be a name of its own, "web" is taken in line 2',
      'config.toml:7: monitor[1].supervisor must be the name of a [[supervisor]], got "wbe"; did you mean "web"?',
      'config.toml:10: monitor[2].supervisor must be the name of a [[supervisor]], got "other"; known are "web", "web"',
    ],
  },
]

const monitors: Row[] = [
  {
    name: 'a token with a slash',
    toml: '[[monitor]]\ntoken = "AWb/UXTosJG"\n',
    problems: [
      `config.toml:2: monitor[1].token must be letters and digits only, got "AWb…" with "/" at character 4; ${COPY}`,
    ],
  },
  {
    name: 'no token',
    toml: `${TOKEN}[[monitor]]\nname = "x"\n`,
    problems: ['config.toml:3: monitor[2] needs token, token_file or push_url'],
  },
  {
    name: 'more than one token',
    toml: '[[monitor]]\ntoken = "abc"\npush_url = "http://h/api/push/def"\ntoken_file = "t"\n',
    problems: [
      'config.toml:3: monitor[1].push_url is one too many: give only one of token, token file and push URL',
      'config.toml:4: monitor[1].token_file is one too many: give only one of token, token file and push URL',
    ],
  },
  {
    name: 'two monitors with one token',
    toml: `${TOKEN}[kuma]\nurl = "http://h"\n[[monitor]]\nname = "x"\npush_url = "http://h/api/push/AWbUXTosJG?status=up"\n`,
    problems: [
      'config.toml:7: monitor[2].push_url has the same token as line 2; each monitor needs a push monitor of its own in Kuma',
    ],
  },
  {
    name: 'token files',
    toml: '[[monitor]]\ntoken_file = "/none"\n[[monitor]]\ntoken_file = "/folder"\n[[monitor]]\ntoken_file = "/empty"\n[[monitor]]\ntoken_file = "/closed"\n[[monitor]]\ntoken_file = "/slash"\n[[monitor]]\ntoken_file = "/two"\n',
    files: {
      '/folder': { code: 'EISDIR' },
      '/empty': '\n',
      '/closed': { code: 'EACCES' },
      '/slash': 'AWb/UXTosJG\n',
      '/two': 'AWbUXTosJG\nb7Kq2mXz9P\n',
    },
    problems: [
      'config.toml:2: monitor[1].token_file /none does not exist',
      'config.toml:4: monitor[2].token_file /folder is a folder, not a file',
      'config.toml:6: monitor[3].token_file /empty is empty',
      'config.toml:8: monitor[4].token_file /closed cannot be read: permission denied; run as its owner or as root, or give the user access to it',
      `config.toml:10: monitor[5].token_file the token in /slash must be letters and digits only, got "AWb…" with "/" at character 4; ${COPY}`,
      'config.toml:12: monitor[6].token_file /two must hold one line',
    ],
  },
  {
    name: 'selections',
    toml: `${TOKEN}programs = "celery:*"\nexclude = [\n  "a",\n  "",\n  3,\n]\nmin_running = "3"\nstopped = "up"\n[[monitor]]\ntoken = "abc"\nprograms = []\nmin_running = 1.5\n`,
    problems: [
      'config.toml:3: monitor[1].programs must be an array of texts such as ["celery:*"], got "celery:*"',
      'config.toml:6: monitor[1].exclude[2] must not be empty',
      'config.toml:7: monitor[1].exclude[3] must be a text in quotes, got a number',
      'config.toml:9: monitor[1].min_running must be a whole number of at least 1, got "3"',
      'config.toml:10: monitor[1].stopped must be "down" or "ok", got "up"',
      'config.toml:13: monitor[2].programs must not be empty; leave it out',
      'config.toml:14: monitor[2].min_running must be a whole number of at least 1, got 1.5',
    ],
  },
  {
    name: 'a unit beside programs',
    toml: `${TOKEN}unit = "nginx"\nprograms = ["a"]\nstopped = "ok"\n`,
    problems: [
      'config.toml:4: monitor[1].programs has no use beside unit, which has no programs',
      'config.toml:5: monitor[1].stopped has no use beside unit, which has no programs',
    ],
  },
  {
    name: 'a key that went, with the line to write',
    toml: `${TOKEN}stderr_tail = true\nmemory = "64MB"\n`,
    problems: [
      'config.toml:3: monitor[1].stderr_tail is no key any more, since a program may write its errors to stdout; ' +
        'write log_tail = true in its place',
    ],
  },
  {
    name: 'limits',
    toml: `${TOKEN}memory = "512"\nlog_tail = "maybe"\non_failure = "restart"\nrestart_cooldown = "1s"\n[[monitor]]\ntoken = "abc"\nmemory = "-1MB"\n[[monitor]]\ntoken = "def"\nmemory = "1KB"\non_failure = "reboot"\n[[monitor]]\ntoken = "ghi"\nmemory = "1025GB"\n`,
    problems: [
      'config.toml:3: monitor[1].memory must be a size with its unit such as "512MB" or "2GB", got "512"',
      'config.toml:4: monitor[1].log_tail must be true or false, got "maybe"',
      'config.toml:6: monitor[1].restart_cooldown must be at least 10s, got "1s"',
      'config.toml:9: monitor[2].memory must be a size with its unit such as "512MB" or "2GB", got "-1MB"',
      'config.toml:12: monitor[3].memory must be at least 1MB, got "1KB"',
      'config.toml:13: monitor[3].on_failure must be "report" or "restart", got "reboot"',
      'config.toml:16: monitor[4].memory must be at most 1024GB, got "1025GB"',
    ],
  },
  {
    name: 'a restart for nothing',
    toml: `${TOKEN}on_failure = "restart"\n`,
    problems: ['config.toml:3: monitor[1].on_failure is about memory and http, and neither is set'],
  },
  {
    name: 'HTTP checks',
    toml: `${TOKEN}http = { url = "http://kay:s3cret@h", status = 200, body = "", timeout = 5, when = "never", stauts = 1, x = 2 }\n[[monitor]]\ntoken = "abc"\n[monitor.http]\nstatus = []\n[[monitor]]\ntoken = "def"\nhttp = "http://h"\n[[monitor]]\ntoken = "ghi"\n[monitor.http]\nurl = "ftp://h"\nstatus = [200, 1000]\n`,
    problems: [
      'config.toml:3: monitor[1].http.url must not hold a user name or password',
      'config.toml:3: monitor[1].http.status must be an array of HTTP status codes such as [200, 204], got 200',
      'config.toml:3: monitor[1].http.body must not be empty',
      'config.toml:3: monitor[1].http.timeout needs a unit, got 5; "5s" is in seconds',
      'config.toml:3: monitor[1].http.when must be "running" or "always", got "never"',
      'config.toml:3: monitor[1].http.stauts is an unknown key; did you mean "status"?',
      'config.toml:3: monitor[1].http.x is an unknown key; known are url, status, body, timeout, when',
      'config.toml:6: monitor[2].http needs a url',
      'config.toml:7: monitor[2].http.status must be an array of HTTP status codes such as [200, 204], got an array',
      'config.toml:10: monitor[3].http must be a table such as { url = "http://127.0.0.1:8000/health" }, got a text',
      'config.toml:14: monitor[4].http.url must be a URL that starts with http:// or https://, got "ftp://h"',
      'config.toml:15: monitor[4].http.status must be an array of HTTP status codes such as [200, 204], got an array',
    ],
  },
  {
    name: 'limits beside a unit',
    toml: `${TOKEN}unit = "nginx"\nmemory = "1GB"\nhttp = { url = "http://h" }\non_failure = "restart"\n`,
    problems: [
      'config.toml:4: monitor[1].memory has no use beside unit, which has no programs',
      'config.toml:5: monitor[1].http has no use beside unit, which has no programs',
      'config.toml:6: monitor[1].on_failure has no use beside unit, which has no programs',
    ],
  },
  {
    name: 'names',
    toml: `${TOKEN}name = "a"\n[[monitor]]\ntoken = "abc"\nname = "a"\n[[monitor]]\ntoken = "def"\nname = "a\\nb"\n`,
    problems: [
      'config.toml:6: monitor[2].name must be a name of its own, "a" is taken in line 3',
      'config.toml:9: monitor[3].name must be one line without control characters',
    ],
  },
]

const options: Row[] = [
  {
    name: 'wrong values',
    toml: null,
    flags: {
      token: 'AWb/UXTosJG',
      pushEvery: '0',
      kumaUrl: 'h:3001',
      supervisorUrl: 'tcp://h',
      programs: [' , '],
      logLevel: 'loud',
    },
    env: { KSP_CHECK_EVERY: '5', KSP_DRY_RUN: 'perhaps', KSP_STATE_FILE: '' },
    problems: [
      `--token: must be letters and digits only, got "AWb…" with "/" at character 4; ${COPY}`,
      '--kuma-url: must start with http:// or https://, got "h:3001"; did you mean "http://h:3001"?',
      '--supervisor-url: must be auto, none, unix:///…, http://… or https://…, got "tcp://h"',
      '--programs: must not be empty; leave it out',
      '--push-every: must be at least 1s, got "0"',
      '--log-level: must be "debug", "info", "warn" or "error", got "loud"',
      'KSP_CHECK_EVERY: needs a unit, got "5"; "5s" is in seconds',
      'KSP_DRY_RUN: must be true or false, got "perhaps"',
    ],
  },
  {
    name: 'an empty value',
    toml: null,
    flags: { token: '', pushEvery: '' },
    problems: [
      '--token: must not be empty',
      '--push-every: must be a time with its unit such as "24s", "5m" or "1h30m", got ""',
    ],
  },
  {
    name: 'options that take each other’s place',
    toml: null,
    flags: { token: 'abc', pushUrl: 'http://h/api/push/abc', pushEvery: '5s', schedule: '* * * * *' },
    problems: [
      '--schedule: takes the place of --push-every; give one of them',
      '--push-url: is one too many: give only one of token, token file and push URL',
    ],
  },
  {
    name: 'a push URL and another Kuma URL',
    toml: null,
    flags: { pushUrl: 'http://h/kuma/api/push/abc', kumaUrl: 'http://other' },
    problems: ['--kuma-url: differs from the push URL, which says http://h/kuma; leave it out'],
  },
  {
    name: 'options for a file with several monitors',
    toml: `${TOKEN}[[monitor]]\ntoken = "abc"\n`,
    flags: { token: 'def', programs: ['a'] },
    env: { KSP_PUSH_URL: 'http://h/api/push/abc' },
    problems: [
      '--token: cannot tell which of 2 [[monitor]] is meant; change it in the file',
      '--programs: cannot tell which of 2 [[monitor]] is meant; change it in the file',
      'KSP_PUSH_URL: cannot tell which of 2 [[monitor]] is meant; change it in the file',
    ],
  },
  {
    name: 'options for a file with several supervisords',
    toml: `[[supervisor]]\n[[supervisor]]\n${TOKEN}`,
    flags: { supervisorUrl: 'auto' },
    env: { KSP_UNIT: 'x' },
    problems: [
      '--supervisor-url: cannot tell which of 2 [[supervisor]] is meant; change it in the file',
      'KSP_UNIT: cannot tell which of 2 [[supervisor]] is meant; change it in the file',
    ],
  },
  {
    name: 'options about supervisord for a monitor of a unit',
    toml: `${TOKEN}unit = "nginx"\n`,
    flags: { unit: 'x', programs: ['a'] },
    problems: [
      '--programs: has no use beside unit, which has no programs',
      '--unit: has no use: every [[monitor]] watches a unit of its own',
    ],
  },
  {
    name: 'the problems of every source at once',
    toml: '[agent]\npush_every = 5\n[[monitor]]\n',
    flags: { checkEvery: '1' },
    env: { KSP_UNIT: 'a b' },
    problems: [
      '--check-every: needs a unit, got "1"; "1s" is in seconds',
      'KSP_UNIT: must be the name of a systemd unit such as "nginx.service", got "a b"',
      'config.toml:2: push_every needs a unit, got 5; "5s" is in seconds',
      'config.toml:3: monitor[1] needs token, token_file or push_url',
    ],
  },
]

for (const [heading, rows] of Object.entries({
  files,
  syntax,
  shapes,
  values,
  supervisors,
  monitors,
  options,
})) {
  describe(`bad configuration: ${heading}`, () => {
    for (const { name, toml = null, problems, ...request } of rows) {
      test(`tells of ${name}`, async () => {
        const found = await problemsOf(toml, request)
        assert.deepEqual(found, problems)
        assert.doesNotMatch(found.join(''), /\n|UXTosJG|s3cret/)
      })
    }
  })
}
