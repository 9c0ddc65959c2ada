// install.sh of the packed package, on a booted systemd with Debian's supervisor, against a real Uptime Kuma.
import assert from 'node:assert/strict'
import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { after, before, describe, test } from 'node:test'
import { bootSystem, type BootedSystem } from '../helpers/booted-system.ts'
import { eventually } from '../helpers/eventually.ts'
import { startKuma, type Kuma } from '../helpers/kuma.ts'
import type { CommandResult } from '../helpers/run-command.ts'
import { unpackPackage } from '../helpers/unpack-package.ts'

const NAME = 'kuma-supervisor-push'
const CONFIG = `/etc/${NAME}/config.toml`
const SOCKET = '/run/supervisor.sock'
const AS_SERVICE_USER = ['setpriv', `--reuid=${NAME}`, `--regid=${NAME}`, '--clear-groups', '--']

describe('install.sh', { timeout: 1_800_000 }, () => {
  let host: BootedSystem
  let kuma: Kuma
  let folder: string
  let monitor: { id: number; token: string; pushUrl: string }

  before(async () => {
    ;[host, kuma] = await Promise.all([bootSystem(), startKuma()])
    folder = await unpackPackage(host)
    monitor = await kuma.createPushMonitor({ name: 'host', interval: 60 })
    writeFileSync(
      `${host.root}/etc/supervisor/conf.d/sleeper.conf`,
      '[program:sleeper]\ncommand=sleep 1000000\n',
    )
    assert.equal((await host.run(['supervisorctl', 'update'])).code, 0)
  })
  after(async () => {
    await Promise.all([host.stop(), kuma.stop()])
  })

  const install = (...args: string[]): Promise<CommandResult> =>
    host.run([`${folder}/install.sh`, ...args], { timeoutMs: 240_000 })
  const say = async (line: string): Promise<string> => (await host.run(line)).stdout.trim()
  const property = (name: string, unit = NAME): Promise<string> =>
    say(`systemctl show --value -p ${name} ${unit}`)
  const serviceUserMayUseSocket = async (): Promise<boolean> =>
    (await host.run([...AS_SERVICE_USER, 'test', '-w', SOCKET])).code === 0

  test('refuses a wrong command line with one line and exit code 64', async () => {
    const cases: [string[], RegExp][] = [
      [['--frobnicate'], /^error: unknown option --frobnicate; see --help$/],
      [['nonsense'], /^error: unknown option nonsense; see --help$/],
      [['--token'], /^error: --token needs a value; see --help$/],
      [['--token', ''], /^error: --token needs a value, got an empty one$/],
      [['--dry-run=yes'], /^error: --dry-run takes no value$/],
      [['--purge'], /^error: --purge goes with --uninstall only$/],
      [
        ['--token', 'a', '--push-url', 'http://k/api/push/b'],
        /^error: give one of --token, --token-file and/,
      ],
      [['--token-file', '/nowhere'], /^error: --token-file: cannot read \/nowhere$/],
      [['--config', '/nowhere'], /^error: --config: cannot read \/nowhere$/],
      [
        ['--config', '/etc/passwd', '--token', 'a'],
        /^error: --config brings its own settings: leave out --token$/,
      ],
      [['--token', 'a\nb'], /^error: a value of an option holds a line break/],
      [['--cron', '--service'], /^error: give one of --cron and --service$/],
      [['--token', 'a', '--cron', '60m'], /^error: --cron: expected minutes .* got "60m"$/],
      [['--token', 'a', '--cron=* * *'], /^error: --cron: expected minutes .* got "\* \* \*"$/],
      [['--token', 'a', '--node', '/nowhere'], /^error: --node: cannot run \/nowhere$/],
      [['--token', 'a', '--wait', '0'], /^error: --wait: expected 1 to 999 seconds, got "0"$/],
      [['--per', 'host'], /^error: --per goes with --user, which logs in to Kuma$/],
      [['--user', 'admin'], /^error: --user needs the password of admin, by --password-file or in/],
      [
        ['--user', 'admin', '--password-file', '/x', '--token', 'a'],
        /^error: --user makes the monitors in Kuma, with tokens of their own: leave out --token/,
      ],
      [['--host-name', 'a\nb', '--user', 'x'], /^error: --host-name: its value holds a line break/],
      // Nobody to ask: standard input is no terminal.
      [[], /^error: where should heartbeats go\? Give --token, --token-file or --push-url .* --user /],
    ]
    for (const [args, expected] of cases) {
      const { code, stderr } = await install(...args)
      assert.match(stderr.trim().split('\n').at(-1) ?? '', expected)
      assert.equal(code, 64, stderr)
    }
    assert.ok(!existsSync(`${host.root}/etc/${NAME}`))
  })

  test('needs root, but for a dry run', async () => {
    const asDaemon = (args: string): Promise<CommandResult> =>
      host.run(`${folder}/install.sh --token abc ${args}`, { user: 'daemon' })
    const refused = await asDaemon('')
    assert.deepEqual(refused, {
      code: 77,
      stdout: '',
      stderr: 'error: root is needed: run it by sudo (--dry-run works without)\n',
    })
    assert.equal((await asDaemon('--dry-run')).code, 0)
  })

  test('refuses a node that is too old, or that the service may not run', async () => {
    const oldNode = '#!/bin/sh\necho 18.20.4\n'
    writeFileSync(`${host.root}/opt/old-node`, oldNode, { mode: 0o755 })
    const old = await install('--token', 'abc', '--node', '/opt/old-node')
    assert.equal(old.code, 70)
    assert.match(old.stderr, /^error: \/opt\/old-node is version 18\.20\.4: 20\.18\.1 or newer is needed/)

    await host.run('install -D -m 755 "$(command -v node)" /home/joe/bin/node')
    const hidden = await install('--token', 'abc', '--node', '/home/joe/bin/node')
    assert.equal(hidden.code, 70)
    assert.match(
      hidden.stderr,
      /^error: \/home\/joe\/bin\/node cannot be run by the service's user; install Node\.js for the whole system, for instance by: install -m 755 \/home\/joe\/bin\/node \/usr\/local\/bin\/node\n$/,
    )
  })

  test('prints each step of a dry run and changes nothing', async () => {
    const files = await filesOf(host)
    const run = await install('--dry-run', '--kuma-url', kuma.url, '--token', monitor.token)
    assert.equal(run.code, 0, run.stderr)
    assert.match(run.stdout, /^dry run: nothing is changed$/m)
    assert.match(run.stdout, /^make the system user kuma-supervisor-push$/m)
    assert.match(run.stdout, /^write \/etc\/systemd\/system\/kuma-supervisor-push\.service$/m)
    assert.ok(!run.stdout.includes(monitor.token))
    assert.deepEqual(difference(files, await filesOf(host)), [])

    const refused = await install('--dry-run', '--token', monitor.token, '--push-every', '0')
    assert.equal(refused.code, 78)
    assert.match(
      refused.stderr,
      /^push_every must be at least 1s, got "0"$/m,
      'what the agent itself would refuse',
    )
    assert.deepEqual(difference(files, await filesOf(host)), [])
  })

  test('keeps nothing of a config that is not valid', async () => {
    const { code, stderr } = await install('--token', monitor.token, '--push-every', '0')
    assert.equal(code, 78, stderr)
    assert.match(stderr, /push_every/)
    assert.match(stderr, /^error: these options make no valid config/m)
    writeFileSync(`${host.root}/root/my & own.toml`, '[kuma]\nurl = "http://kuma"\npush_evry = "24s"\n')
    const copied = await install('--config', '/root/my & own.toml')
    assert.equal(copied.code, 78, copied.stderr)
    assert.match(
      copied.stderr,
      /^\/root\/my & own\.toml:3: unknown key "push_evry"/m,
      'where somebody can look',
    )
    assert.ok(!existsSync(`${host.root}${CONFIG}`))
    assert.equal(await property('LoadState'), 'not-found')
  })

  test('puts nothing in the place of a config that is a link to nowhere', async () => {
    await host.run(`mkdir /etc/${NAME}; ln -s /srv/config.toml ${CONFIG}`)
    const { code, stderr } = await install('--token', monitor.token)
    assert.equal(code, 78, stderr)
    assert.match(stderr, /config\.toml is a symbolic link to \/srv\/config\.toml, and that is not there$/m)
    await host.run(`rm -r /etc/${NAME}`)
  })

  test('lets no other user read the token or a password while it runs', async () => {
    const secrets = /s3cret|AAAAAAAAAAAAAAAA/
    await host.run(`mkdir /etc/${NAME}-spy; chmod 777 /etc/${NAME}-spy`)
    // As a user with a shell would: again and again whatever can be read.
    const spy = `while :; do cat /tmp/${NAME}.*/* /tmp/${NAME}.*/*/* 2>/dev/null >>/etc/${NAME}-spy/read; done`
    await host.run(`systemd-run --quiet --uid=nobody --unit=spy sh -c '${spy}'`)
    const conf = readFileSync(`${host.root}/etc/supervisor/supervisord.conf`, 'utf8')
    const withLogin = conf.replace('[supervisorctl]', '[supervisorctl]\nusername=joe\npassword=s3cret')
    writeFileSync(`${host.root}/etc/supervisor/supervisord.conf`, withLogin, { mode: 0o600 })
    await host.run('chmod 600 /etc/supervisor/supervisord.conf')
    const { code } = await install('--kuma-url', kuma.url, '--token', 'A'.repeat(32))
    assert.equal(code, 69)
    await host.run('systemctl stop spy')
    writeFileSync(`${host.root}/etc/supervisor/supervisord.conf`, conf)
    await host.run('chmod 644 /etc/supervisor/supervisord.conf')
    assert.doesNotMatch(await say(`cat /etc/${NAME}-spy/read`), secrets)
    assert.match(await say(`cat /etc/${NAME}/config.toml /etc/${NAME}/*.password`), secrets, 'it had them')
    await host.run(`rm -r /etc/${NAME}-spy`)
    assert.equal((await install('--uninstall', '--purge')).code, 0)
  })

  test("believes no other user's supervisord, and no file that others can write", async (t) => {
    t.after(() =>
      host.run(
        'systemctl stop evil; rm -r /opt/u; mv /etc/supervisor/hidden /etc/supervisor/supervisord.conf',
      ),
    )
    await host.run('mv /etc/supervisor/supervisord.conf /etc/supervisor/hidden; install -d -o nobody /opt/u')
    const evil = '[unix_http_server]\nfile=/opt/u/s;id>/opt/pwned;#/s.sock\n'
    writeFileSync(`${host.root}/opt/u/evil.conf`, evil)
    writeFileSync(`${host.root}/opt/u/supervisord`, '#!/bin/sh\nsleep 1000\nexit\n', { mode: 0o755 })
    await host.run('systemd-run --quiet --uid=nobody --unit=evil /opt/u/supervisord -c /opt/u/evil.conf')
    const dryRun = (): Promise<CommandResult> => install('--dry-run', '--token', 'abc', '--cron')
    const unit = await dryRun()
    assert.equal(unit.code, 78, 'a unit with its own user may have its own file, and no such socket')
    assert.match(unit.stderr, /^error: the socket \/opt\/u\/s;id>\/opt\/pwned;#\/s\.sock has a character/m)
    await host.run('systemctl stop evil')
    // Not a unit's main process, whatever it is called.
    await host.run(
      'systemd-run --quiet --uid=nobody --unit=evil sh -c "/opt/u/supervisord -c /opt/u/evil.conf & wait"',
    )
    const child = await dryRun()
    assert.match(child.stderr, /^warning: found no supervisord/m)
    assert.doesNotMatch(child.stdout + child.stderr, /evil|pwned/)
    await host.run('systemctl stop evil')
    // Root's own process with a file of another user's.
    await host.run('systemd-run --quiet --unit=evil /opt/u/supervisord -c /opt/u/evil.conf')
    const ofRoot = await dryRun()
    assert.doesNotMatch(ofRoot.stdout + ofRoot.stderr, /pwned/)
    assert.match(
      ofRoot.stderr,
      /^warning: \/opt\/u\/evil\.conf is not used: not root alone can change \/opt\/u;/m,
    )
  })

  test('refuses a socket whose path would mean something to a shell or to cron, by its name', async () => {
    for (const path of ['/run/s;id/s.sock', '/run/50%/s.sock', '/run/$(id)/s.sock', '/run/a b/s.sock']) {
      const refused = await install('--dry-run', '--token', 'abc', '--supervisor-url', `unix://${path}`)
      assert.equal(refused.code, 78, path)
      assert.ok(refused.stderr.includes(`the socket ${path} has a character`), refused.stderr)
    }
  })

  test('says what Kuma answered when it does not take the heartbeat, and stays installed', async () => {
    const { code, stderr } = await install('--kuma-url', kuma.url, '--token', 'A'.repeat(32))
    assert.equal(code, 69, stderr)
    assert.match(stderr, /^not delivered: .*Monitor not found or not active/m)
    assert.ok(!stderr.includes('A'.repeat(32)))
    assert.equal(await property('ActiveState'), 'active')
    assert.equal((await install('--uninstall', '--purge')).code, 0)
  })

  test('installs, starts and waits until Kuma has the first heartbeat', async () => {
    const supervisord = await property('MainPID', 'supervisor')
    const itsConfig = await say('cat /etc/supervisor/supervisord.conf | sha256sum')
    writeFileSync(`${host.root}/root/token`, `${monitor.token}\n`)

    const run = await install(
      '--kuma-url',
      kuma.url,
      '--token-file',
      '/root/token',
      '--push-every',
      '8s',
      '--check-every=1s',
    )
    assert.equal(run.code, 0, run.stderr)
    assert.match(run.stdout, /^found supervisord at unix:\/\/\/var\/run\/supervisor\.sock/m)
    assert.match(
      run.stdout,
      /^supervisor is up: 1 of 1 running[^]*^delivered the first heartbeat of supervisor: Kuma at /m,
    )
    await kuma.waitForHeartbeat(
      monitor.id,
      ({ status, msg }) => status === 'up' && msg.startsWith('1 of 1 running'),
    )

    assert.equal(await property('MainPID', 'supervisor'), supervisord)
    assert.equal(await say('cat /etc/supervisor/supervisord.conf | sha256sum'), itsConfig)
    assert.equal(await property('UnitFileState'), 'enabled')
    assert.equal(
      await say(`kuma-supervisor-push --version`),
      JSON.parse(readFileSync('package.json', 'utf8')).version,
    )
  })

  test('runs as its own user in a hardened unit', async () => {
    assert.equal(
      await say(`stat -c %U:%G /proc/$(systemctl show --value -p MainPID ${NAME})`),
      `${NAME}:${NAME}`,
    )
    assert.match(await say(`getent passwd ${NAME}`), /:\/var\/lib\/kuma-supervisor-push:.*(nologin|false)$/)
    const exposure = /exposure level for \S+: ([\d.]+)/.exec(
      await say(`systemd-analyze security --no-pager ${NAME}.service`),
    )
    assert.ok(Number(exposure?.[1]) <= 1.5, `exposure ${exposure?.[1]}`)
    assert.equal(
      await say(`systemd-analyze verify ${NAME}.service 2>&1 | grep -i ${NAME} || true`),
      '',
      'systemd has nothing to complain about',
    )
  })

  test('gives config and state to the service alone', async () => {
    const modes = await say(
      `stat -c '%a %U %n' ${CONFIG} /var/lib/${NAME} /usr/local/bin/${NAME} /usr/local/lib/${NAME}/current/dist/${NAME}.cjs`,
    )
    assert.deepEqual(modes.split('\n'), [
      `600 ${NAME} ${CONFIG}`,
      `700 ${NAME} /var/lib/${NAME}`,
      `755 root /usr/local/bin/${NAME}`,
      `755 root /usr/local/lib/${NAME}/current/dist/${NAME}.cjs`,
    ])
    const acl = await say(`getfacl -cp ${SOCKET}`)
    assert.deepEqual(acl.split('\n'), [
      'user::rwx',
      `user:${NAME}:rw-`,
      'group::---',
      'mask::rw-',
      'other::---',
    ])
  })

  test('shows the token neither in the process list nor in the journal', async () => {
    const seen = await host.run('ps axwwe -o args; journalctl --no-pager -o export; cat /var/log/syslog', {
      timeoutMs: 30_000,
    })
    assert.ok(seen.stdout.includes('kuma-supervisor-push.cjs run --config'), 'the process list is there')
    assert.ok(seen.stdout.includes('delivered the first heartbeat of'), 'the journal is there')
    assert.ok(!seen.stdout.includes(monitor.token), 'the token is shown')
  })

  test('keeps its access to supervisord when that is restarted, reloaded or killed', async () => {
    const restarts = [
      'systemctl restart supervisor',
      'supervisorctl reload',
      'systemctl stop supervisor; sleep 3; systemctl start supervisor',
      'kill -9 $(systemctl show --value -p MainPID supervisor); sleep 1; systemctl restart supervisor',
    ]
    for (const restart of restarts) {
      const old = await say(`stat -c %i ${SOCKET}`)
      await host.run(restart)
      await eventually(`a new socket after: ${restart}`, async () => {
        const now = await say(`stat -c %i ${SOCKET} 2>/dev/null`)
        return now !== '' && now !== old
      })
      await eventually(`access to the socket after: ${restart}`, serviceUserMayUseSocket)
    }
    const since = Date.now()
    await kuma.waitForHeartbeat(monitor.id, ({ status, time }) => status === 'up' && time.getTime() > since)
    const told = (await kuma.heartbeats(monitor.id)).map(({ msg }) => msg)
    assert.ok(!told.some((msg) => msg.includes('may not open')), told.join('\n'))
  })

  test('gives no access where somebody else could lead root astray', async () => {
    const grant = (path: string): Promise<CommandResult> =>
      host.run([`/usr/local/lib/${NAME}/current/systemd/grant-access`, path])
    const listen = (path: string, user: string): Promise<CommandResult> =>
      host.run(['python3', '-c', `import socket; socket.socket(socket.AF_UNIX).bind('${path}')`], { user })
    await host.run('useradd joe; install -d -o joe -m 700 /opt/joe; install -d -m 700 /opt/roots')
    await listen('/opt/roots/s.sock', 'root')
    await listen('/opt/joe/roots.sock', 'root')
    await listen('/opt/joe/own.sock', 'joe')
    await host.run(
      'ln -s /etc/shadow /tmp/shadow.sock; ln -s /opt/roots /opt/joe/link; chmod 700 /opt/joe/*.sock',
    )
    const untouched = await say('getfacl -p /opt/roots /opt/roots/s.sock /opt/joe/roots.sock /etc/shadow')

    const refused: [string, RegExp][] = [
      ['/opt/joe/roots.sock', /root owns it, but others may change a directory above it$/],
      ['/opt/joe/link/s.sock', /\/opt\/joe\/link is a symbolic link; name the real directory$/],
      ['/tmp/shadow.sock', /^error: no access given to \/tmp\/shadow\.sock$/],
    ]
    for (const [path, expected] of refused) {
      const { code, stderr } = await grant(path)
      assert.equal(code, 1, path)
      assert.match(stderr.trim(), expected)
    }
    assert.equal(
      await say('getfacl -p /opt/roots /opt/roots/s.sock /opt/joe/roots.sock /etc/shadow'),
      untouched,
    )
    assert.deepEqual(await grant('/opt/joe/own.sock'), {
      code: 0,
      stdout: `${NAME} may now use /opt/joe/own.sock\n`,
      stderr: '',
    })
    assert.equal((await grant('own.sock')).code, 64)
    await host.run('rm -rf /opt/joe /opt/roots /tmp/shadow.sock')
  })

  test('changes nothing when run again with the same options', async () => {
    const pid = await property('MainPID')
    const files = await filesOf(host)
    const options = [
      '--kuma-url',
      kuma.url,
      '--token',
      monitor.token,
      '--push-every',
      '8s',
      '--check-every',
      '1s',
    ]
    for (const args of [options, []]) {
      const run = await install(...args)
      assert.equal(run.code, 0, run.stderr)
      assert.equal(run.stderr, '')
      assert.match(run.stdout, /^nothing changed: the service runs on$/m)
    }
    assert.equal(await property('MainPID'), pid)
    assert.deepEqual(difference(files, await filesOf(host)), [])
  })

  test('never overwrites a config, and says so', async () => {
    const kept = readFileSync(`${host.root}${CONFIG}`, 'utf8')
    const run = await install('--token', 'another', '--push-every', '30s')
    assert.equal(run.code, 0, run.stderr)
    assert.equal(
      run.stderr,
      `warning: ${CONFIG} is there already and stays as it is: --token --push-every had no effect on it\n`,
    )
    assert.equal(readFileSync(`${host.root}${CONFIG}`, 'utf8'), kept)
  })

  test('upgrades in place and restarts the service', async () => {
    const pid = await property('MainPID')
    appendFileSync(`${host.root}${folder}/dist/${NAME}.cjs`, '\n// a newer version\n')
    const run = await install()
    assert.equal(run.code, 0, run.stderr)
    assert.match(run.stdout, /^delivered the first heartbeat of/m)
    assert.notEqual(await property('MainPID'), pid)
  })

  test('does not restart the service for a config that has become invalid', async () => {
    const pid = await property('MainPID')
    const good = readFileSync(`${host.root}${CONFIG}`, 'utf8')
    appendFileSync(`${host.root}${CONFIG}`, '\nnonsense = 1\n')
    const run = await install()
    assert.equal(run.code, 78)
    assert.match(run.stderr, /nonsense/)
    assert.equal(await property('MainPID'), pid)
    writeFileSync(`${host.root}${CONFIG}`, good)
  })

  test('replaces the service by a cron job that delivers each minute', async () => {
    const run = await install('--cron')
    assert.equal(run.code, 0, run.stderr)
    assert.match(run.stdout, /^delivered$/m)
    assert.equal(await property('LoadState'), 'not-found')
    assert.ok(!existsSync(`${host.root}/etc/systemd/system/${NAME}.service`))
    assert.match(
      readFileSync(`${host.root}/etc/cron.d/${NAME}`, 'utf8'),
      /^\* \* \* \* \* kuma-supervisor-push \S+node /m,
    )
    const since = Date.now()
    await kuma.waitForHeartbeat(
      monitor.id,
      ({ status, msg, time }) => status === 'up' && /running/.test(msg) && time.getTime() > since,
      150_000,
    )
    const state = await say(`find /var/lib/${NAME} -type f -exec stat -c '%a %U' {} +`)
    assert.match(state, /^600 kuma-supervisor-push$/m)
  })

  test('keeps the cron job when it is run again, until it is told to put the service in its place', async () => {
    const again = await install()
    assert.equal(again.code, 0, again.stderr)
    assert.match(again.stdout, /^keep the cron job \(\* \* \* \* \*\); --service /m)
    assert.ok(existsSync(`${host.root}/etc/cron.d/${NAME}`))

    const run = await install('--service')
    assert.equal(run.code, 0, run.stderr)
    assert.ok(!existsSync(`${host.root}/etc/cron.d/${NAME}`))
    assert.equal(await property('ActiveState'), 'active')
  })

  test('uninstalls all but the config, also from its own copy, and purges the rest', async () => {
    const run = await host.run([`/usr/local/lib/${NAME}/install.sh`, '--uninstall'])
    assert.equal(run.code, 0, run.stderr)
    assert.equal(await traces(host), `/etc/${NAME}\n/var/lib/${NAME}`)
    assert.equal(await property('LoadState'), 'not-found')
    assert.ok(existsSync(`${host.root}${CONFIG}`))
    assert.equal(await say(`getfacl -cp ${SOCKET}`), 'user::rwx\ngroup::---\nother::---')

    assert.equal((await install('--uninstall', '--purge')).code, 0)
    assert.equal(await traces(host), '')
    assert.equal((await host.run(['id', NAME])).code, 1)
    assert.equal((await install('--uninstall', '--purge')).code, 0, 'a second time there is nothing to do')
  })

  test('finds a socket in a place of its own, behind closed directories and a password only root can read', async () => {
    const conf = `
[unix_http_server]
file=/opt/own/run/s.sock
username=joe
password=s3cret
[supervisord]
pidfile=/opt/own/pid
logfile=/opt/own/log
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix:///opt/own/run/s.sock ; where it is
username=joe
password=s3cret
[program:sleeper]
command=sleep 1000000
`
    writeFileSync(`${host.root}/etc/supervisord.conf`, conf, { mode: 0o600 })
    await host.run('mkdir -p -m 700 /opt/own /opt/own/run; systemctl stop supervisor')
    await host.run('supervisord -c /etc/supervisord.conf')
    await eventually('the program is RUNNING', async () => {
      return (await say('supervisorctl -c /etc/supervisord.conf status')).includes('RUNNING')
    })
    const run = await install('--push-url', `${monitor.pushUrl}?status=up&msg=OK&ping=`, '--unit', 'none')
    assert.equal(run.code, 0, run.stderr)
    assert.match(
      run.stdout,
      /^found supervisord at unix:\/\/\/opt\/own\/run\/s\.sock \(by \/etc\/supervisord\.conf\)/m,
    )
    assert.match(
      run.stdout,
      /^supervisor is up: 1 of 1 running[^]*^delivered the first heartbeat of supervisor: Kuma at /m,
    )
    assert.equal(await say(`stat -c '%a %U' /etc/${NAME}/supervisor.password`), `600 ${NAME}`)

    // A restart makes a new socket there too.
    await host.run(
      'kill $(cat /opt/own/pid); while [ -e /opt/own/pid ]; do sleep 0.1; done; supervisord -c /etc/supervisord.conf',
    )
    await eventually('access to the new socket', async () => {
      return (await host.run([...AS_SERVICE_USER, 'test', '-w', '/opt/own/run/s.sock'])).code === 0
    })
    assert.equal((await install('--uninstall', '--purge')).code, 0)
    assert.equal(await say('getfacl -cp /opt/own'), 'user::rwx\ngroup::---\nother::---')
  })
})

/** Every file that an installation could touch, with mode, owner, size and time of change; the agent's own state left out, and the packages of this machine, which show through. */
async function filesOf(host: BootedSystem): Promise<string[]> {
  const where = '/etc /usr/local/bin /usr/local/lib /var/lib /var/spool/cron /run/systemd/system /opt/ksp'
  const { stdout } = await host.run(
    `find ${where} -maxdepth 4 -not -path '/var/lib/systemd/*' -not -path '/var/lib/dpkg/*' -not -path '/var/lib/${NAME}/*' -not -type d -printf '%p %m %u %s %T@\\n' | sort`,
  )
  return stdout.split('\n')
}

function difference(some: readonly string[], others: readonly string[]): string[] {
  assert.ok(some.length > 500, 'the list is not empty')
  return [...some.filter((file) => !others.includes(file)), ...others.filter((file) => !some.includes(file))]
}

async function traces(host: BootedSystem): Promise<string> {
  const found = await host.run(
    `find /etc /usr/local /var/lib /var/spool /lib/systemd -name '*${NAME}*' -prune | sort`,
  )
  return found.stdout.trim()
}
