/**
 * The object path of a unit on the bus, by its `Id`.
 * @see https://www.freedesktop.org/software/systemd/man/latest/sd_bus_path_encode.html
 */
export function unitPath(id: string): string {
  const escaped = [...Buffer.from(id)].map((byte, index) => {
    const character = String.fromCharCode(byte)
    const isPlain = /[A-Za-z]/.test(character) || (index > 0 && /[0-9]/.test(character))
    return isPlain ? character : `_${byte.toString(16).padStart(2, '0')}`
  })
  return `/org/freedesktop/systemd1/unit/${escaped.join('')}`
}
