import assert from 'node:assert/strict'
import { test } from 'node:test'
import { describeStatus } from '../../../src/commands/status/describe-status.ts'
import type { ProgramStatus, Status } from '../../../src/commands/status/status.ts'
import { textWidth } from '../../../src/commands/status/text-width.ts'

const PLAIN = { isUtf8: true, hasColours: false }

const program = (group: string, name: string, more: Partial<ProgramStatus> = {}): ProgramStatus => ({
  group,
  name,
  state: 'RUNNING',
  upSeconds: 273_600,
  pid: 4321,
  says: '',
  ...more,
})

const broken = { state: 'FATAL', upSeconds: null, pid: null } as const

const STATUS: Status = {
  at: new Date(0),
  watches: [
    {
      name: 'local',
      unit: 'supervisor.service',
      unitSays: 'supervisor.service active (running)',
      supervisord: {
        problem: null,
        pid: 812,
        upSeconds: 273_600,
        programs: [
          program('celery', 'worker_00'),
          program('celery', 'worker_01', { ...broken, says: "can't find command '/srv/venv/bin/celery'" }),
          program('web', 'web'),
        ],
      },
    },
    {
      name: 'nginx.service',
      unit: 'nginx.service',
      unitSays: 'nginx.service active (running)',
      supervisord: null,
    },
  ],
  monitors: [
    { name: 'host', status: 'down', message: "celery:worker_01 FATAL: can't find command · 2 of 3 running" },
    { name: 'nginx', status: 'up', message: 'nginx.service active (running) · up 3 d 4 h' },
    { name: 'new', status: null, message: 'nothing can be said yet' },
  ],
}

test('shows units, programs below their groups, and what every monitor says', () => {
  assert.equal(
    describeStatus(STATUS, 80, PLAIN),
    `local: supervisor.service active (running) · supervisord pid 812 up 3 d 4 h

  celery
    worker_00  RUNNING       3 d 4 h      4321
    worker_01  FATAL     can't find command '/srv/venv/bin/celery'
  web          RUNNING       3 d 4 h      4321

nginx.service active (running)

DOWN  host   celery:worker_01 FATAL: can't find command · 2 of 3 running
UP    nginx  nginx.service active (running) · up 3 d 4 h
?     new    nothing can be said yet
`,
  )
})

test('no line is wider than the terminal, whatever the names', () => {
  const [watch] = STATUS.watches
  const long = '日本語の名前の長いプログラム-and-more-of-it-and-more-and-more-and-more-and-more-of-it'
  const supervisord = {
    problem: null,
    pid: 1,
    upSeconds: 1,
    programs: [
      program(long, long),
      program(long, `${long}2`, { ...broken, says: long.repeat(4) }),
      program('g', '👩‍💻'.repeat(60)),
    ],
  }
  const status: Status = {
    ...STATUS,
    watches: watch === undefined ? [] : [{ ...watch, name: long, supervisord }],
    monitors: [{ name: long, status: 'up', message: `${long} ${long} a b c` }],
  }
  for (const columns of [32, 40, 50, 60, 79, 80, 120]) {
    for (const shown of [STATUS, status]) {
      const lines = describeStatus(shown, columns, PLAIN).split('\n')
      const widest = Math.max(...lines.map(textWidth))
      assert.ok(widest <= columns, `${widest} > ${columns}\n${lines.join('\n')}`)
    }
  }
})

test('colours change nothing but colours, and ASCII is ASCII', () => {
  const coloured = describeStatus(STATUS, 80, { isUtf8: true, hasColours: true })
  assert.ok(coloured.includes('\u001B[31mFATAL   \u001B[0m'))
  // oxlint-disable-next-line no-control-regex -- the colours
  const bare = coloured.replaceAll(/\u001B\[\d+m/g, '')
  const trimmed = bare.replaceAll(/ +$/gm, '')
  assert.equal(trimmed, describeStatus(STATUS, 80, PLAIN))
  assert.match(describeStatus(STATUS, 40, { isUtf8: false, hasColours: false }), /^[\x20-\x7E\n]+$/)
})
