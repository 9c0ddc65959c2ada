// Stands in the bundle for what undici tells of its work, which nobody listens to; NODE_DEBUG=undici would write what is sent,
// tokens included.
const unheard = { hasSubscribers: false }

export const channels = new Proxy({}, { get: () => unheard })
