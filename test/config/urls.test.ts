import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseKumaUrl } from '../../src/config/kuma-url.ts'
import type { Parsed } from '../../src/config/parsed.ts'
import { parseProxyUrl } from '../../src/config/proxy-url.ts'
import { parseSupervisorUrl } from '../../src/config/supervisor-url.ts'
import { parseUnitName } from '../../src/config/unit-name.ts'

interface Table {
  right: [string, string][]
  wrong: [string, string][]
}

function check(name: string, parse: (text: string) => Parsed<string>, { right, wrong }: Table): void {
  describe(name, () => {
    for (const [text, value] of right) {
      test(`reads ${JSON.stringify(text)} as ${value}`, () => assert.deepEqual(parse(text), { value }))
    }
    for (const [text, message] of wrong) {
      test(`refuses ${JSON.stringify(text)}`, () => assert.deepEqual(parse(text), { wrong: message }))
    }
  })
}

const NO_LOGIN =
  'must not hold a user name or password; for basic authentication in front of Kuma ' +
  'set username and password_file in [kuma]'

check('parseKumaUrl', parseKumaUrl, {
  right: [
    ['http://10.9.0.55:3001', 'http://10.9.0.55:3001'],
    ['http://10.9.0.55:3001/', 'http://10.9.0.55:3001'],
    ['https://status.example.com/kuma/', 'https://status.example.com/kuma'],
    ['http://h:3001/dashboard', 'http://h:3001'],
    ['http://h:3001/kuma/dashboard/12', 'http://h:3001/kuma'],
    ['http://[fd00::1]:3001//', 'http://[fd00::1]:3001'],
  ],
  wrong: [
    [
      '10.9.0.55:3001',
      'must start with http:// or https://, got "10.9.0.55:3001"; did you mean "http://10.9.0.55:3001"?',
    ],
    ['ftp://h', 'must start with http:// or https://, got "ftp://h"'],
    ['http://', 'is not a valid URL: "http://"'],
    ['http://h:99999', 'is not a valid URL: "http://h:99999"'],
    ['http://kay:secret@h', NO_LOGIN],
    ['http://h:3001/?token=secret', 'must not hold a query or a fragment; take "http://h:3001"'],
    [
      'http://h:3001/api/push/AWbUXTosJG?status=up',
      'is a push URL and must be the base of Kuma alone, such as "http://h:3001"; ' +
        'a whole push URL goes into --push-url, or push_url of a [[monitor]]',
    ],
    [
      'http://h:3001/api/push',
      'is a push URL and must be the base of Kuma alone, such as "http://h:3001"; ' +
        'a whole push URL goes into --push-url, or push_url of a [[monitor]]',
    ],
  ],
})

const KINDS = 'must be auto, none, unix:///…, http://… or https://…, got'

check('parseSupervisorUrl', parseSupervisorUrl, {
  right: [
    ['auto', 'auto'],
    ['none', 'none'],
    ['unix:///var/run/supervisor.sock', 'unix:///var/run/supervisor.sock'],
    ['unix:///tmp/a b.sock', 'unix:///tmp/a b.sock'],
    ['http://127.0.0.1:9001', 'http://127.0.0.1:9001'],
    ['http://127.0.0.1:9001/RPC2', 'http://127.0.0.1:9001'],
    ['https://h/sup/RPC2/', 'https://h/sup'],
    ['http://[::1]:9001/', 'http://[::1]:9001'],
  ],
  wrong: [
    [
      '/var/run/supervisor.sock',
      `${KINDS} "/var/run/supervisor.sock"; did you mean "unix:///var/run/supervisor.sock"?`,
    ],
    ['localhost:9001', `${KINDS} "localhost:9001"; did you mean "http://localhost:9001"?`],
    ['tcp://h:9001', `${KINDS} "tcp://h:9001"`],
    ['Auto', `${KINDS} "Auto"`],
    [
      'unix://run/s.sock',
      'must have three slashes before the path, got "unix://run/s.sock"; did you mean "unix:///run/s.sock"?',
    ],
    [
      'http://kay:secret@h:9001',
      'must not hold a user name or password; set username and password_file in [[supervisor]]',
    ],
    ['http://h:9001/?x=1', 'must not hold a query or a fragment'],
    [`unix:///${'a'.repeat(107)}`, 'has a socket path of 108 bytes; the kernel takes at most 107'],
  ],
})

check('parseProxyUrl', parseProxyUrl, {
  right: [
    ['http://proxy:3128', 'http://proxy:3128'],
    ['https://proxy/', 'https://proxy'],
    ['http://kay:s%40cret@proxy:3128/', 'http://kay:s%40cret@proxy:3128'],
  ],
  wrong: [
    ['proxy:3128', 'must be a URL such as "http://proxy:3128", got "proxy:3128"'],
    ['socks5://proxy', 'must be a URL such as "http://proxy:3128", got "socks5://proxy"'],
    ['http://proxy/x', 'must be scheme, host and port alone, got "http://proxy/x"; take "http://proxy"'],
  ],
})

check('parseUnitName', parseUnitName, {
  right: [
    ['nginx.service', 'nginx.service'],
    ['nginx', 'nginx.service'],
    ['backup.timer', 'backup.timer'],
    ['getty@tty1', 'getty@tty1.service'],
    ['a.b', 'a.b.service'],
    ['dev-disk-by\\x2duuid.device', 'dev-disk-by\\x2duuid.device'],
  ],
  wrong: [
    ['nginx service', 'must be the name of a systemd unit such as "nginx.service", got "nginx service"'],
    [
      '/etc/systemd/x.service',
      'must be the name of a systemd unit such as "nginx.service", got "/etc/systemd/x.service"',
    ],
    ['getty@.service', 'is a template, got "getty@.service"; name an instance such as "getty@1.service"'],
  ],
})
