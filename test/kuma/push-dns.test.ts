import assert from 'node:assert/strict'
import type { RequestListener } from 'node:http'
import type { LookupFunction } from 'node:net'
import { describe, test } from 'node:test'
import { openPusher, pushTo, UP } from '../helpers/push-to.ts'
import { serveHttp } from '../helpers/scripted-server.ts'

const ok: RequestListener = (_, response) => response.end('{"ok":true}')
const never = new AbortController().signal

/** A resolver that knows one name, whose addresses the test chooses. */
function resolver(addresses: () => string[]): LookupFunction & { asked: number } {
  const lookup = Object.assign(
    (...[, options, callback]: Parameters<LookupFunction>) => {
      lookup.asked += 1
      const found = addresses().map((address) => ({ address, family: address.includes(':') ? 6 : 4 }))
      if (options.all === true) callback(null, found)
      else callback(null, found[0]?.address ?? '', found[0]?.family)
    },
    { asked: 0 },
  )
  return lookup
}

describe('a push to a name', () => {
  test('reaches the family of addresses that works, whichever is dead', async (t) => {
    // 192.0.2.0/24 and 100::/64 are nobody's: packets there are lost, or there is no route.
    for (const [listens, dead] of [
      ['127.0.0.1', '100::1'],
      ['::1', '192.0.2.1'],
    ] as const) {
      const { port } = await serveHttp(t, ok, { host: listens })
      const lookup = resolver(() => [dead, listens])
      assert.equal((await pushTo(t, `http://kuma.test:${port}`, { lookup })).kind, 'accepted')
    }
  })

  test('follows its DNS when Kuma moves', async (t) => {
    const first = await serveHttp(t, ok)
    const second = await serveHttp(t, ok, { host: '127.0.0.2', port: first.port })
    let address = '127.0.0.1'
    const lookup = resolver(() => [address])
    const pusher = await openPusher(t, `http://kuma.test:${first.port}`, { lookup })
    assert.equal((await pusher.push(UP, never)).kind, 'accepted')
    address = '127.0.0.2'
    await first.stop()
    let answer = await pusher.push(UP, never)
    if (answer.kind === 'reset') answer = await pusher.push(UP, never)
    assert.equal(answer.kind, 'accepted')
    assert.equal(second.connections, 1)
    assert.equal(lookup.asked, 2)
  })
})
