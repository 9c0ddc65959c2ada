import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildBundle, startAgent } from '../../test/helpers/agent-process.ts'
import { eventually } from '../../test/helpers/eventually.ts'
import { runCommand } from '../../test/helpers/run-command.ts'
import { startSupervisord } from '../../test/helpers/supervisord.ts'

const BUNDLE = join(import.meta.dirname, '../../dist/kuma-supervisor-push.cjs')
/** What the pictures call the host. */
const HOST_NAME = 'web-1'

interface KumaLogin {
  readonly url: string
  readonly username: string
  readonly password: string
}

/** A host with a supervisord, its monitors in Kuma and the agent. */
export interface Host {
  /** What a command prints on a terminal of so many columns. */
  show(args: readonly string[], columns: number): Promise<string>
  /** Removes what one of the programs runs, and kills it. */
  breakProgram(): Promise<void>
  stop(): Promise<void>
}

/** Holds on to so much memory, as a program of that name may. */
const hold = (megabytes: number): string =>
  `python3 -c "import time; held = b'x' * (${megabytes} * 1024 * 1024); time.sleep(9999)"`

/** Starts programs as a web server has them, has `provision` make their monitors, and starts the agent. */
export async function startHost(kuma: KumaLogin): Promise<Host> {
  await buildBundle()
  const folder = await mkdtemp(join(tmpdir(), 'pictures-'))
  const server = join(folder, 'bin/search-server')
  await mkdir(join(folder, 'bin'))
  await writeFile(server, '#!/bin/sh\nexec sleep 9999\n', { mode: 0o755 })
  // supervisord looks for programs there; a path of this machine's own is none of the picture's.
  process.env['PATH'] = `${folder}/bin:${process.env['PATH']}`
  const starts = join(folder, 'starts')
  const supervisord = await startSupervisord({
    programs: {
      web: hold(41),
      mailer: hold(17),
      worker: { command: hold(88), numprocs: 3, process_name: '%(program_name)s_%(process_num)02d' },
      // It dies twice before it stays.
      beat: `sh -c "echo >>${starts}; sleep 17; [ $(wc -l <${starts}) -gt 2 ] && exec sleep 9999; exit 1"`,
      'group:celery': { programs: 'worker,beat' },
      search: { command: 'search-server', startretries: 0, autorestart: true },
    },
  })
  await writeFile(join(folder, 'password'), kuma.password, { mode: 0o600 })
  const config = join(folder, 'config.toml')
  const toml = `[agent]\nstate_file = "${folder}/state.json"\ncheck_every = "1s"\npush_every = "8s"\n[[supervisor]]\nurl = "${supervisord.url}"\nunit = "none"\n`
  await writeFile(config, toml, { mode: 0o600 })
  const command = [process.execPath, BUNDLE, 'provision', '--config', config]
  const login = ['--user', kuma.username, '--password-file', join(folder, 'password')]
  const wishes = ['--kuma-url', kuma.url, '--host-name', HOST_NAME, '--notify', 'none']
  const { code, stdout, stderr } = await runCommand([...command, ...login, ...wishes])
  if (code !== 0) throw new Error(`provision failed:\n${stdout}${stderr}`)
  // More heartbeats than a real one has, so that Kuma's bars are soon full.
  const agent = startAgent(['--config', config, '--push-every', '4s'], { env: { RUNTIME_DIRECTORY: folder } })

  return {
    async show(args, columns) {
      const line = `stty cols ${columns}; ${[process.execPath, BUNDLE, ...args].join(' ')}`
      const shown = await runCommand(['script', '-qec', line, '/dev/null'], {
        env: {
          PATH: process.env['PATH'] ?? '',
          TERM: 'xterm',
          LANG: 'C.UTF-8',
          RUNTIME_DIRECTORY: folder,
        },
      })
      return shown.stdout
    },
    async breakProgram() {
      const pid = Number(await supervisord.ctl('pid', 'search'))
      await rm(server)
      process.kill(pid, 'SIGKILL')
      await eventually(
        'search is FATAL',
        () => supervisord.ctl('status', 'search'),
        (text) => text.includes('FATAL'),
      )
    },
    async stop() {
      await agent.stop()
      await supervisord.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
