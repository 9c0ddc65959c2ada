import assert from 'node:assert/strict'
import { after } from 'node:test'

/** Has a test file fail by any exception or rejection that nobody caught, as a late error of a connection. */
export function nothingEscapes(): void {
  const escaped: unknown[] = []
  process.on('unhandledRejection', (error) => escaped.push(error))
  process.on('uncaughtException', (error) => escaped.push(error))
  after(() => assert.deepEqual(escaped, []))
}
