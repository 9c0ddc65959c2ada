/** One complete type of a signature. */
export interface WireType {
  /** Its letter; `(` for a struct and `{` for a dict entry. */
  readonly code: string
  /** Bytes; its size too, where all its values have one. */
  readonly alignment: number
  /** The element of an array, the members of a struct or dict entry. */
  readonly children: readonly WireType[]
}

/** `h` is left out: this program asks for no file descriptors. */
const ALIGNMENTS: ReadonlyMap<string, number> = new Map([
  ['y', 1],
  ['n', 2],
  ['q', 2],
  ['b', 4],
  ['i', 4],
  ['u', 4],
  ['x', 8],
  ['t', 8],
  ['d', 8],
  ['s', 4],
  ['o', 4],
  ['g', 1],
  ['v', 1],
])
const NONE: readonly WireType[] = []
const MAX_NESTING = 32

/**
 * The types of a signature. The library takes one apart without asking whether it is right: a struct without members,
 * `()`, would take no bytes.
 * @throws {Error}
 * @see https://dbus.freedesktop.org/doc/dbus-specification.html#type-system
 */
export function parseSignature(signature: string): readonly WireType[] {
  let at = 0
  const wrong = (): Error => new Error(`a message with the signature "${signature}"`)

  const parseOne = (arrays: number, structs: number): WireType => {
    if (arrays > MAX_NESTING || structs > MAX_NESTING) throw wrong()
    const code = signature.charAt(at++)
    const alignment = ALIGNMENTS.get(code)
    if (alignment !== undefined) return { code, alignment, children: NONE }
    if (code === 'a') return { code, alignment: 4, children: [parseElement(arrays + 1, structs)] }
    if (code !== '(') throw wrong()
    const children: WireType[] = []
    do children.push(parseOne(arrays, structs + 1))
    while (signature[at] !== ')')
    at++
    return { code, alignment: 8, children }
  }
  const parseElement = (arrays: number, structs: number): WireType => {
    if (signature[at] !== '{') return parseOne(arrays, structs)
    at++
    const key = parseOne(arrays, structs)
    const children = [key, parseOne(arrays, structs)]
    if (key.children.length > 0 || key.code === 'v' || signature[at++] !== '}') throw wrong()
    return { code: '{', alignment: 8, children }
  }

  const types: WireType[] = []
  while (at < signature.length) types.push(parseOne(0, 0))
  return types
}
