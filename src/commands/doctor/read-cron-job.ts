import { readFile } from 'node:fs/promises'

/** What `install.sh --cron` writes. */
export const CRON_FILE = '/etc/cron.d/kuma-supervisor-push'

/** The five fields by which cron runs `once`; null where it does not. */
export async function readCronJob(file: string): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch(() => '')
  return /^((?:[^\s#]\S* +){5})\S.* once /m.exec(text)?.[1]?.split(/ +/).slice(0, 5).join(' ') ?? null
}
