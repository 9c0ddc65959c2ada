import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatStatus } from '../../../src/cli/status/table.ts'
import type { DeliveryStatus, ProgramStatus, Status, TargetStatus } from '../../../src/agent/status.ts'
import { textWidth } from '../../../src/cli/screen.ts'

const PLAIN = { isUtf8: true, hasColours: false }

const program = (group: string, name: string, more: Partial<ProgramStatus> = {}): ProgramStatus => ({
  group,
  name,
  state: 'RUNNING',
  up_seconds: 273_600,
  pid: 4321,
  memory_bytes: 43_200_000,
  restarts: 0,
  says: '',
  ...more,
})

const broken = { state: 'FATAL', up_seconds: null, pid: null, memory_bytes: null } as const

const AT = new Date('2026-11-20T12:00:00Z')
const ago = (seconds: number): Date => new Date(AT.getTime() - seconds * 1000)

const TARGET: TargetStatus = {
  name: 'local',
  seen_at: ago(3),
  check: { every_seconds: 5, why: null },
  deaths: 'at once',
  unit: 'supervisor.service',
  unit_says: 'supervisor.service active (running)',
  supervisord: {
    problem: null,
    version: '4.2.5',
    pid: 812,
    up_seconds: 273_600,
    programs: [
      program('celery', 'worker_00', { restarts: 12 }),
      program('celery', 'worker_01', { ...broken, says: "can't find command '/srv/venv/bin/celery'" }),
      program('web', 'web'),
    ],
  },
}

const DELIVERED: DeliveryStatus = {
  kuma: 'kuma',
  delivered_at: ago(12),
  delivered: 'up',
  answered_at: ago(12),
  kind: 'accepted',
  answer: 'Kuma at http://10.9.0.55:3001 accepted the heartbeat',
}

const STATUS: Status = {
  version: '1.2.3',
  at: AT,
  service: { pid: 700, started_at: ago(7_200), config: null, files: [], pushes: 'every 24s' },
  watches: [
    TARGET,
    {
      ...TARGET,
      name: 'nginx.service',
      unit: 'nginx.service',
      unit_says: 'nginx.service active (running)',
      supervisord: null,
    },
  ],
  monitors: [
    {
      name: 'host',
      status: 'down',
      since: ago(240),
      message: "celery:worker_01 FATAL: can't find command · 2 of 3 running",
      deliveries: [DELIVERED],
    },
    {
      name: 'nginx',
      status: 'up',
      since: null,
      message: 'nginx.service active (running) · up 3 d 4 h',
      deliveries: [
        { ...DELIVERED, answered_at: ago(2), kind: 'refused', answer: 'Kuma refuses connections' },
      ],
    },
    { name: 'new', status: null, since: null, message: 'nothing can be said yet', deliveries: [] },
  ],
}

test('shows units, programs below their groups, what every monitor says, and what became of its heartbeats', () => {
  assert.equal(
    formatStatus(STATUS, 80, PLAIN),
    `local: supervisor.service active (running)
supervisord 4.2.5 pid 812 up 3 d 4 h

               STATE      UPTIME   PID   MEMORY  RESTARTS
  celery
    worker_00  RUNNING   3 d 4 h  4321  41.2 MB        12
    worker_01  FATAL     can't find command '/srv/venv/bin/celery'
  web          RUNNING   3 d 4 h  4321  41.2 MB         0

nginx.service active (running)

DOWN  host   celery:worker_01 FATAL: can't find command · 2 of 3 running
             down for 4 min · last heartbeat 12 s ago, accepted
UP    nginx  nginx.service active (running) · up 3 d 4 h
             not delivered 2 s ago: Kuma refuses connections (last heartbeat 12
             s ago)
?     new    nothing can be said yet
             no heartbeat was sent yet

agent 1.2.3 pid 700 up 2 h · a check every 5s · a heartbeat every 24s and at
every change
`,
  )
})

test('the verdicts stand first where the end of the screen may be cut off', () => {
  assert.match(formatStatus(STATUS, 80, PLAIN, true), /^DOWN {2}host/)
})

test('says who has looked, when the last look is long ago, and why the period is another one', () => {
  assert.match(formatStatus({ ...STATUS, service: null }, 80, PLAIN), /\nno running agent tells of this/)
  const stale = { ...STATUS, watches: [{ ...TARGET, seen_at: ago(300) }] }
  assert.match(formatStatus(stale, 80, PLAIN), /^supervisor\.service active .* up 3 d 4 h\nseen 5 min ago\n/)
  const check = { every_seconds: 20, why: 'supervisord takes 1.2 s to answer' }
  const slow = { ...STATUS, watches: [{ ...TARGET, check, deaths: 'at the next check' as const }] }
  const text = formatStatus(slow, 300, PLAIN)
  assert.match(text, /a check every 20s \(local: supervisord takes 1\.2 s to answer\)/)
  assert.match(text, /their deaths are noticed at the next check/)
})

test('a column that nothing is known for is left out, and why a program does not run leaves its restarts', () => {
  const programs = [
    program('g', 'a', { memory_bytes: null, restarts: null }),
    program('g', 'b', { ...broken, restarts: null, says: 'no' }),
  ]
  const supervisord = { problem: null, version: null, pid: null, up_seconds: null, programs }
  const remote = formatStatus({ ...STATUS, watches: [{ ...TARGET, supervisord }] }, 80, PLAIN)
  assert.match(remote, /STATE +UPTIME +PID\n/)
  const looping = [
    program('g', 'a'),
    program('g', 'b', { ...broken, restarts: 7, says: 'exited too quickly' }),
  ]
  const text = formatStatus(
    { ...STATUS, watches: [{ ...TARGET, supervisord: { ...supervisord, programs: looping } }] },
    80,
    PLAIN,
  )
  const [head = '', ...rows] = text.split('\n').slice(2, 6)
  assert.equal(rows.at(-1)?.length, head.length)
  assert.match(rows.at(-1) ?? '', /FATAL {5}exited too quickly +7$/)
})

test('no line is wider than the terminal, whatever the names', () => {
  const long = '日本語の名前の長いプログラム-and-more-of-it-and-more-and-more-and-more-and-more-of-it'
  const supervisord = {
    problem: null,
    version: long,
    pid: 1,
    up_seconds: 1,
    programs: [
      program(long, long),
      program(long, `${long}2`, { ...broken, says: long.repeat(4) }),
      program('g', '👩‍💻'.repeat(60)),
    ],
  }
  const status: Status = {
    ...STATUS,
    watches: [{ ...TARGET, name: long, supervisord }],
    monitors: [
      {
        name: long,
        status: 'up',
        since: AT,
        message: `${long} ${long} a b c`,
        deliveries: [{ ...DELIVERED, kind: 'refused', kuma: long, answer: long }],
      },
    ],
  }
  for (const columns of [32, 40, 50, 60, 79, 80, 120]) {
    for (const shown of [STATUS, status]) {
      const lines = formatStatus(shown, columns, PLAIN).split('\n')
      const widest = Math.max(...lines.map(textWidth))
      assert.ok(widest <= columns, `${widest} > ${columns}\n${lines.join('\n')}`)
    }
  }
})

test('colours change nothing but colours, and ASCII is ASCII', () => {
  const coloured = formatStatus(STATUS, 80, { isUtf8: true, hasColours: true })
  assert.ok(coloured.includes('\u001B[31mFATAL   \u001B[0m'))
  // oxlint-disable-next-line no-control-regex -- the colours
  const bare = coloured.replaceAll(/\u001B\[\d+m/g, '')
  const trimmed = bare.replaceAll(/ +$/gm, '')
  assert.equal(trimmed, formatStatus(STATUS, 80, PLAIN))
  assert.match(formatStatus(STATUS, 40, { isUtf8: false, hasColours: false }), /^[\x20-\x7E\n]+$/)
})
