// npm run bench:reading: how much code one stop and one start of a program runs, from /proc to Kuma, and in how many files.
// V8's precise coverage of `run` from source, taken before the stop and after the start was delivered.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { setTimeout as sleep } from 'node:timers/promises'
import { eventually } from '../../test/helpers/eventually.ts'
import { startReceiver } from '../../test/helpers/receiver.ts'
import { startSupervisord } from '../../test/helpers/supervisord.ts'

interface Coverage {
  readonly result: readonly {
    readonly url: string
    readonly functions: readonly {
      readonly functionName: string
      readonly ranges: readonly { readonly count: number; readonly startOffset: number }[]
    }[]
  }[]
}

const PROJECT = join(import.meta.dirname, '../..')
// With --list it names them.
const lists = process.argv.includes('--list')

const ends: (() => unknown)[] = []
const folder = await mkdtemp(join(tmpdir(), 'ksp-reading-'))
const supervisord = await startSupervisord({ programs: { web: 'sleep 1000', api: 'sleep 1000' } })
const kuma = await startReceiver({ after: (end) => ends.push(end) })
try {
  await supervisord.running(2)
  const preload = join(folder, 'take.mjs')
  // Each call writes what ran since the one before.
  await writeFile(preload, "import v8 from 'node:v8'; process.on('SIGUSR2', () => v8.takeCoverage())\n")
  const agent = spawn(
    process.execPath,
    [
      '--import',
      'tsx',
      '--import',
      preload,
      join(PROJECT, 'src/main.ts'),
      'run',
      '--check-every=1s',
      `--kuma-url=${kuma.url}`,
      '--token=AWbUXTosJG',
      '--unit=none',
      `--supervisor-url=${supervisord.url}`,
      `--state-file=${join(folder, 'state.json')}`,
    ],
    {
      env: {
        PATH: process.env['PATH'],
        NODE_V8_COVERAGE: join(folder, 'coverage'),
        RUNTIME_DIRECTORY: '/dev/null',
      },
      stdio: 'ignore',
    },
  )
  await kuma.waitFor('up')
  await sleep(2_000)
  const before = await take(agent.pid ?? 0, 1)
  const stoppedMs = performance.now()
  await supervisord.ctl('stop', 'web')
  await kuma.waitFor('down', stoppedMs)
  const startedMs = performance.now()
  await supervisord.ctl('start', 'web')
  await kuma.waitFor('up', startedMs)
  await sleep(500)
  const after = await take(agent.pid ?? 0, 2, before)
  const [first, second] = await Promise.all([before, after].map(load))
  report('one stop and one start of a program, told to Kuma', second ?? [])
  report('the same and all before it, from the start of the process', [...(first ?? []), ...(second ?? [])])
  agent.kill('SIGTERM')
  await once(agent, 'exit')
} finally {
  for (const end of ends) await end()
  await supervisord.stop()
  await rm(folder, { recursive: true, force: true })
}

/** Has the agent write its coverage; the path of the new file. */
async function take(pid: number, count: number, known?: string): Promise<string> {
  process.kill(pid, 'SIGUSR2')
  await eventually('the coverage is written', async () => (await written()).length >= count)
  await sleep(500)
  const fresh = (await written()).find((file) => file !== known)
  if (fresh === undefined) throw new Error('no coverage was written')
  return fresh
}

async function written(): Promise<string[]> {
  const names = await readdir(join(folder, 'coverage')).catch(() => [])
  return names.map((name) => join(folder, 'coverage', name))
}

interface Ran {
  readonly file: string
  readonly name: string
  readonly at: number
}

/** Reads which of the project's own functions ran; the module itself, the first of each file, does not count. */
async function load(path: string): Promise<Ran[]> {
  const { result } = JSON.parse(await readFile(path, 'utf8')) as Coverage
  return result
    .filter(({ url }) => url.startsWith('file:') && isSource(fileURLToPath(url)))
    .flatMap(({ url, functions }) =>
      functions
        .slice(1)
        .flatMap(({ functionName: name, ranges: [whole] }) =>
          whole !== undefined && whole.count > 0
            ? [{ file: relative(PROJECT, fileURLToPath(url)), name, at: whole.startOffset }]
            : [],
        ),
    )
}

function report(what: string, ran: readonly Ran[]): void {
  const unique = [...new Map(ran.map((one) => [`${one.file}:${one.at}`, one])).values()]
  const files = new Map(unique.map(({ file }) => [file, unique.filter((one) => one.file === file)]))
  for (const [file, functions] of lists ? files : []) {
    console.log(`  ${file}: ${functions.map(({ name }) => name || '=>').join(', ')}`)
  }
  const named = unique.filter(({ name }) => name !== '').length
  console.log(`${what}: ${unique.length} functions (${named} with a name) in ${files.size} files`)
}

function isSource(path: string): boolean {
  return path.startsWith(join(PROJECT, 'src/'))
}
