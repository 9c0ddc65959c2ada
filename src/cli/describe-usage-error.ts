/**
 * What commander says of a wrong command line, in words for people. Of an unknown option without what may have been given
 * with it: `--tokn=AWbU…` holds a token.
 */
export function describeUsageError(text: string): string {
  return text
    .replace(/(unknown option '--[^='\s]*)=.*'/s, "$1=…'")
    .replace(/(unknown option '-[^-'])[^']+'/s, "$1…'")
    .replace(
      /command-argument value '(.*)' is invalid for argument '(\w+)'\. Allowed choices are (.*)\./s,
      'no $2 "$1", only: $3',
    )
}
