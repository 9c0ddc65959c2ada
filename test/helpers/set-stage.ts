import assert from 'node:assert/strict'
import { after, before } from 'node:test'
import { bootSystem, type BootedSystem } from './booted-system.ts'
import { startReceiver, type Receiver } from './receiver.ts'

/** A booted host, and something in Kuma's place that it can push to; both are there from the suite's `before` on. */
export interface Stage {
  readonly host: BootedSystem
  readonly receiver: Receiver
  /** Runs a line in the host as root, which must succeed; gives what it printed, trimmed. */
  readonly sh: (line: string) => Promise<string>
}

/** Sets it before the tests of the suite that it is called in, and takes it down after them. */
export function setStage(): Stage {
  const ends: (() => unknown)[] = []
  let host: BootedSystem | undefined
  let receiver: Receiver | undefined
  before(async () => {
    receiver = await startReceiver({ after: (end) => void ends.push(end) })
    host = await bootSystem()
  })
  after(async () => {
    await host?.stop()
    for (const end of ends) await end()
  })
  const stage: Stage = {
    get host() {
      return host ?? assert.fail('the host is not booted yet')
    },
    get receiver() {
      return receiver ?? assert.fail('the receiver is not started yet')
    },
    sh: async (line) => {
      const { code, stdout, stderr } = await stage.host.run(line, { timeoutMs: 240_000 })
      assert.equal(code, 0, `${line}: ${stdout}${stderr}`)
      return stdout.trim()
    },
  }
  return stage
}
