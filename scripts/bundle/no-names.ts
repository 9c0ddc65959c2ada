// Stands in the bundle for undici's table of well-known header names, which would be made at each start and only spares some
// checks: a name that is not in it is put into lower case and checked.

export const headerNameLowerCasedRecord: Readonly<Record<string, string>> = Object.create(null) as Record<
  string,
  never
>
