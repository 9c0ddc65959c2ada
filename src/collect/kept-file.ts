import { closeSync, openSync, readFileSync, readSync } from 'node:fs'

/** A file of `/proc` that is read again and again without being looked up anew. */
export interface KeptFile {
  /** Its whole text; null once the process is gone that it tells of, whoever has the pid by then. */
  read(): string | null
  close(): void
}

/** Of all watches together. */
const MOST_KEPT = 128
let kept = 0

/**
 * Of the descriptors that the process may have, the lowest: the rest is for what comes and goes, without which nothing is
 * delivered. A file gets the lowest that is free.
 */
const KEPT_SHARE = 1 / 4
let mostDescriptors: number | null = null

/** The kernel gives a page at a time, as far as there is so much. */
const PAGE = 4096
const buffer = Buffer.alloc(PAGE)

/** Null where it cannot be opened, or too many descriptors are in use already. */
export function keepFile(path: string): KeptFile | null {
  if (kept >= MOST_KEPT) return null
  let file: number
  try {
    file = openSync(path, 'r')
  } catch {
    return null
  }
  mostDescriptors ??= readMostDescriptors()
  if (mostDescriptors === null || file >= KEPT_SHARE * mostDescriptors) {
    closeSync(file)
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

/** Null when it cannot be known. */
function readMostDescriptors(): number | null {
  try {
    const found = /^Max open files +(\d+|unlimited)/m.exec(readFileSync('/proc/self/limits', 'latin1'))?.[1]
    if (found === undefined) return null
    return found === 'unlimited' ? Infinity : Number(found)
  } catch {
    return null
  }
}
