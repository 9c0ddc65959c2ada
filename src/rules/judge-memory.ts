import type { MemoryReading } from '../collect/memory-reading.ts'
import type { ProcessInfo } from '../collect/supervisor/process-info.ts'
import { describeSize, displayName } from '../lib/text.ts'
import type { Candidate } from './problems.ts'

/** Judges how much memory one program uses, its children included; one that is being stopped is left alone. */
export function judgeMemory(
  { group, name, pid, state }: ProcessInfo,
  memory: MemoryReading,
  limit: number | null,
): Candidate[] {
  const used = memory.kind === 'read' ? memory.bytes.get(pid) : undefined
  if (limit === null || used === undefined || used <= limit || state === 'STOPPING') return []
  const fullName = `${group}:${name}`
  const sizes = `${describeSize(used)}, limit ${describeSize(limit)}`
  return [
    {
      subject: `memory of ${fullName}`,
      kind: 'memory',
      says: `${displayName(fullName)} uses ${sizes}`,
      offence: { programs: [fullName], why: `it used ${sizes}` },
    },
  ]
}
