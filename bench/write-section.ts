import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceSection } from '../scripts/docs/replace-section.ts'

const PAGE = join(import.meta.dirname, '../docs/reliability.md')

/** Puts what a bench printed into its place in docs/reliability.md. */
export async function writeSection(name: string, text: string): Promise<void> {
  await writeFile(PAGE, replaceSection(await readFile(PAGE, 'utf8'), name, text))
}
