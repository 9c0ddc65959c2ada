import type { Config } from '../config/config.ts'

/** The longest that the page of a monitor may take to answer, in milliseconds; 0 when none has one. */
export function slowestPage({ monitors }: Pick<Config, 'monitors'>): number {
  return Math.max(
    0,
    ...monitors.map(({ target }) => (target.kind === 'unit' ? 0 : (target.http?.timeoutMs ?? 0))),
  )
}
