import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { test } from 'node:test'
import { waitVisibly } from '../../src/cli/terminal.ts'
import { eventually } from '../helpers/eventually.ts'

function terminal(isScreen = true, TERM = 'xterm') {
  const printed: string[] = []
  const screenSize = () => ({ columns: 24, rows: 24 })
  return { env: { TERM }, isScreen, printed, print: (text: string) => void printed.push(text), screenSize }
}

test('what takes over a second is told in a line that vanishes, no longer than the terminal', async () => {
  const screen = terminal()
  const gate = new EventEmitter()
  const answer = once(gate, 'answer').then(() => 'answer')
  const shown = waitVisibly('asking supervisord', answer, screen)
  await eventually('it is told twice', () => screen.printed.length >= 2)
  gate.emit('answer')
  assert.equal(await shown, 'answer')
  const [first = ''] = screen.printed
  assert.match(first, /^\r\u001B\[Kasking supervisord, \d/) // oxlint-disable-line no-control-regex -- the erasing
  assert.ok(screen.printed.every((text) => text.length <= 24 + '\r\u001B[K\r'.length))
  assert.equal(screen.printed.at(-1), '\r\u001B[K')
})

test('what is done at once, and what no terminal shows, goes without a word', async () => {
  const quick = terminal()
  await waitVisibly('looking', Promise.resolve(1), quick)
  assert.deepEqual(quick.printed, [])
  for (const silent of [terminal(false), terminal(true, 'dumb')]) {
    await waitVisibly('looking', sleep(1_100), silent)
    assert.deepEqual(silent.printed, [])
  }
})

test('a failure passes through, and leaves no line behind', async () => {
  const screen = terminal()
  const failing = sleep(1_100).then(() => Promise.reject(new Error('no')))
  await assert.rejects(waitVisibly('looking', failing, screen), /^Error: no$/)
  assert.equal(screen.printed.at(-1), '\r\u001B[K')
})
