import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  parseKumaUrl,
  parseProxyUrl,
  parsePushAddress,
  parsePushUrl,
  parseSupervisorUrl,
  parseUnitName,
  type Parsed,
} from '../../src/config/urls.ts'

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

describe('parsePushAddress', () => {
  const right: [string, string | null, string][] = [
    ['AWbUXTosJG', null, 'AWbUXTosJG'],
    [' AWbUXTosJG\n', null, 'AWbUXTosJG'],
    [
      'http://10.9.0.55:3001/api/push/AWbUXTosJG?status=up&msg=OK&ping=',
      'http://10.9.0.55:3001',
      'AWbUXTosJG',
    ],
    ['https://status.example.com/api/push/abc', 'https://status.example.com', 'abc'],
    ['https://status.example.com:443/api/push/abc#x', 'https://status.example.com', 'abc'],
    ['http://h/kuma/api/push/TOKEN', 'http://h/kuma', 'TOKEN'],
    ['http://h/a/b/api/push/TOKEN/', 'http://h/a/b', 'TOKEN'],
    ['http://h//api/push/TOKEN', 'http://h', 'TOKEN'],
    ['http://h/api/push//TOKEN', 'http://h', 'TOKEN'],
    ['http://[fd00::1]:3001/api/push/TOKEN', 'http://[fd00::1]:3001', 'TOKEN'],
    ['HTTP://Kuma.Example.com/api/push/TOKEN', 'http://kuma.example.com', 'TOKEN'],
  ]
  for (const [text, baseUrl, token] of right) {
    test(`takes ${JSON.stringify(text)}`, () => {
      assert.deepEqual(parsePushAddress(text), { value: { baseUrl, token } })
    })
  }

  const wrong: [string, RegExp][] = [
    ['AWb/UXTosJG', /^must be letters and digits only, got "AWb…" with "\/" at character 4; copy/],
    ['AWb UXTosJG', /with a space or line break at character 4;/],
    ['AWb\nUXTosJG', /with a space or line break at character 4;/],
    ['AWbÜXTosJG', /with a character that is not ASCII at character 4;/],
    ['AWbUXTosJG?status=up', /got "AWb…" with "\?" at character 11;/],
    ['', /^is empty$/],
    ['10.9.0.55:3001/api/push/AWbUXTosJG', /must start with http:\/\/ or https:\/\/$/],
    ['ftp://h/api/push/AWbUXTosJG', /got ftp:\/\/$/],
    ['http://h/api/push/', /^is a push URL without a token$/],
    ['http://h/api/push', /^must be a push URL like http:\/\/h\/api\/push\/…; copy/],
    ['http://h:3001/dashboard/12', /^must be a push URL like http:\/\/h:3001\/api\/push\//],
    ['http://h/api/push/AWbUX%2FTosJG', /got "AWb…" with "%" at character 6;/],
    ['http://kay:secret@h/api/push/AWbUXTosJG', /^must not hold a user name or password;.*password_file/],
    ['http://:99999/api/push/AWbUXTosJG', /^is not a valid URL;/],
  ]
  for (const [text, message] of wrong) {
    test(`refuses ${JSON.stringify(text)} without showing the token`, () => {
      const result = parsePushAddress(text)
      assert.ok('wrong' in result)
      assert.match(result.wrong, message)
      assert.doesNotMatch(result.wrong, /XTos|secret/)
      assert.doesNotMatch(result.wrong, /\n/)
    })
  }
})

describe('parsePushUrl', () => {
  test('takes a whole URL', () => {
    assert.deepEqual(parsePushUrl('http://h/api/push/abc'), { value: { baseUrl: 'http://h', token: 'abc' } })
  })

  test('refuses a bare token, and does not show it', () => {
    assert.deepEqual(parsePushUrl('AWbUXTosJG'), {
      wrong:
        'must be a whole push URL such as "http://127.0.0.1:3001/api/push/…"; a token alone goes into token',
    })
  })
})
