/** How a version of Kuma is set up, or why it is not. */
export type VersionSupport =
  | { readonly kind: 'known'; readonly hasConditions: boolean }
  | { readonly kind: 'unknown'; readonly says: string }

/**
 * What a version of Kuma wants of a new monitor: `conditions` came with 2.0.0, whose development version has none yet.
 * @see https://github.com/louislam/uptime-kuma/blob/master/server/server.js
 */
export function supportOf(version: string): VersionSupport {
  const [, major = '', minor = ''] = /^v?(\d+)\.(\d+)/.exec(version) ?? []
  if (major === '1' && Number(minor) >= 23) return { kind: 'known', hasConditions: false }
  if (major === '2') return { kind: 'known', hasConditions: !/^v?2\.0\.0-dev\b/.test(version) }
  if (major === '0' || major === '1') {
    return unknown(`${version} is too old: 1.23 or newer is needed; upgrade it`)
  }
  if (major !== '') return unknown(`${version} is newer than what is known (1.23 and 2.x)`)
  return unknown(`calls itself "${version.slice(0, 40)}", which is no version that is known (1.23 and 2.x)`)
}

const BY_HAND = 'or make the push monitors on its page and their [[monitor]] by hand'

function unknown(why: string): VersionSupport {
  return { kind: 'unknown', says: `Uptime Kuma ${why}, ${BY_HAND}; nothing was changed` }
}
