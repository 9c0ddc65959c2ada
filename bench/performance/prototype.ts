// The least that a `once` can be with our packages and means: the same questions by the same libraries, and nothing of ours.
// No configuration, no command line, no lock, no rules, no state. Bundled by build-prototype.ts, run by run-prototype.cjs.
import { Message, sessionBus } from '@jellybrick/dbus-next'
import Client from 'undici/lib/dispatcher/client.js'
import { setWasmTiering } from '../../src/lib/wasm-tiering.ts'

/** Keeps the compiled code; given by run-prototype.cjs. */
declare const beforeExit: () => void

const SYSTEMD = 'org.freedesktop.systemd1'
const MULTICALL = `<?xml version="1.0"?><methodCall><methodName>system.multicall</methodName><params><param><value><array><data>${[
  'supervisor.getPID',
  'supervisor.getAllProcessInfo',
]
  .map(
    (name) =>
      `<value><struct><member><name>methodName</name><value><string>${name}</string></value></member><member><name>params</name><value><array><data></data></array></value></member></struct></value>`,
  )
  .join('')}</data></array></value></param></params></methodCall>`

/** The whole answer, as text. */
function ask(client: Client, path: string, body: string | null): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = ''
    const headers = body === null ? {} : { 'content-type': 'text/xml' }
    client.dispatch(
      { path, method: body === null ? 'GET' : 'POST', headers, body },
      {
        onRequestStart: () => {},
        onResponseData: (_, piece) => void (text += piece.toString('latin1')),
        onResponseEnd: () => resolve(text),
        onResponseError: (_, error) => reject(error),
      },
    )
  })
}

async function readUnit(): Promise<boolean> {
  const bus = sessionBus({ busAddress: 'unix:path=/run/dbus/system_bus_socket', authMethods: ['EXTERNAL'] })
  await new Promise<void>((resolve) => bus.once('connect', () => resolve()))
  const call = async (path: string, of: string, member: string, signature: string, body: unknown[]) =>
    (await bus.call(new Message({ destination: SYSTEMD, path, interface: of, member, signature, body })))
      ?.body
  const listed = await call('/org/freedesktop/systemd1', `${SYSTEMD}.Manager`, 'ListUnitsByNames', 'as', [
    ['supervisor.service'],
  ])
  const [id, , , activeState] = (listed as string[][][] | undefined)?.[0]?.[0] ?? []
  return id === 'supervisor.service' && activeState === 'active'
}

async function main(): Promise<void> {
  const push = new URL(process.argv[2] ?? '')
  setWasmTiering('off')
  const supervisord = new Client('http://localhost', { socketPath: '/run/supervisor.sock' })
  const [isActive, answer] = await Promise.all([readUnit(), ask(supervisord, '/RPC2', MULTICALL)])
  const running = answer.split('RUNNING').length - 1
  const says = `status=${isActive ? 'up' : 'down'}&msg=${running}+running&ping=`
  await ask(new Client(push.origin), `${push.pathname}?${says}`, null)
  // Compiled code is of use only under the flags that it was compiled under.
  setWasmTiering('on')
  beforeExit()
  process.exit(0)
}

void main()
