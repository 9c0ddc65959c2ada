const UNITS = [
  ['GB', 1024 ** 3],
  ['MB', 1024 ** 2],
] as const

/** `612 MB`, `1.3 GB`: by 1024, as superlance counts, and rounded up, so that what is over a limit never looks equal to it. */
export function describeSize(bytes: number): string {
  const [unit, size] = UNITS.find(([, one]) => bytes >= one) ?? ['KB', 1024]
  return `${Math.ceil((bytes / size) * 10) / 10} ${unit}`
}
