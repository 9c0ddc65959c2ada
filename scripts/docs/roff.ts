/** Text as roff takes it: hyphens that can be copied, no line that begins like a request. */
export function roff(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-').replaceAll(/^[.']/gm, '\\&$&')
}

/** Text in bold. */
export function bold(text: string): string {
  return `\\fB${roff(text)}\\fR`
}

/** Text in italics, for what is to be replaced. */
export function italic(text: string): string {
  return `\\fI${roff(text)}\\fR`
}

/** An entry of a list: what stands at the left, and lines below it. */
export function entry(term: string, ...lines: readonly string[]): string {
  return [`.TP`, term, ...lines.flatMap((line, index) => (index === 0 ? [line] : ['.br', line]))].join('\n')
}
