import { OPTION_NAMES, OPTIONS, type SharedFlags, type SharedOption } from '../config/options.ts'

/**
 * Reads the words after `once` where they are nothing but shared options, each once and with its value, as cron's line has
 * them: what commander would make of them, without the 2 ms that it takes. Null for anything else, which is commander's
 * to read and to refuse.
 */
export function readPlainLine(words: readonly string[]): SharedFlags | null {
  const flags: Record<string, string | true> = {}
  for (let at = 0; at < words.length; at += 1) {
    const name = OPTION_NAMES.find((one) => OPTIONS[one].flag === words[at])
    if (name === undefined || flags[name] !== undefined) return null
    const { placeholder, isList }: SharedOption = OPTIONS[name]
    const value = placeholder === null ? true : words[++at]
    if (isList || value === undefined || String(value).startsWith('-')) return null
    flags[name] = value
  }
  return flags
}
