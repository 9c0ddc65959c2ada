import type { SharedFlags } from '../config/options.ts'
import { EXIT, type ExitCode } from '../lib/errors.ts'
import { NotEventsError } from '../collect/supervisor/events.ts'
import { parseServerUrl } from '../collect/supervisor/discovery.ts'
import type { OwnProcess } from '../collect/supervisor/rpc-reading.ts'
import { Listener } from '../agent/listener.ts'
import type { Terminal } from './terminal.ts'
import { realClock } from '../lib/clock.ts'
import { runAgent } from './run.ts'

const BY_HAND = `listen is not for a terminal: supervisord runs it as an event listener. It is the whole agent on its own, for
where there is no systemd, as in a container. In supervisord.conf:

[eventlistener:kuma]
command=kuma-supervisor-push listen
events=PROCESS_STATE,SUPERVISOR_STATE_CHANGE,TICK_5
buffer_size=1000
autorestart=true
stdout_logfile=NONE

then: supervisorctl update. By hand, run kuma-supervisor-push without listen.
`

/** After the end of the events; the last words take a second of it. */
const END_WITHIN_MS = 1_500

/** `listen`: `run` as an event listener of supervisord, whose events start checks too. */
export async function listen(flags: SharedFlags, terminal: Terminal, stop: AbortSignal): Promise<ExitCode> {
  const own = findOwn(terminal.env)
  if (terminal.isInteractive || own === null) {
    terminal.printError(BY_HAND)
    return EXIT.usage
  }
  const listener = new Listener(terminal.pipes, own, realClock)
  const end = new AbortController()
  // Whatever else is printed must not get between the words of the protocol.
  const aside: Terminal = { ...terminal, print: terminal.printError, isScreen: false }
  const running = runAgent(listener, flags, aside, AbortSignal.any([stop, end.signal]))
  let code: ExitCode = EXIT.ok
  const ending = async (): Promise<void> => {
    try {
      await listener.run()
    } catch (error) {
      if (!(error instanceof NotEventsError)) throw error
      terminal.printError(`error: ${error.message}: ending, to be started anew\n`)
      code = EXIT.software
    }
    end.abort()
    await realClock.sleep(END_WITHIN_MS, new AbortController().signal)
  }
  await Promise.race([running, ending()])
  return code
}

/** Null where no supervisord started this process. */
function findOwn(env: Terminal['env']): OwnProcess | null {
  const { SUPERVISOR_GROUP_NAME: group, SUPERVISOR_PROCESS_NAME: name, SUPERVISOR_SERVER_URL: url } = env
  if (group === undefined || name === undefined) return null
  const parsed = parseServerUrl(url ?? '')
  return { group, name, serverUrl: 'wrong' in parsed ? null : parsed.displayUrl, pid: process.pid }
}
