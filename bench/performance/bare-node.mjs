// Asks a supervisord for its processes once a second, and does nothing with the answer: bare-node.mjs SOCKET
import { connect } from 'node:net'

const body =
  '<?xml version="1.0"?><methodCall><methodName>supervisor.getAllProcessInfo</methodName><params></params></methodCall>'
const head = `POST /RPC2 HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: ${body.length}\r\n\r\n`
const socket = connect(process.argv[2])
socket.on('data', () => {})
setInterval(() => socket.write(head + body), 1000)
