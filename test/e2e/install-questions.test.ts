// install.sh at a terminal, without options: what it asks, and what it makes of the answers.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { afterEach, before, suite, test } from 'node:test'
import { setStage } from '../helpers/set-stage.ts'
import { unpackPackage } from '../helpers/unpack-package.ts'

const NAME = 'kuma-supervisor-push'
const CONFIG = `/etc/${NAME}/config.toml`

suite('install.sh at a terminal', { timeout: 1_800_000 }, () => {
  const stage = setStage()
  let folder: string

  before(async () => {
    folder = await unpackPackage(stage.host)
  })
  afterEach(async () => {
    await stage.host.run(`${folder}/install.sh --uninstall --purge`)
  })

  /** Types these lines at a terminal of that kind; after the last one the terminal is gone. */
  async function type(lines: readonly string[], { term = 'xterm', columns = 80 } = {}) {
    const command = `stty cols ${columns}; exec ${folder}/install.sh`
    const { code, stdout } = await stage.host.run(['script', '-qec', command, '/dev/null'], {
      input: lines.map((line) => `${line}\n`).join(''),
      env: { TERM: term },
      timeoutMs: 240_000,
    })
    return { code, shown: stdout.replaceAll('\r\n', '\n') }
  }

  test('asks for Kuma, the token and the way to run, and again after a wrong answer', async () => {
    const { code, shown } = await type(['kuma', stage.receiver.url, '3', '2', 'a b', 'AWbUXTosJG', ''])
    assert.equal(code, 0, shown)
    assert.match(shown, /^Where is Uptime Kuma\? [^]*It begins with http:\/\//m)
    assert.match(shown, /And its push monitors\?$/m)
    assert.match(shown, /It has letters and digits only\./)
    assert.match(shown, /How shall it run\?$/m)
    assert.match(shown, /^delivered the first heartbeat of supervisor/m)
    assert.match(
      shown,
      /wait for the first heartbeat \(up to 60 s\)( \.\.\. \d+ s)?\n/,
      'one line, that counts',
    )
    assert.match(readFileSync(`${stage.host.root}${CONFIG}`, 'utf8'), /^token = "AWbUXTosJG"/m)
  })

  test('knows a push URL when it gets one, and takes cron', async () => {
    const { code, shown } = await type([
      `${stage.receiver.url}/api/push/AWbUXTosJG?status=up&msg=OK&ping=`,
      '2',
    ])
    assert.equal(code, 0, shown)
    assert.doesNotMatch(shown, /And its push monitors/)
    assert.match(shown, /^delivered$/m)
    assert.match(readFileSync(`${stage.host.root}/etc/cron.d/${NAME}`, 'utf8'), /^\* \* \* \* \* /m)
  })

  for (const [kind, terminal] of Object.entries({
    dumb: { term: 'dumb' },
    narrow: { columns: 20 },
    'without a size': { columns: 0 },
  })) {
    test(`goes back in no line of a terminal that is ${kind}`, async () => {
      const { code, shown } = await type([stage.receiver.url, '2', 'AWbUXTosJG', '1'], terminal)
      assert.equal(code, 0, shown)
      if (kind !== 'without a size') assert.doesNotMatch(shown, /\r/)
      // oxlint-disable-next-line no-control-regex -- that is what is looked for
      assert.doesNotMatch(shown, /\u001b/)
    })
  }

  test('changes nothing when the terminal goes away before the last answer', async () => {
    const { code, shown } = await type([stage.receiver.url, '2'])
    assert.equal(code, 64, shown)
    assert.match(shown, /^error: no answer; nothing was changed$/m)
    assert.equal((await stage.host.run(`test -e /etc/${NAME} -o -e /usr/local/lib/${NAME}`)).code, 1)
    assert.equal((await stage.host.run(['id', NAME])).code, 1)
  })

  test('asks nothing where it is installed already', async () => {
    await type([stage.receiver.url, '2', 'AWbUXTosJG', '1'])
    const { code, shown } = await type([])
    assert.equal(code, 0, shown)
    assert.doesNotMatch(shown, /\?/)
    assert.match(shown, /^nothing changed: the service runs on$/m)
  })
})
