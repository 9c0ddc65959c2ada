// Stands in the bundle for node:assert, of which undici and the D-Bus library want no more than this.
'use strict'

module.exports = function assert(isSo, message) {
  if (!isSo) throw message instanceof Error ? message : new Error(message ?? 'an assertion failed')
}
