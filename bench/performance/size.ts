import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Row } from './table.ts'

const ROOT = join(import.meta.dirname, '../..')

/**
 * What the package takes on x86-64, in which telegraf is one program with all its plugins.
 * @see https://pkgs.alpinelinux.org/package/v3.24/community/x86_64/telegraf
 */
const TELEGRAF = { version: '1.37.0', megabytes: 331 }

/** What a host has to take. */
export async function measureSize(): Promise<Row[]> {
  const names = (await readdir(join(ROOT, 'dist'))).filter((name) => /\.(?:cjs|wasm)$/.test(name))
  const sizes = await Promise.all(names.map(async (name) => (await stat(join(ROOT, 'dist', name))).size))
  const { dependencies = {} } = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>
  }
  const kilobytes = Math.round(sizes.reduce((sum, size) => sum + size, 0) / 1000)
  return [
    {
      measure: 'what is installed, beside Node',
      ours: `${kilobytes} kB in ${names.length} files, ${Object.keys(dependencies).length} packages at run time`,
      beside: `telegraf ${TELEGRAF.version}, by Alpine's figure: ${TELEGRAF.megabytes} MB`,
      ratio: null,
      target: null,
    },
  ]
}
