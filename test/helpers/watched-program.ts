import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { startKuma, type ScriptedKuma } from './scripted-kuma.ts'
import { startSupervisord, type Supervisord } from './supervisord.ts'

/** A supervisord with one program, `web`, or so many of it, and something in Kuma's place. */
export interface WatchedProgram {
  /** For whatever the test writes. */
  readonly folder: string
  readonly stateFile: string
  readonly supervisord: Supervisord
  readonly kuma: ScriptedKuma
  /** The options of an agent over them; `more` adds some or gives others. */
  readonly options: (more: Readonly<Record<string, string>>) => string[]
}

/** Starts them; all of it ends with the test. */
export async function watchedProgram(t: TestContext, count = 1): Promise<WatchedProgram> {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-watched-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const many = count > 1 && { numprocs: count, process_name: '%(program_name)s%(process_num)d' }
  const web = { command: 'sleep 1000', startsecs: 0, ...many }
  const supervisord = await startSupervisord({ programs: { web } })
  t.after(() => supervisord.stop())
  await supervisord.running(count)
  const kuma = await startKuma(t)
  const stateFile = join(folder, 'state.json')
  const usual = {
    config: '/dev/null',
    'kuma-url': kuma.url,
    token: 'AWbUXTosJG',
    'state-file': stateFile,
    unit: 'none',
    'supervisor-url': supervisord.url,
  }
  return {
    folder,
    stateFile,
    supervisord,
    kuma,
    options: (more) =>
      Object.entries({ ...usual, ...more }).flatMap(([option, value]) => [`--${option}`, value]),
  }
}
