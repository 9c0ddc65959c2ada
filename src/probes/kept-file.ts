import { closeSync, openSync, readSync } from 'node:fs'

/** A file of `/proc` that is read again and again without being looked up anew. */
export interface KeptFile {
  /** Its whole text; null once the process is gone that it tells of, whoever has the pid by then. */
  read(): string | null
  close(): void
}

/** Of all watches together: descriptors are the process's, and it may have no more than a thousand. */
const MOST_KEPT = 128
let kept = 0

/** The kernel gives a page at a time, as far as there is so much. */
const PAGE = 4096
const buffer = Buffer.alloc(PAGE)

/** Null where it cannot be opened, or too many are open already. */
export function keepFile(path: string): KeptFile | null {
  if (kept >= MOST_KEPT) return null
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return null
  }
  kept += 1
  return {
    read() {
      let text = ''
      try {
        for (;;) {
          const size = readSync(file, buffer, 0, PAGE, text.length)
          text += buffer.toString('latin1', 0, size)
          if (size < PAGE / 2) return text
        }
      } catch {
        return null
      }
    },
    close() {
      closeSync(file)
      kept -= 1
    },
  }
}
