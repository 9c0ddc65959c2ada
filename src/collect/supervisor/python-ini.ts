/** Sections by name; options by lower-case name. */
export type IniSections = Map<string, Map<string, string>>

/**
 * Reads an INI text into `sections` as supervisord does, by Python's `RawConfigParser` with `strict=False`: `;` and `#`
 * begin a comment only at the start or after white space, deeper lines continue a value, `:` is as good as `=`, the last
 * of two equal options wins and sections of one name are joined. (The npm package `ini` cuts `a#b`, strips quotes,
 * knows no continuation and splits section names at dots.)
 * @returns what is wrong with the first wrong line, as `line 3: …`, or null
 * @see https://docs.python.org/3/library/configparser.html#supported-ini-file-structure
 */
export function parsePythonIni(text: string, sections: IniSections): string | null {
  let section: Map<string, string> | null = null
  let option = ''
  let indent = 0
  let wrong: string | null = null
  let number = 0

  for (const line of text.split(/\r\n|\n|\r/)) {
    number++
    const value = withoutComment(line).trim()
    // An empty line inside a value only adds a line break, which no option here is sensitive to.
    if (value === '') continue
    const depth = line.search(/\S/)
    if (section && option !== '' && depth > indent) {
      section.set(option, `${section.get(option) ?? ''}\n${value}`)
      continue
    }
    indent = depth
    const header = /^\[(.+)\]/.exec(value)?.[1]
    const setting = /^(.*?)\s*[=:]\s*(.*)$/.exec(value)
    const name = setting?.[1] ?? ''
    if (header !== undefined) {
      section = sections.get(header) ?? new Map<string, string>()
      sections.set(header, section)
      option = ''
    } else if (section && name !== '') {
      option = name.toLowerCase()
      section.set(option, setting?.[2] ?? '')
    } else {
      wrong ??= `line ${number}: neither a section nor an option`
    }
  }
  return wrong
}

function withoutComment(line: string): string {
  if (/^\s*[;#]/.test(line)) return ''
  const inline = line.search(/(?<=\s)[;#]/)
  return inline === -1 ? line : line.slice(0, inline)
}
