import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Row } from './table.ts'

const ROOT = join(import.meta.dirname, '../..')

/** What a host has to take. */
export async function measureSize(): Promise<Row[]> {
  const names = (await readdir(join(ROOT, 'dist'))).filter((name) => name.endsWith('.cjs'))
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(ROOT, 'dist', name))).size))
  const { dependencies = {} } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>
  }
  const kilobytes = Math.round(sizes.reduce((sum, size) => sum + size, 0) / 1000)
  return [
    {
      measure: 'what is installed, beside Node',
      ours: `${kilobytes} kB in ${names.length} files, ${Object.keys(dependencies).length} packages at run time`,
      beside: '',
      ratio: null,
      target: null,
    },
  ]
}
