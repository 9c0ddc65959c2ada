import type { HttpAnswer } from '../lib/http.ts'

/**
 * The `Retry-After` of an answer in milliseconds: seconds, or a date (by the answer's own `Date`, so that a wrong clock
 * here does no harm); null when absent or not understood.
 * @see https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
 */
export function retryAfter(headers: HttpAnswer['headers']): number | null {
  const value = single(headers['retry-after'])
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1000
  // Date.parse alone takes "-5" for a month.
  if (!value.endsWith(' GMT')) return null
  const wait = Date.parse(value) - Date.parse(single(headers['date']))
  return Number.isNaN(wait) ? null : Math.max(0, wait)
}

function single(value: string | string[] | undefined): string {
  return [value].flat()[0] ?? ''
}
