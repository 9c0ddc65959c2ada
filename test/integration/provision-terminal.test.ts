// Setting up Kuma at a terminal, as a person does it.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test, type TestContext } from 'node:test'
import { buildBundle, BUNDLE } from '../helpers/agent-process.ts'
import { eventually } from '../helpers/eventually.ts'
import { startPageKuma } from '../helpers/page-kuma.ts'
import { startSupervisord, type Supervisord } from '../helpers/supervisord.ts'

const PASSWORD = 'A password/of+mine'

let supervisord: Supervisord

before(async () => {
  await buildBundle()
  supervisord = await startSupervisord({ programs: { web: 'sleep 600' } })
  await supervisord.running(1)
})
after(() => supervisord.stop())

/** Runs it at a terminal of its own, and types each answer when its question is there. */
async function type(t: TestContext, answers: [RegExp, string][], env: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-terminal-'))
  t.after(() => rm(folder, { recursive: true, force: true, maxRetries: 9 }))
  const line = [
    `${process.execPath} ${BUNDLE} provision --config ${folder}/config.toml`,
    `--supervisor-url ${supervisord.url} --unit none --host-name host-a`,
  ]
  const child = spawn('script', ['-qfec', line.join(' '), '/dev/null'], {
    env: { PATH: process.env['PATH'], TERM: 'xterm', ...env },
  })
  t.after(() => child.kill('SIGKILL'))
  let screen = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (screen += text))
  for (const [question, answer] of answers) {
    await eventually(
      `it asks ${question}`,
      () => screen,
      (text) => question.test(text),
    )
    child.stdin.write(answer)
  }
  const code = await eventually(
    'it ends',
    () => child.exitCode,
    (value) => value !== null,
  )
  return { code, screen }
}

test('asks, shows what is typed but the password, and shows what it waits for', async (t) => {
  const kuma = await startPageKuma(t, { password: PASSWORD, code: '123456' })
  const { code, screen } = await type(
    t,
    [
      [/URL \[.*\]: $/, `${kuma.url}\r`],
      [/User in Kuma: $/, 'adminn\u007F\r'],
      [/Password of admin: $/, `${PASSWORD}\r`],
      [/Code of the second factor: $/, '123456\r'],
    ],
    // What a library might tell a developer.
    { DEBUG: '*' },
  )
  assert.equal(code, 0, screen)
  assert.ok(!screen.includes(PASSWORD.slice(0, 6)), screen)
  assert.ok(!screen.includes(kuma.monitors[1]?.pushToken ?? ''), screen)
  assert.match(screen, /connecting to http:.* …\r/)
  assert.match(screen, /making 2 of 2: host-a \/ web …\r/)
  assert.match(screen, /host-a \/ web +1 of 1 running/)
})

for (const [name, key] of [
  ['Ctrl-C', '\u0003'],
  ['Ctrl-D', '\u0004'],
] as const) {
  test(`is given up by ${name}`, async (t) => {
    const { code, screen } = await type(t, [[/URL \[.*\]: $/, key]])
    assert.equal(code, 69)
    assert.match(screen, /error: nothing was entered, and nothing was changed/)
  })
}

test('a dumb terminal gets no line that would have to be taken away', async (t) => {
  const kuma = await startPageKuma(t)
  const answers: [RegExp, string][] = [
    [/URL \[.*\]: /, `${kuma.url}\r`],
    [/User in Kuma: /, 'admin\r'],
  ]
  const { code, screen } = await type(t, answers, { TERM: 'dumb', KSP_KUMA_PASSWORD: 'right' })
  assert.equal(code, 0, screen)
  assert.doesNotMatch(screen, / …/)
  assert.ok(!screen.includes('\u001B[K'), screen)
})
