// Decodes the XML-RPC answer in a file so many times and prints what each took in milliseconds: decode.ts FILE TIMES
import { readFileSync } from 'node:fs'
import { decodeAnswer } from '../../src/collect/supervisor/xmlrpc-decode.ts'

const [file = '', times = '1'] = process.argv.slice(2)
const bytes = readFileSync(file)
const taken = Array.from({ length: Number(times) }, () => {
  const start = performance.now()
  decodeAnswer(bytes)
  return performance.now() - start
})
process.stdout.write(JSON.stringify(taken))
