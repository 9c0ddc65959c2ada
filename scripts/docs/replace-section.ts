/** Puts a text between the two comments of a page that name its place. */
export function replaceSection(page: string, name: string, text: string): string {
  const [begin, end] = [`<!-- begin ${name} -->`, `<!-- end ${name} -->`]
  const [before, rest] = page.split(begin)
  const after = rest?.split(end)[1]
  if (before === undefined || after === undefined) throw new Error(`the page has no place for ${name}`)
  return `${before}${begin}\n\n${text.trim()}\n\n${end}${after}`
}
