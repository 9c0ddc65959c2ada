// Stands in the bundle for the XML packages of the D-Bus library, which are only used for introspection.
function absent(): never {
  throw new Error('introspection over D-Bus is not part of this build')
}

// Both are called with `new`.
export { absent as XMLParser, absent as XMLBuilder, absent as default }
