/** What supervisord calls a program: `group:name`. */
export function fullNameOf({ group, name }: { readonly group: string; readonly name: string }): string {
  return `${group}:${name}`
}
