import assert from 'node:assert/strict'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { readUpSeconds } from '../../src/collect/read-up-seconds.ts'

describe('how long supervisord has been up', () => {
  let proc: string
  before(async () => {
    proc = await mkdtemp(join(tmpdir(), 'ksp-proc-'))
    await writeFile(join(proc, 'uptime'), '5000.25 9000.00\n')
  })
  after(() => rm(proc, { recursive: true, force: true, maxRetries: 9 }))

  async function makeProcess(
    pid: number,
    { command = 'supervisord', cmdline = '/usr/bin/supervisord\0-n\0', start = 200_025 },
  ) {
    await mkdir(join(proc, String(pid)))
    await writeFile(join(proc, String(pid), 'cmdline'), cmdline)
    const middle = Array.from({ length: 18 }, () => '0').join(' ')
    await writeFile(join(proc, String(pid), 'stat'), `${pid} (${command}) S ${middle} ${start} 1 2 3\n`)
  }

  it('is read from its start time', async () => {
    await makeProcess(1, {})
    assert.equal(await readUpSeconds(1, proc), 3000)
  })

  it('is read past a name that holds spaces and parentheses', async () => {
    await makeProcess(2, { command: 'a) S 1 (b' })
    assert.equal(await readUpSeconds(2, proc), 3000)
  })

  it('is unknown when the pid belongs to something else', async () => {
    await makeProcess(3, { cmdline: '/sbin/init\0' })
    assert.equal(await readUpSeconds(3, proc), null)
  })

  it('is unknown when there is no such process', async () => {
    assert.equal(await readUpSeconds(4, proc), null)
  })
})
