import type { RequestListener } from 'node:http'
import type { TestContext } from 'node:test'
import { serveHttp, type ScriptedServer } from './scripted-server.ts'

/** Something in the place of Kuma that can go away and come back. */
export interface ScriptedKuma {
  readonly url: string
  /** Every heartbeat that it took: `up 3 of 3 running`, by the order they came in. */
  readonly heartbeats: string[]
  /** How late it answers from now on; at once by itself. */
  answerAfterMs: number
  /** Refuses connections until `comeBack`. */
  goAway(): Promise<void>
  comeBack(): Promise<void>
}

export async function startKuma(t: TestContext): Promise<ScriptedKuma> {
  const heartbeats: string[] = []
  const listener: RequestListener = ({ url = '' }, response) => {
    const { searchParams } = new URL(url, 'http://kuma')
    heartbeats.push(`${searchParams.get('status')} ${searchParams.get('msg')}`)
    setTimeout(() => response.end('{"ok":true}'), kuma.answerAfterMs)
  }
  let server: ScriptedServer = await serveHttp(t, listener)
  const { port } = server
  const kuma: ScriptedKuma = {
    url: `http://127.0.0.1:${port}`,
    heartbeats,
    answerAfterMs: 0,
    goAway: () => server.stop(),
    async comeBack() {
      server = await serveHttp(t, listener, { port })
    },
  }
  return kuma
}
