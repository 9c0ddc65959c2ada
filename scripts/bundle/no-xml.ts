// Stands in the bundle for the XML packages of the D-Bus library, which makes one of each for introspection and never
// asks it for anything, since nothing is introspected.
function absent(): never {
  throw new Error('introspection over D-Bus is not part of this build')
}

class NoXml {
  readonly parse = absent
  readonly build = absent
}

export { NoXml as XMLParser, NoXml as XMLBuilder, NoXml as default }
