// supervisord, or what stands at its socket, fails. Each of these is a DOWN of its own, and an UP afterwards.
import { rename, rm } from 'node:fs/promises'
import type { Socket } from 'node:net'
import { join } from 'node:path'
import type { GateMode } from '../../test/helpers/gate.ts'
import type { Fault, Stage } from './fault.ts'

const REAL = 'real supervisord'
const direct = ({ supervisord }: Stage) => `unit = "none"\nurl = "${supervisord.url}"\ntimeout = "2s"`

const answering = (name: string, says: RegExp, mode: GateMode): Fault => ({
  name,
  by: 'scripted socket',
  kind: says,
  begin: ({ rpcGate }) => rpcGate.set(mode),
  async end({ rpcGate }) {
    await rpcGate.set('pass')
    rpcGate.hangUp()
  },
})

/** Answers every request on the connection alike. */
const http =
  (body: string, status = '200 OK') =>
  (client: Socket) =>
    void client.on('data', (request) => {
      if (!request.includes('</methodCall>')) return
      const length = Buffer.byteLength(body)
      client.write(`HTTP/1.1 ${status}\r\ncontent-type: text/xml\r\ncontent-length: ${length}\r\n\r\n${body}`)
    })

const answer = (value: string) =>
  `<?xml version="1.0"?><methodResponse><params><param>${value}</param></params></methodResponse>`
const fault = (code: number, text: string) =>
  `<?xml version="1.0"?><methodResponse><fault><value><struct><member><name>faultCode</name><value><int>${code}</int></value></member><member><name>faultString</name><value>${text}</value></member></struct></value></fault></methodResponse>`
const bomb = `<?xml version="1.0"?><!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">${Array.from({ length: 9 }, (_, i) => `<!ENTITY ${'bcdefghij'[i]} "${`&${'abcdefghi'[i]};`.repeat(10)}">`).join('')}]>${answer('<value>&j;</value>').slice(21)}`
const WRONG = /did not answer XML-RPC/

export const supervisordFaults: readonly Fault[] = [
  {
    name: 'supervisord is frozen (SIGSTOP)',
    by: REAL,
    kind: /hang|does not answer|timed out/,
    supervisor: direct,
    begin: ({ supervisord }) => supervisord.kill('SIGSTOP'),
    end: ({ supervisord }) => supervisord.kill('SIGCONT'),
  },
  {
    name: 'supervisord is killed and started again',
    by: REAL,
    kind: /socket|listen|refuse/,
    supervisor: direct,
    async begin({ supervisord }) {
      supervisord.kill('SIGKILL')
    },
    end: ({ supervisord }) => supervisord.start(),
  },
  {
    name: 'supervisord is stopped and started again',
    by: REAL,
    kind: /socket|listen|refuse/,
    supervisor: direct,
    begin: ({ supervisord }) => supervisord.end(),
    end: ({ supervisord }) => supervisord.start(),
  },
  {
    name: 'its socket file is deleted and made anew by a restart',
    by: REAL,
    kind: /socket/,
    supervisor: direct,
    begin: ({ supervisord }) => rm(supervisord.socket),
    async end({ supervisord }) {
      await supervisord.end()
      await supervisord.start()
    },
  },
  {
    name: 'its socket file is moved away and back',
    by: REAL,
    kind: /socket/,
    supervisor: direct,
    begin: ({ supervisord: { socket, dir } }) => rename(socket, join(dir, 'moved')),
    end: ({ supervisord: { socket, dir } }) => rename(join(dir, 'moved'), socket),
  },
  answering('nobody listens on the socket', /socket|listen/, 'refuse'),
  answering('the socket resets every connection', /reset|failed|ended|cannot/, (client) => void client.destroy()),
  answering('the socket never answers', /hang|does not answer|timed out/, () => undefined),
  answering('the answer drips', /hang|does not answer|timed out/, (client) => {
    const text = 'HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\n\r\n<?xml version="1.0"?>'
    let sent = 0
    const timer = setInterval(() => client.write(text[sent++] ?? ' '), 300)
    client.once('close', () => clearInterval(timer))
  }),
  answering('garbage instead of HTTP', /XML-RPC|HTTP/, (client) => void client.once('data', () => client.end('\0\xff garbage\r\n'))),
  answering('a web page', WRONG, http('<html><body>nginx</body></html>')),
  answering('an empty answer', WRONG, http('')),
  answering('truncated XML', WRONG, http(answer('<value><array><data><value><struct>').slice(0, 90))),
  answering('an entity bomb', WRONG, http(bomb)),
  answering('17 MB', /larger than|XML-RPC/, http(answer(`<value>${'x'.repeat(17 * 1024 * 1024)}</value>`))),
  answering('another type than expected', /XML-RPC|unexpected|answer/, http(answer('<value><int>7</int></value>'))),
  answering('HTTP 500', /HTTP 500/, http('oops', '500 Internal Server Error')),
  answering('HTTP 401', /refuses|401/, http('', '401 Unauthorized')),
  answering('a fault that nobody knows', /Fault 999/, http(fault(999, 'BOOM'))),
  answering('no [rpcinterface:supervisor]', /rpcinterface/, http(fault(1, 'UNKNOWN_METHOD'))),
] // prettier-ignore
