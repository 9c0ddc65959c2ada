import { DEFAULT_KUMA_URL, parseKumaUrl } from '../../config/urls.ts'
import type { Terminal } from '../terminal.ts'

/** Asks where Kuma is until the answer is a URL; null when the person gives up. */
export async function askForUrl({
  ask,
  printError,
}: Pick<Terminal, 'ask' | 'printError'>): Promise<string | null> {
  for (;;) {
    const answer = await ask(`Uptime Kuma's URL [${DEFAULT_KUMA_URL}]: `, false)
    if (answer === null) return null
    if (answer.trim() === '') return DEFAULT_KUMA_URL
    const parsed = parseKumaUrl(answer)
    if ('value' in parsed) return parsed.value
    printError(`It ${parsed.wrong}\n`)
  }
}
