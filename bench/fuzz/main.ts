// Runs every fuzz test of the unit suite with many inputs: npm run fuzz [-- 1000000] [--write]
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeSection } from '../write-section.ts'

const PROJECT = join(import.meta.dirname, '../..')
const rounds = process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? '100000'
const words = process.argv.slice(2).filter((word) => /^[a-z]/.test(word))
const seed = process.env['KSP_FUZZ_SEED'] ?? String(20_260)

interface Run {
  readonly file: string
  readonly seconds: number
  /** Resident MB after a quarter of the time, and the most of the last quarter. */
  readonly memory: readonly [early: number, late: number]
  readonly failure: string | null
}

const names = (await readdir(join(PROJECT, 'test'), { recursive: true }))
  .filter((name) => name.endsWith('fuzz.test.ts') && words.every((word) => name.includes(word)))
  .toSorted()
const runs = await Promise.all(
  names.map(async (name) => {
    const run = await fuzz(name)
    process.stderr.write(
      `${run.failure === null ? 'ok  ' : 'FAIL'} ${run.file} ${run.seconds} s\n${run.failure ?? ''}`,
    )
    return run
  }),
)
const lines = runs.map(
  ({ file, seconds, memory, failure }) =>
    `| \`test/${file}\` | ${seconds} | ${memory.join(' → ')} | ${failure === null ? 'none' : 'FAILED'} |`,
)
const table = `${Number(rounds).toLocaleString('en')} inputs of each kind, seed ${seed} (${new Date().toISOString().slice(0, 10)}, Node ${process.version}).

| test | seconds | RSS MB, early → late | failures |
| --- | --- | --- | --- |
${lines.join('\n')}
`
process.stdout.write(`\n${table}`)
if (process.argv.includes('--write')) await writeSection('fuzz', table)
process.exitCode = runs.some(({ failure }) => failure !== null) ? 1 : 0

async function fuzz(file: string): Promise<Run> {
  const beganMs = performance.now()
  const child = spawn(process.execPath, ['--import', 'tsx', join(PROJECT, 'test', file)], {
    cwd: PROJECT,
    env: { ...process.env, KSP_FUZZ_ROUNDS: rounds, KSP_FUZZ_SEED: seed },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => (output = (output + text).slice(-4000)))
  }
  const exit = once(child, 'exit')
  const samples: number[] = []
  while (child.exitCode === null && child.signalCode === null) {
    const status = await readFile(`/proc/${child.pid}/status`, 'utf8').catch(() => '')
    const kilobytes = Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0)
    if (kilobytes > 0) samples.push(Math.round(kilobytes / 1024))
    await sleep(250)
  }
  const [code] = (await exit) as [number | null]
  const quarter = Math.floor(samples.length / 4)
  return {
    file,
    seconds: Math.round((performance.now() - beganMs) / 1000),
    memory: [samples[quarter] ?? 0, Math.max(0, ...samples.slice(-quarter - 1))],
    failure: code === 0 ? null : output,
  }
}
