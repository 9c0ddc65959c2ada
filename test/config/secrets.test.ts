import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeExposure } from '../../src/config/secrets.ts'

const rows: [string, string, { mode: number; uid: number; gid: number }, string | null][] = [
  ['a file of its owner alone', '/c', { mode: 0o600, uid: 1000, gid: 1000 }, null],
  ['a file nobody may read', '/c', { mode: 0o000, uid: 1000, gid: 1000 }, null],
  ['a file that others may write but not read', '/c', { mode: 0o622, uid: 1000, gid: 1000 }, null],
  [
    'a file for everybody',
    '/c',
    { mode: 0o644, uid: 1000, gid: 1000 },
    'every user (mode 0644): chmod 600 /c',
  ],
  [
    'a file for its group',
    '/c',
    { mode: 0o640, uid: 1000, gid: 1000 },
    'its group (mode 0640): chmod 600 /c',
  ],
  [
    "a file of root for root's group",
    '/c',
    { mode: 0o640, uid: 0, gid: 0 },
    'its group (mode 0640): chmod 600 /c',
  ],
  ["a file of root for a service's group", '/c', { mode: 0o640, uid: 0, gid: 999 }, null],
  [
    'that file for everybody',
    '/c',
    { mode: 0o644, uid: 0, gid: 999 },
    'every user (mode 0644): chmod 640 /c',
  ],
  ['a credential of systemd', '/run/credentials/x.service/t', { mode: 0o644, uid: 0, gid: 0 }, null],
  ['a credential elsewhere', '/creds/t', { mode: 0o440, uid: 0, gid: 0 }, null],
  [
    "a path for the shell's quotes",
    "/a b'c",
    { mode: 0o604, uid: 1, gid: 1 },
    "every user (mode 0604): chmod 600 '/a b'\\''c'",
  ],
]
for (const [name, path, file, warning] of rows) {
  test(`${warning === null ? 'says nothing of' : 'warns of'} ${name}`, () => {
    const expected = warning === null ? null : `${path} holds a secret and can be read by ${warning}`
    assert.equal(describeExposure(path, file, { CREDENTIALS_DIRECTORY: '/creds' }), expected)
  })
}
