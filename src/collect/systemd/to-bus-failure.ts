import { noDescriptors } from '../../lib/errors.ts'
import { BusFailure } from './bus-failure.ts'

/** What the D-Bus library or its socket threw or emitted, as one of our failures. */
export function toBusFailure(error: unknown, socketPath: string): BusFailure {
  if (error instanceof BusFailure) return error
  const cause = error
  const text = (key: string): string | undefined => {
    const value: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, key) : undefined
    return typeof value === 'string' ? value : undefined
  }
  const message = text('message') ?? String(error)
  const code = text('code')
  const errorName = text('type')
  if (errorName !== undefined)
    return new BusFailure('error-reply', `${errorName}: ${message}`, { errorName, cause })
  const own = noDescriptors(code ?? '')
  if (own !== null) return new BusFailure('other', own, { cause })
  switch (code) {
    case 'ENOENT':
    case 'ENOTDIR':
      return new BusFailure('no-socket', `no bus socket at ${socketPath}`, { cause })
    case 'EACCES':
    case 'EPERM':
      return new BusFailure('permission', `permission denied (${code}) at the bus socket ${socketPath}`, {
        cause,
      })
    case 'ECONNREFUSED':
      return new BusFailure('refused', `nobody listens (${code}) at the bus socket ${socketPath}`, { cause })
    case 'ECONNRESET':
    case 'EPIPE':
      return new BusFailure('closed', `the bus closed the connection at ${socketPath}`, { cause })
    default:
  }
  if (text('syscall') !== undefined) return new BusFailure('other', `${message} (bus socket)`, { cause })
  // The library has no code for this one.
  if (message.startsWith('authentication failed')) {
    const user = `uid ${process.getuid?.() ?? '?'}`
    const why = 'it may not know the users of a user namespace (rootless container)'
    return new BusFailure('login', `the bus at ${socketPath} rejects the login of ${user}; ${why}`, { cause })
  }
  return new BusFailure('garbage', `the peer at ${socketPath} does not speak D-Bus: ${message}`, { cause })
}
