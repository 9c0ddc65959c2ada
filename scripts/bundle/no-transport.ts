// Stands in the bundle for `ws` and `xmlhttprequest-ssl`, the transports of socket.io-client that are never used: Kuma is
// asked through our own HTTP, and neither a second HTTP client nor websockets have to be shipped and kept safe for that.
const absent = null

export { absent as WebSocket, absent as XMLHttpRequest }
