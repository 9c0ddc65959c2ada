import assert from 'node:assert/strict'
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { StateFile, type MonitorRecord } from '../../src/agent/state.ts'
import { EMPTY_STATE, type MonitorState } from '../../src/rules/state.ts'
import type { ProgramHistory } from '../../src/rules/restarts.ts'
import { NO_FLAPS } from '../../src/rules/flaps.ts'
import { NO_UNIT_HISTORY } from '../../src/rules/units.ts'
import { memoryLog } from '../helpers/memory-log.ts'

const PROGRAM: ProgramHistory = {
  start: 5,
  pid: 7,
  state: 'RUNNING',
  restarts: [{ atMs: 4, untilMs: 9, why: 'exit 1' }],
  isLooping: false,
  count: 3,
  failing: { firstStart: 4, lastStart: 5, sinceMs: 3, count: 2, why: 'Exited too quickly' },
  badEnd: 'exit 1',
}

const STATE: MonitorState = {
  status: 'down',
  problems: new Map([
    [
      '__proto__',
      {
        clock: 'dead',
        sinceMs: 1,
        checks: 2,
        badSinceMs: 1,
        lastSeenMs: 3,
        incident: null,
        followsTrouble: true,
        confirmed: true,
      },
    ],
  ]),
  causes: ['dead a:b'],
  flaps: { turnsMs: [1, 2], confirmedMs: 3, text: 'a:b FATAL', isFlapping: true, isHeld: true },
  programs: new Map([['a:b', PROGRAM]]),
  supervisorPid: 4711,
  answeredMs: 3,
  toldMs: 2,
  total: 12,
  outsideSystemd: true,
  shutdownSeconds: 60,
  httpFailure: 'http://127.0.0.1/ answered 503, expected 200',
  ownRestarts: new Map([
    [
      'a:b',
      {
        begunMs: 1,
        earlierMs: [],
        start: 5,
        pid: 77,
        why: 'it used 2 MB',
        endedMs: 2,
        backMs: 3,
        failure: null,
        leftStopped: false,
      },
    ],
  ]),
  unit: {
    count: 2,
    restarts: [{ atMs: 4, untilMs: 9, why: 'exit-code 1' }],
    isLooping: true,
    isWaiting: true,
  },
}

const RECORD: MonitorRecord = {
  state: STATE,
  statusSince: { status: 'down', sinceMs: 1_700_000_000_000 },
  notifiers: [
    {
      kuma: 'kuma',
      openSinceMs: 7,
      missed: {
        toldStatus: 'up',
        turns: [{ status: 'down', atMs: 1_700_000_000_000, why: 'web FATAL' }],
        forgotten: 2,
      },
      delivery: {
        delivered: { atMs: 1_700_000_000_000, status: 'up' },
        answer: { atMs: 1_700_000_060_000, kind: 'refused', says: 'Kuma refuses connections' },
      },
    },
  ],
}

/** Of an agent that kept nothing but this. */
const NO_NEWS = { statusSince: null, notifiers: [] }

describe('the state file', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ksp-state-'))
  })
  after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))

  const open = (name: string, bootId = 'boot-1') => {
    const log = memoryLog()
    const path = join(folder, name)
    const file = new StateFile(path, bootId, log)
    /** Saves what these monitors remember. */
    const save = (...records: readonly (readonly [string, MonitorRecord])[]): Promise<void> => {
      file.follow(records.map(([monitor, record]) => ({ name: monitor, record })))
      return file.saveLast()
    }
    return { path, log, file, save }
  }

  it('gives back what was saved, in a folder it makes, readable by its owner alone', async () => {
    const { file, save, path, log } = open('new/folder/state.json')
    await save(['__proto__', RECORD])
    assert.deepEqual(await file.load(), new Map([['__proto__', RECORD]]))
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.deepEqual(await readdir(join(folder, 'new/folder')), ['state.json'])
    assert.deepEqual(log.lines, [])
  })

  const needsRoot = { skip: userInfo().uid !== 0 && 'needs root' }
  it('belongs to the owner of its folder, whoever writes it', needsRoot, async () => {
    const { save, path, log } = open('of-service/state.json')
    await mkdir(dirname(path))
    await chown(dirname(path), 65534, 65534)
    await save(['a', RECORD])
    const { uid, gid, mode } = await stat(path)
    assert.deepEqual([uid, gid, mode & 0o777], [65534, 65534, 0o600])
    assert.deepEqual(log.lines, [])
  })

  it('forgets times of another boot, and nothing else', async () => {
    await open('boot.json').save(['a', RECORD])
    const monitors = await open('boot.json', 'boot-2').file.load()
    assert.deepEqual(monitors.get('a'), {
      ...RECORD,
      notifiers: RECORD.notifiers.map((notifier) => ({ ...notifier, openSinceMs: null })),
      state: { ...EMPTY_STATE, status: 'down', total: 12, outsideSystemd: true, shutdownSeconds: 60 },
    })
  })

  it('is read when an agent wrote it that pushed a monitor to several Kumas', async () => {
    const { file, save, path, log } = open('several.json')
    await save(['a', RECORD])
    const state = JSON.parse(await readFile(path, 'utf8'))
    const [{ missed, deliveries }] = state.monitors
    missed.push(['cloud', { toldStatus: 'down', turns: [], forgotten: 0 }])
    deliveries.unshift(['office', deliveries[0][1]])
    await writeFile(path, JSON.stringify(state))
    const monitors = await file.load()
    assert.deepEqual(
      monitors
        .get('a')
        ?.notifiers.map((one) => [one.kuma, one.missed?.toldStatus, one.delivery?.answer.kind]),
      [
        ['kuma', 'up', 'refused'],
        ['cloud', 'down', undefined],
        ['office', undefined, 'refused'],
      ],
    )
    assert.deepEqual(log.lines, [])
  })

  it('is read when an agent wrote it that kept no news', async () => {
    const { file, save, path, log } = open('older.json')
    await save(['a', RECORD])
    const { monitors, ...rest } = JSON.parse(await readFile(path, 'utf8'))
    for (const key of ['missed', 'standing', 'deliveries']) delete monitors[0][key]
    delete monitors[0].programs[0][1].count
    delete monitors[0].programs[0][1].failing
    delete monitors[0].programs[0][1].badEnd
    for (const key of ['unit', 'causes', 'flaps']) delete monitors[0][key]
    await writeFile(path, JSON.stringify({ ...rest, monitors }))
    const loaded = await file.load()
    assert.deepEqual(loaded.get('a'), {
      state: {
        ...STATE,
        programs: new Map([['a:b', { ...PROGRAM, count: 0, failing: null, badEnd: null }]]),
        unit: NO_UNIT_HISTORY,
        causes: [],
        flaps: NO_FLAPS,
      },
      ...NO_NEWS,
    })
    assert.deepEqual(log.lines, [])
  })

  it('is read when an earlier version wrote it, which kept the configurations of programs too', async () => {
    const { file, save, path, log } = open('with-configs.json')
    await save(['a', RECORD])
    const state = JSON.parse(await readFile(path, 'utf8'))
    await writeFile(path, JSON.stringify({ ...state, configs: [['unix:///run/supervisor.sock', {}]] }))
    assert.deepEqual(await file.load(), new Map([['a', RECORD]]))
    assert.deepEqual(log.lines, [])
  })

  it('is empty, without a word, when there is none yet', async () => {
    const { file, log } = open('none.json')
    assert.equal((await file.load()).size, 0)
    assert.deepEqual(log.lines, [])
  })

  const broken: [name: string, text: string, says: string][] = [
    ['zero bytes', '', 'it is empty'],
    ['half a file', '{"version":1,"bootId":"boot-1","moni', 'it is not JSON'],
    ['something else', '{"hello":"world"}', 'it is not a state file of kuma-supervisor-push'],
    ['a newer version', '{"version":99}', 'it has version 99, this agent writes version 1'],
    ['a wrong shape', '{"version":1,"bootId":"boot-1","monitors":[{"name":7}]}', 'monitors.0.name: '],
  ]
  for (const [name, text, says] of broken) {
    it(`sets ${name} aside with a warning`, async () => {
      const { file, path, log } = open(`${name}.json`)
      await writeFile(path, text)
      assert.equal((await file.load()).size, 0)
      assert.equal(await readFile(`${path}.broken`, 'utf8'), text)
      assert.ok(
        log.lines[0]?.startsWith(`warn: the state file ${path} cannot be used (${says}`),
        log.lines[0],
      )
      assert.ok(log.lines[0]?.endsWith(`it was set aside as ${path}.broken`))
    })
  }

  it('saves once for all that changed before, and once more for what changed meanwhile', async () => {
    const { file, path } = open('soon/state.json')
    let count = 0
    const monitor = {
      name: 'a',
      get record() {
        count += 1
        return { ...RECORD, statusSince: { status: 'up', sinceMs: count } as const }
      },
    }
    file.follow([monitor])
    for (let change = 0; change < 3; change += 1) file.saveSoon()
    await new Promise((resolve) => setImmediate(resolve))
    for (let change = 0; change < 3; change += 1) file.saveSoon()
    assert.equal(count, 1)
    await file.saveLast()
    assert.equal(count, 3)
    assert.match(await readFile(path, 'utf8'), /"sinceMs":3/)
  })

  it('is not there in a dry run', async () => {
    const file = new StateFile(null, 'boot-1', memoryLog())
    file.follow([{ name: 'a', record: RECORD }])
    await file.saveLast()
    assert.equal((await file.load()).size, 0)
  })

  it('says once that it cannot be written, keeps the old file, and says when it can again', async () => {
    const { save, path, log } = open('blocked/state.json')
    await save(['a', { state: EMPTY_STATE, ...NO_NEWS }])
    await rm(path)
    // A folder in its place stops root too.
    await mkdir(join(path, 'x'), { recursive: true })
    await save()
    await save()
    await rm(path, { recursive: true, maxRetries: 9 })
    await save(['a', RECORD])
    assert.equal(log.lines.length, 2)
    assert.match(
      log.lines[0] ?? '',
      /^warn: the state file .* cannot be written \(E[A-Z]+\): make its folder writable/,
    )
    assert.match(log.lines[1] ?? '', /can be written again$/)
    assert.deepEqual(await readdir(join(folder, 'blocked')), ['state.json'])
  })

  it('does not hang where no folder can be made', async () => {
    const log = memoryLog()
    await new StateFile('/proc/x/y/state.json', 'boot-1', log).saveLast()
    assert.match(
      log.lines[0] ?? '',
      /^warn: the state file \/proc\/x\/y\/state.json cannot be written \(ENOENT\)/,
    )
  })

  it('is not fatal when it is a folder', async () => {
    const { file, path, log } = open('folder.json')
    await mkdir(path)
    await chmod(path, 0o700)
    assert.equal((await file.load()).size, 0)
    assert.match(log.lines[0] ?? '', /cannot be read \(EISDIR\): starting without memory/)
  })
})
