// What superlance's tools do, each shown with a real supervisord, programs that leak, hang and crash, and the bundled agent.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { before, describe, it, type TestContext } from 'node:test'
import { buildBundle, runAgent, startAgent, type AgentProcess } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { freePort } from '../helpers/free-port.ts'
import { startReceiver } from '../helpers/receiver.ts'
import { startSupervisord, type Supervisord } from '../helpers/supervisord.ts'

const TOKEN = 'AWbUXTosJGx7Qk2mZr9Lp4Ty8Wn1Vc5B'

interface Scene {
  readonly supervisord: Supervisord
  /** The first message that arrived and matches. */
  told(pattern: RegExp): Promise<string>
  readonly messages: () => string[]
  run(): AgentProcess
  once(): ReturnType<typeof runAgent>
}

/** Starts supervisord with programs of the given Python and prepares an agent with the given keys of its monitor. */
async function setUp(
  t: TestContext,
  programs: Record<string, string>,
  monitor: string,
  options: Record<string, string | number | boolean> = {},
): Promise<Scene> {
  const sections = Object.keys(programs).map((name) => [
    name,
    { command: `python3 -u %(here)s/${name}.py`, autostart: false, ...options },
  ])
  const supervisord = await startSupervisord({ programs: Object.fromEntries(sections) })
  t.after(() => supervisord.stop())
  const receiver = await startReceiver(t)
  const config = join(supervisord.dir, 'config.toml')
  for (const [name, text] of Object.entries(programs)) {
    await writeFile(join(supervisord.dir, `${name}.py`), text)
    await supervisord.ctl('start', name)
    const ready = join(supervisord.dir, `${name}.py.ready`)
    if (text.includes('.ready')) await eventually(`${name} has its memory`, () => existsSync(ready))
  }
  await writeFile(
    config,
    `[kuma]
url = "${receiver.url}"
[agent]
check_every = "1s"
push_every = "2s"
state_file = "${supervisord.dir}/state.json"
[[supervisor]]
url = "${supervisord.url}"
unit = "none"
[[monitor]]
token = "${TOKEN}"
${monitor}
`,
    { mode: 0o600 },
  )
  const messages = () => receiver.arrivals.map(({ status, msg }) => `${status} ${msg}`)
  return {
    supervisord,
    messages,
    async told(pattern) {
      const find = () => messages().find((message) => pattern.test(message))
      await eventually(
        `${pattern} arrives`,
        () => ({ found: find(), all: messages() }),
        ({ found }) => found !== undefined,
      )
      return find() ?? ''
    },
    run() {
      const agent = startAgent(['run', '--config', config])
      t.after(() => agent.stop())
      return agent
    },
    once: () => runAgent(['once', '--config', config]),
  }
}

/** Takes 150 MB the first time that it runs, and little after that. */
const LEAKS_ONCE = `import os, time
if not os.path.exists(__file__ + '.ran'):
    open(__file__ + '.ran', 'w').close()
    hoard = bytearray(150 << 20)
open(__file__ + '.ready', 'w').close()
time.sleep(600)
`
/** Takes 150 MB until it is asked to stop, and stops when the file `let` is there. */
const STOPS_WHEN_LET = `import os, signal, sys, time
folder = os.path.dirname(os.path.abspath(__file__))
let = os.path.join(folder, 'let')
def stop(*args):
    while not os.path.exists(let): time.sleep(0.05)
    sys.exit(0)
signal.signal(signal.SIGTERM, stop)
hoard = None if os.path.exists(let) else bytearray(150 << 20)
open(__file__ + '.ready', 'w').close()
while True: time.sleep(0.1)
`
/** Takes 150 MB in a child of a child. */
const CHILD_LEAKS = `import os, time
if os.fork() == 0:
    if os.fork() == 0:
        hoard = bytearray(150 << 20)
        open(__file__ + '.ready', 'w').close()
time.sleep(600)
`
const WELL = 'import time; time.sleep(600)\n'

/** An HTTP server of one file; what it does with a request is the text of a method. */
function serving(port: number, does: string): string {
  return `import os, time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
isFirst = not os.path.exists(__file__ + '.ran')
open(__file__ + '.ran', 'w').close()
class Handler(BaseHTTPRequestHandler):
    def log_message(self, *args): pass
    def do_GET(self):
        try:
            self.answer()
        except OSError: pass
    def answer(self):
${does.replaceAll(/^/gm, '        ')}
ThreadingHTTPServer(('127.0.0.1', ${port}), Handler).serve_forever()
`
}

before(buildBundle)

describe('as memmon -c, the agent', () => {
  it('tells a program that uses too much memory, its children included', async (t) => {
    const scene = await setUp(t, { worker: CHILD_LEAKS, web: WELL }, 'memory = "100MB"', {
      stopasgroup: true,
      killasgroup: true,
    })
    scene.run()
    assert.match(
      await scene.told(/^down/),
      /^down worker uses 1\d\d(\.\d)? MB, limit 100 MB · 2 of 2 running$/,
    )
  })

  it('restarts it where that is wanted, tells it, and does not take that for a crash', async (t) => {
    const scene = await setUp(
      t,
      { worker: LEAKS_ONCE, web: WELL },
      'memory = "100MB"\non_failure = "restart"',
    )
    const agent = scene.run()
    assert.match(
      await scene.told(/^down/),
      /^down worker uses 1\d\d(\.\d)? MB, limit 100 MB · 2 of 2 running · restarting worker$/,
    )
    assert.match(
      // In the UP, or in a DOWN before it: a look may fall between its stop and its start.
      await scene.told(/ restarted worker/),
      / · restarted worker \d+ s ago \(1st time in 1 h; it used 1\d\d(\.\d)? MB, limit 100 MB\)/,
    )
    await scene.told(/^up 2 of 2 running/)
    assert.match(agent.stderr, /restarting worker:worker: it used/)
    const log = await scene.supervisord.log()
    assert.equal(log.match(/stopped: worker/g)?.length, 1)
    assert.doesNotMatch(scene.messages().join('\n'), /STOPPED by hand|restarted 1×/)
  })

  const stopping = async (t: TestContext) => {
    const scene = await setUp(
      t,
      { worker: STOPS_WHEN_LET },
      'memory = "100MB"\non_failure = "restart"\nrestart_cooldown = "1h"',
      { stopwaitsecs: 600 },
    )
    const agent = scene.run()
    const status = (): Promise<string> => scene.supervisord.ctl('status')
    await eventually('it is being stopped', status, (text) => text.includes('STOPPING'))
    return { ...scene, agent, status, let: () => writeFile(join(scene.supervisord.dir, 'let'), '') }
  }

  it('ends, when it is stopped, with the program started again that is being stopped', async (t) => {
    const { agent, status, ...scene } = await stopping(t)
    agent.kill('SIGTERM')
    // More than it needs where there is nothing to wait for.
    await eventually('it says that it waits', () =>
      /ending once worker:worker has stopped/.test(agent.stderr),
    )
    await scene.let()
    assert.equal(await agent.ended, 0)
    assert.match(agent.stderr, /worker:worker was restarted/)
    assert.match(await status(), /STARTING|RUNNING/)
    scene.run()
    await scene.told(/^up 1 of 1 running · restarted worker/)
  })

  it('starts a program again that a stop of the agent left stopped, once the agent runs again', async (t) => {
    const { agent, status, ...scene } = await stopping(t)
    assert.equal(await agent.stop(), 0)
    assert.match(agent.stderr, /restarting worker:worker failed: cut short by a stop or reload of the agent/)
    assert.doesNotMatch(agent.stderr, /state file/)
    await scene.let()
    await eventually('it has stopped', status, (text) => text.includes('STOPPED'))
    scene.run()
    await eventually('it runs again', status, (text) => text.includes('RUNNING'))
    await scene.told(/^up 1 of 1 running · restarted worker/)
  })

  it('restarts at most once per cool-down', async (t) => {
    const scene = await setUp(
      t,
      { worker: CHILD_LEAKS },
      'memory = "100MB"\non_failure = "restart"\nrestart_cooldown = "1h"',
      { stopasgroup: true, killasgroup: true },
    )
    scene.run()
    const again = /restarted worker \d+ s ago \(1st time in 6 h\), again in 59 min \d+ s at the earliest/
    await scene.told(again)
    const log = await scene.supervisord.log()
    assert.equal(log.match(/stopped: worker/g)?.length, 1)
  })

  it('does so from cron too', async (t) => {
    const scene = await setUp(t, { worker: LEAKS_ONCE }, 'memory = "100MB"\non_failure = "restart"')
    const { code, stderr } = await scene.once()
    assert.equal(code, 1, stderr)
    assert.match(scene.messages().join('\n'), /^down worker uses .* · restarting worker$/m)
    const second = await scene.once()
    assert.equal(second.code, 0, second.stderr)
    assert.match(scene.messages().at(-1) ?? '', /^up 1 of 1 running · restarted worker \d+ s ago/)
  })

  it('restarts nothing in a dry run', async (t) => {
    const scene = await setUp(t, { worker: LEAKS_ONCE }, 'memory = "100MB"\non_failure = "restart"')
    const { stdout } = await runAgent([
      'once',
      '--dry-run',
      '--config',
      join(scene.supervisord.dir, 'config.toml'),
    ])
    assert.match(stdout, /worker uses .*, limit 100 MB · 1 of 1 running/)
    assert.doesNotMatch(await scene.supervisord.log(), /stopped: worker/)
  })
})

describe('as httpok, the agent', () => {
  const check = (port: number, more = '', timeout = '20s') =>
    `http = { url = "http://127.0.0.1:${port}/health?key=K3yThatIsSecret", timeout = "${timeout}"${more} }`

  const pages: [name: string, does: string, more: string, says: RegExp][] = [
    ['answers 503', 'self.send_error(503)', '', /answered 503, expected 200/],
    ['hangs', 'time.sleep(60)', '', /did not answer within 3 s/],
    [
      'hangs within its answer',
      "self.send_response(200)\nself.end_headers()\nself.wfile.write(b'o')\nself.wfile.flush()\ntime.sleep(60)",
      '',
      /answered 200 but did not finish within 3 s/,
    ],
    [
      'redirects',
      "self.send_response(302)\nself.send_header('Location', '/login?token=x')\nself.end_headers()",
      '',
      /answered 302 to http:\/\/127.0.0.1:\d+\/login, expected 200/,
    ],
    [
      'sends something else',
      "self.send_response(200)\nself.end_headers()\nself.wfile.write(b'maintenance')",
      ', body = "ok"',
      /answered 200 without "ok"/,
    ],
    [
      'sends a body without an end',
      "self.send_response(200)\nself.end_headers()\nwhile True: self.wfile.write(b'x' * 65536)",
      ', body = "ok"',
      /answered 200 without "ok" in its first 1 MB/,
    ],
  ]
  for (const [name, does, more, says] of pages) {
    it(`tells a page that ${name}`, async (t) => {
      const port = await freePort()
      const timeout = name.startsWith('hangs') ? '3s' : '20s'
      const scene = await setUp(t, { web: serving(port, does) }, check(port, more, timeout))
      scene.run()
      const message = await scene.told(/^down/)
      assert.match(message, says)
      assert.match(message, /^down http:\/\/127\.0\.0\.1:\d+\/health\?… .* · 1 of 1 running$/)
      assert.doesNotMatch(scene.messages().join('\n'), /K3yThatIsSecret/)
    })
  }

  it('restarts the programs that run, and is content with the page that comes back', async (t) => {
    const port = await freePort()
    const does =
      "if isFirst: time.sleep(60)\nself.send_response(200)\nself.end_headers()\nself.wfile.write(b'all ok')"
    const scene = await setUp(
      t,
      { web: serving(port, does), beat: WELL },
      `${check(port, ', body = "ok"', '3s')}\non_failure = "restart"`,
    )
    scene.run()
    assert.match(
      await scene.told(/^down/),
      /did not answer within 3 s · 2 of 2 running · restarting \w+ \(\+1 more\)$/,
    )
    assert.match(
      // In the UP, or in a DOWN before it, where the page takes longer than the program.
      await scene.told(/ restarted \w+/),
      / · restarted \w+ \(\+1 more\) \d+ s ago/,
    )
    await scene.told(/^up 2 of 2 running/)
    const log = await scene.supervisord.log()
    assert.equal(log.match(/stopped: (?:web|beat)/g)?.length, 2)
  })

  it('asks only while the programs are RUNNING', async (t) => {
    const port = await freePort()
    const scene = await setUp(t, { web: WELL }, `${check(port)}\nstopped = "ok"`)
    await scene.supervisord.ctl('stop', 'web')
    const { code } = await scene.once()
    assert.equal(code, 0)
    assert.match(scene.messages().join('\n'), /^up 0 of 1 running, 1 stopped/)
  })
})

describe('as crashmail and fatalmailbatch, the agent', () => {
  const CRASHES = `import sys, time, os
while not os.path.exists(__file__ + '.crash'): time.sleep(0.05)
os.remove(__file__ + '.crash')
sys.stderr.write('starting\\n\\x1b[31mConnectionError: cannot log in with ${TOKEN}\\x1b[0m\\x00\\n')
sys.exit(3)
`

  it('tells a program that died and came back, with the last line that it wrote, our secrets masked', async (t) => {
    const scene = await setUp(t, { worker: CRASHES }, 'log_tail = true', {
      startsecs: 0,
      autorestart: true,
    })
    scene.run()
    await scene.told(/^up 1 of 1 running/)
    const { dir } = scene.supervisord
    await writeFile(join(dir, 'worker.py.crash'), '')
    const message = await scene.told(/worker restarted/)
    assert.match(message, /^up .*worker restarted 1× \(exit 3\)/)
    assert.match(message, /: ConnectionError: cannot log in with AWb…/)
    assert.ok(!scene.messages().join('\n').includes(TOKEN))
  })

  it('tells every program that is FATAL in one line, with the last line that it wrote', async (t) => {
    const broken = "import sys; sys.exit('ModuleNotFoundError: no module named app')\n"
    const scene = await setUp(t, { worker: broken, web: WELL, mail: broken }, 'log_tail = true', {
      startretries: 0,
    })
    scene.run()
    assert.match(
      await scene.told(/^down .*\+1 more/),
      /^down (worker|mail) FATAL: Exited too quickly: ModuleNotFoundError: no module named app \(\+1 more: (worker|mail)\) · 1 of 3 running$/,
    )
  })

  it('tells what a program wrote to stdout where its stderr goes there, passwords masked before the cut', async (t) => {
    const broken = `import sys; sys.exit('refused: postgres://app:${'p'.repeat(90)}@db/x ' + 'x' * 200)\n`
    const scene = await setUp(t, { worker: broken }, 'log_tail = true', {
      startretries: 0,
      redirect_stderr: true,
    })
    scene.run()
    assert.match(
      await scene.told(/^down .*FATAL/),
      /^down worker FATAL: Exited too quickly: refused: postgres:\/\/…@db\/x x{80,}… · 0 of 1 running$/,
    )
  })
})
