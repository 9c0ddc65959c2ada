// The package as npm publishes it.
import assert from 'node:assert/strict'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { runCommand } from '../helpers/run-command.ts'

const PROJECT = join(import.meta.dirname, '../..')
const folder = mkdtempSync(join(tmpdir(), 'ksp-package-'))
after(() => rmSync(folder, { recursive: true, maxRetries: 9 }))

/** Packs a copy of the project in a folder of its own, which builds it there, and gives the tarball. */
async function pack(name: string): Promise<string> {
  const copy = join(folder, name)
  const others = new Set(['node_modules', '.git', '.cache', 'dist', 'coverage'])
  cpSync(PROJECT, copy, { recursive: true, filter: (path) => !others.has(basename(path)) })
  symlinkSync(join(PROJECT, 'node_modules'), join(copy, 'node_modules'))
  const target = join(folder, `${name}-packed`)
  mkdirSync(target)
  const { code, stderr } = await runCommand(
    ['sh', '-c', 'cd "$1" && npm pack --pack-destination "$2"', 'sh', copy, target],
    { timeoutMs: 300_000 },
  )
  assert.equal(code, 0, stderr)
  return join(target, readdirSync(target)[0] ?? '')
}

suite('the package', () => {
  let tarball = ''
  const unpacked = join(folder, 'package')
  before(async () => {
    tarball = await pack('here')
    assert.equal((await runCommand(['tar', '-xzf', tarball, '-C', folder])).code, 0)
  })

  test('is the same to the byte, wherever and how often it is built', async () => {
    assert.ok(readFileSync(tarball).equals(readFileSync(await pack('another-folder'))))
  })

  test('holds what a user needs and nothing else', () => {
    const files = readdirSync(unpacked, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(unpacked.length + 1))
    const pages = readdirSync(join(PROJECT, 'docs')).filter((name) => name.endsWith('.md'))
    assert.deepEqual(
      files.toSorted(),
      [
        'CHANGELOG.md',
        'LICENSE',
        'README.md',
        'config.example.toml',
        'dist/THIRD-PARTY-LICENSES',
        'dist/kuma-supervisor-push.cjs',
        ...pages.map((name) => `docs/${name}`),
        'install.sh',
        'man/kuma-supervisor-push.1',
        'package.json',
        'systemd/grant-access',
        'systemd/kuma-supervisor-push-access@.path',
        'systemd/kuma-supervisor-push-access@.service',
        'systemd/kuma-supervisor-push.service',
      ].toSorted(),
    )
  })

  test('has nothing that publint would change', async () => {
    const { messages, pkg } = await publint({ pkgDir: unpacked, pack: false, strict: true })
    assert.deepEqual(
      messages.map((message) => formatMessage(message, pkg)),
      [],
    )
  })

  test('needs no other package to run', async () => {
    const { dependencies } = JSON.parse(readFileSync(join(unpacked, 'package.json'), 'utf8')) as Record<
      string,
      unknown
    >
    assert.equal(dependencies, undefined)
    const { code, stdout } = await runCommand([
      process.execPath,
      join(unpacked, 'dist/kuma-supervisor-push.cjs'),
      '--version',
    ])
    assert.equal(code, 0)
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/)
  })

  test('brings nothing of what is known to be unsafe and came with D-Bus once', () => {
    const licences = readFileSync(join(unpacked, 'dist/THIRD-PARTY-LICENSES'), 'utf8')
    assert.match(licences, /^@jellybrick\/dbus-next \d/m, 'what is in the bundle is named there')
    // CVE-2023-0842 of xml2js before 0.5, and a package that once came with a thief of passwords.
    assert.doesNotMatch(licences, /^(?:xml2js|event-stream) \d/m)
  })

  test('has a manual page that man can show', async () => {
    const { code, stdout } = await runCommand([
      'mandoc',
      '-T',
      'lint',
      '-W',
      'unsupp',
      join(unpacked, 'man/kuma-supervisor-push.1'),
    ])
    assert.equal(code, 0, stdout)
  })
})
