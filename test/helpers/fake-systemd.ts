import type { WireCall, WireValue } from './dbus-wire.ts'
import type { FakeAnswer } from './fake-bus.ts'

export interface FakeUnit {
  id: string
  load?: string
  active?: string
  sub?: string
  /** `start`, `restart`, …; left out: no job. */
  job?: string
  /** Typed as on the wire: `['u', 7]`. A property that is left out does not exist. */
  properties?: Record<string, readonly [string, WireValue]>
}

/** systemd's answers as a table of units; names that are not in it are not-found, as in the real one. */
export function fakeSystemd(units: readonly FakeUnit[]): (call: WireCall) => FakeAnswer {
  return ({ member, path, strings }) => {
    if (member === 'ListUnitsByNames') {
      const listed = strings.map(
        (name) => units.find(({ id }) => id === name) ?? { id: name, load: 'not-found' },
      )
      return { signature: 'a(ssssssouso)', body: [listed.map(row)] }
    }
    const [, property = ''] = strings
    const value = units.find(({ id }) => pathOf(id) === path)?.properties?.[property]
    if (member === 'Get' && value !== undefined) return { signature: 'v', body: [value] }
    return { error: 'org.freedesktop.DBus.Error.UnknownProperty', text: `Unknown property ${property}.` }
  }
}

function row({ id, load = 'loaded', active = 'inactive', sub = 'dead', job = '' }: FakeUnit): WireValue {
  return [id, id, load, active, sub, '', pathOf(id), job === '' ? 0 : 7, job, '/']
}

export const pathOf = (id: string): string => `/org/freedesktop/systemd1/unit/${id.replace(/\W/g, '_')}`
