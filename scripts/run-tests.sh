#!/bin/sh
# Runs one kind of test: unit, integration or e2e. Further arguments go to node's test runner.
set -eu
cd "$(dirname "$0")/.."
kind=$1
shift
case $kind in
    unit) files=$(find test -name '*.test.ts' -not -path 'test/integration/*' -not -path 'test/e2e/*' | sort) ;;
    integration | e2e) files=$(find "test/$kind" -name '*.test.ts' | sort) ;;
    *)
        echo "run-tests.sh: unknown kind of test: $kind (unit, integration, e2e)" >&2
        exit 64
        ;;
esac
# The files of the slow kinds share one machine-wide system each: one at a time.
[ "$kind" = unit ] || set -- --test-concurrency=1 "$@"
# shellcheck disable=SC2086 # one word per file is what is wanted
exec node --import tsx --test "$@" $files
