#!/bin/sh
# The whole proof from a fresh clone: installs what is missing, then checks, tests, builds and tests the build.
# Stops at the first part that fails. What it needs of the machine is installed as root on Debian and Ubuntu;
# elsewhere it says what to install.
set -eu
cd "$(dirname "$0")/.."

# Each package and the program that shows that it is there.
packages='
supervisor          supervisord
shellcheck          shellcheck
python3             python3
make                make
g++                 g++
systemd             systemd-analyze
systemd-container   systemd-nspawn
dbus                dbus-daemon
acl                 setfacl
cron                cron
openssl             openssl
procps              pgrep
zsh                 zsh
mandoc              mandoc
'

section() {
    printf '\n======== %s\n\n' "$*"
}

fail() {
    printf '\nerror: %s\n' "$*" >&2
    exit 1
}

missing_packages() {
    echo "$packages" | while read -r package program; do
        [ -z "$package" ] || PATH="$PATH:/usr/sbin:/sbin" command -v "$program" >/dev/null || echo "$package"
    done | tr '\n' ' '
}

shell_scripts() {
    find . \( -name node_modules -o -name .git -o -name .cache -o -name dist -o -name coverage \) -prune \
        -o -type f -exec grep -lE '^#!/bin/(ba|da)?sh$|^#!/usr/bin/env (ba)?sh$' {} + | sort
}

is_root=no
[ "$(id -u)" != 0 ] || is_root=yes

section 'what is needed'
missing=$(missing_packages)
if [ -n "$missing" ]; then
    if [ $is_root = no ] || ! command -v apt-get >/dev/null; then
        fail "please install: $missing(Debian and Ubuntu: sudo apt-get install $missing)"
    fi
    # shellcheck disable=SC2086 # one word per package is what is wanted
    sh scripts/install-packages.sh $missing
fi
if [ ! -f node_modules/.package-lock.json ] || [ -n "$(find package-lock.json -newer node_modules/.package-lock.json)" ]; then
    sh scripts/retry.sh npm ci --no-audit --no-fund || fail 'npm ci failed'
fi
sh scripts/install-kuma.sh >/dev/null
sh scripts/install-nodes.sh >/dev/null

section 'types, lint, format, unused code'
npm run --silent check

section 'shell scripts'
# shellcheck disable=SC2046 # none of them has a space in its name
shellcheck $(shell_scripts)
shell_scripts

section 'unit tests, all lines and branches of the rules and of XML-RPC covered'
npm run --silent coverage -- --test-reporter=spec

section 'integration tests: a real supervisord'
sh scripts/run-tests.sh integration --test-reporter=spec

section 'build'
npm run --silent build
ls -l dist

section 'end-to-end tests: a real systemd and a real Uptime Kuma'
if [ $is_root = no ]; then
    echo 'NOT RUN: they boot a systemd in a container, which needs root: sudo npm test'
    section 'all of it is green, but for the end-to-end tests, which were not run'
    exit 0
fi
sh scripts/run-tests.sh e2e --test-reporter=spec

section 'all of it is green'
