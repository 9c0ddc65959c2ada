/** What the program uses, in the colours of a dark terminal. */
const STYLES: Readonly<Record<string, string>> = {
  '1': 'font-weight:bold;color:#fff',
  '2': 'color:#8b949e',
  '31': 'color:#ff7b72',
  '32': 'color:#56d364',
  '33': 'color:#e3b341',
}

/** Turns a program's output for a terminal into HTML. */
export function ansiToHtml(text: string): string {
  const escaped = text
    .replaceAll('\r', '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
  // oxlint-disable-next-line no-control-regex -- the escape sequences
  return escaped.replaceAll(/\u001B\[(\d+)m/g, (_, code: string) => {
    if (code === '0') return '</span>'
    const style = STYLES[code]
    if (style === undefined) throw new Error(`the picture knows no escape sequence ${code}`)
    return `<span style="${style}">`
  })
}
