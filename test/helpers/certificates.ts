import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from './run-command.ts'

interface Certificate {
  /** PEM. */
  readonly cert: string
  readonly key: string
}

export interface Certificates {
  /** PEM of a private authority that signed the four below. */
  readonly ca: string
  /** For localhost, 127.0.0.1 and ::1. */
  readonly server: Certificate
  /** For another.example. */
  readonly foreign: Certificate
  /** Ran out. */
  readonly expired: Certificate
  readonly client: Certificate
  /** For the same names as `server`, signed by nobody else. */
  readonly selfSigned: Certificate
}

/** Makes a private authority and certificates with openssl, new ones for each call. */
export async function createCertificates(): Promise<Certificates> {
  const folder = await mkdtemp(join(tmpdir(), 'certificates-'))
  const file = (name: string) => join(folder, name)
  const newKey = (name: string) =>
    `-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ${file(`${name}.key`)} -subj /CN=${name}`
  const read = async (name: string): Promise<Certificate> => ({
    cert: await readFile(file(`${name}.pem`), 'utf8'),
    key: await readFile(file(`${name}.key`), 'utf8'),
  })
  const make = async (name: string, ...options: string[]) => {
    await openssl(`req -x509 ${newKey(name)} -out ${file(`${name}.pem`)} -days 2`, ...options)
    return read(name)
  }
  const signed = `-CA ${file('ca.pem')} -CAkey ${file('ca.key')}`
  const local = '-addext subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1'
  const makeExpired = async () => {
    await openssl(`req -new ${newKey('expired')} -out ${file('expired.csr')}`, local)
    // Only this older command makes a certificate whose time is over.
    const request = `-req -in ${file('expired.csr')} -copy_extensions copy`
    await openssl(`x509 ${request} -out ${file('expired.pem')} -days -1`, signed)
    return read('expired')
  }
  try {
    const { cert: ca } = await make('ca')
    return {
      ca,
      server: await make('server', signed, local),
      foreign: await make('foreign', signed, '-addext subjectAltName=DNS:another.example'),
      expired: await makeExpired(),
      client: await make('client', signed),
      selfSigned: await make('self-signed', local),
    }
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 9 })
  }
}

async function openssl(...options: string[]): Promise<void> {
  const { code, stderr } = await runCommand(['openssl', ...options.join(' ').split(' ')])
  if (code !== 0) throw new Error(`openssl ${options.join(' ')}: ${stderr}`)
}
