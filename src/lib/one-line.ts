/** What every provider behind Kuma can take: e-mail subjects, SMS and chat cut or refuse longer ones. */
export const MESSAGE_LIMIT = 250

// Control characters, line separators, and marks that turn the direction of the text around. Written out, since V8 takes a
// millisecond to look up \p{Cc} at its first use.
// oxlint-disable-next-line no-control-regex -- to be replaced
const UNPRINTABLE = /[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]+/g

/** Makes one printable line of a text from outside. Lone surrogates, which no URL can carry, become U+FFFD. */
export function oneLine(text: string): string {
  return text.replaceAll(UNPRINTABLE, ' ').replaceAll(/ {2,}/g, ' ').trim().toWellFormed()
}

/** Cuts at a whole character (a cluster such as an emoji with its modifiers counts as one) and marks the cut with `…`. */
export function cut(text: string, limit: number): string {
  if (text.length <= limit) return text
  let kept = ''
  for (const { segment } of new Intl.Segmenter().segment(text.slice(0, limit + 64))) {
    if (kept.length + segment.length > limit - 1) break
    kept += segment
  }
  return `${kept.trimEnd()}…`
}
