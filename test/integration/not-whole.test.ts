// An installation that lacks a part: a partial copy, or a folder that is being replaced while the agent starts.
import assert from 'node:assert/strict'
import { cp, mkdtemp, rename, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { before, test, type TestContext } from 'node:test'
import { BUNDLE, buildBundle, runAgent, startAgent } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { watchedProgram } from '../helpers/watched-program.ts'

before(buildBundle)

const PARSERS = ['llhttp.wasm', 'llhttp_simd.wasm']

/** A copy of the agent whose parsers of HTTP, both builds of it, `spoil` has had in its hands. */
async function scene(t: TestContext, spoil: (file: string) => Promise<void>) {
  const { folder, ...watched } = await watchedProgram(t)
  const dist = join(folder, 'dist')
  await cp(dirname(BUNDLE), dist, { recursive: true })
  for (const name of PARSERS) await spoil(join(dist, name))
  return { dist, bundle: join(dist, basename(BUNDLE)), ...watched }
}

const aside = (file: string) => `${file}.aside`

for (const [how, spoil, why] of [
  ['is missing', (file: string) => rm(file), 'cannot be read (ENOENT)'],
  ['is cut short', (file: string) => truncate(file, 100), 'has 100 bytes instead of '],
] as const) {
  test(`a parser of HTTP that ${how} is told as the agent's fault, not as one of supervisord or Kuma`, async (t) => {
    const { dist, bundle, options } = await scene(t, spoil)
    const { code, stderr } = await runAgent(['once', ...options({})], { bundle })
    const says = `the agent is not installed whole: ${dist}/llhttp.wasm ${why}`
    assert.ok(stderr.includes(`\nerror: the check of local failed: ${says}`), stderr)
    assert.ok(stderr.includes(`agent error while pushing: ${says}`), stderr)
    assert.match(stderr, /: install it again, with all of dist\/$/m)
    assert.doesNotMatch(stderr, /socket|supervisord is|Kuma at|^ +at /m)
    assert.equal(code, 69)
  })
}

for (const [how, spoil, why] of [
  ['is missing', (file: string) => rm(file), 'cannot be read (ENOENT)'],
  [
    'cannot be read',
    (file: string) => rm(file).then(() => symlink(basename(file), file)),
    'cannot be read (ELOOP)',
  ],
  ['is cut short', (file: string) => truncate(file, 100_000), 'is damaged ('],
  ['is empty', (file: string) => truncate(file, 0), 'is damaged ('],
] as const) {
  test(`an agent whose own file ${how} ends with one line that names it and the way out`, async (t) => {
    const folder = await mkdtemp(join(tmpdir(), 'ksp-whole-'))
    t.after(() => rm(folder, { recursive: true, maxRetries: 9 }))
    const dist = join(folder, 'dist')
    await cp(dirname(BUNDLE), dist, { recursive: true })
    const bundle = join(dist, basename(BUNDLE))
    for (const [name, args] of [
      ['agent.cjs', ['--version']],
      ['once.cjs', ['once', '--dry-run']],
    ] as const) {
      await spoil(join(dist, name))
      // With a home, a one-shot looks for the code that an earlier run has kept of the file.
      const { code, stdout, stderr } = await runAgent(args, { bundle, env: { HOME: folder } })
      const says = `kuma-supervisor-push: the agent is not installed whole: ${join(dist, name)} ${why}`
      assert.ok(stderr.startsWith(says), stderr)
      assert.match(stderr, /^[^\n]*\): install it again, with all of dist\/\n$/)
      assert.equal(stdout, '')
      assert.equal(code, 70)
    }
  })
}

test('an agent that lacks a file descriptor for its own file does not ask to be installed again', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-whole-'))
  t.after(() => rm(folder, { recursive: true, maxRetries: 9 }))
  // Runs the launcher before Node does, once it has been read and no more can be.
  const script = `
    const { openSync, readFileSync } = require('node:fs')
    const { Module } = require('node:module')
    const launcher = new Module(${JSON.stringify(BUNDLE)})
    const text = readFileSync(launcher.id, 'utf8').replace(/^#!/, '//')
    try { for (;;) openSync('/dev/null') } catch {}
    launcher._compile(text, launcher.id)
    process.exit()`
  const first = join(folder, 'first.cjs')
  await writeFile(first, script)
  const options = { under: ['prlimit', '--nofile=64'], nodeOptions: ['--require', first] }
  const { code, stderr } = await runAgent(['--version'], options)
  const says = 'the agent has no file descriptors left (EMFILE): raise its limit (LimitNOFILE, ulimit -n)'
  assert.equal(stderr, `kuma-supervisor-push: ${says}\n`)
  assert.equal(code, 70)
})

test('an agent whose parser of HTTP comes back goes on, and has not blamed supervisord', async (t) => {
  const { dist, bundle, options, kuma } = await scene(t, (file) => rename(file, aside(file)))
  const agent = startAgent(['run', ...options({ 'check-every': '1s', 'push-every': '1s' })], { bundle })
  t.after(() => agent.stop())
  const says = `agent error: the agent is not installed whole: ${dist}/llhttp.wasm cannot be read (ENOENT)`
  await eventually('it is told', () => agent.stderr.includes(`supervisor is down: ${says}`))
  for (const name of PARSERS) await rename(aside(join(dist, name)), join(dist, name))
  await eventually('it is up', () => kuma.heartbeats.some((line) => line.startsWith('up 1 of 1')))
  const downs = kuma.heartbeats.filter((line) => line.startsWith('down'))
  assert.ok(
    downs.every((line) => line.startsWith(`down ${says}`)),
    downs.join('\n'),
  )
  assert.doesNotMatch(agent.stderr, /supervisord is/)
})
