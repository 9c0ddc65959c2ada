import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'smol-toml'
import { HTTP_KEYS } from '../../src/config/http-check.ts'
import type { Kind } from '../../src/config/kind.ts'
import { headingOf, SCHEMA, TABLES } from '../../src/config/schema.ts'
import { loadText } from '../helpers/load-text.ts'

const example = readFileSync(join(import.meta.dirname, '../../config.example.toml'), 'utf8')

/** Every key of the example with its values, commented out or not: `agent.push_every`. */
const shown = new Map<string, unknown[]>()
let table = ''
for (const line of example.split('\n')) {
  const heading = /^\[+(\w+)\]+$/.exec(line)
  if (heading !== null) table = heading[1] ?? ''
  const key = /^#?(\w+) = /.exec(line)?.[1]
  if (key !== undefined) {
    const name = `${table}.${key}`
    shown.set(name, [...(shown.get(name) ?? []), parse(line.replace(/^#/, ''))[key]])
  }
}

describe('config.example.toml', () => {
  test('loads as it is, without a problem or a warning', async () => {
    const { config, warnings } = await loadText(example)
    assert.deepEqual(warnings, [])
    assert.deepEqual(
      config.monitors.map(({ name }) => name),
      ['everything', 'celery', 'nginx'],
    )
  })

  test('has every table and key of the schema and no other', () => {
    const known = TABLES.flatMap((name) => Object.keys(SCHEMA[name]).map((key) => `${name}.${key}`))
    assert.deepEqual([...shown.keys()].toSorted(), known.toSorted())
    for (const name of TABLES) assert.ok(example.includes(`\n${headingOf(name)}\n`), headingOf(name))
  })

  test('has every key of an HTTP check', () => {
    const [http] = shown.get('monitor.http') ?? []
    assert.deepEqual(Object.keys(http as object), Object.keys(HTTP_KEYS))
  })

  test('has a right value for every key, the ones that are commented out too', () => {
    for (const name of TABLES) {
      for (const [key, kind] of Object.entries<Kind<unknown>>(SCHEMA[name])) {
        for (const value of shown.get(`${name}.${key}`) ?? []) {
          const wrong = (what: string) => assert.fail(`${name}.${key} ${what}`)
          assert.notEqual(kind.parse(value, { wrong, absolute: (path) => path }), null)
        }
      }
    }
  })

  test('shows the real defaults', async () => {
    const { config } = await loadText('[[monitor]]\ntoken = "abc"\n')
    const { config: said } = await loadText(
      `[kuma]\nurl = "${String(shown.get('kuma.url'))}"\ntimeout = "${String(shown.get('kuma.timeout'))}"
      [agent]\npush_every = "${String(shown.get('agent.push_every'))}"\ncheck_every = "${String(shown.get('agent.check_every'))}"
      state_file = "${String(shown.get('agent.state_file'))}"
      on_stop = "${String(shown.get('agent.on_stop'))}"
      [[supervisor]]\nunit = "${String(shown.get('supervisor.unit'))}"\nurl = "${String(shown.get('supervisor.url'))}"
      timeout = "${String(shown.get('supervisor.timeout'))}"
      [[monitor]]\ntoken = "abc"\nstopped = "${String(shown.get('monitor.stopped'))}"
      on_failure = "${String(shown.get('monitor.on_failure'))}"\nrestart_cooldown = "${String(shown.get('monitor.restart_cooldown'))}"
      stderr_tail = ${String(shown.get('monitor.stderr_tail'))}`,
    )
    assert.deepEqual(said, config)
  })
})
