/** What commander says of an unknown option, without what may have been given with it: `--tokn=AWbU…` holds a token. */
export function describeUsageError(text: string): string {
  return text
    .replace(/(unknown option '--[^='\s]*)=.*'/s, "$1=…'")
    .replace(/(unknown option '-[^-'])[^']+'/s, "$1…'")
}
