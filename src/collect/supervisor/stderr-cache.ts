import { fullNameOf } from './full-name.ts'
import type { ProcessInfo } from './process-info.ts'

/** More are not read in one look: a message names one or two programs. */
const MOST_READ = 5
/** A program that was started longer ago, on supervisord's clock, has not just failed. */
const RECENT_SECONDS = 300

interface Known {
  /** Which end of the program it is about. */
  readonly incident: string
  readonly line: string | null
}

/** Keeps the last words of programs that failed, or came back after they had: each end is asked about once. */
export function createStderrCache(read: (fullName: string, signal: AbortSignal) => Promise<string | null>) {
  const known = new Map<string, Known>()

  return {
    /** @param now Unix seconds on supervisord's clock */
    async get(
      processes: readonly ProcessInfo[],
      now: number,
      signal: AbortSignal,
    ): Promise<ReadonlyMap<string, string>> {
      const names = new Set(processes.map(fullNameOf))
      for (const name of known.keys()) if (!names.has(name)) known.delete(name)
      const news = processes
        .filter((info) => info.stderrLogfile !== '' && (hasFailed(info) || isRecent(info, now)))
        .filter((info) => known.get(fullNameOf(info))?.incident !== incidentOf(info))
        .toSorted((a, b) => Number(hasFailed(b)) - Number(hasFailed(a)))
        .slice(0, MOST_READ)
      for (const info of news) {
        const line = await read(fullNameOf(info), signal)
        if (!signal.aborted) known.set(fullNameOf(info), { incident: incidentOf(info), line })
      }
      return new Map(
        processes.flatMap((info): [string, string][] => {
          const words = known.get(fullNameOf(info))
          return words?.incident === incidentOf(info) && words.line !== null
            ? [[fullNameOf(info), words.line]]
            : []
        }),
      )
    },
  }
}

function hasFailed({ state, spawnerr, exitstatus }: ProcessInfo): boolean {
  if (state === 'EXITED') return spawnerr !== '' || exitstatus !== 0
  return state === 'FATAL' || state === 'BACKOFF'
}

function isRecent({ start, stop }: ProcessInfo, now: number): boolean {
  return start > 0 && stop > 0 && now - start < RECENT_SECONDS
}

/** Several starts may fall into one second; and what failed is asked about once more when it has failed for good. */
function incidentOf(info: ProcessInfo): string {
  return `${info.start} ${info.pid} ${hasFailed(info) ? info.state : ''}`
}
