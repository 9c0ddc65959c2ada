// When install.sh builds a clone again, by the steps of its dry run.
import assert from 'node:assert/strict'
import { cp, mkdtemp, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { buildBundle, PROJECT } from '../helpers/agent-process.ts'
import { runCommand } from '../helpers/run-command.ts'

const SOURCES = ['src', 'scripts', 'package.json', 'package-lock.json']
const OTHERS = ['dist', 'install.sh', 'man', 'systemd', 'config.example.toml', 'LICENSE']

async function setAge(path: string, seconds: number): Promise<void> {
  const at = Date.now() / 1000 - seconds
  await utimes(path, at, at)
}

suite('install.sh of a clone', () => {
  let clone = ''
  before(async () => {
    await buildBundle()
    clone = await mkdtemp(join(tmpdir(), 'ksp-clone-'))
    for (const name of [...SOURCES, ...OTHERS]) {
      await cp(join(PROJECT, name), join(clone, name), { recursive: true })
    }
    const old = ['-exec', 'touch', '-d', '-1 hour', '{}', '+']
    const { code, stderr } = await runCommand(['find', ...SOURCES.map((name) => join(clone, name)), ...old])
    assert.equal(code, 0, stderr)
  })
  after(() => rm(clone, { recursive: true, maxRetries: 9 }))

  async function builds(): Promise<boolean> {
    const where = [
      '--supervisor-url',
      'unix:///nowhere',
      '--kuma-url',
      'http://127.0.0.1:1',
      '--token',
      'abc',
    ]
    const { stdout, stderr } = await runCommand([join(clone, 'install.sh'), '--dry-run', '--cron', ...where])
    assert.match(stdout, /^use it as /m, stderr)
    return stdout.includes(`\nbuild ${clone}/dist\n`)
  }

  test('takes what is built already', async () => {
    assert.equal(await builds(), false)
  })

  for (const file of [
    'src/main.ts',
    'scripts/build.ts',
    'scripts/bundle/no-transport.ts',
    'package-lock.json',
  ]) {
    test(`builds again when ${file} is newer`, async () => {
      const path = join(clone, file)
      await setAge(path, -3600)
      assert.equal(await builds(), true)
      await setAge(path, 3600)
    })
  }

  test('builds again when the bundle is missing', async () => {
    const path = join(clone, 'dist/kuma-supervisor-push.cjs')
    await rm(path)
    assert.equal(await builds(), true)
    await cp(join(PROJECT, 'dist/kuma-supervisor-push.cjs'), path)
  })
})
