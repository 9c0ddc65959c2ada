import { createHash } from 'node:crypto'
import type { LoadedConfig } from '../../config/load.ts'
import type { FileStatus } from './status.ts'

/** The files of a configuration as `status` tells them: nothing of what is in them, not even how long they are. */
export function describeFiles({ marks }: Pick<LoadedConfig, 'marks'>): readonly FileStatus[] {
  return [...marks].map(([path, mark]) => ({
    path,
    mark: createHash('sha256').update(`${path} ${mark}`).digest('hex').slice(0, 16),
  }))
}
