import type { PushTarget } from './config.ts'
import type { LoadContext } from './load-context.ts'
import type { Given, Place } from './place.ts'
import type { PushAddress } from './push-url.ts'
import { parsePushAddress } from './push-url.ts'
import { readSecretFile } from './read-secret-file.ts'

/** The three ways in which one source can say where heartbeats go. */
export interface PushSource {
  readonly token?: Given<PushAddress> | undefined
  readonly tokenFile?: Given<string> | undefined
  readonly pushUrl?: Given<PushAddress> | undefined
  /** Kuma's base URL when this very source gives it, which must then agree with a pasted push URL. */
  readonly kumaUrl?: Given<string> | undefined
}

/** Where one monitor's heartbeats go, and where that was said; the target is null when it was wrong. */
export interface ResolvedPush {
  readonly place: Place
  readonly target: PushTarget | null
}

/** How the Kuma is reached that a bare token is for. */
export interface PushWay {
  readonly kumaUrl: string
  /** The proxy on the way to a base URL. */
  readonly proxyFor: (baseUrl: string) => string | null
  /** False with `--dry-run`: a token file that cannot be read is then a warning. */
  readonly needsToken: boolean
}

/** Takes the first source that says where heartbeats go; null when none does. */
export async function resolvePush(
  context: LoadContext,
  sources: readonly PushSource[],
  { kumaUrl, proxyFor, needsToken }: PushWay,
): Promise<ResolvedPush | null> {
  for (const { token, tokenFile, pushUrl, kumaUrl: ownKumaUrl } of sources) {
    const given = [token, tokenFile, pushUrl].filter((one) => one !== undefined)
    for (const { place } of given.slice(1)) {
      context.problems.add(place, 'is one too many: give only one of token, token file and push URL')
    }
    const place = given[0]?.place
    if (place === undefined) continue
    const whole = token ?? pushUrl
    const address =
      whole === undefined && tokenFile !== undefined
        ? await readAddress(context, tokenFile, needsToken)
        : (whole?.value ?? null)
    const base = address?.baseUrl ?? null
    const stated = ownKumaUrl?.value ?? null
    if (ownKumaUrl !== undefined && stated !== null && base !== null && base !== stated) {
      context.problems.add(ownKumaUrl.place, `differs from the push URL, which says ${base}; leave it out`)
    }
    const baseUrl = base ?? kumaUrl
    return { place, target: address && { baseUrl, token: address.token, proxy: proxyFor(baseUrl) } }
  }
  return null
}

async function readAddress(
  context: LoadContext,
  file: Given<string>,
  isNeeded: boolean,
): Promise<PushAddress | null> {
  const secret = await readSecretFile(context, file, isNeeded)
  if (secret === null) return null
  const parsed = parsePushAddress(secret)
  if ('value' in parsed) return parsed.value
  context.problems.add(file.place, `the token in ${file.value} ${parsed.wrong}`)
  return null
}
