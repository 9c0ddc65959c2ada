/**
 * A value of XML-RPC's type set: `int`, `i4`, `i8` and `double` are numbers (an `i8` beyond 2^53 a bigint),
 * `base64` is a buffer, `nil` is null.
 * @see http://xmlrpc.com/spec.md
 */
export type XmlRpcValue =
  number | bigint | boolean | string | XmlRpcDateTime | Buffer | null | readonly XmlRpcValue[] | XmlRpcStruct

/** A map, so that a member named `__proto__` is a member like any other. */
export type XmlRpcStruct = ReadonlyMap<string, XmlRpcValue>

/** `dateTime.iso8601` has no time zone of its own, so it stays the text that it is: `19980717T14:08:55`. */
interface XmlRpcDateTime {
  readonly iso8601: string
}

/** Values may nest this deep; supervisord's answers need three levels. */
export const MAX_DEPTH = 64

/** The range of `int` and `i4`. */
export const INT32 = { min: -(2 ** 31), max: 2 ** 31 - 1 } as const
/** The range of `i8`. */
export const INT64 = { min: -(2n ** 63n), max: 2n ** 63n - 1n } as const

/** What `dateTime.iso8601` may look like, with and without hyphens. */
export const ISO_8601 = /^\d{4}-?\d\d-?\d\dT\d\d:\d\d:\d\d(?:Z|[+-]\d\d:?\d\d)?$/

/** Whether a value is a struct. */
export function isStruct(value: XmlRpcValue | undefined): value is XmlRpcStruct {
  return value instanceof Map
}

/** `Array.isArray` does not narrow to a readonly array. */
export function isArray(value: XmlRpcValue | undefined): value is readonly XmlRpcValue[] {
  return Array.isArray(value)
}
