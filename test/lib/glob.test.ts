import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { glob } from '../../src/lib/glob.ts'

let dir = ''
before(async () => {
  dir = await mkdtemp(join(tmpdir(), 'ksp-glob-'))
  await Promise.all(['one', 'two', '.three'].map((name) => mkdir(join(dir, name))))
  const files = [
    'one/a.conf',
    'one/b.conf',
    'one/.c.conf',
    'one/a+b.txt',
    'two/a.conf',
    '.three/a.conf',
    'b^.conf',
    'é.conf',
  ]
  await Promise.all(files.map((file) => writeFile(join(dir, file), '')))
})
after(() => rm(dir, { recursive: true, maxRetries: 9 }))

const CASES: [string, string[]][] = [
  ['one/a.conf', ['one/a.conf']],
  ['one/none.conf', []],
  ['one/*.conf', ['one/a.conf', 'one/b.conf']],
  ['one/.*.conf', ['one/.c.conf']],
  ['*/a.conf', ['one/a.conf', 'two/a.conf']],
  ['*/*.conf', ['one/a.conf', 'one/b.conf', 'two/a.conf']],
  ['one/?.conf', ['one/a.conf', 'one/b.conf']],
  ['one/[b-z].conf', ['one/b.conf']],
  ['one/[!a].conf', ['one/b.conf']],
  ['one/[z-a].conf', []],
  ['one/a+*', ['one/a+b.txt']],
  ['b[^].conf', ['b^.conf']],
  ['?.conf', ['é.conf']],
  ['none/*.conf', []],
]
for (const [pattern, found] of CASES) {
  test(`finds ${pattern}`, async () => {
    assert.deepEqual(
      await glob(join(dir, pattern)),
      found.map((path) => join(dir, path)),
    )
  })
}
