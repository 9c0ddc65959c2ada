import type { LoadContext } from './load-context.ts'
import type { Given } from '../lib/place.ts'
import { readTextFile } from './text-file.ts'

/** Tells of a certificate or key file that cannot be read, which would otherwise show at the first request only. */
export async function checkReadable(
  { files, problems }: LoadContext,
  file: Given<string> | undefined,
): Promise<void> {
  if (file === undefined || file.value === null) return
  const reading = await readTextFile(files, file.value, 1024 * 1024)
  if (reading.kind === 'failed') problems.add(file.place, `${file.value} ${reading.cause}`)
  else if (reading.text.trim() === '') problems.add(file.place, `${file.value} is empty`)
}
