import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What the bus and a real systemd sent: the greeting, a list, properties of many types, an error, signals. */
export function recordedMessages(): Buffer[] {
  const file = join(import.meta.dirname, '../fixtures/systemd-252/bus-messages.bin')
  const messages: Buffer[] = []
  for (let rest = readFileSync(file); rest.length > 0;) {
    const end = 16 + Math.ceil(rest.readUInt32LE(12) / 8) * 8 + rest.readUInt32LE(4)
    messages.push(rest.subarray(0, end))
    rest = rest.subarray(end)
  }
  return messages
}
