import type { Parsed } from './parsed.ts'
import { quote } from '../lib/quote.ts'

const TYPES = 'service|socket|device|mount|automount|swap|target|path|timer|slice|scope'

/**
 * Parses the name of a systemd unit; without a type it is a service, as for systemctl.
 * @see https://www.freedesktop.org/software/systemd/man/latest/systemd.unit.html
 */
export function parseUnitName(text: string): Parsed<string> {
  const trimmed = text.trim()
  const unit = new RegExp(`\\.(${TYPES})$`).test(trimmed) ? trimmed : `${trimmed}.service`
  if (!/^[A-Za-z0-9:_.\\@-]+$/.test(trimmed) || unit.length > 255) {
    return { wrong: `must be the name of a systemd unit such as "nginx.service", got ${quote(trimmed)}` }
  }
  if (/@\.[a-z]+$/.test(unit)) {
    return {
      wrong: `is a template, got ${quote(trimmed)}; name an instance such as ${quote(unit.replace('@.', '@1.'))}`,
    }
  }
  return { value: unit }
}
