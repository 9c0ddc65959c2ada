/** Stands in the bundle for parts of packages that only an option would use which is never set. */
export default function absent(): never {
  throw new Error('this part of a package is not part of this build')
}

/** Asked for at once, of parts that are absent themselves. */
export const promisify = (): typeof absent => absent

export {
  absent as access,
  absent as createHash,
  absent as execFile,
  absent as extractBody,
  absent as randomBytes,
  absent as readFile,
  absent as spawn,
  absent as stat,
}
