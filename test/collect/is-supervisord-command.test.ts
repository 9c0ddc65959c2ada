import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isSupervisordCommand } from '../../src/collect/is-supervisord-command.ts'

const SUPERVISORDS: readonly (readonly string[])[] = [
  ['/usr/bin/python3', '/usr/bin/supervisord', '-n', '-c', '/etc/supervisor/supervisord.conf'],
  ['/usr/bin/python3', '-u', '-W', 'ignore', '/usr/bin/supervisord', '--nodaemon'],
  ['python3', '-m', 'supervisor.supervisord', '--configuration', '/etc/supervisord.conf'],
  ['/nix/store/x-python3/bin/python3', '/nix/store/y/bin/.supervisord-wrapped', '-n'],
  ['/usr/bin/python3.11', '/usr/local/bin/supervisord-3.11'],
  ['supervisord'],
  // A title that was set has no ends of words.
  ['supervisord -n -c /etc/supervisord.conf'],
]

for (const words of SUPERVISORDS) {
  test(`a supervisord is ${words.join(' ')}`, () => {
    assert.equal(isSupervisordCommand(`${words.join('\0')}\0`), true)
  })
}

const OTHERS: readonly (readonly string[])[] = [
  [
    'node',
    '/usr/local/bin/kuma-supervisor-push',
    'run',
    '--supervisor-url',
    'unix:///run/supervisord/supervisord.sock',
  ],
  ['node', '/usr/local/bin/kuma-supervisor-push', '--unit', 'supervisord', '--unit=supervisord'],
  ['sh', '-c', 'exec kuma-supervisor-push --supervisor-url unix:///run/supervisord.sock --unit supervisord'],
  ['tail', '-f', '/var/log/supervisord.log'],
  ['vi', '/etc/supervisord.conf'],
  ['ls', '/etc/supervisord.d'],
  ['/opt/supervisord/bin/python3', 'web.py'],
  ['supervisorctl', '-c', '/etc/supervisord.conf'],
  [],
]

for (const words of OTHERS) {
  test(`no supervisord is ${words.join(' ') || 'a thread of the kernel'}`, () => {
    assert.equal(isSupervisordCommand(`${words.join('\0')}\0`), false)
  })
}
