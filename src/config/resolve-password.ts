import { readSecret, type LoadContext } from './load-context.ts'
import type { Given } from '../lib/place.ts'

/** What a table gives for basic authentication. */
interface Login {
  readonly username?: Given<string>
  readonly password?: Given<string>
  readonly password_file?: Given<string>
}

/** The password of a login, after telling what is missing or too much; null when there is none. */
export async function resolvePassword(
  context: LoadContext,
  { username, password, password_file: file }: Login,
): Promise<string | null> {
  const { problems } = context
  const given: Given<string> | undefined = password ?? file
  if (password !== undefined && file !== undefined) problems.add(file.place, 'cannot stand beside password')
  if (username !== undefined && given === undefined) {
    problems.add(username.place, 'needs a password or password_file too')
  }
  if (given !== undefined && username === undefined) problems.add(given.place, 'needs a username too')
  // Basic authentication ends the name at its first colon.
  if (username?.value?.includes(':') === true) problems.add(username.place, 'must not hold a colon')
  if (password !== undefined || file === undefined) return password?.value ?? null
  return readSecret(context, file)
}
