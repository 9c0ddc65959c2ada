// What lies between the agent and Kuma: TLS, names, address families, a proxy, a full queue of connections.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createCertificates, type Certificates } from '../../test/helpers/certificates.ts'
import { startGate, type GateMode } from '../../test/helpers/gate.ts'
import type { Fault, Stage } from './fault.ts'

let certificates: Promise<Certificates> | null = null

/** https all the way; during the fault another server with another certificate stands behind the gate. */
const tls = (name: string, which: 'expired' | 'foreign' | 'selfSigned' | null): Fault => ({
  name,
  by: 'real TLS',
  kind: 'delivery',
  async prepare(stage) {
    const { ca, server } = await (certificates ??= createCertificates())
    await writeFile(join(stage.folder, 'ca.pem'), ca)
    const port = await relay(stage, server)
    stage.gate.lead({ port })
    Reflect.set(stage, 'good', port)
  },
  kuma: ({ gate, folder }) => `url = "https://localhost:${gate.port}"\nca_file = "${folder}/ca.pem"`,
  async begin(stage) {
    const all = await (certificates ??= createCertificates())
    stage.gate.lead({ port: which === null ? stage.receiver.server.port : await relay(stage, all[which]) })
    stage.gate.hangUp()
  },
  async end(stage) {
    stage.gate.lead({ port: Reflect.get(stage, 'good') as number })
    await stage.gate.set('pass')
  },
})

/** A TLS server that gives its arrivals to the stage's own receiver. */
async function relay(stage: Stage, certificate: { cert: string; key: string }): Promise<number> {
  const { createServer } = await import('node:tls')
  const server = createServer(certificate, (client) => {
    const through = connect(stage.receiver.server.port, '127.0.0.1')
    client.pipe(through).pipe(client)
    client.on('error', () => through.destroy()).on('close', () => through.destroy())
    through.on('error', () => client.destroy()).on('close', () => client.destroy())
  }).on('tlsClientError', () => undefined)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  stage.after(() => server.close())
  return (server.address() as { port: number }).port
}

/** Names are those of a hosts file that only this agent sees. */
const names = (name: string, before: string, during: string, begin?: (stage: Stage) => unknown): Fault => ({
  name,
  by: 'real resolver',
  kind: 'delivery',
  prepare: (stage) => writeFile(join(stage.folder, 'hosts'), `${before}\n`),
  under: ({ folder }) => ['unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', join(folder, 'hosts')],
  kuma: ({ gate }) => `url = "http://kuma.test:${gate.port}"`,
  async begin(stage) {
    await writeFile(join(stage.folder, 'hosts'), `${during}\n`)
    await begin?.(stage)
    stage.gate.hangUp()
  },
  async end(stage) {
    await writeFile(join(stage.folder, 'hosts'), `${before}\n`)
    await stage.gate.set('pass')
  },
}) // prettier-ignore

const proxy = (name: string, mode: GateMode): Fault => ({
  name,
  by: 'scripted proxy',
  kind: 'delivery',
  // The receiver takes a proxy's requests as well as Kuma's.
  kuma: ({ gate }) => `url = "http://kuma.example"\nproxy = "http://127.0.0.1:${gate.port}"`,
  begin: ({ gate }) => gate.set(mode),
  end: ({ gate }) => gate.set('pass'),
})

export const wayFaults: readonly Fault[] = [
  tls('the certificate has expired', 'expired'),
  tls('the certificate is for another host', 'foreign'),
  tls('the certificate is signed by nobody', 'selfSigned'),
  tls('no TLS on the port', null),
  names('the name does not resolve', '127.0.0.1 kuma.test', '127.0.0.1 other.test'),
  names('the name leads to a dead host', '127.0.0.1 kuma.test', '127.0.0.99 kuma.test'),
  names('Kuma moves to another address', '127.0.0.1 kuma.test', '127.0.0.2 kuma.test', async (stage) => {
    const { gate, receiver } = stage
    await startGate(stage, { port: receiver.server.port }, { host: '127.0.0.2', port: gate.port })
    await gate.set('refuse')
  }),
  names('IPv6 is announced and broken', '127.0.0.1 kuma.test', '::1 kuma.test\n127.0.0.1 kuma.test'),
  proxy('the proxy refuses connections', 'refuse'),
  proxy('the proxy does not answer', () => undefined),
  proxy(
    'the proxy answers 407',
    (client) =>
      void client.once('data', () =>
        client.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n'),
      ),
  ),
  {
    name: 'connecting hangs (the queue of connections is full)',
    by: 'real kernel',
    kind: 'delivery',
    async begin(stage) {
      const { gate } = stage
      await gate.set('refuse')
      const code = `require('net').createServer().listen({ port: ${gate.port}, host: '127.0.0.1', backlog: 1 }, () => console.log('listening'))`
      const full = spawn(process.execPath, ['-e', code], { stdio: ['ignore', 'pipe', 'inherit'] })
      stage.after(() => full.kill('SIGKILL'))
      await once(full.stdout, 'data')
      full.kill('SIGSTOP')
      for (let filler = 0; filler < 6; filler++) {
        const socket = connect(gate.port, '127.0.0.1').on('error', () => undefined)
        stage.after(() => socket.destroy())
      }
      Reflect.set(stage, 'full', full)
    },
    async end(stage) {
      const full = Reflect.get(stage, 'full') as ReturnType<typeof spawn>
      const ended = once(full, 'exit')
      full.kill('SIGKILL')
      await ended
      await stage.gate.set('pass')
    },
  },
]
