import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { readCronJob } from '../../src/cli/cron-job.ts'

/** As install.sh writes it. */
const crontab = (
  fields: string,
): string => `# Made by install.sh of kuma-supervisor-push. What it says goes to syslog.
SHELL=/bin/sh
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
${fields} root /usr/local/lib/kuma-supervisor-push/current/systemd/grant-access /run/supervisor.sock
${fields} kuma-supervisor-push /usr/bin/node /x/kuma-supervisor-push.cjs once --config /etc/x.toml 2>&1 | logger -t x
`

test('reads by what cron runs it, and that there is no such job', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'ksp-cron-'))
  t.after(() => rm(folder, { recursive: true, maxRetries: 9 }))
  const file = join(folder, 'cron')
  assert.equal(await readCronJob(file), null)
  for (const [fields, apart] of [
    ['* * * * *', '1m'],
    ['*/20 2-23 * * *', '2h20m'],
  ] as const) {
    await writeFile(file, crontab(fields))
    const job = await readCronJob(file)
    assert.equal(job?.fields, fields)
    assert.equal(job.rhythm.name, `cron's ${fields} (up to ${apart} apart)`)
  }
})
