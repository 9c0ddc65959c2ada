import { isUtf8 } from 'node:buffer'
import { SaxesParser } from 'saxes'
import { messageOf } from '../../lib/errors.ts'
import { asFault, INT32, type XmlRpcAnswer, type XmlRpcValue } from './xmlrpc.ts'

/** Bytes that are no XML-RPC answer; the message is one line that begins with the place: `line 1, column 40: …`. */
export class XmlRpcDecodeError extends Error {
  override name = 'XmlRpcDecodeError'
}

/** supervisord's answers need three levels of values. */
const MAX_DEPTH = 64
const MAX_MESSAGE = 120

/**
 * Reads the XML document of an answer, strictly: UTF-8, no DTD, no entities but XML's own five, nothing but XML-RPC.
 *
 * The parser gets no handler that is not needed: with eight of them V8 keeps it in a form that is five times slower.
 * @param controls what becomes of control characters, which XML does not allow and supervisord sends all the same when
 * a log has them: refused, or replaced by their pictures (`␛` for ESC)
 * @throws {XmlRpcDecodeError}
 */
export function decodeAnswer(bytes: Uint8Array, controls: 'refuse' | 'picture' = 'refuse'): XmlRpcAnswer {
  if (!isUtf8(bytes)) throw new XmlRpcDecodeError('line 1, column 0: the answer is not UTF-8')
  const text = new TextDecoder().decode(bytes)
  const parser = new SaxesParser({ position: false, defaultXMLVersion: '1.0', forceXMLVersion: true })
  const reader = new AnswerReader()
  parser.on('doctype', () => refuse('a document type definition is not allowed'))
  parser.on('processinginstruction', () => refuse('a processing instruction is not allowed'))
  parser.on('opentag', ({ name }) => {
    if (reader.isAtRoot) checkEncoding(parser.xmlDecl.encoding)
    reader.open(name)
  })
  parser.on('closetag', () => reader.close())
  parser.on('text', (piece) => reader.text(piece))
  parser.on('cdata', (piece) => reader.text(piece))
  try {
    parser.write(controls === 'refuse' ? text : text.replaceAll(CONTROLS, pictureOf)).close()
    return reader.answer()
  } catch (error) {
    const why = messageOf(error).replace(/\.$/, '').slice(0, MAX_MESSAGE)
    throw new XmlRpcDecodeError(`line ${parser.line}, column ${parser.column}: ${why}`, { cause: error })
  }
}

// All below the space but tab, line feed and carriage return.
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g

function pictureOf(control: string): string {
  return String.fromCodePoint(0x24_00 + control.charCodeAt(0))
}

function checkEncoding(encoding: string | undefined): void {
  if (encoding === undefined || /^(?:utf-?8|us-ascii)$/i.test(encoding)) return
  refuse(`the encoding ${cut(encoding)} is not supported, only UTF-8`)
}

/** Follows the elements of one answer and builds its value. */
class AnswerReader {
  readonly #root = new Element('', null)
  #top = this.#root
  #depth = 0
  #isFault = false

  get isAtRoot(): boolean {
    return this.#top === this.#root
  }

  open(tag: string): void {
    const { children, max, isOrdered } = this.#top.rule
    if (!children.includes(tag)) {
      refuse(`<${cut(tag)}> is not allowed ${this.isAtRoot ? 'here' : `in <${this.#top.tag}>`}`)
    }
    if (this.#top.closed >= max || (isOrdered && children[this.#top.closed] !== tag)) {
      refuse(`<${tag}> is too many, or in the wrong place, in <${this.#top.tag}>`)
    }
    if (tag === 'value' && ++this.#depth > MAX_DEPTH) refuse(`values nest deeper than ${MAX_DEPTH} levels`)
    this.#top = new Element(tag, this.#top)
  }

  text(piece: string): void {
    this.#top.text += piece
  }

  close(): void {
    const ended = this.#top
    const value = valueOf(ended)
    const { parent } = ended
    this.#top = parent
    parent.closed++
    if (ended.tag === 'value') this.#depth--
    if (ended.tag === 'fault') this.#isFault = true
    if (ended.tag === 'name') parent.name = ended.text
    else if (parent.members) parent.members.set(ended.name, value)
    else if (parent.items) parent.items.push(value)
    else parent.value = value
  }

  answer(): XmlRpcAnswer {
    if (!this.#isFault) return { kind: 'value', value: this.#root.value }
    return asFault(this.#root.value) ?? refuse('a fault needs a number faultCode and a string faultString')
  }
}

/** One element that is open. */
class Element {
  readonly tag: string
  /** The root's parent is itself. */
  readonly parent: Element
  readonly rule: Rule
  /** How many elements have been closed in it. */
  closed = 0
  text = ''
  /** The value of its last child. */
  value: XmlRpcValue = null
  /** The name of a member. */
  name = ''
  readonly items: XmlRpcValue[] | null
  readonly members: Map<string, XmlRpcValue> | null

  constructor(tag: string, parent: Element | null) {
    this.tag = tag
    this.parent = parent ?? this
    this.rule = GRAMMAR.get(tag) ?? LEAF
    this.items = tag === 'data' ? [] : null
    this.members = tag === 'struct' ? new Map() : null
  }
}

function valueOf({ tag, rule, closed, text, value, items, members }: Element): XmlRpcValue {
  if (tag === 'name') return null
  if (SCALARS.includes(tag)) return decodeScalar(tag, text)
  // A value without a type is a string.
  if (tag === 'value' && closed === 0) return text
  if (/\S/.test(text)) {
    refuse(`text is not allowed in <${tag}>: ${JSON.stringify(text.trim().slice(0, 40))}`)
  }
  if (closed < rule.min) refuse(`<${tag}> is not complete`)
  return items ?? members ?? value
}

const SCALARS = ['string', 'int', 'i4', 'i8', 'boolean', 'double', 'dateTime.iso8601', 'base64', 'nil']

/** The elements that may stand in an element, how many there may be, and whether in this order. */
interface Rule {
  readonly children: readonly string[]
  readonly min: number
  readonly max: number
  readonly isOrdered?: true
}

const LEAF: Rule = { children: [], min: 0, max: 0 }

const GRAMMAR: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['', { children: ['methodResponse'], min: 1, max: 1 }],
  ['methodResponse', { children: ['params', 'fault'], min: 1, max: 1 }],
  ['params', { children: ['param'], min: 1, max: 1 }],
  ['param', { children: ['value'], min: 1, max: 1 }],
  ['fault', { children: ['value'], min: 1, max: 1 }],
  ['value', { children: [...SCALARS, 'array', 'struct'], min: 0, max: 1 }],
  ['array', { children: ['data'], min: 1, max: 1 }],
  ['data', { children: ['value'], min: 0, max: Infinity }],
  ['struct', { children: ['member'], min: 0, max: Infinity }],
  ['member', { children: ['name', 'value'], min: 2, max: 2, isOrdered: true }],
])

/** White space around anything but a string is ignored. */
function decodeScalar(tag: string, text: string): XmlRpcValue {
  const word = text.trim()
  switch (tag) {
    case 'string':
      return text
    case 'boolean':
      return word === '1' || (word === '0' ? false : refuseText('0 or 1', word, tag))
    case 'double':
      return decodeDouble(word, tag)
    case 'dateTime.iso8601':
    case 'base64':
      return word
    case 'nil':
      return null
    default:
      return decodeWhole(word, tag)
  }
}

const MAX_INT64 = 2n ** 63n - 1n

function decodeWhole(digits: string, tag: string): number | bigint {
  if (!/^[+-]?\d{1,30}$/.test(digits)) return refuseText('a whole number', digits, tag)
  const value = Number(digits)
  if (tag !== 'i8') {
    if (value < INT32.min || value > INT32.max) return refuseText('a number of 32 bits', digits, tag)
    // Not −0.
    return value + 0
  }
  const whole = BigInt(digits.replace('+', ''))
  if (whole < -MAX_INT64 - 1n || whole > MAX_INT64) return refuseText('a number of 64 bits', digits, tag)
  return Number.isSafeInteger(value) ? value + 0 : whole
}

function decodeDouble(digits: string, tag: string): number {
  if (!/^[+-]?(?:\d+\.?|\d*\.\d+)(?:[eE][+-]?\d+)?$/.test(digits)) return refuseText('a number', digits, tag)
  const value = Number(digits)
  return Number.isFinite(value) ? value : refuseText('a number of 64 bits', digits, tag)
}

function refuseText(expected: string, got: string, tag: string): never {
  return refuse(`expected ${expected}, got ${JSON.stringify(got.slice(0, 40))} in <${tag}>`)
}

/** The place is added where the parser is. */
function refuse(why: string): never {
  throw new Error(why)
}

function cut(name: string): string {
  return name.slice(0, 40)
}
