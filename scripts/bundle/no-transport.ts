// Stands in the bundle for the transports of socket.io that are not used: websockets, and a second HTTP client.
const absent = null

export { absent as WebSocket, absent as XMLHttpRequest }
