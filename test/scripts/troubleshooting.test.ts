// docs/troubleshooting.md against the program: no message on it that is not said, and none missing that is.
import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { Missed } from '../../src/agent/missed.ts'
import { HttpFailure, type HttpFailureCode } from '../../src/lib/http.ts'
import { judgeAnswer, judgeFailure, judgeRedirect } from '../../src/kuma/answers.ts'
import type { RpcFailureReason } from '../../src/collect/supervisor/rpc-reading.ts'
import { failed, snapshot, monitorSettings } from '../helpers/snapshots.ts'
import { Observer } from '../helpers/observer.ts'

const ROOT = join(import.meta.dirname, '../..')
const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** What stands as code in a column of a page's tables. */
function cells(page: string, column: number): string[] {
  return page
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .flatMap(
      (line) =>
        /^`(.*)`$/.exec(
          line
            .split(' | ')
            .at(column)
            ?.replace(/^\|| *\|$/g, '')
            .trim() ?? '',
        )?.[1] ?? [],
    )
}

const rows = cells(read('docs/troubleshooting.md'), 0)

/** The source with `…` for each part of a text that is filled in, and its texts in one piece. */
function textsOf(source: string): string {
  let texts = ''
  for (let at = 0; at < source.length; at += 1) {
    if (!source.startsWith('${', at)) {
      texts += source[at]
      continue
    }
    for (let depth = 0; ; at += 1) {
      if (source[at] === '{') depth += 1
      if (source[at] === '}' && (depth -= 1) === 0) break
    }
    texts += '…'
  }
  return texts.replaceAll(/['`]\s*\+\s*['`]/g, '').replaceAll(/…+/g, '…')
}

const sources = readdirSync(join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.ts'))
  .map((name) => textsOf(read(`src/${name}`)))

const answer = {
  target: { kuma: 'kuma', baseUrl: 'http://kuma.example', token: 'AWbUXTosJG', proxy: null },
  timeoutMs: 25_000,
  isRepeat: false,
  mask: (text: string) => text,
}
const url = new URL('http://kuma.example/api/push/AWbUXTosJG?status=up')

/** What is said of every answer and of every failure of a push. */
function deliveryMessages(): string[] {
  const bodies = [
    '',
    '{"ok":false,"msg":"Monitor not found or not active."}',
    '{"ok":false,"msg":"database is locked"}',
    '{"ok":false,"msg":"Invalid ping"}',
    '{"ok":false,"msg":"UNIQUE constraint failed: stat_hourly.timestamp"}',
  ]
  const statuses = [200, 204, 400, 401, 403, 404, 414, 429, 431, 500, 502, 503, 504]
  const answers = statuses.flatMap((status) =>
    bodies.map((body) => judgeAnswer({ status, headers: {}, body: Buffer.from(body) }, answer)),
  )
  const codes: Record<Exclude<HttpFailureCode, 'aborted' | 'not-found-socket' | 'permission'>, true> = {
    refused: true,
    reset: true,
    timeout: true,
    dns: true,
    tls: true,
    'too-large': true,
    'not-http': true,
    'no-descriptors': true,
    other: true,
  }
  const failures = (Object.keys(codes) as HttpFailureCode[]).flatMap((code) =>
    [true, false].map((sent) => judgeFailure(new HttpFailure(code, 'why', { status: null, sent }), answer)),
  )
  const causes = ['ERR_SSL_WRONG_VERSION_NUMBER', 'CERT_HAS_EXPIRED', 'ERR_TLS_CERT_ALTNAME_INVALID']
  const untrusted = causes.map((code) => {
    const cause = Object.assign(new Error('why'), { code })
    return judgeFailure(new HttpFailure('tls', 'why', { cause }), answer)
  })
  const beyondProxy = (['refused', 'dns'] as const).map((code) =>
    judgeFailure(new HttpFailure(code, 'why'), {
      ...answer,
      target: { ...answer.target, proxy: 'http://proxy.example:3128' },
    }),
  )
  const redirects = [undefined, 'http://elsewhere.example/', 'ftp://kuma.example/', '/login'].map(
    (location) => {
      const headers = location === undefined ? {} : { location }
      const refused = judgeRedirect({ status: 302, headers }, url, 0, answer)
      assert.ok(refused !== null && 'message' in refused)
      return refused
    },
  )
  return [...answers, ...failures, ...untrusted, ...beyondProxy, ...redirects].map(({ message }) => message)
}

/** What is pushed for every way in which supervisord gives no answer. */
function silenceMessages(): string[] {
  const reasons: Record<RpcFailureReason, true> = {
    'no-address': true,
    'socket-missing': true,
    refused: true,
    permission: true,
    foreign: true,
    unauthorized: true,
    timeout: true,
    shutdown: true,
    fault: true,
    'bad-answer': true,
    'no-descriptors': true,
    unreachable: true,
  }
  // Its detail is the whole message.
  const foreign = '/tmp/supervisor.sock belongs to another user (uid 1001): nothing was sent to it'
  return (Object.keys(reasons) as RpcFailureReason[]).map(
    (reason) =>
      new Observer(monitorSettings()).settle(
        snapshot({ kind: 'no-systemd' }, failed(reason, reason === 'foreign' ? foreign : undefined)),
      ).message,
  )
}

/** Those of the pages of rules, which have a test of their own; a verdict on programs says nothing that is wrong. */
const ruled = [3, 4]
  .flatMap((column) => cells(read('docs/rules.md'), column))
  .filter((message) => !/^\d+ of \d+ running$/.test(message))

const hour = Date.parse('2026-11-21T12:00:00')
const missed = new Missed({
  toldStatus: 'up',
  turns: [
    { status: 'down', atMs: hour, why: 'web FATAL: why' },
    { status: 'up', atMs: hour + 240_000, why: '' },
  ],
  forgotten: 0,
})

/** What needs a row of its own. */
const said = [
  ...ruled,
  ...deliveryMessages(),
  ...silenceMessages(),
  missed.tell('12 of 12 running', hour + 300_000),
]
const noTrouble = cells(read('docs/rules.md'), 1)

/** What the log warns of, wherever it stands in the source. */
const logged = sources.flatMap((source) =>
  [...source.matchAll(/\blog\.(?:warn|error)\(\s*(['`])(.*?)\1/gs)].map(([, , text = '']) => text),
)
// The beginning of every line of its section, and what is only handed on.
const ELSEWHERE = new Set(['not delivered: …: …'])

function fits(row: string, message: string): boolean {
  const [first = '', ...others] = row.split('…').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
  return new RegExp(`^${[first, ...others].join('.+?')}`, 's').test(message)
}

describe('docs/troubleshooting.md', () => {
  test('has rows', () => assert.ok(rows.length > 60, `${rows.length} rows`))

  for (const row of rows.filter((one) => one !== 'No heartbeat in the time window')) {
    test(`says what is said: ${row}`, () => {
      const inSource = row.replaceAll(/^…[ :]*|[ :(]*…\)?$/g, '')
      assert.ok(
        [...said, ...noTrouble].some((message) => fits(row, message)) ||
          (inSource.length >= 9 && sources.some((source) => source.includes(inSource))),
        'the program has no such message: change the row as the program says it now, or remove it',
      )
    })
  }

  for (const message of new Set([...said, ...logged])) {
    if (ELSEWHERE.has(message) || message.startsWith('Kuma at http://kuma.example accepted')) continue
    test(`has a row for: ${message}`, () => {
      assert.ok(
        rows.some((row) => fits(row, message)),
        'add a row that says what it means and what to do',
      )
    })
  }
})
