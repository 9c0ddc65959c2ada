import type { XmlRpcValue } from './value.ts'

/** Spares the reading of an answer that is the one before again, but for what goes with the time. */
export interface AnswerMemo {
  /**
   * What the last answer was read to, the very same object, where this one differs in nothing but the members that go
   * with the time: these have their old values in it. Undefined for any other answer, which has to be read.
   */
  recall(body: Buffer): XmlRpcValue | undefined
  /** Takes in what the answer that was asked about last was read to. */
  keep(value: XmlRpcValue): void
  /** What the first member that counts the time has in the answer that was recalled last; null where none was, or it has none. */
  readonly time: number | null
}

/** Neither a control character nor what XML has marks for: such a text stands for itself, and `1?` keeps within 32 bits. */
const TIMED = String.raw`<int>1?\d{1,9}</int>|<string>[ -%'-;=?-~]*</string>`

/**
 * @param counts the member that counts the time, in whole seconds
 * @param tells another that has it in words
 */
export function createAnswerMemo(counts: string, tells: string): AnswerMemo {
  const gap = String.raw`[ \t\n]*`
  const timed = new RegExp(`<name>(?:${counts}|${tells})</name>${gap}<value>${gap}(?:${TIMED})`, 'g')
  const counted = new RegExp(`<name>${counts}</name>${gap}<value>${gap}<int>(\\d{1,10})<`)
  let last: { readonly pieces: () => readonly string[]; readonly value: XmlRpcValue } | null = null
  let asked: () => readonly string[] = nothing
  let time: number | null = null

  return {
    recall(body) {
      // Byte by byte: what is the same again is as well formed as it was.
      const text = lazily(() => body.toString('latin1'))
      asked = lazily(() => text().split(timed))
      time = null
      // The first answer is compared with nothing: a one-shot gets no other.
      if (last === null || !areSame(asked(), last.pieces())) return undefined
      const found = counted.exec(text())?.[1]
      time = found === undefined ? null : Number(found)
      // The text, of which they are parts, is not to be kept twice.
      asked = nothing
      return last.value
    },
    keep(value) {
      last = { pieces: asked, value }
      asked = nothing
    },
    get time() {
      return time
    },
  }
}

const nothing = (): readonly string[] => []

/** Makes it when it is first asked for, and keeps no more than that from then on. */
function lazily<T>(make: () => T): () => T {
  let state: { readonly make: () => T } | { readonly value: T } = { make }
  return () => {
    if ('make' in state) state = { value: state.make() }
    return state.value
  }
}

function areSame(some: readonly string[], others: readonly string[]): boolean {
  if (some.length !== others.length) return false
  for (let at = 0; at < some.length; at++) if (some[at] !== others[at]) return false
  return true
}
