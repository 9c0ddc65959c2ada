import type { Probe } from '../../kuma/probe.ts'
import { skipped, type Finding } from './check.ts'
import type { KumaExam } from './examine-kumas.ts'
import type { Patient } from './patient.ts'

export interface Probed {
  readonly exam: KumaExam
  /** For the findings. */
  readonly details: { readonly of: string | null; readonly ms: number }
  /** Null when no request could be made. */
  readonly probe: Probe | null
}

/** One finding for each address that heartbeats go to. */
export async function eachKuma(
  { loaded, examineKumas }: Patient,
  judge: (probed: Probed) => Finding,
): Promise<Finding[]> {
  if (loaded === null) return [skipped('needs a right configuration')]
  const exams = await examineKumas()
  if (exams.length === 0) return [skipped('not asked: no monitor has a token')]
  return exams.map((exam) => {
    const { found, url, ms } = exam
    const details = { of: exams.length > 1 ? url : null, ms }
    return judge({ exam, details, probe: found.kind === 'probed' ? found.probe : null })
  })
}
