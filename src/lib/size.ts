const UNITS: Readonly<Record<string, number>> = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 }

/**
 * Parses `512MB` to bytes; null for anything else, a bare number included.
 * KB, MB and GB count by 1024, as they do for superlance's memmon; KiB, MiB and GiB are the same.
 * @see https://superlance.readthedocs.io/en/latest/memmon.html
 */
export function parseSize(text: string): number | null {
  const match = /^(\d+(?:\.\d+)?) ?([KMG])i?B$/.exec(text.trim())
  return match === null ? null : Math.round(Number(match[1]) * (UNITS[match[2] ?? ''] ?? NaN))
}

/** Writes bytes as `parseSize` reads them, in the greatest unit that needs no fraction: `512MB`. */
export function formatSize(bytes: number): string {
  const unit = ['G', 'M', 'K'].find((name) => bytes % (UNITS[name] ?? NaN) === 0) ?? 'K'
  return `${bytes / (UNITS[unit] ?? NaN)}${unit}B`
}
