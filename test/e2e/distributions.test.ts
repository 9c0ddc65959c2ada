// What differs between distributions, on a booted Debian that is made to look like them: programs taken away, others put
// in their place. That is no RHEL and no openSUSE; it shows that install.sh takes the way meant for them.
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { afterEach, before, suite, test } from 'node:test'
import { eventually } from '../helpers/eventually.ts'
import type { CommandResult } from '../helpers/run-command.ts'
import { setStage } from '../helpers/set-stage.ts'
import { unpackPackage } from '../helpers/unpack-package.ts'

const NAME = 'kuma-supervisor-push'
const SOCKET = '/run/supervisor.sock'
const CALLS = '/opt/calls'
const AWAY = '/opt/away'
const ACL = ['setfacl', 'getfacl']
const WHY_NO_ACCESS =
  /^error: no access given to \/run\/supervisor\.sock: setfacl is missing, and \S+supervisor\.sock is in use by its group; install the package acl$/m

suite('on a distribution', { timeout: 1_800_000 }, () => {
  const stage = setStage()
  const { sh } = stage
  let folder: string

  before(async () => {
    folder = await unpackPackage(stage.host)
    const program = '[program:sleeper]\ncommand=sleep 1000000\n'
    writeFileSync(`${stage.host.root}/etc/supervisor/conf.d/sleeper.conf`, program)
    await sh('systemctl restart supervisor')
    await sh(
      `mkdir ${AWAY}; cp /etc/os-release /opt/os-release; cp --remove-destination /opt/os-release /etc/os-release`,
    )
  })
  afterEach(async () => {
    await sh(
      `${folder}/install.sh --uninstall --purge; cd ${AWAY}; for file in *; do [ ! -e "$file" ] || mv "$file" "/usr/bin/$file"; done; ` +
        `rm -f ${CALLS} /usr/local/bin/*; cp /opt/os-release /etc/os-release; systemctl restart supervisor cron`,
    )
    await eventually('the socket is there', async () => {
      return (await stage.host.run(`test -S ${SOCKET}`)).code === 0
    })
  })

  const install = (...options: string[]): Promise<CommandResult> =>
    stage.host.run(
      [`${folder}/install.sh`, '--kuma-url', stage.receiver.url, '--token', 'AWbUXTosJG', ...options],
      {
        timeoutMs: 240_000,
      },
    )
  const hide = (...programs: string[]): Promise<string> =>
    sh(`for program in ${programs.join(' ')}; do mv "$(command -v $program)" ${AWAY}/; done`)
  /** A program that writes down how it was called, and then does something. */
  const fake = (program: string, does = ''): void => {
    const text = `#!/bin/sh\necho ${program} "$@" >>${CALLS}\n${does}\n`
    writeFileSync(`${stage.host.root}/usr/local/bin/${program}`, text, { mode: 0o755 })
  }
  const looksLike = (id: string, version: string): void => {
    writeFileSync(`${stage.host.root}/etc/os-release`, `ID="${id}"\nVERSION_ID="${version}"\n`)
  }
  const calls = (): Promise<string> => sh(`cat ${CALLS} 2>/dev/null || true`)
  const serviceUserMayUse = async (socket: string): Promise<boolean> => {
    const asUser = ['setpriv', `--reuid=${NAME}`, `--regid=${NAME}`, '--clear-groups', '--']
    return (await stage.host.run([...asUser, 'test', '-w', socket])).code === 0
  }

  const managers = [
    {
      of: 'RHEL 9 and its family',
      manager: 'dnf',
      id: 'rocky',
      version: '9.4',
      call: 'dnf install -y -q acl',
    },
    {
      of: 'openSUSE',
      manager: 'zypper',
      id: 'opensuse-leap',
      version: '15.6',
      call: 'zypper --non-interactive install acl',
    },
    {
      of: 'Debian and Ubuntu',
      manager: 'apt-get',
      id: 'debian',
      version: '12',
      call: 'apt-get install -y -q acl',
    },
  ]
  for (const { of, manager, id, version, call } of managers) {
    test(`of ${of} installs the ACL tools with its own packages`, async () => {
      looksLike(id, version)
      await hide(...ACL, 'apt-get')
      fake(manager, `mv ${AWAY}/setfacl ${AWAY}/getfacl /usr/bin/`)
      const run = await install()
      assert.equal(run.code, 0, run.stdout + run.stderr)
      assert.equal(await calls(), call)
      assert.ok(await serviceUserMayUse(SOCKET))
    })
  }

  test('that names unit, config and socket as RHEL and openSUSE do, with a PATH without sbin, finds all of it', async () => {
    const conf = `
[unix_http_server]
file=/run/supervisor/supervisor.sock
[supervisord]
pidfile=/run/supervisord.pid
[rpcinterface:supervisor]
supervisor.rpcinterface_factory = supervisor.rpcinterface:make_main_rpcinterface
[supervisorctl]
serverurl=unix:///run/supervisor/supervisor.sock
[program:sleeper]
command=sleep 1000000
`
    writeFileSync(`${stage.host.root}/etc/supervisord.conf`, conf)
    await sh(
      'systemctl stop supervisor; mv /etc/supervisor /etc/supervisor.away; mkdir -m 775 /run/supervisor; ' +
        'mv /lib/systemd/system/supervisor.service /opt/supervisor.service; ' +
        'sed s,/etc/supervisor/,/etc/, /opt/supervisor.service >/etc/systemd/system/supervisord.service; ' +
        'systemctl daemon-reload; systemctl start supervisord',
    )
    try {
      fake('selinuxenabled')
      fake('restorecon')
      const run = await stage.host.run(
        `PATH=/usr/local/bin:/usr/bin:/bin ${folder}/install.sh --kuma-url ${stage.receiver.url} --token AWbUXTosJG`,
      )
      assert.equal(run.code, 0, run.stdout + run.stderr)
      assert.match(
        run.stdout,
        /^found supervisord at unix:\/\/\/run\/supervisor\/supervisor\.sock \(by \/etc\/supervisord\.conf\), supervisord\.service active$/m,
      )
      assert.match(run.stdout, /^supervisor is up: .*of 1 running/m)
      assert.match(await sh(`getent passwd ${NAME}`), /:\/usr\/sbin\/nologin$/)
      assert.match(await calls(), /^restorecon -R \/usr\/local\/lib\/kuma-supervisor-push /m)
      assert.ok(await serviceUserMayUse('/run/supervisor/supervisor.sock'))
    } finally {
      await sh(
        `${folder}/install.sh --uninstall; systemctl stop supervisord; mv /etc/supervisor.away /etc/supervisor; ` +
          'rm -r /etc/systemd/system/supervisord.service /etc/supervisord.conf /run/supervisor; ' +
          'mv /opt/supervisor.service /lib/systemd/system/; systemctl daemon-reload',
      )
    }
  })

  test('where the ACL tools cannot be had gives access by the group of the socket, and takes it back', async () => {
    await hide(...ACL, 'apt-get')
    fake('apt-get', 'echo "Could not resolve deb.debian.org" >&2; exit 100')
    const run = await install()
    assert.equal(run.code, 0, run.stdout + run.stderr)
    assert.match(run.stderr, /^Could not resolve deb\.debian\.org$/m)
    assert.match(
      run.stderr,
      /^warning: setfacl \(package acl\) cannot be installed: giving access by the socket's group/m,
    )
    assert.match(run.stdout, /^supervisor is up: /m)
    assert.equal(await sh(`stat -c '%a %U %G' ${SOCKET}`), `760 root ${NAME}`)

    await sh('systemctl restart supervisor')
    await eventually('access to the new socket', () => serviceUserMayUse(SOCKET))
    await sh(`${folder}/install.sh --uninstall`)
    assert.equal(await sh(`stat -c '%a %U %G' ${SOCKET}`), '700 root root')
  })

  test('where the ACL tools cannot be had takes no group away that is in use', async () => {
    await hide(...ACL, 'apt-get')
    await sh(`groupadd operators; chgrp operators ${SOCKET}; chmod 770 ${SOCKET}`)
    const run = await install('--no-start')
    await eventually(
      'the journal says why',
      () => sh(`journalctl --no-pager -o cat -u '${NAME}-access@*'`),
      (text) => WHY_NO_ACCESS.test(text),
    )
    assert.match(run.stderr, /^warning: no access to \/run\/supervisor\.sock yet: journalctl -u /m)
    assert.equal(await sh(`stat -c '%a %G' ${SOCKET}`), '770 operators')
    await sh('groupdel operators')
  })

  test('needs no network to install from the unpacked package', async () => {
    const run = await stage.host.run(`unshare --net ${folder}/install.sh --token AWbUXTosJG --no-start`)
    assert.equal(run.code, 0, run.stdout + run.stderr)
    assert.match(await sh(`${NAME} --version`), /^\d/)
  })

  test('takes a group that is there already, and knows the adduser of busybox', async () => {
    await sh(`groupadd --system ${NAME}`)
    assert.equal((await install('--no-start')).code, 0)
    assert.equal(await sh(`id -gn ${NAME}`), NAME)
    await sh(`${folder}/install.sh --uninstall --purge`)
    assert.equal((await stage.host.run(`getent group ${NAME}`)).code, 2)

    await hide('adduser', 'addgroup', 'useradd')
    fake('addgroup', `groupadd --system ${NAME}`)
    fake('adduser', `${AWAY}/useradd --system --gid ${NAME} --no-create-home ${NAME}`)
    assert.equal((await install('--no-start')).code, 0)
    assert.equal(
      await calls(),
      `addgroup -S ${NAME}\nadduser -S -D -H -h /var/lib/${NAME} -s /usr/sbin/nologin -G ${NAME} ${NAME}`,
    )
  })

  test('without a cron daemon says which package brings one', async () => {
    await sh('systemctl stop cron')
    const rows: [string, string, RegExp][] = [
      ['ubuntu', '24.04', /: apt-get install cron$/m],
      ['almalinux', '9.4', /: dnf install cronie && systemctl enable --now crond$/m],
      ['opensuse-tumbleweed', '20260101', /: zypper install cronie && systemctl enable --now cron$/m],
    ]
    for (const [id, version, says] of rows) {
      looksLike(id, version)
      const { code, stderr } = await install('--cron')
      assert.equal(code, 0, stderr)
      assert.match(stderr, /^warning: no cron daemon runs here: /m)
      assert.match(stderr, says)
    }
  })

  test('without Node.js says where it comes from', async () => {
    const node = await sh('readlink -f "$(command -v node)"')
    await sh(`mv ${node} /opt/hidden-node`)
    try {
      const rows: [string, string, RegExp][] = [
        ['debian', '13', /: apt-get install nodejs$/m],
        ['debian', '12', /see https:\/\/nodejs\.org/],
        ['ubuntu', '24.04', /see https:\/\/nodejs\.org/],
        ['rocky', '9.4', /: dnf module install nodejs:22$/m],
        ['opensuse-leap', '15.6', /: zypper install nodejs22$/m],
      ]
      for (const [id, version, says] of rows) {
        looksLike(id, version)
        const { code, stderr } = await install()
        assert.equal(code, 70)
        assert.match(stderr, /^error: Node\.js is not installed .*: version 20\.18\.1 or newer is needed, /)
        assert.match(stderr, says)
      }
    } finally {
      await sh(`mv /opt/hidden-node ${node}`)
    }
  })
})
