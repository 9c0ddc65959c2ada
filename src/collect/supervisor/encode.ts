import {
  INT32,
  INT64,
  ISO_8601,
  isArray,
  isStruct,
  MAX_DEPTH,
  type XmlRpcStruct,
  type XmlRpcValue,
} from './value.ts'

/**
 * The XML document of a call.
 *
 * Whole numbers become `int` where they fit and `i8` or `double` where they do not.
 * @throws {RangeError} for what XML-RPC or XML cannot carry: NaN, control characters, half a character.
 */
export function encodeCall(method: string, params: readonly XmlRpcValue[]): string {
  const values = params.map((value) => `<param>${encodeValue(value, 1)}</param>`).join('')
  return `<?xml version="1.0"?><methodCall><methodName>${escape(method)}</methodName><params>${values}</params></methodCall>`
}

function encodeValue(value: XmlRpcValue, depth: number): string {
  if (depth > MAX_DEPTH) throw new RangeError(`a value nests deeper than ${MAX_DEPTH} levels`)
  return `<value>${encodeType(value, depth)}</value>`
}

function encodeType(value: XmlRpcValue, depth: number): string {
  if (value === null) return '<nil/>'
  if (typeof value === 'string') return `<string>${escape(value)}</string>`
  if (typeof value === 'boolean') return `<boolean>${value ? 1 : 0}</boolean>`
  if (typeof value === 'number') return encodeNumber(value)
  if (typeof value === 'bigint') return encodeBigint(value)
  if (Buffer.isBuffer(value)) return `<base64>${value.toString('base64')}</base64>`
  if (isArray(value)) {
    return `<array><data>${value.map((item) => encodeValue(item, depth + 1)).join('')}</data></array>`
  }
  return isStruct(value) ? encodeStruct(value, depth) : encodeDateTime(value.iso8601)
}

function encodeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new RangeError(`XML-RPC cannot carry the number ${value}`)
  if (Object.is(value, -0)) return '<double>-0</double>'
  if (!Number.isSafeInteger(value)) return `<double>${value}</double>`
  return value < INT32.min || value > INT32.max ? `<i8>${value}</i8>` : `<int>${value}</int>`
}

function encodeBigint(value: bigint): string {
  if (value < INT64.min || value > INT64.max) throw new RangeError(`${value} does not fit into 64 bits`)
  return `<i8>${value}</i8>`
}

function encodeStruct(struct: XmlRpcStruct, depth: number): string {
  const members = [...struct].map(
    ([name, value]) => `<member><name>${escape(name)}</name>${encodeValue(value, depth + 1)}</member>`,
  )
  return `<struct>${members.join('')}</struct>`
}

function encodeDateTime(text: string): string {
  if (!ISO_8601.test(text)) throw new RangeError(`not an ISO 8601 time: ${JSON.stringify(text)}`)
  return `<dateTime.iso8601>${text}</dateTime.iso8601>`
}

// oxlint-disable-next-line no-control-regex -- these are exactly what XML 1.0 has no way to write
const NOT_IN_XML = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]/u

function escape(text: string): string {
  const bad = NOT_IN_XML.exec(text)
  if (bad) {
    const code = bad[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
    throw new RangeError(`XML cannot carry the character U+${code} of ${JSON.stringify(text.slice(0, 60))}`)
  }
  // A bare carriage return would be read as a newline.
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('\r', '&#13;')
}
