// Stands in for many supervisords: light-supervisords.ts FOLDER COUNT PROGRAMS
// FOLDER/N.sock answers at once what supervisord would; FOLDER/hung.sock takes connections and never answers. SIGUSR2
// makes the first program of the last one FATAL.
import { createServer, type RequestListener } from 'node:http'
import { join } from 'node:path'
import { answer, array, processInfos, scalar } from './answers.ts'

const [folder = '', count = '1', programs = '5'] = process.argv.slice(2)
let hasFailed = false
process.on('SIGUSR2', () => (hasFailed = true))

// supervisord counts whole seconds.
let cached = { key: '', text: '' }
const infos = (isLast: boolean): string => {
  const now = Math.floor(Date.now() / 1000)
  const fatal = isLast && hasFailed
  const key = `${now} ${fatal}`
  if (key !== cached.key)
    cached = { key, text: processInfos(Number(programs), now, new Set(fatal ? [0] : [])) }
  return cached.text
}

const serve =
  (isLast: boolean): RequestListener =>
  (request, response) => {
    let body = ''
    request.setEncoding('utf8').on('data', (text: string) => (body += text))
    request.on('end', () => {
      const method = /<methodName>(.*?)<\/methodName>/.exec(body)?.[1] ?? ''
      const values: Readonly<Record<string, () => string>> = {
        'system.multicall': () => array([scalar(4711), infos(isLast)]),
        'supervisor.getAllProcessInfo': () => infos(isLast),
        'supervisor.getAllConfigInfo': () => array([]),
        'supervisor.readLog': () => scalar(''),
        'supervisor.getState': () => scalar(1),
      }
      response.setHeader('content-type', 'text/xml')
      response.end(answer((values[method] ?? (() => scalar('')))()))
    })
  }

for (let number = 0; number < Number(count); number++) {
  const server = createServer(serve(number === Number(count) - 1))
  server.keepAliveTimeout = 0
  server.listen(join(folder, `${number}.sock`))
}
createServer(() => {}).listen(join(folder, 'hung.sock'), () => process.stdout.write('ready\n'))
