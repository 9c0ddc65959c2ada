import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Missed, type MissedState } from '../../src/agent/missed.ts'

const at = (time: string): number => new Date(`2026-11-20T${time}`).getTime()
const verdict = (status: 'up' | 'down', message: string) => ({ status, message, ping: null })
const UP = verdict('up', '12 of 12 running')
const DOWN = verdict('down', 'celery FATAL: no such file · 11 of 12 running')

/** A Kuma that was told UP at noon. */
function toldUp(): Missed {
  const missed = new Missed(null)
  missed.note(UP, at('12:00'))
  missed.tell('', 0)
  missed.told('up')
  return missed
}

const says = (missed: Missed, message: string, time: string): string => missed.tell(message, at(time))

describe('what Kuma has missed', () => {
  it('is nothing while every change is delivered on time', () => {
    const missed = toldUp()
    for (const { status, message } of [DOWN, UP, DOWN]) {
      missed.note(verdict(status, message), at('12:03'))
      assert.equal(says(missed, message, '12:03:59'), message)
      assert.equal(missed.told(status), true)
    }
    assert.deepEqual(missed.state, { toldStatus: 'down', turns: [], forgotten: 0 })
  })

  it('is told in the next message that gets through, and only in that one', () => {
    const missed = toldUp()
    missed.note(DOWN, at('12:03'))
    missed.note(DOWN, at('12:04'))
    missed.note(UP, at('12:07'))
    const message = '12 of 12 running · was down 12:03 to 12:07: celery FATAL: no such file'
    assert.equal(says(missed, UP.message, '12:08'), message)
    assert.equal(says(missed, UP.message, '12:10'), message)
    assert.equal(missed.told('up'), true)
    assert.equal(says(missed, UP.message, '12:11'), UP.message)
    assert.equal(missed.told('up'), false)
  })

  it('keeps what happens during the push for the message after it', () => {
    const missed = toldUp()
    missed.note(DOWN, at('12:03'))
    missed.tell('', 0)
    missed.note(UP, at('12:04'))
    missed.note(verdict('down', 'web FATAL'), at('12:05'))
    missed.told('down')
    assert.equal(says(missed, 'web FATAL', '12:05'), 'web FATAL · was up 12:04 to 12:05')
  })

  const cases: [name: string, turns: [status: 'up' | 'down', time: string][], expected: string][] = [
    ['since when it is down', [['down', '12:03']], 'X · down since 12:03'],
    [
      'a short time as one',
      [
        ['down', '12:03:05'],
        ['up', '12:03:30'],
      ],
      'X · was down at 12:03: why 0',
    ],
    [
      'the oldest first, and since when it is down again',
      [
        ['down', '12:01'],
        ['up', '12:02'],
        ['down', '12:04'],
        ['up', '12:05'],
        ['down', '12:07'],
      ],
      'X · was down 12:01 to 12:02: why 0 · was down 12:04 to 12:05: why 2 · down since 12:07',
    ],
  ]
  for (const [name, turns, expected] of cases) {
    it(`tells ${name}`, () => {
      const missed = toldUp()
      for (const [index, [status, time]] of turns.entries()) {
        missed.note(verdict(status, `why ${index}`), at(time))
      }
      assert.equal(says(missed, 'X', '12:30'), expected)
    })
  }

  it('tells since when it is up, to a Kuma that thinks it is down', () => {
    const missed = new Missed({ toldStatus: 'down', turns: [], forgotten: 0 })
    missed.note(UP, at('12:07'))
    assert.equal(says(missed, 'X', '12:10'), 'X · up since 12:07')
  })

  it('has nothing to tell a Kuma that never had a heartbeat but the times that it was down', () => {
    const missed = new Missed(null)
    missed.note(UP, at('12:00'))
    assert.equal(says(missed, 'X', '12:10'), 'X')
    missed.note(DOWN, at('12:11'))
    missed.note(UP, at('12:12'))
    assert.match(says(missed, 'X', '12:20'), /^X · was down 12:11 to 12:12: celery FATAL/)
  })

  it('has dates for what was not today', () => {
    const missed = toldUp()
    missed.note(DOWN, at('23:58'))
    missed.note(UP, at('23:58:30') + 120_000)
    assert.equal(
      missed.tell('X', at('12:00') + 86_400_000),
      'X · was down 2026-11-20 23:58 to 00:00: celery FATAL: no such file',
    )
    assert.equal(
      missed.tell('X', at('12:00') + 2 * 86_400_000),
      'X · was down 2026-11-20 23:58 to 2026-11-21 00:00: celery FATAL: no such file',
    )
  })
})

describe('what Kuma has missed and does not fit', () => {
  const many = (count: number, why = 'celery FATAL'): Missed => {
    const missed = toldUp()
    for (let index = 0; index < count; index += 1) {
      missed.note(verdict('down', why), at('12:00') + index * 120_000)
      missed.note(UP, at('12:01') + index * 120_000)
    }
    return missed
  }

  it('is counted behind the oldest', () => {
    const message = says(many(5, 'y'.repeat(60)), '12 of 12 running', '20:00')
    assert.equal(
      message,
      `12 of 12 running · was down 12:00 to 12:01: ${'y'.repeat(60)} · was down 12:02 to 12:03: ${'y'.repeat(60)} (+3 more)`,
    )
  })

  it('gives way to the message itself', () => {
    const cases: [length: number, end: RegExp][] = [
      [150, /x · was down 12:00 to 12:01: y+… \(\+4 more\)$/],
      [215, /x · 5 more while Kuma was away$/],
      [240, /^x{240}$/],
      [250, /^x{250}$/],
    ]
    for (const [length, end] of cases) {
      const message = says(many(5, 'y'.repeat(80)), 'x'.repeat(length), '20:00')
      assert.match(message, end)
      assert.ok(message.length <= 250)
    }
  })

  it('is bounded in memory, whatever flaps while Kuma is away, and counted all the same', () => {
    const missed = many(1000)
    assert.ok(missed.state.turns.length <= 12)
    const downs = missed.state.turns.filter(({ status }) => status === 'down').length
    assert.equal(downs + missed.state.forgotten, 1000)
    const message = says(missed, 'X', '12:30')
    assert.match(message, /^X · was down 12:00 to 12:01: celery FATAL · was down 12:02 to 12:03/)
    assert.match(message, /\(\+99\d more\)$/)
    missed.told('up')
    assert.deepEqual(missed.state, { toldStatus: 'up', turns: [], forgotten: 0 } satisfies MissedState)
  })

  it('is bounded and loses nothing that is being told, when it flaps during a push', () => {
    const missed = many(5)
    missed.note(DOWN, at('13:00'))
    missed.tell('', 0)
    for (let index = 0; index < 50; index += 1) {
      missed.note(UP, at('13:01') + index * 120_000)
      missed.note(DOWN, at('13:02') + index * 120_000)
    }
    assert.ok(missed.state.turns.length <= 14)
    missed.told('down')
    assert.ok(missed.state.turns.every(({ atMs }) => atMs > at('13:00')))
    assert.equal(missed.state.turns.at(-1)?.status, 'down')
  })

  it('tells a heartbeat that repeats what Kuma knows from news', () => {
    const fresh = new Missed(null)
    fresh.note(UP, at('12:00'))
    assert.equal(fresh.isRepeat('up'), true, 'a first UP is no news to any Kuma')
    const down = new Missed(null)
    down.note(DOWN, at('12:00'))
    assert.equal(down.isRepeat('down'), false)

    const missed = toldUp()
    assert.equal(missed.isRepeat('up'), true)
    missed.note(DOWN, at('12:01'))
    assert.equal(missed.isRepeat('down'), false)
    missed.note(UP, at('12:02'))
    assert.equal(missed.isRepeat('up'), false, 'Kuma may have recorded the DOWN without an answer')
    missed.tell('', 0)
    missed.told('up')
    assert.equal(missed.isRepeat('up'), true)
  })
})
