// Kuma, or what stands in its place, answers wrongly, late or not at all.
import type { Socket } from 'node:net'
import type { Answer } from '../../test/helpers/receiver.ts'
import type { GateMode } from '../../test/helpers/gate.ts'
import type { Fault, Stage } from './fault.ts'

const SCRIPTED = 'scripted server'

const answering = (name: string, answer: Answer): Fault => ({
  name,
  by: SCRIPTED,
  kind: 'delivery',
  begin: ({ receiver }) => receiver.script(answer),
  end: ({ receiver }) => receiver.script(null),
})

const status = (code: number, body = '', headers: Record<string, string> = {}): Answer => {
  const type = body.startsWith('{') ? 'application/json' : 'text/html'
  return (_, response) => response.writeHead(code, { 'content-type': type, ...headers }).end(body)
}

const json = (msg: string) => JSON.stringify({ ok: false, msg })

const network = (name: string, mode: GateMode): Fault => ({
  name,
  by: 'scripted network',
  kind: 'delivery',
  begin: ({ gate }) => gate.set(mode),
  end: letThrough,
})

/** Those that hang then end too: their deadline is tried by the faults that hang. */
async function letThrough({ gate }: Stage): Promise<void> {
  await gate.set('pass')
}

/** Sends something once the request has begun to arrive. */
const onRequest = (act: (client: Socket) => void) => (client: Socket) =>
  void client.once('data', () => act(client))

const drip = (client: Socket): void => {
  const text = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"ok":true}'
  let sent = 0
  const timer = setInterval(() => client.write(text[sent++] ?? ''), 400)
  client.once('close', () => clearInterval(timer))
}

export const kumaFaults: readonly Fault[] = [
  network('Kuma refuses connections', 'refuse'),
  network('reset right after the connect', (client) => void client.resetAndDestroy()),
  network(
    'reset when the request has come',
    onRequest((client) => void client.resetAndDestroy()),
  ),
  network(
    'reset in the middle of the answer',
    onRequest((client) => {
      client.write(
        'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 11\r\n\r\n{"ok"',
        () => setTimeout(() => client.resetAndDestroy(), 50),
      )
    }),
  ),
  network(
    'the answer ends too early',
    onRequest((client) => void client.end('HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{"ok":tr')),
  ),
  network('no answer at all', () => undefined),
  network(
    'the headers never end',
    onRequest((client) => void client.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n')),
  ),
  network(
    'the body never ends',
    onRequest((client) => void client.write('HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{"ok"')),
  ),
  network('one byte in 400 ms', onRequest(drip)),
  network(
    'another program answers (SSH)',
    onRequest((client) => void client.end('SSH-2.0-OpenSSH_9.2\r\n')),
  ),
  network(
    'endless headers',
    onRequest((client) => {
      client.write('HTTP/1.1 200 OK\r\n')
      for (let line = 0; line < 3000; line++) client.write(`x-header-${line}: ${'x'.repeat(60)}\r\n`)
    }),
  ),
  {
    name: 'the connection goes dead without a word',
    by: 'scripted network',
    kind: 'delivery',
    async begin({ gate }) {
      gate.freeze()
      await gate.set(() => undefined)
      gate.freeze()
    },
    end: letThrough,
  },
  {
    name: 'Kuma ends each idle connection',
    by: 'scripted network',
    kind: 'delivery',
    begin(stage) {
      const timer = setInterval(() => stage.gate.hangUp(), 150)
      stage.after(() => clearInterval(timer))
      Reflect.set(stage, 'timer', timer)
    },
    end: (stage) => clearInterval(Reflect.get(stage, 'timer') as NodeJS.Timeout),
  },
  answering('200 with a login page', status(200, '<html>Log in</html>')),
  answering('200 with {"ok":false}', status(200, json('no'))),
  answering('200 with nothing', status(200)),
  answering('200 with half a JSON', status(200, '{"ok":tr')),
  answering('200 with 1 MB', status(200, `{"ok":true,"x":"${'x'.repeat(1024 * 1024)}"}`)),
  answering('204', status(204)),
  answering('404 unknown or paused monitor', status(404, json('Monitor not found or not active.'))),
  answering('404 database error', status(404, json('SQLITE_BUSY: database is locked'))),
  answering('404 wrong ping', status(404, json('Invalid ping value.'))),
  answering('404 page (database upgrade)', status(404, '<pre>Cannot GET /api/push</pre>')),
  answering('400', status(400, '<html>Bad Request</html>')),
  answering('401', status(401, '', { 'www-authenticate': 'Basic' })),
  answering('403', status(403, '<html>Forbidden</html>')),
  answering('414', status(414)),
  answering('429 with Retry-After: 4', status(429, '', { 'retry-after': '4' })),
  answering('431', status(431)),
  answering('500', status(500, '<html>')),
  answering('502', status(502, '<html>nginx</html>')),
  answering('503 with Retry-After: 3', status(503, '', { 'retry-after': '3' })),
  answering(
    '503 with Retry-After: a date of last year',
    status(503, '', { 'retry-after': 'Fri, 21 Nov 2025 05:00:00 GMT' }),
  ),
  answering('504', status(504, '<html>')),
  answering('a redirect to itself, for ever', (request, response) =>
    response.writeHead(302, { location: request.url ?? '' }).end(),
  ),
  answering('a redirect to another host', (request, response) =>
    response.writeHead(302, { location: `http://elsewhere.invalid${request.url}` }).end(),
  ),
  answering('a redirect to a login page', status(302, '', { location: '/login' })),
  answering('a redirect without an address', status(301)),
  {
    name: 'each answer takes 2 s (a slow notification in Kuma)',
    by: SCRIPTED,
    kind: 'delivery',
    begin: ({ receiver }) =>
      receiver.script((_, response, arrival) => {
        setTimeout(() => {
          arrival.accepted = true
          response.end('{"ok":true}')
        }, 2000)
      }),
    end: ({ receiver }) => receiver.script(null),
  },
]
