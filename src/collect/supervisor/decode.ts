import { SaxesParser } from 'saxes'
import type { XmlRpcAnswer } from './answer.ts'
import { asFault } from './as-fault.ts'
import { XmlRpcDecodeError } from './decode-error.ts'
import { DECODE_SCALAR } from './decode-scalar.ts'
import { MAX_DEPTH, type XmlRpcValue } from './value.ts'

/**
 * Reads the XML document of an answer, strictly: UTF-8, no DTD, no entities but XML's own five, nothing but XML-RPC.
 * @param controls what becomes of control characters, which XML does not allow and supervisord sends all the same when
 * a log has them: refused, or given as their pictures (`␛` for ESC)
 * @throws {XmlRpcDecodeError}
 */
export function decodeAnswer(bytes: Uint8Array, controls: 'refuse' | 'picture' = 'refuse'): XmlRpcAnswer {
  const parser = new SaxesParser({ position: false, defaultXMLVersion: '1.0', forceXMLVersion: true })
  const refuse = (why: string): never => {
    throw new XmlRpcDecodeError(`line ${parser.line}, column ${parser.column}: ${why}`)
  }
  const reader = createReader(refuse)
  parser.on('error', ({ message }) => refuse(message.replace(/\.$/, '').slice(0, 100)))
  parser.on('xmldecl', ({ encoding }) => {
    if (encoding !== undefined && !/^(?:utf-?8|us-ascii)$/i.test(encoding)) {
      refuse(`the encoding ${shown(encoding)} is not supported, only UTF-8`)
    }
  })
  parser.on('doctype', () => refuse('a document type definition is not allowed'))
  parser.on('processinginstruction', () => refuse('a processing instruction is not allowed'))
  parser.on('opentag', ({ name }) => reader.open(name))
  parser.on('closetag', () => reader.close())
  parser.on('text', (text) => reader.text(text))
  parser.on('cdata', (text) => reader.text(text))
  const text = textOf(bytes)
  parser.write(controls === 'refuse' ? text : text.replaceAll(CONTROLS, picture)).close()
  return reader.answer()
}

// All below the space but tab, line feed and carriage return.
// oxlint-disable-next-line no-control-regex
const CONTROLS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g

function picture(control: string): string {
  return String.fromCodePoint(0x24_00 + control.charCodeAt(0))
}

function textOf(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (error) {
    throw new XmlRpcDecodeError('line 1, column 0: the answer is not UTF-8', { cause: error })
  }
}

const TYPES = [...DECODE_SCALAR.keys(), 'array', 'struct']

/** What may stand in an element, how often, and whether in this order. */
interface Rule {
  readonly children: readonly string[]
  readonly min: number
  readonly max: number
  readonly ordered?: true
}

const LEAF: Rule = { children: [], min: 0, max: 0 }

const GRAMMAR: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['', { children: ['methodResponse'], min: 1, max: 1 }],
  ['methodResponse', { children: ['params', 'fault'], min: 1, max: 1 }],
  ['params', { children: ['param'], min: 1, max: 1 }],
  ['param', { children: ['value'], min: 1, max: 1 }],
  ['fault', { children: ['value'], min: 1, max: 1 }],
  ['value', { children: TYPES, min: 0, max: 1 }],
  ['array', { children: ['data'], min: 1, max: 1 }],
  ['data', { children: ['value'], min: 0, max: Infinity }],
  ['struct', { children: ['member'], min: 0, max: Infinity }],
  ['member', { children: ['name', 'value'], min: 2, max: 2, ordered: true }],
])

/** One element that is open. */
class Frame {
  readonly tag: string
  /** The root's parent is itself. */
  readonly parent: Frame
  readonly rule: Rule
  /** How many elements have been closed in it. */
  closed = 0
  text = ''
  /** What its last child gave. */
  value: XmlRpcValue = null
  /** The name of a member. */
  name = ''
  readonly items: XmlRpcValue[] | null
  readonly members: Map<string, XmlRpcValue> | null

  constructor(tag: string, parent: Frame | null) {
    this.tag = tag
    this.parent = parent ?? this
    this.rule = GRAMMAR.get(tag) ?? LEAF
    this.items = tag === 'data' ? [] : null
    this.members = tag === 'struct' ? new Map() : null
  }
}

/** Follows the elements of one answer and builds its value. */
function createReader(refuse: (why: string) => never) {
  const root = new Frame('', null)
  let top = root
  let depth = 0
  let fault = false

  function valueOf({ tag, rule, closed, text, value, items, members }: Frame): XmlRpcValue {
    if (tag === 'name') return null
    const scalar = DECODE_SCALAR.get(tag)
    if (scalar) {
      const read = scalar(text)
      return 'value' in read ? read.value : refuse(`${read.wrong} in <${tag}>`)
    }
    // A value without a type is a string.
    if (tag === 'value' && closed === 0) return text
    if (/\S/.test(text)) {
      refuse(`text is not allowed in <${tag}>: ${JSON.stringify(text.trim().slice(0, 40))}`)
    }
    if (closed < rule.min) refuse(`<${tag}> is not complete`)
    return items ?? members ?? value
  }

  return {
    open(tag: string) {
      const { children, max, ordered } = top.rule
      if (!children.includes(tag)) {
        refuse(`<${shown(tag)}> is not allowed ${top === root ? 'here' : `in <${top.tag}>`}`)
      }
      if (top.closed >= max || (ordered && children[top.closed] !== tag)) {
        refuse(`<${tag}> is too many, or in the wrong place, in <${top.tag}>`)
      }
      if (tag === 'value' && ++depth > MAX_DEPTH) refuse(`values nest deeper than ${MAX_DEPTH} levels`)
      top = new Frame(tag, top)
    },

    text(text: string) {
      top.text += text
    },

    close() {
      const ended = top
      const value = valueOf(ended)
      top = ended.parent
      top.closed++
      if (ended.tag === 'value') depth--
      if (ended.tag === 'fault') fault = true
      if (ended.tag === 'name') top.name = ended.text
      else if (top.members) top.members.set(ended.name, value)
      else if (top.items) top.items.push(value)
      else top.value = value
    },

    answer(): XmlRpcAnswer {
      if (!fault) return { kind: 'value', value: root.value }
      return asFault(root.value) ?? refuse('a fault needs a number faultCode and a string faultString')
    },
  }
}

function shown(name: string): string {
  return name.slice(0, 40)
}
