/** Stands in the bundle for parts of packages that only an option would use which is never set. */
export default function absent(): never {
  throw new Error('this part of a package is not part of this build')
}

export {
  absent as createHash,
  absent as execFile,
  absent as extractBody,
  absent as randomBytes,
  absent as spawn,
}
