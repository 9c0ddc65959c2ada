import { isUtf8 } from 'node:buffer'
import { DECODE_SCALAR } from './decode-scalar.ts'
import { MAX_DEPTH, type XmlRpcValue } from './value.ts'

/**
 * Reads an answer in the form that XML-RPC libraries write: elements without attributes, texts with no more than `&lt;`,
 * `&gt;` and `&amp;`. That is ten times faster than to read any XML there may be.
 * @returns undefined for anything else, which {@link decodeAnswer} has to judge: it reads all that this reads, to the same
 * value, and knows what is wrong with the rest
 */
export function decodePlain(bytes: Buffer): XmlRpcValue | undefined {
  if (!isUtf8(bytes)) return undefined
  const text = bytes.toString()
  let at = 0

  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at
    const found = pattern.exec(text)
    if (found !== null) at = pattern.lastIndex
    return found
  }

  const readValue = (depth: number): XmlRpcValue | undefined => {
    if (depth > MAX_DEPTH) return undefined
    const scalar = take(SCALAR)
    if (scalar !== null) return readScalar(scalar[1], scalar[2])
    if (take(STRUCT) !== null) return readMembers(depth)
    return take(ARRAY) === null ? undefined : readItems(depth)
  }

  const readMembers = (depth: number): XmlRpcValue | undefined => {
    const members = new Map<string, XmlRpcValue>()
    while (take(STRUCT_END) === null) {
      const scalar = take(SCALAR_MEMBER)
      const name = unescape((scalar ?? take(MEMBER))?.[1])
      const value = scalar === null ? readValue(depth + 1) : readScalar(scalar[2], scalar[3])
      if (name === undefined || value === undefined) return undefined
      if (scalar === null && take(MEMBER_END) === null) return undefined
      members.set(name, value)
    }
    return members
  }

  const readItems = (depth: number): XmlRpcValue | undefined => {
    const items: XmlRpcValue[] = []
    while (take(ARRAY_END) === null) {
      const value = readValue(depth + 1)
      if (value === undefined) return undefined
      items.push(value)
    }
    return items
  }

  if (take(BEGIN) === null) return undefined
  const value = readValue(1)
  return take(END) === null ? undefined : value
}

function readScalar(type = '', text?: string): XmlRpcValue | undefined {
  const plain = unescape(text)
  const scalar = plain === undefined ? undefined : DECODE_SCALAR.get(type)?.(plain)
  return scalar !== undefined && 'value' in scalar ? scalar.value : undefined
}

function unescape(text: string | undefined): string | undefined {
  if (text?.includes('&') !== true) return text
  if (/&(?!(?:lt|gt|amp);)/.test(text)) return undefined
  return text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&')
}

const GAP = String.raw`[ \t\n]*`
/** Not even a carriage return, which XML takes for a line feed. */
const TEXT = String.raw`([^<>\r\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]*)`
const TYPE = String.raw`([a-zA-Z0-9.]+)`

/** One piece at the place that was reached, with the white space behind it. */
const SCALAR = piece('<value>', `<${TYPE}>${TEXT}</\\1>`, '</value>')
const STRUCT = piece('<value>', '<struct>')
const STRUCT_END = piece('</struct>', '</value>')
const ARRAY = piece('<value>', '<array>', '<data>')
const ARRAY_END = piece('</data>', '</array>', '</value>')
const MEMBER = piece('<member>', `<name>${TEXT}</name>`)
const MEMBER_END = piece('</member>')
const SCALAR_MEMBER = piece(
  '<member>',
  `<name>${TEXT}</name>`,
  '<value>',
  `<${TYPE}>${TEXT}</\\2>`,
  '</value>',
  '</member>',
)
const BEGIN = piece(
  String.raw`(?:<\?xml version=(?:'1\.0'|"1\.0")\?>)?`,
  '<methodResponse>',
  '<params>',
  '<param>',
)
const END = piece('</param>', '</params>', '</methodResponse>', '$')

function piece(...parts: string[]): RegExp {
  return new RegExp(parts.map((part) => part + GAP).join(''), 'y')
}
