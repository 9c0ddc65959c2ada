import { INT32, INT64, ISO_8601, type XmlRpcValue } from './value.ts'

/**
 * The value of one scalar element from its text, or what is wrong with it as half a sentence.
 * White space around anything but a string is ignored.
 */
export const DECODE_SCALAR: ReadonlyMap<string, (text: string) => Scalar> = new Map([
  ['string', (text: string) => ({ value: text })],
  ['int', decodeInt32],
  ['i4', decodeInt32],
  ['i8', decodeInt64],
  ['boolean', decodeBoolean],
  ['double', decodeDouble],
  ['dateTime.iso8601', decodeDateTime],
  ['base64', decodeBase64],
  ['nil', decodeNil],
])

export type Scalar = { readonly value: XmlRpcValue } | { readonly wrong: string }

const WHOLE = /^[+-]?\d{1,30}$/

function decodeInt32(text: string): Scalar {
  const digits = text.trim()
  if (!WHOLE.test(digits)) return wrong('a whole number', digits)
  const value = Number(digits)
  if (value < INT32.min || value > INT32.max) return wrong('a number of 32 bits', digits)
  // Not −0.
  return { value: value + 0 }
}

function decodeInt64(text: string): Scalar {
  const digits = text.trim()
  if (!WHOLE.test(digits)) return wrong('a whole number', digits)
  const value = BigInt(digits.replace('+', ''))
  if (value < INT64.min || value > INT64.max) return wrong('a number of 64 bits', digits)
  return { value: Number.isSafeInteger(Number(value)) ? Number(value) : value }
}

function decodeBoolean(text: string): Scalar {
  const digit = text.trim()
  return digit === '1' || digit === '0' ? { value: digit === '1' } : wrong('0 or 1', digit)
}

function decodeDouble(text: string): Scalar {
  const digits = text.trim()
  if (!/^[+-]?(?:\d+\.?|\d*\.\d+)(?:[eE][+-]?\d+)?$/.test(digits)) return wrong('a number', digits)
  const value = Number(digits)
  return Number.isFinite(value) ? { value } : wrong('a number of 64 bits', digits)
}

function decodeDateTime(text: string): Scalar {
  const iso8601 = text.trim()
  return ISO_8601.test(iso8601) ? { value: { iso8601 } } : wrong('an ISO 8601 time', iso8601)
}

function decodeBase64(text: string): Scalar {
  const digits = text.replace(/\s+/g, '')
  if (digits.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(digits)) return wrong('base64', digits)
  return { value: Buffer.from(digits, 'base64') }
}

function decodeNil(text: string): Scalar {
  return text.trim() === '' ? { value: null } : wrong('nothing', text.trim())
}

function wrong(expected: string, got: string): Scalar {
  return { wrong: `expected ${expected}, got ${JSON.stringify(got.slice(0, 40))}` }
}
