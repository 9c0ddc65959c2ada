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

run() {
    node --import tsx --test "$@"
}

if [ "$kind" = unit ]; then
    # shellcheck disable=SC2086 # one word per file is what is wanted
    run "$@" $files
    exit
fi

# The slow kinds share one machine-wide system each: one file at a time. They have real daemons and real time in them:
# up to three files that fail are run once more, to tell what fails from what is unsteady; either way the run has failed.
failed=''
for file in $files; do
    printf '\n-- %s\n' "$file"
    run "$@" "$file" || failed="$failed $file"
done
[ "$(echo "$failed" | wc -w)" -le 3 ] || {
    printf '\nfailed:%s\n' "$failed" >&2
    exit 1
}
status=0
for file in $failed; do
    printf '\n-- once more: %s\n' "$file"
    if run "$@" "$file"; then
        unsteady="${unsteady:-} $file"
    else
        status=1
        printf '\nfailed twice: %s\n' "$file" >&2
    fi
done
[ -z "${unsteady:-}" ] || {
    printf '\nUNSTEADY, passed only when run once more:%s\n' "$unsteady" >&2
    status=1
}
exit $status
