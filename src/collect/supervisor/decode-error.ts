/** Bytes that are no XML-RPC answer; the message is one line that begins with the place: `line 1, column 40: …`. */
export class XmlRpcDecodeError extends Error {
  override name = 'XmlRpcDecodeError'
}
