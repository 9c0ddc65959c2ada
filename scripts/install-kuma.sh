#!/bin/sh
# Installs a real Uptime Kuma for the end-to-end tests (once, about 2 minutes) and prints its folder.
# It is put together in a folder of its own and moved into place whole, so an interrupted run leaves nothing half done.
set -eu
cd "$(dirname "$0")/.."
version=2.0.0-dev.0
cache=.cache/uptime-kuma
home=$cache/$version

if [ -d "$home" ]; then
    echo "$home"
    exit 0
fi

fail() {
    echo "install-kuma.sh: $1" >&2
    exit 1
}

# sqlite is compiled where no ready-made binary can be fetched.
missing=
command -v python3 >/dev/null || missing="$missing python3"
command -v make >/dev/null || missing="$missing make"
command -v g++ >/dev/null || missing="$missing g++"
if [ -n "$missing" ]; then
    if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null; then
        # shellcheck disable=SC2086 # one word per package is what is wanted
        { apt-get update -q && apt-get install -q -y --no-install-recommends $missing; } >&2
    else
        fail "Uptime Kuma needs$missing to build sqlite; as root: apt-get install$missing"
    fi
fi

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9 # another test run may be installing it right now
if [ ! -d "$home" ]; then
    rm -rf "$cache"/unfinished.*
    work=$(mktemp -d "$cache/unfinished.XXXXXX")
    trap 'rm -rf "$work"' EXIT
    trap 'exit 130' INT TERM HUP

    # Node's own headers, where they lie beside it, save node-gyp a download.
    prefix=$(dirname "$(dirname "$(node -p process.execPath)")")
    [ ! -f "$prefix/include/node/node.h" ] || export npm_config_nodedir="$prefix"
    echo '{ "private": true }' >"$work/package.json"
    echo "install-kuma.sh: installing uptime-kuma@$version, about 2 minutes" >&2
    sh scripts/retry.sh npm install --prefix "$work" --no-audit --no-fund --omit=dev --save-exact --loglevel=error \
        "uptime-kuma@$version" >&2 9>&- || fail "npm could not install uptime-kuma@$version"

    kuma=$work/node_modules/uptime-kuma
    [ "$(node -p 'require(process.argv[1]).version' "$PWD/$kuma/package.json")" = "$version" ] ||
        fail "npm installed another version than uptime-kuma@$version"
    node -e 'require(process.argv[1])' "$PWD/$work/node_modules/@louislam/sqlite3" ||
        fail "the sqlite of uptime-kuma@$version was not built"
    # The package was published with its newest patches one folder too high.
    cp "$kuma"/db/patch-*.sql "$kuma/db/old_migrations/"

    mv "$work" "$home"
fi
echo "$home"
