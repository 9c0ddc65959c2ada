import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const PAGE = join(import.meta.dirname, '../docs/reliability.md')

/** Puts what a bench printed into its place in docs/reliability.md. */
export async function writeSection(name: string, text: string): Promise<void> {
  const page = await readFile(PAGE, 'utf8')
  const begin = `<!-- begin ${name} -->`
  const end = `<!-- end ${name} -->`
  const [before, rest] = page.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new Error(`${PAGE} has no place for ${name}`)
  await writeFile(PAGE, `${before}${begin}\n\n${text.trim()}\n\n${end}${after}`)
}
