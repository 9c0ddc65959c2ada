// Stands in the bundle for undici's tree of well-known header names, which would be grown at each start and only spares some
// strings: a name that is not in it is made from its bytes.

export const tree = { lookup: () => null }
