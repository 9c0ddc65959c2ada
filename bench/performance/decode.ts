// Decodes the XML-RPC answer in a file so many times and prints what each took in milliseconds: decode.ts FILE TIMES
import { readFileSync } from 'node:fs'
import { decodePlain } from '../../src/collect/supervisor/decode-plain.ts'

const [file = '', times = '1'] = process.argv.slice(2)
const bytes = readFileSync(file)
const taken = Array.from({ length: Number(times) }, () => {
  const start = performance.now()
  if (decodePlain(bytes) === undefined) throw new Error(`${file} is not plain`)
  return performance.now() - start
})
process.stdout.write(JSON.stringify(taken))
