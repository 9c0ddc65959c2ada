import assert from 'node:assert/strict'
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { dirname, join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { createStateFile } from '../../src/agent/state-file.ts'
import type { Kept, Remembered } from '../../src/agent/state-codec.ts'
import { EMPTY_STATE, type MonitorState } from '../../src/rules/state.ts'
import type { ProgramHistory } from '../../src/rules/restarts.ts'
import { NO_UNIT_HISTORY } from '../../src/rules/units.ts'
import { memoryLog } from '../helpers/memory-log.ts'

const PROGRAM: ProgramHistory = {
  start: 5,
  pid: 7,
  state: 'RUNNING',
  restarts: [{ atMs: 4, untilMs: 9, why: 'exit 1' }],
  isLooping: false,
  count: 3,
}

const MEMORY: MonitorState = {
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

const REMEMBERED: Remembered = {
  memory: MEMORY,
  standing: { status: 'down', sinceMs: 1_700_000_000_000 },
  notifiers: [
    {
      kuma: 'kuma',
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
const NO_NEWS = { standing: null, notifiers: [] }

/** All that is kept, with these monitors. */
const keeping = (monitors: readonly (readonly [string, Remembered])[]): Kept => ({
  monitors: new Map(monitors),
})

describe('the state file', () => {
  let folder: string
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ksp-state-'))
  })
  after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))

  const open = (name: string, bootId = 'boot-1') => {
    const log = memoryLog()
    return { path: join(folder, name), log, file: createStateFile({ path: join(folder, name), bootId, log }) }
  }

  it('gives back what was saved, in a folder it makes, readable by its owner alone', async () => {
    const { file, path, log } = open('new/folder/state.json')
    await file.save(keeping([['__proto__', REMEMBERED]]))
    assert.deepEqual(await file.load(), keeping([['__proto__', REMEMBERED]]))
    assert.equal((await stat(path)).mode & 0o777, 0o600)
    assert.deepEqual(await readdir(join(folder, 'new/folder')), ['state.json'])
    assert.deepEqual(log.lines, [])
  })

  const needsRoot = { skip: userInfo().uid !== 0 && 'needs root' }
  it('belongs to the owner of its folder, whoever writes it', needsRoot, async () => {
    const { file, path, log } = open('of-service/state.json')
    await mkdir(dirname(path))
    await chown(dirname(path), 65534, 65534)
    await file.save(keeping([['a', REMEMBERED]]))
    const { uid, gid, mode } = await stat(path)
    assert.deepEqual([uid, gid, mode & 0o777], [65534, 65534, 0o600])
    assert.deepEqual(log.lines, [])
  })

  it('forgets times of another boot, and nothing else', async () => {
    await open('boot.json').file.save(keeping([['a', REMEMBERED]]))
    const { monitors } = await open('boot.json', 'boot-2').file.load()
    assert.deepEqual(monitors.get('a'), {
      ...REMEMBERED,
      memory: { ...EMPTY_STATE, status: 'down', total: 12, outsideSystemd: true, shutdownSeconds: 60 },
    })
  })

  it('is read when an agent wrote it that pushed a monitor to several Kumas', async () => {
    const { file, path, log } = open('several.json')
    await file.save(keeping([['a', REMEMBERED]]))
    const state = JSON.parse(await readFile(path, 'utf8'))
    const [{ missed, deliveries }] = state.monitors
    missed.push(['cloud', { toldStatus: 'down', turns: [], forgotten: 0 }])
    deliveries.unshift(['office', deliveries[0][1]])
    await writeFile(path, JSON.stringify(state))
    const { monitors } = await file.load()
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
    const { file, path, log } = open('older.json')
    await file.save(keeping([['a', REMEMBERED]]))
    const { monitors, ...rest } = JSON.parse(await readFile(path, 'utf8'))
    for (const key of ['missed', 'standing', 'deliveries']) delete monitors[0][key]
    delete monitors[0].programs[0][1].count
    delete monitors[0].unit
    await writeFile(path, JSON.stringify({ ...rest, monitors }))
    const loaded = await file.load()
    assert.deepEqual(loaded.monitors.get('a'), {
      memory: { ...MEMORY, programs: new Map([['a:b', { ...PROGRAM, count: 0 }]]), unit: NO_UNIT_HISTORY },
      ...NO_NEWS,
    })
    assert.deepEqual(log.lines, [])
  })

  it('is read when an earlier version wrote it, which kept the configurations of programs too', async () => {
    const { file, path, log } = open('with-configs.json')
    await file.save(keeping([['a', REMEMBERED]]))
    const state = JSON.parse(await readFile(path, 'utf8'))
    await writeFile(path, JSON.stringify({ ...state, configs: [['unix:///run/supervisor.sock', {}]] }))
    assert.deepEqual(await file.load(), keeping([['a', REMEMBERED]]))
    assert.deepEqual(log.lines, [])
  })

  it('is empty, without a word, when there is none yet', async () => {
    const { file, log } = open('none.json')
    assert.equal((await file.load()).monitors.size, 0)
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
      assert.equal((await file.load()).monitors.size, 0)
      assert.equal(await readFile(`${path}.broken`, 'utf8'), text)
      assert.ok(
        log.lines[0]?.startsWith(`warn: the state file ${path} cannot be used (${says}`),
        log.lines[0],
      )
      assert.ok(log.lines[0]?.endsWith(`it was set aside as ${path}.broken`))
    })
  }

  it('says once that it cannot be written, keeps the old file, and says when it can again', async () => {
    const { file, path, log } = open('blocked/state.json')
    await file.save(keeping([['a', { memory: EMPTY_STATE, ...NO_NEWS }]]))
    await rm(path)
    // A folder in its place stops root too.
    await mkdir(join(path, 'x'), { recursive: true })
    await file.save(keeping([]))
    await file.save(keeping([]))
    await rm(path, { recursive: true, maxRetries: 9 })
    await file.save(keeping([['a', REMEMBERED]]))
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
    await createStateFile({ path: '/proc/x/y/state.json', bootId: 'boot-1', log }).save(keeping([]))
    assert.match(
      log.lines[0] ?? '',
      /^warn: the state file \/proc\/x\/y\/state.json cannot be written \(ENOENT\)/,
    )
  })

  it('is not fatal when it is a folder', async () => {
    const { file, path, log } = open('folder.json')
    await mkdir(path)
    await chmod(path, 0o700)
    assert.equal((await file.load()).monitors.size, 0)
    assert.match(log.lines[0] ?? '', /cannot be read \(EISDIR\): starting without memory/)
  })
})
