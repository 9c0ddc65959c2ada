import type { Patient } from './patient.ts'

/** What one check found about one thing. */
export interface Finding {
  /** `skipped`: it does not apply, or cannot be known before something else is mended. */
  readonly result: 'ok' | 'failed' | 'skipped'
  /** The supervisord, monitor or Kuma that it is about; null where there is only one. */
  readonly of: string | null
  /** One line. */
  readonly says: string
  /** The command to type or the line to write; null unless it failed. */
  readonly remedy: string | null
  /** How long it took; left out: as long as the check. */
  readonly ms?: number
}

/** One leg of the way from supervisord to Kuma. */
export interface Check {
  /** One word, stable: scripts read it. */
  readonly name: string
  /** One finding for each thing that it is about. */
  readonly examine: (patient: Patient) => Promise<readonly Finding[]>
}

type Details = Partial<Pick<Finding, 'of' | 'ms'>>

export function ok(says: string, details: Details = {}): Finding {
  return { result: 'ok', of: null, says, remedy: null, ...details }
}

export function failed(says: string, remedy: string, details: Details = {}): Finding {
  return { result: 'failed', of: null, says, remedy, ...details }
}

export function skipped(says: string, details: Details = {}): Finding {
  return { result: 'skipped', of: null, says, remedy: null, ...details }
}
