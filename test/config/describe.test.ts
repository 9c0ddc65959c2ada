import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parse } from 'smol-toml'
import { configTables, describeConfig } from '../../src/config/describe.ts'
import { SCHEMA } from '../../src/config/schema.ts'
import { loadText } from '../helpers/load-text.ts'

test('describes a resolved configuration as TOML, with its secrets masked', async () => {
  const { config } = await loadText(
    `[kuma]\nurl = "http://h/"\nheaders = { Authorization = "Basic s3cret", "X.Y" = "s3cret" }
    [agent]\npush_every = "90s"
    [[supervisor]]\nusername = "kay"\npassword = "s3cret"\nurl = "unix:///s\\"x"
    [[monitor]]\nname = "zwölf \\\\ \\"x\\""\ntoken = "AWbUXTosJG"\nprograms = ["a:*", "b"]\nmin_running = 3
    memory = "1536MB"\non_failure = "restart"\nhttp = { url = "http://h/x?key=s3cret" }
    [[monitor]]\npush_url = "https://other/kuma/api/push/b7Kq2mXz9P"\nunit = "nginx"`,
  )
  const text = describeConfig(config)
  assert.doesNotMatch(text, /s3cret|UXTosJG|q2mXz9P/)
  assert.equal(
    text,
    `[kuma]
url = "http://h"
headers = { Authorization = "…", "X.Y" = "…" }
timeout = "25s"

[agent]
push_every = "1m30s"
check_every = "5s"
state_file = "/var/lib/kuma-supervisor-push/state.json"
on_stop = "none"

[[supervisor]]
name = "local"
unit = "auto"
url = "unix:///s\\"x"
username = "kay"
password = "…"
timeout = "5s"

[[monitor]]
name = "zwölf \\\\ \\"x\\""
push_url = "http://h/api/push/AWb…"
supervisor = "local"
programs = ["a:*","b"]
min_running = 3
stopped = "down"
memory = "1536MB"
http = { url = "http://h/x?…", status = [200], timeout = "10s", when = "running" }
on_failure = "restart"
restart_cooldown = "10m"
log_tail = false

[[monitor]]
name = "nginx.service"
push_url = "https://other/kuma/api/push/b7K…"
unit = "nginx.service"
`,
  )
  assert.deepEqual(Object.keys(parse(text)), ['kuma', 'agent', 'supervisor', 'monitor'])
})

test('describes what was loaded: its text loads as the same configuration', async () => {
  const { config } = await loadText(
    `[kuma]\nurl = "https://h/kuma"\nproxy = "http://p:1"\n[agent]\nschedule = "@hourly"\nstate_file = "/s"
    [[supervisor]]\nname = "x"\nurl = "https://h:9001"
    [[monitor]]\ntoken = "abc"\nexclude = ["a"]\nstopped = "ok"\nmemory = "2GB"\nhttp = { url = "http://h", body = "x" }\n[[monitor]]\ntoken = "def"\nunit = "nginx"`,
  )
  // Three characters are all that a mask leaves of these tokens, and the mark behind them is not part of one.
  const again = await loadText(describeConfig(config).replaceAll('…', ''))
  assert.deepEqual(again.config, config)
})

test('holds every key of the file in its tables, null where it is not set', async () => {
  const { config } = await loadText('[[monitor]]\ntoken = "abc"')
  const { kuma, agent, supervisor, monitor } = configTables(config)
  // What a secret has resolved into stands in their place: a push URL, a header, a user name.
  const secrets = new Set(['token', 'token_file', 'username', 'password', 'password_file', 'unit'])
  const keysOf = (table: object = {}): string[] =>
    Object.keys(table)
      .filter((key) => !secrets.has(key))
      .toSorted()
  assert.deepEqual(keysOf(kuma[0]), keysOf(SCHEMA.kuma))
  assert.deepEqual(keysOf(agent), keysOf(SCHEMA.agent))
  assert.deepEqual(keysOf(supervisor[0]), keysOf(SCHEMA.supervisor))
  assert.deepEqual(keysOf(monitor[0]), keysOf(SCHEMA.monitor))
})
