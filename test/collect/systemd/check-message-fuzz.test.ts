import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { sessionBus, type Message } from '@jellybrick/dbus-next'
import { checkMessage, checkStart } from '../../../src/collect/systemd/check-message.ts'
import { encodeReturn } from '../../helpers/dbus-wire.ts'
import { temporaryFolder } from '../../helpers/fake-bus.ts'
import { FUZZ_ROUNDS, FUZZ_SEED } from '../../helpers/fuzz.ts'
import { createMessageMaker } from '../../helpers/random-messages.ts'
import { recordedMessages } from '../../helpers/recorded-messages.ts'

/** The serial of an answer that is awaited behind each message. */
const BEHIND = 0x5ca1_ab1e

test(`the library reads whatever is taken for a message (${FUZZ_ROUNDS} messages, seed ${FUZZ_SEED})`, async (t) => {
  const { pick, message, damaged } = createMessageMaker(FUZZ_SEED)
  const read = await library(t)
  const samples = [...recordedMessages(), ...Array.from({ length: 50 }, message)]
  let taken = 0
  for (let round = 0; round < FUZZ_ROUNDS; round++) {
    const bytes = damaged(pick(samples))
    if (!isTaken(bytes)) continue
    taken++
    // An error is a value that is wrong, as a path that is none.
    assert.match(await read(bytes), /^(message|error)$/, bytes.toString('hex'))
  }
  assert.ok(taken > FUZZ_ROUNDS / 20, `${taken} of ${FUZZ_ROUNDS} were taken`)
  assert.ok(taken < FUZZ_ROUNDS, `${taken} of ${FUZZ_ROUNDS} were taken`)
})

test(`whatever is a message is taken and read (${FUZZ_ROUNDS} messages, seed ${FUZZ_SEED})`, async (t) => {
  const { message } = createMessageMaker(FUZZ_SEED + 1)
  const read = await library(t)
  for (let round = 0; round < FUZZ_ROUNDS; round++) {
    const bytes = message()
    assert.ok(isTaken(bytes), bytes.toString('hex'))
    assert.equal(await read(bytes), 'message', bytes.toString('hex'))
  }
})

function isTaken(message: Buffer): boolean {
  const start = message.subarray(0, 16)
  try {
    checkStart(start)
    checkMessage(start, message.subarray(16))
    return true
  } catch (error) {
    // Anything else, as an index out of range of Node's own, would be a mistake of the check.
    assert.match(String(error), /^(Range)?Error: (a message |[\da-f]{32} is not the beginning)/)
    return false
  }
}

/** Gives a message to the library alone, and tells what it made of it. */
async function library(t: TestContext): Promise<(message: Buffer) => Promise<string>> {
  const path = join(temporaryFolder(t), 'bus')
  const server = createServer().listen(path)
  t.after(() => server.close())
  const bus = sessionBus({ busAddress: `unix:path=${path}`, authMethods: ['EXTERNAL'] })
  const [peer] = (await once(server, 'connection')) as [Socket]
  t.after(() => peer.destroy())
  const made: string[] = []
  const events = new EventEmitter()
  bus.on('message', (message: Message) => {
    if (message.replySerial === BEHIND) events.emit('behind')
    else made.push('message')
  })
  const emitter: EventEmitter = bus
  emitter.on('error', () => made.push('error'))
  const read = async (message: Buffer): Promise<string> => {
    const behind = once(events, 'behind', { signal: AbortSignal.timeout(60_000) })
    peer.write(message)
    peer.write(encodeReturn(BEHIND, '', []))
    await behind.catch(() => made.push('silence'))
    return made.splice(0).join()
  }
  peer.resume().write('OK 1234deadbeef\r\n')
  await read(encodeReturn(1, 's', [':1.7']))
  return read
}
