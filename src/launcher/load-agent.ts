import { readFileSync } from 'node:fs'
import { Script } from 'node:vm'
import { codeOf, messageOf } from '../lib/errors.ts'
import { noDescriptors } from '../lib/no-descriptors.ts'
import { NotWhole } from '../lib/read-part.ts'
import { openCodeCache, type CodeCache } from './code-cache.ts'

interface LoadedAgent {
  readonly script: Script
  readonly run: (...given: unknown[]) => void
  /** Null where what V8 compiles of it is not kept. */
  readonly cache: CodeCache | null
  /** In how many runs what was kept of it was compiled. */
  readonly runs: number
}

/**
 * Compiles the agent, or takes what V8 made of it in an earlier run.
 * @throws {NotWhole} when its file is missing or is no agent; another error, in one line too, for a lack of file descriptors
 */
export function loadAgent(path: string, isOnce: boolean): LoadedAgent {
  try {
    // Compiled code is of use only under the flags that it was compiled under.
    const isPlain = isOnce && process.execArgv.length === 0 && process.env['NODE_OPTIONS'] === undefined
    const uid = process.geteuid?.()
    const cache = isPlain && uid !== undefined ? openCodeCache({ source: path, env: process.env, uid }) : null
    const kept = cache?.read() ?? null

    // It is ASCII, and a function already.
    const script = new Script(readFileSync(path, 'latin1'), {
      filename: path,
      ...(kept !== null && { cachedData: kept.code }),
    })
    const run: LoadedAgent['run'] | undefined = script.runInThisContext()
    if (run === undefined) throw new Error('it is empty')
    const runs = kept === null || script.cachedDataRejected === true ? 0 : kept.runs
    return { script, run, cache, runs }
  } catch (error) {
    const code = codeOf(error)
    const lack = noDescriptors(code ?? '')
    if (lack !== null) throw new Error(lack, { cause: error })
    // Without a code it is one of V8, about what it was given to compile.
    throw new NotWhole(path, code === null ? `is damaged (${messageOf(error)})` : `cannot be read (${code})`)
  }
}
