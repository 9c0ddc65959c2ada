import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceSection } from '../scripts/docs/markdown.ts'

const DOCS = join(import.meta.dirname, '../docs')

/** Puts what a bench printed into its place on a page of docs/. */
export async function writeSection(name: string, text: string, page = 'reliability.md'): Promise<void> {
  const path = join(DOCS, page)
  await writeFile(path, replaceSection(await readFile(path, 'utf8'), name, text))
}
