import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'

/** Returns the licences of every package that the inputs of a bundle come from. */
export async function licences(root: string, inputs: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    packageFolders(inputs).map(async (name) => {
      const folder = join(root, name)
      const about = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as PackageJson
      const text = (await licenceText(folder)) ?? standardText(about)
      return `${about.name} ${about.version} (${about.license})\n\n${text.trim()}\n`
    }),
  )
  return parts.join(`\n${'-'.repeat(78)}\n\n`)
}

function packageFolders(inputs: readonly string[]): string[] {
  const folders = inputs.flatMap(
    (input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? [],
  )
  return [...new Set(folders)].toSorted()
}

interface PackageJson {
  name: string
  version: string
  license: string
  author?: string | { name: string }
}

async function licenceText(folder: string): Promise<string | null> {
  const names = await readdir(folder)
  const name = names.find((one) => /^licen[cs]e/i.test(one))
  return name === undefined ? null : readFile(join(folder, name), 'utf8')
}

/** For a package that names its licence and does not ship the text. */
function standardText({ name, license, author = '' }: PackageJson): string {
  const holder = typeof author === 'string' ? author : author.name
  const terms = STANDARD_TERMS[license]
  if (terms === undefined || holder === '')
    throw new Error(`${name}: ships no licence text, and none is known for ${license}`)
  return `Copyright (c) ${holder}\n\n${terms}`
}

const STANDARD_TERMS: Readonly<Record<string, string>> = {
  ISC: `Permission to use, copy, modify, and/or distribute this software for any
purpose with or without fee is hereby granted, provided that the above
copyright notice and this permission notice appear in all copies.

THE SOFTWARE IS PROVIDED "AS IS" AND THE AUTHOR DISCLAIMS ALL WARRANTIES WITH
REGARD TO THIS SOFTWARE INCLUDING ALL IMPLIED WARRANTIES OF MERCHANTABILITY AND
FITNESS. IN NO EVENT SHALL THE AUTHOR BE LIABLE FOR ANY SPECIAL, DIRECT,
INDIRECT, OR CONSEQUENTIAL DAMAGES OR ANY DAMAGES WHATSOEVER RESULTING FROM LOSS
OF USE, DATA OR PROFITS, WHETHER IN AN ACTION OF CONTRACT, NEGLIGENCE OR OTHER
TORTIOUS ACTION, ARISING OUT OF OR IN CONNECTION WITH THE USE OR PERFORMANCE OF
THIS SOFTWARE.`,
  MIT: `Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.`,
}
