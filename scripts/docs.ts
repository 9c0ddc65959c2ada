// Writes what the documentation says of commands, options, keys and exit codes, from the program itself.
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { makePages } from './docs/pages.ts'

for (const [path, text] of await makePages()) {
  const file = join(import.meta.dirname, '..', path)
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, text)
}
