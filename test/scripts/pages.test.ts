// Every page: its links lead somewhere, its configurations load.
import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, test } from 'node:test'
import { loadText } from '../helpers/load-text.ts'

const ROOT = join(import.meta.dirname, '../..')
const pages = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
]

/** As GitHub names the anchor of a heading. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-')
}

for (const page of pages) {
  const text = readFileSync(join(ROOT, page), 'utf8')

  describe(page, () => {
    for (const [, link = ''] of text.matchAll(/\]\((?!https?:)([^)\s]+)\)/g)) {
      test(`has what it links to: ${link}`, () => {
        const [path = '', anchor] = link.split('#')
        const target = path === '' ? page : join(dirname(page), path)
        assert.ok(existsSync(join(ROOT, target)), target)
        if (anchor === undefined) return
        const headings = readFileSync(join(ROOT, target), 'utf8').matchAll(/^#+ (.*)$/gm)
        assert.ok(
          [...headings].some(([, heading = '']) => anchorOf(heading) === anchor),
          link,
        )
      })
    }

    for (const [, toml = ''] of text.matchAll(/^```toml\n(.*?)^```/gms)) {
      test(`shows a configuration that loads: ${toml.split('\n')[0]}`, async () => {
        const named = [...toml.matchAll(/"(\/[^"]+\.(?:token|password|secret|pem|key))"/g)].map(
          ([, path = '']) => path,
        )
        const files = Object.fromEntries(named.map((path, index) => [path, `abc${index}`]))
        const { warnings } = await loadText(toml, { files })
        assert.deepEqual(warnings, [])
      })
    }
  })
}
