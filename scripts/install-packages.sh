#!/bin/sh
# Installs Debian packages as root, without starting the services in them: install-packages.sh PACKAGE...
set -eu

retry=$(dirname "$0")/retry.sh

# Debian starts a service as it installs it; a supervisord of this machine's own is not wanted here.
policy=/usr/sbin/policy-rc.d

restore_policy() {
    rm -f $policy
    [ ! -e $policy.before-tests ] || mv $policy.before-tests $policy
}

[ ! -e $policy ] || mv $policy $policy.before-tests
trap restore_policy EXIT
trap 'exit 130' INT TERM HUP
printf '#!/bin/sh\nexit 101\n' >$policy
chmod 755 $policy

# Debian's own upgrade after a boot may hold the lock for some minutes.
if ! sh "$retry" apt-get update -q; then
    echo 'error: apt-get update failed' >&2
    exit 1
fi
if ! DEBIAN_FRONTEND=noninteractive sh "$retry" apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=3 \
    install -q -y --no-install-recommends "$@"; then
    echo "error: apt-get could not install: $*" >&2
    exit 1
fi
