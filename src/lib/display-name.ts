/** A program named like its group is shown once, as supervisorctl does. */
export function displayName(fullName: string): string {
  const [group, ...rest] = fullName.split(':')
  const name = rest.join(':')
  return group === name ? name : fullName
}
