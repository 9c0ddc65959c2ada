import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { TestContext } from 'node:test'

export interface SelfSigned {
  /** PEM. */
  readonly key: string
  readonly cert: string
  /** A file that holds `cert`, until the test ends. */
  readonly certFile: string
}

/** A certificate for 127.0.0.1 and localhost that nobody trusts unless it is told to. */
export async function selfSigned(t: TestContext): Promise<SelfSigned> {
  const dir = await mkdtemp(join(tmpdir(), 'ksp-tls-'))
  t.after(() => rm(dir, { recursive: true, force: true, maxRetries: 9 }))
  const [keyFile, certFile] = [join(dir, 'key.pem'), join(dir, 'cert.pem')]
  const subject = '-subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1'
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2'
  await promisify(execFile)('openssl', [
    ...`req -x509 ${key} ${subject}`.split(' '),
    '-keyout',
    keyFile,
    '-out',
    certFile,
  ])
  return { key: await readFile(keyFile, 'utf8'), cert: await readFile(certFile, 'utf8'), certFile }
}
