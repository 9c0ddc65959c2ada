import { constants } from 'node:fs'
import { access } from 'node:fs/promises'
import { Pacing } from '../../agent/pacing.ts'
import { findBlindness } from '../../collect/processes.ts'
import { SupervisorClient } from '../../collect/supervisor/client.ts'
import { findSupervisor } from '../../collect/supervisor/discovery.ts'
import type { ProcessInfo } from '../../collect/supervisor/process-info.ts'
import type { RpcFailure, RpcFailureReason, SupervisorState } from '../../collect/supervisor/rpc-reading.ts'
import type { SupervisorConfig, SupervisorTarget } from '../../config/config.ts'
import { quotePath } from '../../lib/quote.ts'
import { realClock } from '../../lib/clock.ts'
import { selectPrograms } from '../../lib/glob.ts'
import type { DoctorContext } from './context.ts'
import { failed, ok, skipped, type Finding } from './report.ts'

/** One supervisord, found and asked once. */
export interface SupervisorProbe {
  /** Where it is, without credentials; null when that is not known. */
  readonly url: string | null
  /** How that was found out. */
  readonly source: string
  readonly username: string | null
  /** Why its credentials cannot be used; null when they can. */
  readonly warning: string | null
  readonly findMs: number
  readonly reading:
    | { readonly kind: 'answered'; readonly state: SupervisorState }
    | { readonly kind: 'failed'; readonly failure: RpcFailure }
  /** As supervisord gives it; null when it does not. */
  readonly version: string | null
  /** Why its log cannot tell how programs ended; null where it can. */
  readonly logFault: string | null
  readonly readMs: number
}

const now = (): number => realClock.now()

export async function probeSupervisor(
  config: SupervisorConfig,
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<SupervisorProbe> {
  const startedMs = now()
  const found =
    config.url === 'auto'
      ? await findSupervisor(config, { env })
      : ({ kind: 'found', ...config, source: 'the configuration', warning: null } as const)
  const findMs = now() - startedMs
  if (found.kind === 'failed') {
    const nothing = {
      url: null,
      source: '',
      username: null,
      warning: null,
      version: null,
      logFault: null,
      readMs: 0,
    }
    return { ...nothing, findMs, reading: found }
  }
  const { url, username, password, source, warning } = found
  const { caFile, timeoutMs, ownerUid } = config
  const login = { url, username, password, caFile, timeoutMs, ownerUid }
  const client = new SupervisorClient({ ...login, clock: realClock })
  try {
    const askedMs = now()
    const reading = await client.read(signal)
    const readMs = now() - askedMs
    const known = { url, source, username, warning, findMs, readMs }
    if (reading.kind === 'not-asked') throw new Error('a client always asks')
    if (reading.kind === 'failed') return { ...known, reading, version: null, logFault: null }
    const version = await client.readVersion(reading.state.pid, signal)
    return { ...known, reading, version, logFault: await client.findLogFault(signal) }
  } finally {
    await client.close()
  }
}

interface Probed {
  readonly config: SupervisorConfig
  /** For the findings. */
  readonly of: string | null
  readonly probe: SupervisorProbe
  /** Null when it answered. */
  readonly reason: RpcFailureReason | null
}

/** Returns one finding for each supervisord. */
async function eachSupervisor(
  context: DoctorContext,
  judge: (probed: Probed) => Finding | Promise<Finding>,
): Promise<Finding[]> {
  if (context.loaded === null) return [skipped('needs a right configuration')]
  const { supervisors } = context.loaded.config
  if (supervisors.length === 0) return [skipped('no supervisord is watched')]
  return Promise.all(
    supervisors.map(async (config) => {
      // With one supervisord there is no need to name it.
      const of = supervisors.length > 1 ? config.name : null
      if (config.url === 'none') return skipped('not asked: url = "none"', { of })
      const probe = await context.readings.supervisor(config)
      const reason = probe.reading.kind === 'failed' ? probe.reading.failure.reason : null
      return judge({ config, of, probe, reason })
    }),
  )
}

/** `socket`: where supervisord listens, why it is looked for there, and whether anybody does. */
export function checkSocket(context: DoctorContext): Promise<Finding[]> {
  return eachSupervisor(context, async (probed) => {
    const { of, probe, reason } = probed
    const { url, source, reading, findMs } = probe
    const details = { of, ms: findMs }
    const detail = reading.kind === 'failed' ? reading.failure.detail : ''
    const start = await startCommand(probed, context)
    const says = `${detail}; address from ${source}`
    switch (reason) {
      case 'no-address':
        return failed(
          detail,
          `${start}; where it listens elsewhere: url = "unix:///…" under [[supervisor]]`,
          details,
        )
      case 'socket-missing':
        return failed(says, start.replace(' start ', ' restart '), details)
      case 'refused':
        return failed(says, start, details)
      case 'unreachable':
        return failed(
          says,
          'correct url, or give the authority of its certificate as ca_file, under [[supervisor]]',
          details,
        )
      case 'foreign':
        return failed(
          says,
          'keep the socket where root alone may write: file = /run/supervisor.sock in [unix_http_server]; or, where that ' +
            'user runs supervisord: owner = "USER" under [[supervisor]]',
          details,
        )
      case 'permission':
        return skipped(`${url} from ${source}`, details)
      default:
        return ok(`${url} from ${source}`, details)
    }
  })
}

async function startCommand({ config, probe }: Probed, context: DoctorContext): Promise<string> {
  const { value } = await context.readings.unit(config.unit)
  if (value.kind === 'state') return `systemctl start ${value.unit.name}`
  const [, conf] = /^(\/.+) \[/.exec(probe.source) ?? []
  return `supervisord -c ${quotePath(conf ?? '/etc/supervisor/supervisord.conf')}`
}

/** `permission`: this user, and that of the service, may use supervisord's socket. */
export function checkPermission(context: DoctorContext): Promise<Finding[]> {
  const { user, serviceUser } = context
  return eachSupervisor(context, async ({ of, probe: { url }, reason }) => {
    if (url === null) return skipped('unknown without an address', { of })
    if (!url.startsWith('unix://')) return skipped(`not needed at ${url}`, { of })
    const path = url.replace('unix://', '')
    if (reason === 'socket-missing') return skipped('unknown without a socket', { of })
    if (reason === 'permission') {
      return failed(`the user ${user.name} may not use ${path}`, await grantCommand(path, user.name), { of })
    }
    if (await context.readings.isServiceBarred('-w', path)) {
      return failed(
        `${user.name} may use ${path}, but the service's user ${serviceUser} may not`,
        `run install.sh again; until supervisord restarts: setfacl -m u:${serviceUser}:rw ${quotePath(path)}`,
        { of },
      )
    }
    return ok(`${user.name} may use ${path}`, { of })
  })
}

/** Returns the command that opens the first closed folder above the socket, else the socket itself. */
async function grantCommand(path: string, user: string): Promise<string> {
  const folders = path.split('/').slice(1, -1)
  for (const index of folders.keys()) {
    const folder = `/${folders.slice(0, index + 1).join('/')}`
    const isOpen = await access(folder, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (!isOpen) return `sudo setfacl -m u:${user}:x ${quotePath(folder)}, then run doctor again`
  }
  return (
    `sudo setfacl -m u:${user}:rw ${quotePath(path)}; to last: chmod = 0770 and chown = root:GROUP ` +
    'in [unix_http_server] of supervisord.conf'
  )
}

/** The failures in which supervisord was never asked for a password. */
const BEFORE_LOGIN: ReadonlySet<RpcFailureReason> = new Set([
  'no-address',
  'socket-missing',
  'refused',
  'permission',
  'foreign',
  'timeout',
  'unreachable',
  'no-descriptors',
  'bad-answer',
])

/** `credentials`: supervisord takes the username and password. */
export function checkCredentials(context: DoctorContext): Promise<Finding[]> {
  return eachSupervisor(context, ({ of, probe: { username, warning, readMs }, reason }) => {
    const details = { of, ms: readMs }
    if (reason === 'unauthorized') {
      const given = username === null ? 'none were given' : `those of "${username}" are wrong`
      return failed(
        warning ?? `supervisord wants a username and password: ${given}`,
        'under [[supervisor]]: username = "…" and password_file = "…", as in [unix_http_server] or [inet_http_server]',
        details,
      )
    }
    if (reason !== null && BEFORE_LOGIN.has(reason)) return skipped('unknown without an answer', details)
    return ok(username === null ? 'none needed' : `taken for "${username}"`, details)
  })
}

/** By the failures that no earlier check tells. */
const RPC_REMEDIES: Partial<Record<RpcFailureReason, string>> = {
  timeout: 'systemctl restart UNIT; if it does not end: systemctl kill -s KILL UNIT',
  shutdown: 'wait until it is up again: systemctl status UNIT',
  'no-descriptors': 'raise the limit of open files: ulimit -n, or LimitNOFILE in a unit',
  fault:
    'in supervisord.conf: [rpcinterface:supervisor] with supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface; then: systemctl restart UNIT',
  'bad-answer': 'something else than supervisord listens there: correct url under [[supervisor]]',
}

const LOG_LINES = 'logfile=/var/log/supervisor/supervisord.log and loglevel=info'

/** `rpc`: supervisord answers as it should. */
export function checkRpc(context: DoctorContext): Promise<Finding[]> {
  return eachSupervisor(context, async ({ config, of, probe: { reading, version, logFault, readMs } }) => {
    const details = { of, ms: readMs }
    if (reading.kind === 'failed') {
      const { reason, detail } = reading.failure
      const remedy = RPC_REMEDIES[reason]
      if (remedy === undefined) return skipped('unknown without a way to it', details)
      const { value } = await context.readings.unit(config.unit)
      const unit = value.kind === 'state' ? value.unit.name : 'supervisor'
      return failed(detail, remedy.replaceAll('UNIT', unit), details)
    }
    const { pid, ms } = reading.state
    const pacing = new Pacing(context.loaded?.config.agent.checkEveryMs ?? Infinity, 0)
    // The agent stretches its checks when two answers have taken that long.
    for (const _ of [1, 2]) pacing.end(ms, null, 0)
    const slow = pacing.news()
    const name = version === null ? 'supervisord' : `supervisord ${version}`
    const log =
      logFault === null
        ? ''
        : `; ${logFault}, and so it does not tell a crash from a restart by hand: under [supervisord] write ${LOG_LINES}`
    const says = `${name} answers${pid === null ? '' : `, pid ${pid}`}${slow === null ? '' : `; ${slow}`}${log}`
    return ok(says, details)
  })
}

/** `pids`: the end of a program is noticed at once, by its pid. */
export function checkPids(context: DoctorContext): Promise<Finding[]> {
  return eachSupervisor(context, async ({ of, probe: { reading } }) => {
    if (reading.kind === 'failed') return skipped('unknown without an answer of supervisord', { of })
    const { pid: supervisorPid, processes } = reading.state
    const pids = processes.map(({ pid }) => pid).filter((pid) => pid > 0)
    const off = (why: string): Finding =>
      skipped(`off, the end of a program is seen at the next check: ${why}`, { of })
    const why = findBlindness({ supervisorPid, pids })
    if (why !== null) return off(why)
    // Root sees what hidepid hides from the service.
    if (await context.readings.isServiceBarred('-r', `/proc/${supervisorPid}/cmdline`))
      return off(`/proc hides it from the service's user ${context.serviceUser} (hidepid)`)
    const count = `${pids.length} ${pids.length === 1 ? 'pid' : 'pids'}`
    return ok(`the end of a program is seen at once: ${count} to watch`, { of })
  })
}

/** `programs`: every monitor selects programs that there are. */
export async function checkPrograms(context: DoctorContext): Promise<Finding[]> {
  if (context.loaded === null) return [skipped('needs a right configuration')]
  const { monitors, supervisors } = context.loaded.config
  const overPrograms = monitors.flatMap(({ name, target }) =>
    target.kind === 'supervisor' ? [{ name, target }] : [],
  )
  if (overPrograms.length === 0) return [skipped('no monitor is over programs')]
  return Promise.all(
    overPrograms.map(async ({ name, target }): Promise<Finding> => {
      const supervisor = supervisors.find((one) => one.name === target.supervisor)
      if (supervisor === undefined || supervisor.url === 'none')
        return skipped('not asked: url = "none"', { of: name })
      const { reading } = await context.readings.supervisor(supervisor)
      if (reading.kind === 'failed') return skipped('unknown without an answer of supervisord', { of: name })
      return judgePrograms(name, target, reading.state.processes)
    }),
  )
}

const MAX_NAMES = 8

function judgePrograms(of: string, target: SupervisorTarget, processes: readonly ProcessInfo[]): Finding {
  const { selected, unmatched } = selectPrograms(processes, target)
  if (processes.length === 0) {
    const remedy = 'add a [program:NAME] to supervisord.conf, then: supervisorctl update'
    return failed('supervisord has no programs', remedy, { of })
  }
  const [pattern] = unmatched
  if (pattern !== undefined) {
    const names = [
      ...new Set(processes.map(({ group, name }) => (group === name ? name : `${group}:${name}`))),
    ]
    const some = names.slice(0, MAX_NAMES).join(', ') + (names.length > MAX_NAMES ? ', …' : '')
    const remedy = processes.some(({ group }) => group === pattern)
      ? `programs = ["${pattern}:*"] in this [[monitor]]: it is a group`
      : `correct programs in this [[monitor]]; there are: ${some}`
    return failed(`no program matches ${unmatched.map((one) => `"${one}"`).join(', ')}`, remedy, { of })
  }
  if (selected.length === 0) {
    const says = `exclude leaves none of the ${processes.length} programs`
    return failed(says, 'correct exclude in this [[monitor]]', { of })
  }
  const { minRunning } = target
  if (minRunning !== null && minRunning > selected.length) {
    const says = `min_running = ${minRunning} can never be met: ${selected.length} selected`
    return failed(says, `min_running = ${selected.length} in this [[monitor]], or less`, { of })
  }
  const running = selected.filter(({ state }) => state === 'RUNNING').length
  return ok(`${selected.length} selected, ${running} RUNNING`, { of })
}
