import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BootedSystem } from './booted-system.ts'
import { runCommand } from './run-command.ts'

/** Builds the package as npm publishes it, unpacks it in the booted system, and returns its folder there. */
export async function unpackPackage(host: BootedSystem): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'ksp-package-'))
  try {
    const packed = await runCommand(['npm', 'pack', '--silent', `--pack-destination=${folder}`])
    const file = packed.stdout.trim().split('\n').at(-1)
    if (packed.code !== 0 || file === undefined) throw new Error(`npm pack failed: ${packed.stderr}`)
    mkdirSync(`${host.root}/opt/ksp`)
    const unpacked = await runCommand(['tar', '-xzf', join(folder, file), '-C', `${host.root}/opt/ksp`])
    if (unpacked.code !== 0) throw new Error(`cannot unpack ${file}: ${unpacked.stderr}`)
    return '/opt/ksp/package'
  } finally {
    rmSync(folder, { recursive: true, maxRetries: 9 })
  }
}
