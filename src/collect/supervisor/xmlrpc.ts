/**
 * A value that was decoded: `int`, `i4`, `i8` and `double` are numbers (an `i8` beyond 2^53 a bigint), `nil` is null.
 * `base64` and `dateTime.iso8601`, which supervisord never sends, stay the text that they are.
 * @see http://xmlrpc.com/spec.md
 */
export type XmlRpcValue = number | bigint | boolean | string | null | readonly XmlRpcValue[] | XmlRpcStruct

/** A map, so that a member named `__proto__` is a member like any other. */
export type XmlRpcStruct = ReadonlyMap<string, XmlRpcValue>

/** A value that a call can carry; the numbers are integers of 32 bits. */
export type XmlRpcParam =
  string | number | boolean | readonly XmlRpcParam[] | { readonly [member: string]: XmlRpcParam }

/** The answer of a server to a call. */
export type XmlRpcAnswer =
  | { readonly kind: 'value'; readonly value: XmlRpcValue }
  | { readonly kind: 'fault'; readonly code: number; readonly message: string }

export function isStruct(value: XmlRpcValue | undefined): value is XmlRpcStruct {
  return value instanceof Map
}

/** `Array.isArray` does not narrow to a readonly array. */
export function isArray(value: XmlRpcValue | undefined): value is readonly XmlRpcValue[] {
  return Array.isArray(value)
}

/** Reads a struct of `faultCode` and `faultString`, which is also how `system.multicall` tells of a fault; null for anything else. */
export function asFault(value: XmlRpcValue | undefined): Extract<XmlRpcAnswer, { kind: 'fault' }> | null {
  if (!isStruct(value)) return null
  const code = value.get('faultCode')
  const message = value.get('faultString')
  return typeof code === 'number' && typeof message === 'string' ? { kind: 'fault', code, message } : null
}

/** The range of `int` and `i4`. */
export const INT32 = { min: -(2 ** 31), max: 2 ** 31 - 1 } as const

/**
 * Returns the XML document of a call.
 * @throws {RangeError} for what XML-RPC or XML cannot carry: other numbers, control characters, half a character
 */
export function encodeCall(method: string, params: readonly XmlRpcParam[]): string {
  const values = params.map((value) => `<param>${encodeValue(value)}</param>`).join('')
  return `<?xml version="1.0"?><methodCall><methodName>${escape(method)}</methodName><params>${values}</params></methodCall>`
}

function encodeValue(value: XmlRpcParam): string {
  return `<value>${encodeType(value)}</value>`
}

function encodeType(value: XmlRpcParam): string {
  if (typeof value === 'string') return `<string>${escape(value)}</string>`
  if (typeof value === 'boolean') return `<boolean>${value ? 1 : 0}</boolean>`
  if (typeof value === 'number') {
    if (Number.isInteger(value) && value >= INT32.min && value <= INT32.max) return `<int>${value}</int>`
    throw new RangeError(`${value} is no integer of 32 bits`)
  }
  if (isList(value)) return `<array><data>${value.map(encodeValue).join('')}</data></array>`
  const members = Object.entries(value).map(
    ([name, member]) => `<member><name>${escape(name)}</name>${encodeValue(member)}</member>`,
  )
  return `<struct>${members.join('')}</struct>`
}

function isList(value: XmlRpcParam): value is readonly XmlRpcParam[] {
  return Array.isArray(value)
}

// oxlint-disable-next-line no-control-regex -- XML 1.0 has no way to write these
const NOT_IN_XML = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]/u

function escape(text: string): string {
  const bad = NOT_IN_XML.exec(text)
  if (bad) {
    const code = bad[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, '0')
    throw new RangeError(`XML cannot carry the character U+${code} of ${JSON.stringify(text.slice(0, 60))}`)
  }
  return (
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      // A bare carriage return would be read as a newline.
      .replaceAll('\r', '&#13;')
  )
}
