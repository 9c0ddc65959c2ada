#!/bin/sh
# Runs a command up to three times until it succeeds, with a pause between: for what a network or another apt may hold up.
set -u
for pause in 10 60 ''; do
    "$@" && exit 0
    code=$?
    [ -n "$pause" ] || break
    echo "retry.sh: exit code $code, once more in $pause s: $*" >&2
    sleep "$pause"
done
exit "$code"
