#!/bin/sh
# The demo from a fresh clone: fetches what is missing, builds, and shows the agent at work for half a minute.
set -eu
cd "$(dirname "$0")/.."

if ! command -v supervisord >/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo 'supervisord is not here yet: installing the package supervisor'
        sh scripts/install-packages.sh supervisor >&2
    else
        echo 'The demo needs supervisord: sudo apt-get install supervisor (or pip install supervisor)' >&2
        exit 1
    fi
fi
if [ ! -f node_modules/.package-lock.json ]; then
    echo 'fetching the packages (once)'
    npm ci --silent --no-audit --no-fund
fi
npm run --silent build
exec node --import tsx scripts/demo.ts
