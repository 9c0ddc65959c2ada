import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { parse } from 'smol-toml'
import * as v from 'valibot'
import { headingOf, keysOf, SCHEMA, TABLES } from '../../src/config/schema.ts'
import { HTTP_KEYS } from '../../src/config/values.ts'
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
      for (const [key, { schema }] of Object.entries(keysOf(name))) {
        for (const value of shown.get(`${name}.${key}`) ?? []) v.parse(schema, value)
      }
    }
  })

  test('shows the real defaults', async () => {
    const { config } = await loadText('[[monitor]]\ntoken = "abc"\n')
    const tables = TABLES.map((name) => {
      const lines = Object.entries(keysOf(name)).flatMap(([key, { default: written }]) =>
        written === undefined ? [] : `${key} = ${JSON.stringify(written)}`,
      )
      return `${headingOf(name)}\n${lines.join('\n')}\n`
    })
    const { config: said } = await loadText(`${tables.join('')}token = "abc"\n`)
    assert.deepEqual(said, config)
    for (const name of TABLES) {
      for (const [key, { default: written }] of Object.entries(keysOf(name))) {
        const [first] = shown.get(`${name}.${key}`) ?? []
        if (written !== undefined && !key.endsWith('name')) assert.equal(first, written, `${name}.${key}`)
      }
    }
  })
})
