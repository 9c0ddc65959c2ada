import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { answer, processInfos } from '../../test/helpers/rpc-answers.ts'
import { runCommand } from '../../test/helpers/run-command.ts'
import { median, type Row } from './table.ts'

/** Each process decodes it so often. */
const TIMES = 9

/** How long it takes to decode an answer with a thousand programs. */
export async function measureDecoding(node: string, line: string, rounds: number): Promise<Row[]> {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-decode-'))
  try {
    const file = join(folder, 'answer.xml')
    const text = answer(processInfos(1000, 1_800_000_000))
    await writeFile(file, text)
    const here = import.meta.dirname
    const ours: number[][] = []
    const python: number[][] = []
    for (let round = 0; round < rounds; round++) {
      ours.push(await taken([node, '--import', 'tsx', join(here, 'decode.ts'), file, String(TIMES)]))
      python.push(await taken(['python3', join(here, 'decode.py'), file, String(TIMES)]))
    }
    const row = (measure: string, of: (runs: readonly number[]) => number): Row => {
      const [a, b] = [median(ours.map(of)), median(python.map(of))]
      const beside = `Python's \`xmlrpc.client\`: ${b.toFixed(0)} ms`
      return { node: line, measure, ours: `${a.toFixed(0)} ms`, beside, ratio: a / b, target: 1.3 }
    }
    const size = `${(text.length / 1e6).toFixed(1)} MB`
    return [
      row(`decoding 1,000 programs, ${size}: the first time`, ([first]) => first ?? NaN),
      row('the same again', ([, ...again]) => median(again)),
    ]
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function taken(command: readonly string[]): Promise<number[]> {
  const { code, stdout, stderr } = await runCommand(command)
  if (code !== 0) throw new Error(`${command.join(' ')} ended with ${code}: ${stderr}`)
  return JSON.parse(stdout) as number[]
}
