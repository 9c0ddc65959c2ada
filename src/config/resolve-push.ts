import type { PushTarget } from './config.ts'
import { readSecret, type LoadContext } from './load-context.ts'
import { nearest } from '../lib/nearest.ts'
import type { Given, Place } from '../lib/place.ts'
import { parsePushAddress, type PushAddress } from './urls.ts'
import { quote } from '../lib/quote.ts'
import type { ResolvedKuma } from './resolve-kuma.ts'

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

/** Takes the first source that says where the heartbeats for a Kuma go; null when none does. */
export async function resolvePush(
  context: LoadContext,
  sources: readonly PushSource[],
  kuma: ResolvedKuma,
  needsToken: boolean,
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
    return { place, target: address && targetOf(address, kuma) }
  }
  return null
}

/** The Kuma of a name; null after telling that there is none. */
export function findKuma(
  { problems }: LoadContext,
  { place, value }: Given<string>,
  kumas: readonly ResolvedKuma[],
): ResolvedKuma | null {
  const found = kumas.find(({ config }) => config.name === value)
  if (found !== undefined || value === null) return found ?? null
  const names = kumas.map(({ config }) => config.name)
  const near = nearest(value, names)
  const hint = near === null ? `known are ${names.map(quote).join(', ')}` : `did you mean ${quote(near)}?`
  problems.add(place, `must be the name of a [[kuma]], got ${quote(value)}; ${hint}`)
  return null
}

function targetOf({ baseUrl, token }: PushAddress, { config, proxyFor }: ResolvedKuma): PushTarget {
  const base = baseUrl ?? config.url
  return { kuma: config.name, baseUrl: base, token, proxy: proxyFor(base) }
}

async function readAddress(
  context: LoadContext,
  file: Given<string>,
  isNeeded: boolean,
): Promise<PushAddress | null> {
  const secret = await readSecret(context, file, isNeeded)
  if (secret === null) return null
  const parsed = parsePushAddress(secret)
  if ('value' in parsed) return parsed.value
  context.problems.add(file.place, `the token in ${file.value} ${parsed.wrong}`)
  return null
}
