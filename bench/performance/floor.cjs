// What no `once` on Node can do without: sockets to the bus, to supervisord and to Kuma, and answers that nobody reads.
// node floor.cjs <push URL>
'use strict'
const net = require('node:net')

const push = new URL(process.argv[2])
const CALL = '<?xml version="1.0"?><methodCall><methodName>supervisor.METHOD</methodName></methodCall>'

/** Writes one text after the other, each when the answer to the one before is whole. */
function talk(to, texts, isWhole) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(to)
    let answer = ''
    const next = () => (texts.length === 0 ? resolve() : socket.write(texts.shift()))
    socket.on('error', reject).on('data', (piece) => {
      answer += piece.toString('latin1')
      if (!isWhole(answer)) return
      answer = ''
      next()
    })
    next()
  })
}

function isWholeHttp(answer) {
  const [head, body] = answer.split('\r\n\r\n')
  return body !== undefined && body.length >= Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0)
}

function post(method) {
  const body = CALL.replace('METHOD', method)
  return `POST /RPC2 HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/xml\r\ncontent-length: ${body.length}\r\n\r\n${body}`
}

async function main() {
  const login = `\0AUTH EXTERNAL ${Buffer.from(String(process.getuid())).toString('hex')}\r\n`
  await Promise.all([
    talk({ path: '/run/dbus/system_bus_socket' }, [login], (answer) => answer.endsWith('\r\n')),
    talk({ path: '/run/supervisor.sock' }, ['getAllProcessInfo', 'getAllConfigInfo'].map(post), isWholeHttp),
  ])
  const get = `GET ${push.pathname}?status=up&msg=OK&ping= HTTP/1.1\r\nhost: ${push.host}\r\n\r\n`
  await talk({ host: push.hostname, port: Number(push.port) }, [get], isWholeHttp)
  process.exit(0)
}

void main()
