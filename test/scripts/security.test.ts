// docs/security.md against the program and its unit.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')
const page = read('docs/security.md')
/** What somebody may add. */
const IN_DROP_IN = new Set(['LoadCredential=', 'RuntimeDirectoryMode=0700'])

test('docs/security.md names every call to supervisord, and no other', () => {
  const methods = /\b(?:supervisor|system)\.[a-z]+[A-Z]\w+|\bsystem\.multicall/g
  const sources = ['agent', 'cli', 'collect'].flatMap((room) =>
    readdirSync(join(ROOT, 'src', room), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .flatMap((name) =>
        [...read(`src/${room}/${name}`).matchAll(/'([^'\n]+)'/g)].map(([, text = '']) => text),
      ),
  )
  const called = new Set(
    sources.flatMap((text) => text.match(methods)?.filter((method) => method === text) ?? []),
  )
  assert.ok(called.size > 5)
  assert.deepEqual([...new Set(page.match(methods))].toSorted(), [...called].toSorted())
})

test('docs/security.md names settings as the unit has them', () => {
  const unit = read('systemd/kuma-supervisor-push.service').split('\n')
  const settings = [...page.matchAll(/`([A-Z]\w+=[^`]*)`/g)].map(([, setting = '']) => setting)
  const named = settings.filter((setting) => !IN_DROP_IN.has(setting))
  assert.ok(named.length > 5)
  for (const setting of named) assert.ok(unit.includes(setting), setting)
})
