import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseStatus, type Status } from '../../src/agent/status.ts'

const at = new Date('2026-11-20T12:00:00.000Z')

const STATUS: Status = {
  version: '1.2.3',
  at,
  service: { pid: 700, started_at: at, config: '/etc/x.toml', files: [{ path: '/etc/x.toml', mark: '0123' }], pushes: 'every 24s' },
  watches: [
    {
      name: 'local',
      seen_at: at,
      check: { every_seconds: 5, why: null },
      deaths: 'at once',
      unit: 'supervisor.service',
      unit_says: 'supervisor.service active (running)',
      supervisord: {
        problem: null,
        version: '4.2.5',
        pid: 812,
        up_seconds: 60,
        programs: [
          { group: 'g', name: 'a', state: 'FATAL', up_seconds: null, pid: null, memory_bytes: null, restarts: 3, says: 'no' },
        ],
      },
    },
  ],
  monitors: [
    {
      name: 'host',
      status: 'down',
      since: at,
      message: 'g:a FATAL',
      deliveries: [
        { kuma: 'kuma', delivered_at: null, delivered: null, answered_at: at, kind: 'refused', answer: 'refused' },
      ],
    },
  ],
} // prettier-ignore

const text = (status: Status): string => JSON.stringify(status)

test('what an agent tells comes back as it was', () => {
  assert.deepEqual(parseStatus(text(STATUS)), STATUS)
  const bare = { ...STATUS, service: null, watches: [], monitors: [] }
  assert.deepEqual(parseStatus(text(bare)), bare)
})

test('nothing that another process tells reaches a terminal as anything but text', () => {
  const hostile = text(STATUS).replaceAll('g:a FATAL', String.raw`a\u001b]0;owned\u0007\nb`)
  assert.equal(parseStatus(hostile)?.monitors[0]?.message, 'a ]0;owned b')
})

test('something else, as of another version, is no status', () => {
  for (const other of [
    '',
    'null',
    '[]',
    '{"version":"9"}',
    text(STATUS).replace('"FATAL"', '"DANCING"'),
    text(STATUS).slice(0, -3),
  ]) {
    assert.equal(parseStatus(other), null, other)
  }
})
