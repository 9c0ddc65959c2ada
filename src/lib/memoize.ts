/** The function, called once for each argument: what it gave then is given again. */
export function memoize<A, R>(call: (argument: A) => R): (argument: A) => R {
  const given = new Map<A, R>()
  return (argument) => {
    const known = given.get(argument) ?? call(argument)
    given.set(argument, known)
    return known
  }
}
