import type { LoadedConfig } from '../../config/load.ts'
import type { FileStatus } from './status.ts'

/** The files of a configuration as `status` tells them. */
export function describeFiles({ marks }: Pick<LoadedConfig, 'marks'>): readonly FileStatus[] {
  return [...marks].map(([path, mark]) => ({ path, mark }))
}
