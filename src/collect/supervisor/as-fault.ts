import type { XmlRpcAnswer } from './answer.ts'
import { isStruct, type XmlRpcValue } from './value.ts'

/** Reads a struct of `faultCode` and `faultString`, which is also how `system.multicall` tells of one; null for anything else. */
export function asFault(value: XmlRpcValue | undefined): Extract<XmlRpcAnswer, { kind: 'fault' }> | null {
  if (!isStruct(value)) return null
  const code = value.get('faultCode')
  const message = value.get('faultString')
  return typeof code === 'number' && typeof message === 'string' ? { kind: 'fault', code, message } : null
}
