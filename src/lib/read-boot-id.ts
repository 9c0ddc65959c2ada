import { readFile } from 'node:fs/promises'

/** Names this boot of the host; the same text every time where the kernel does not tell. */
export async function readBootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '')).trim()
}
