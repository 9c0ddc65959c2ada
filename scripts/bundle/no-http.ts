// Stands in the bundle for node:http, of which undici wants no more than this.

/** The class of the bodies of requests that are passed on, which ours never are. */
export const IncomingMessage = null

/** Node's own default. */
export const maxHeaderSize = 16_384
