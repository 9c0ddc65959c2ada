#!/bin/sh
# Installs kuma-supervisor-push; --help tells how. Each version is a folder of its own under $releases_dir, and the link
# $current leads to the one in use: an upgrade turns the link, and one that fails turns it back.
set -eu
umask 022
# A plain su leaves out where useradd and nologin are.
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

name=kuma-supervisor-push
min_node=20.18.1
lib_dir=/usr/local/lib/$name
releases_dir=$lib_dir/releases
current=$lib_dir/current
installed_bundle=$current/dist/$name.cjs
undo_dir=$lib_dir/undo
unproven_file=$lib_dir/unproven
command_file=/usr/local/bin/$name
etc_dir=/etc/$name
config_file=$etc_dir/config.toml
password_file=$etc_dir/supervisor.password
state_dir=/var/lib/$name
unit_dir=/etc/systemd/system
unit_file=$unit_dir/$name.service
dropin_file=$unit_dir/$name.service.d/socket.conf
cron_file=/etc/cron.d/$name
man_file=/usr/local/share/man/man1/$name.1
bash_completion=/usr/local/share/bash-completion/completions/$name
zsh_completion=/usr/local/share/zsh/site-functions/_$name
lock_file=/run/$name-install.lock
wait_seconds=60

EX_USAGE=64
EX_UNDELIVERED=69
EX_FAILED=70
EX_BUSY=75
EX_NOT_ROOT=77
EX_CONFIG=78

usage() {
    cat <<'END'
Installs kuma-supervisor-push on this host, as a systemd service or a cron job.
Run again, it upgrades; config and state stay, and if the new version delivers
no heartbeat the one before comes back.

Usage: sudo ./install.sh             on a terminal: asks what it needs
       sudo ./install.sh OPTIONS     never asks
       sudo ./install.sh --uninstall [--purge]

What to push, and where (written into /etc/kuma-supervisor-push/config.toml; a
config that is already there is never changed):
  --kuma-url URL         Uptime Kuma, such as http://10.9.0.55:3001
  --token TOKEN          the push token, or the whole push URL from Kuma's page;
                         ps and sudo's log show it while and after this runs:
  --token-file FILE      reads the token from a file (/dev/stdin works)
  --push-url URL         the whole push URL from Kuma's page
  --unit NAME            supervisord's unit: auto (default), none, or a name
  --supervisor-url URL   auto (default), none, unix://... or http://...
  --programs LIST        only these programs: globs on group:name, with commas
  --push-every TIME      time between heartbeats (24s)
  --check-every TIME     time between checks (5s)
  --config FILE          copies a whole config instead of the options above

Or let it make the monitors in Kuma itself (docs/provision.md); instead of a
token:
  --user NAME            logs in to Kuma once, with the password of:
  --password-file FILE   (or the variable KSP_KUMA_PASSWORD)
  --two-factor-code CODE, --host-name NAME, --per WHAT, --notify WHERE,
  --notification NAME    as of kuma-supervisor-push provision

How it runs:
  --cron [WHEN]          a cron job instead of the service; WHEN is minutes
                         ("5m") or five cron fields ("*/5 * * * *"); each
                         minute if left out
  --service              the service, where there is a cron job, which stays else
  --no-start             installs everything and starts nothing
  --wait SECONDS         how long the first heartbeat may take (60)
  --node FILE            the node to run it with (the one in PATH)

  --uninstall            removes everything but config, state and user
  --purge                with --uninstall: removes these too
  --dry-run              prints each step, checks the config, changes nothing
  --help                 prints this

Exit codes: 0 installed and delivered, or nothing to do; 64 wrong usage;
69 installed and running, but nothing delivered to Kuma; 70 a step failed, and
after an upgrade the version before runs again; 75 another install.sh is at
work; 77 not root; 78 wrong config; 129, 130, 143 ended by a signal: the version
before runs on, and a second run finishes.
END
}

# ---------------------------------------------------------------- words

say() { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() { # CODE TEXT
    code=$1
    shift
    end_progress
    printf 'error: %s\n' "$*" >&2
    exit "$code"
}

step() { # TEXT COMMAND...
    say "$1"
    shift
    [ "$dry_run" = yes ] || "$@"
}

slowly() { # TEXT COMMAND...: a step that shows that it goes on
    progress "$1"
    shift
    slow_status=0
    "$@" || slow_status=$?
    end_progress
    return $slow_status
}

# Counts the seconds behind the text on a terminal that can go back in its line; elsewhere says a line now and then.
progress() { # TEXT
    ticker=''
    if [ "$dry_run" = yes ]; then
        say "$1"
    elif is_screen && [ ${#1} -lt $(($(screen_width) - 10)) ]; then
        printf '%s' "$1"
        tick_screen "$1" 9>&- &
        ticker=$! is_line_open=yes
    else
        say "$1"
        tick_lines 9>&- &
        ticker=$! is_line_open=no
    fi
}

tick_screen() { # TEXT
    seconds=0
    while sleep 1 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
        seconds=$((seconds + 1))
        printf '\r%s ... %s s' "$1" $seconds
    done
}

tick_lines() {
    seconds=0
    while sleep 10 >/dev/null 2>&1 && kill -0 $$ 2>/dev/null; do
        seconds=$((seconds + 10))
        say "... $seconds s"
    done
}

end_progress() {
    [ -n "$ticker" ] || return 0
    # It ignores the others while this script takes its leave.
    kill -KILL "$ticker" 2>/dev/null || true
    wait "$ticker" 2>/dev/null || true
    ticker=''
    [ "$is_line_open" = no ] || echo
}

is_screen() { [ -t 1 ] && [ "${TERM-dumb}" != dumb ]; }

screen_width() {
    width=$(stty size 2>/dev/null </dev/tty | cut -d' ' -f2)
    case $width in '' | 0 | *[!0-9]*) echo 80 ;; *) echo "$width" ;; esac
}

# ---------------------------------------------------------------- options

read_options() {
    kuma_url='' token='' token_file='' push_url='' unit='' supervisor_url='' programs='' push_every='' check_every=''
    user='' user_password_file='' provision_options=''
    config='' cron='' service=no start=yes node='' uninstall=no purge=no dry_run=no config_flags=''
    while [ $# -gt 0 ]; do
        option=$1
        shift
        case $option in
            --*=*)
                # --option=value is --option value
                value=${option#*=}
                option=${option%%=*}
                takes_value "$option" || die $EX_USAGE "$option takes no value"
                set -- "$value" "$@"
                ;;
            --cron)
                # The only option whose value may be left out.
                case ${1--} in -*) set -- '* * * * *' "$@" ;; esac
                ;;
        esac
        if takes_value "$option"; then
            [ $# -gt 0 ] || die $EX_USAGE "$option needs a value; see --help"
            [ -n "$1" ] || die $EX_USAGE "$option needs a value, got an empty one"
        fi
        case $option in
            --kuma-url | --token | --token-file | --push-url | --unit | --supervisor-url | --programs | --push-every | --check-every)
                config_flags="$config_flags $option"
                ;;
        esac
        case $option in
            --kuma-url) kuma_url=$1 && shift ;;
            --token) token=$1 && shift ;;
            --token-file) token_file=$1 && shift ;;
            --push-url) push_url=$1 && shift ;;
            --unit) unit=$1 && shift ;;
            --supervisor-url) supervisor_url=$1 && shift ;;
            --programs) programs=$1 && shift ;;
            --push-every) push_every=$1 && shift ;;
            --check-every) check_every=$1 && shift ;;
            --user) user=$1 && provision_option "$option" "$1" && shift ;;
            --password-file) user_password_file=$1 && provision_option "$option" "$1" && shift ;;
            --two-factor-code | --host-name | --per | --notify | --notification)
                provision_option "$option" "$1" && shift
                ;;
            --config) config=$1 && shift ;;
            --cron) cron=$1 && shift ;;
            --node) node=$1 && shift ;;
            --wait) wait_seconds=$1 && shift ;;
            --service) service=yes ;;
            --no-start) start=no ;;
            --uninstall) uninstall=yes ;;
            --purge) purge=yes ;;
            --dry-run) dry_run=yes ;;
            --help | -h) usage && exit 0 ;;
            *) die $EX_USAGE "unknown option $option; see --help" ;;
        esac
    done
    check_options
}

takes_value() {
    case $1 in
        --kuma-url | --token | --token-file | --push-url | --unit | --supervisor-url | --programs | --push-every) ;;
        --check-every | --config | --cron | --node | --wait) ;;
        --user | --password-file | --two-factor-code | --host-name | --per | --notify | --notification) ;;
        *) return 1 ;;
    esac
}

# One to a line: values may have spaces.
provision_option() { # OPTION VALUE
    provision_options="$provision_options$1
$2
"
    case $2 in *[[:cntrl:]]*) die $EX_USAGE "$1: its value holds a line break or another control character" ;; esac
}

check_provision() {
    provisions=no
    if [ -z "$user" ]; then
        [ -z "$provision_options" ] || die $EX_USAGE "$(echo "$provision_options" | head -n 1) goes with --user, which logs in to Kuma"
        return 0
    fi
    provisions=yes
    [ -z "$token$token_file$push_url$programs" ] || die $EX_USAGE \
        '--user makes the monitors in Kuma, with tokens of their own: leave out --token, --token-file, --push-url and --programs'
    [ -n "$user_password_file${KSP_KUMA_PASSWORD-}" ] ||
        die $EX_USAGE "--user needs the password of $user, by --password-file or in the variable KSP_KUMA_PASSWORD"
}

check_options() {
    check_provision
    [ "$purge" = no ] || [ "$uninstall" = yes ] || die $EX_USAGE '--purge goes with --uninstall only'
    if [ -n "$config" ]; then
        [ -z "$config_flags" ] || die $EX_USAGE "--config brings its own settings: leave out$config_flags"
        if [ ! -f "$config" ] || [ ! -r "$config" ]; then die $EX_USAGE "--config: cannot read $config"; fi
    fi
    tokens=0
    for given in "$token" "$token_file" "$push_url"; do
        [ -z "$given" ] || tokens=$((tokens + 1))
    done
    [ $tokens -le 1 ] || die $EX_USAGE 'give one of --token, --token-file and --push-url'
    if [ -n "$token_file" ]; then
        token=$(cat -- "$token_file") || die $EX_USAGE "--token-file: cannot read $token_file"
        [ -n "$token" ] || die $EX_USAGE "--token-file: $token_file is empty"
    fi
    case $token in http://* | https://*) push_url=$token token='' ;; esac
    case $wait_seconds in [1-9] | [1-9][0-9] | [1-9][0-9][0-9]) ;; *) die $EX_USAGE "--wait: expected 1 to 999 seconds, got \"$wait_seconds\"" ;; esac
    case "$kuma_url$token$push_url$unit$supervisor_url$programs$push_every$check_every" in
        *[[:cntrl:]]*) die $EX_USAGE 'a value of an option holds a line break or another control character' ;;
    esac
    [ -z "$cron" ] || [ $service = no ] || die $EX_USAGE 'give one of --cron and --service'
    [ -z "$cron" ] || cron_fields=$(cron_fields "$cron") || die $EX_USAGE \
        "--cron: expected minutes (1m to 59m) or five cron fields, got \"$cron\""
}

cron_fields() { # WHEN: prints five cron fields
    case $1 in
        1m) echo '* * * * *' ;;
        [1-9]m | [1-5][0-9]m) echo "*/${1%m} * * * *" ;;
        *[!0-9A-Za-z*,/\ -]*) return 1 ;;
        *' '*' '*' '*' '*)
            set -f
            # shellcheck disable=SC2086 # its words are counted
            set -- $1
            set +f
            [ $# = 5 ] && echo "$*"
            ;;
        *) return 1 ;;
    esac
}

# ---------------------------------------------------------------- questions

# Only on a terminal, and only where nothing was said and nothing is there yet: an upgrade needs no answers.
ask_all() {
    ask_kuma
    if [ -z "$push_url" ]; then ask_monitors; fi
    ask_way
}

ask() { # QUESTION DEFAULT: sets $answer
    if [ -n "$2" ]; then printf '%s [%s]: ' "$1" "$2"; else printf '%s: ' "$1"; fi
    IFS= read -r answer || {
        echo
        die $EX_USAGE 'no answer; nothing was changed'
    }
    answer=$(printf '%s' "$answer" | tr -d '[:cntrl:]' | sed 's/^ *//; s/ *$//')
    [ -n "$answer" ] || answer=$2
}

choose() { # QUESTION FIRST SECOND: sets $answer to 1 or 2
    say "$1"
    say "  1  $2"
    say "  2  $3"
    while ask '1 or 2' 1; do
        case $answer in 1 | 2) return 0 ;; esac
    done
}

ask_kuma() {
    say 'Where is Uptime Kuma? Its URL, or the push URL of a monitor there.'
    while ask URL http://127.0.0.1:3001; do
        case $answer in
            http://*/api/push/?* | https://*/api/push/?*) push_url=$answer && return 0 ;;
            http://?* | https://?*) kuma_url=$answer && return 0 ;;
            *) say 'It begins with http:// or https://' ;;
        esac
    done
}

ask_monitors() {
    choose 'And its push monitors?' 'make them: you log in to Kuma once' 'there is one: I have its token'
    if [ "$answer" = 1 ]; then provisions=yes; else ask_token; fi
}

ask_token() {
    say "The push token of a monitor of type Push, or its push URL, from Kuma's page:"
    while ask Token ''; do
        case $answer in
            http://*/api/push/?* | https://*/api/push/?*) push_url=$answer && return 0 ;;
            '' | *[!A-Za-z0-9]*) say 'It has letters and digits only.' ;;
            *) token=$answer && return 0 ;;
        esac
    done
}

# An upgrade runs as what it upgrades.
keep_way() {
    if [ -n "$cron" ] || [ $service = yes ] || [ ! -f "$cron_file" ] || [ -e "$unit_file" ]; then return 0; fi
    cron_fields=$(sed -n "s| $name /.* once --config .*||p" "$cron_file")
    [ -n "$cron_fields" ] || return 0
    cron=$cron_fields
    say "keep the cron job ($cron); --service puts the service in its place"
}

ask_way() {
    if [ "$has_systemd" = no ]; then
        say 'systemd does not run here: installing a cron job.'
        answer=2
    else
        choose 'How shall it run?' 'as a service: sees trouble within seconds' 'by cron, once a minute'
    fi
    [ "$answer" = 1 ] || cron='* * * * *' cron_fields='* * * * *'
}

# ---------------------------------------------------------------- what is here

# The service cannot look into home directories, and systemd needs an absolute path.
find_node() {
    if [ -n "$node" ]; then
        [ -x "$node" ] || die $EX_USAGE "--node: cannot run $node"
    else
        node=$(command -v node || true)
    fi
    if [ -z "$node" ]; then
        # sudo has a PATH of its own.
        for candidate in /usr/local/bin/node /usr/bin/node /opt/*/bin/node /usr/local/*/bin/node; do
            [ ! -x "$candidate" ] || node=$candidate
        done
    fi
    if [ -z "$node" ]; then
        for home in /root /home/*; do
            for candidate in "$home"/.nvm/versions/node/*/bin/node "$home"/.local/bin/node "$home"/n/bin/node \
                "$home"/.local/share/fnm/node-versions/*/installation/bin/node \
                "$home"/.volta/tools/image/node/*/bin/node "$home"/.asdf/installs/nodejs/*/bin/node; do
                [ ! -x "$candidate" ] || only_for_one_user "$candidate"
            done
        done
        die $EX_FAILED "Node.js is not installed (no node in $PATH): version $min_node or newer is needed, $(node_hint)"
    fi

    version=$("$node" -p process.versions.node 2>/dev/null) || die $EX_FAILED "$node does not run"
    printf '%s\n' "$min_node" "$version" | sort -C -V ||
        die $EX_FAILED "$node is version $version: $min_node or newer is needed, $(node_hint)"
    real_node=$("$node" -p process.execPath)
    # A shim of a version manager asks for its user's settings: take what it leads to.
    [ "$(readlink -f -- "$node")" = "$real_node" ] || node=$real_node
    is_plain "$node$real_node" || die $EX_FAILED \
        "$node: its path must not get into a unit or a crontab (allowed: letters, digits and /._@:+-)"
    case $real_node in /root/* | /home/* | /run/user/*) only_for_one_user "$real_node" ;; esac
    if [ "$(id -u)" = 0 ]; then
        as_user 65534 65534 "$node" --version >/dev/null 2>&1 || only_for_one_user "$real_node"
    fi
    case $node in /*) ;; *) node=$(readlink -f -- "$node") ;; esac
}

# Where a distribution's own Node.js is new enough, its package; else whose packages are.
node_hint() {
    case $(os_release ID):$(os_release VERSION_ID) in
        debian:1[3-9]*) echo 'for instance by: apt-get install nodejs' ;;
        fedora:*) echo 'for instance by: dnf install nodejs' ;;
        rhel:9* | centos:9* | rocky:9* | almalinux:9* | ol:9*) echo 'for instance by: dnf module install nodejs:22' ;;
        opensuse*:* | sles:*) echo 'for instance by: zypper install nodejs22' ;;
        *) echo 'see https://nodejs.org/en/download' ;;
    esac
}

os_release() { # KEY
    sed -n "s/^$1=//p" /etc/os-release 2>/dev/null | tr -d '"\047'
}

only_for_one_user() { # NODE
    die $EX_FAILED "$1 cannot be run by the service's user; install Node.js for the whole system, for instance by: install -m 755 $1 /usr/local/bin/node"
}

as_user() { # UID GID COMMAND...
    as_uid=$1 as_gid=$2
    shift 2
    (cd / && exec setpriv --reuid="$as_uid" --regid="$as_gid" --clear-groups -- env -i PATH="$PATH" LC_ALL=C.UTF-8 "$@")
}

# The bundle is made when this is a clone and it is missing or older than what it is made of.
find_bundle() {
    bundle=$here/dist/$name.cjs missing=''
    [ -f "$bundle" ] || missing=$bundle
    if [ -f "$here/scripts/build.ts" ] && { [ -n "$missing" ] || is_dist_old; }; then
        if npm=$(command -v npm); then
            [ -f "$here/node_modules/.package-lock.json" ] || slowly "install what the build needs in $here/node_modules" in_clone ci --no-audit --no-fund
            slowly "build $here/dist" in_clone run --silent build
            [ ! -f "$bundle" ] || missing=''
        elif [ -z "$missing" ]; then
            warn "$here/dist is older than what it is made of, and there is no npm to build it again: installing it as it is"
        else
            die $EX_FAILED "$missing is missing, and there is no npm to build it: run 'npm ci && npm run build' in this folder (here or elsewhere, and copy dist/), or unpack the npm package"
        fi
    fi
    [ -z "$missing" ] || [ "$dry_run" = yes ] || die $EX_FAILED "$missing is missing: this folder is neither a clone nor the whole npm package"
}

is_dist_old() {
    [ -n "$(find "$here/src" "$here/scripts/build.ts" "$here/scripts/bundle" "$here/package-lock.json" -newer "$bundle" 2>/dev/null)" ]
}

in_clone() { # ARGUMENTS OF NPM
    [ "$dry_run" = no ] || return 0
    # A clone keeps its owner: root's files in it would be in the way later.
    builder=$(stat -c %U -- "$here")
    # shellcheck disable=SC2016 # the inner shell expands them
    set -- sh -c 'cd "$1" && shift && exec "$@"' sh "$here" "$npm" "$@"
    if [ "$builder" != root ] && [ "$(id -u)" = 0 ]; then
        set -- runuser -u "$builder" -- env HOME="$(getent passwd "$builder" | cut -d: -f6)" "$@"
    fi
    quietly "$@" || die $EX_FAILED "could not build dist/ in $here"
}

quietly() { # COMMAND...: what it says is shown where it fails
    "$@" </dev/null >"$scratch/log" 2>&1 && return 0
    end_progress
    cat -- "$scratch/log" >&2
    return 1
}

# The value of a key in a file like supervisord.conf, or nothing.
ini_value() { # FILE SECTION KEY
    awk -v section="[$2]" -v key="$3" '
        /^[;#]/ { next }
        /^\[/ { sub(/[ \t\r]*([;#].*)?$/, ""); inside = ($0 == section); next }
        inside && match($0, /^[^=:]*[=:]/) {
            found = substr($0, 1, RLENGTH - 1)
            gsub(/[ \t]/, "", found)
            if (found != key) next
            value = substr($0, RLENGTH + 1)
            sub(/[ \t]+;.*$/, "", value)
            sub(/\r$/, "", value)
            gsub(/^[ \t]+|[ \t]+$/, "", value)
        }
        END { print value }' "$1"
}

describe_supervisord() {
    found_unit=''
    for candidate in supervisor supervisord; do
        [ $has_systemd = yes ] || continue
        state=$(systemctl show -p LoadState,ActiveState $candidate.service 2>/dev/null | sort -r)
        case $state in LoadState=loaded*) found_unit="$candidate.service ${state##*=}" ;; esac
    done
    if [ -n "$local_url" ]; then
        say "found supervisord at $local_url (by $conf)${found_unit:+, $found_unit}"
    elif [ -n "$conf" ]; then
        say "found $conf${found_unit:+, $found_unit}"
        [ -n "$supervisor_url$config" ] ||
            warn "$conf has no [unix_http_server] and no serverurl: without one of them, or --supervisor-url, only the unit can be watched"
    elif [ -z "$supervisor_url$config" ]; then
        warn "found no supervisord${found_unit:+ but $found_unit}: neither /etc/supervisord.conf nor /etc/supervisor/supervisord.conf, and none runs with another file; give --supervisor-url where there is one"
    fi
}

# Sets conf, local_url, local_username and local_password: the supervisord of this host, as supervisorctl finds it.
find_supervisord() {
    conf='' unit_user='' local_url='' local_username='' local_password='' conf_is_usual=yes
    for candidate in /etc/supervisord.conf /etc/supervisor/supervisord.conf; do
        [ -n "$conf" ] || [ ! -f "$candidate" ] || conf=$candidate
    done
    if [ -z "$conf" ]; then
        find_running_supervisord
        conf_is_usual=no
    fi
    if [ -n "$conf" ] && ! is_safe_file "$conf"; then
        warn "$conf is not used: not root alone can change $unsafe; give --supervisor-url, or take the right to write from the others"
        conf=''
    fi
    if [ -z "$conf" ] || [ ! -r "$conf" ]; then
        conf=''
        return 0
    fi
    local_url=$(ini_value "$conf" supervisorctl serverurl)
    local_username=$(ini_value "$conf" supervisorctl username)
    local_password=$(ini_value "$conf" supervisorctl password)
    if [ -z "$local_url" ]; then
        file=$(ini_value "$conf" unix_http_server file)
        [ -z "$file" ] || local_url=unix://$file
    fi
    local_url=$(printf '%s' "$local_url" | sed "s|%(here)s|$(dirname -- "$conf")|g")
    case $local_url in *%\(*)
        [ -n "$supervisor_url" ] ||
            warn "$conf says $local_url: only supervisord knows what stands for %(...)s; give --supervisor-url"
        local_url=''
        ;;
    esac
}

# Sets conf to the file of one that only root can have started so: anybody can give a process this name and any arguments.
find_running_supervisord() {
    for process in /proc/[0-9]*; do
        named=$(tr '\0' '\n' 2>/dev/null <"$process/cmdline" | awk '
            NR <= 2 && /(^|\/)supervisord$/ { found = 1; next }
            found && take { print; exit }
            found && ($0 == "-c" || $0 == "--configuration") { take = 1 }
            found && sub(/^(-c|--configuration=)/, "") && $0 != "" { print; exit }' | grep '^/') || continue
        unit_user=''
        [ -e "$named" ] || continue
        if is_of_root "$process" || is_main_of_unit "${process#/proc/}"; then
            conf=$named
            return 0
        fi
    done
}

# By its real user too: a set-uid program is given its arguments by who starts it.
is_of_root() { # /proc/PID
    grep -q '^Uid:[[:space:]]*0[[:space:]]*0[[:space:]]*0[[:space:]]*0$' "$1/status" 2>/dev/null
}

# Sets unit_user where the unit has another user than root.
is_main_of_unit() { # PID
    [ "$has_systemd" = yes ] || return 1
    its_unit=$(sed -n '/^\(0:\|1:name=systemd\):/s|.*/||p' "/proc/$1/cgroup" 2>/dev/null | head -n 1)
    case $its_unit in *.service) ;; *) return 1 ;; esac
    # What systemd says decides: the name of a group of processes is anybody's to choose below his own.
    [ "$(systemctl show -p MainPID --value -- "$its_unit")" = "$1" ] || return 1
    unit_user=$(systemctl show -p User --value -- "$its_unit")
}

# Whether nobody but root (and the user of the unit that it belongs to) can put other text there: it, and each folder above.
# Sets unsafe to what others can change.
is_safe_file() { # FILE
    may_own=" 0 $(id -u -- "${unit_user:-root}" 2>/dev/null) "
    [ "$(id -u)" = 0 ] || may_own="$may_own$(id -u) "
    for unsafe in "$1" "$(readlink -f -- "$1")"; do
        while :; do
            [ -e "$unsafe" ] || return 1
            # Of a link only the owner counts; what it leads to is looked at by itself.
            case $(stat -c '%A' -- "$unsafe") in
                l*) ;;
                ?????w???? | ????????w?) return 1 ;;
            esac
            case $may_own in *" $(stat -c %u -- "$unsafe") "*) ;; *) return 1 ;; esac
            [ "$unsafe" != / ] || break
            unsafe=$(dirname -- "$unsafe")
        done
    done
}

# The sockets that the config makes the agent use.
find_sockets() {
    sockets=''
    while IFS= read -r url; do
        [ "$url" != auto ] || url=$local_url
        case $url in unix:///*)
            socket=${url#unix://}
            socket=$(readlink -m -- "$(dirname -- "$socket")")/$(basename -- "$socket")
            is_plain "$socket" || die $EX_CONFIG \
                "the socket $socket has a character in its path that must not get into a unit or a crontab (allowed: letters, digits and /._@:+-): give supervisord another one"
            case " $sockets " in *" $socket "*) ;; *) sockets="$sockets $socket" ;; esac
            ;;
        esac
    done <<END
$(config_urls)
END
}

# Whether a text means itself and nothing else in a unit, a crontab and a line of shell: cron gives % a meaning, too.
is_plain() { # TEXT
    case $1 in *[!A-Za-z0-9/._@:+-]*) return 1 ;; esac
}

config_urls() { # one for each [[supervisor]], by what check-config told
    if [ -z "$resolved_config" ]; then
        echo "${supervisor_url:-auto}"
    else
        # shellcheck disable=SC2016 # JavaScript
        printf '%s' "$resolved_config" |
            "$node" -e 'for (const { url } of JSON.parse(require("fs").readFileSync(0, "utf8")).supervisor) console.log(url)'
    fi
}

# ---------------------------------------------------------------- files

# Replaces a file by what stands on stdin, in one step, where it differs.
put() { # FILE MODE
    if [ "$dry_run" = yes ]; then
        if cmp -s - "$1"; then say "keep $1"; else say "write $1"; fi
        return 0
    fi
    mkdir -p -- "$(dirname -- "$1")"
    temporary=$1.new
    rm -f -- "$temporary"
    (umask 077 && cat >"$temporary")
    chmod "$2" "$temporary"
    if [ -f "$1" ] && [ ! -L "$1" ] && cmp -s -- "$temporary" "$1" && [ "$(stat -c %a -- "$1")" = "$(stat -c %a -- "$temporary")" ]; then
        rm -f -- "$temporary"
        say "keep $1"
    else
        not_proven
        to_disk "$temporary"
        mv -f -- "$temporary" "$1"
        say "write $1"
    fi
}

put_link() { # LINK TARGET
    [ "$(readlink -- "$1")" != "$2" ] || return 0
    not_proven
    ln -sfn -- "$2" "$1.new"
    mv -fT -- "$1.new" "$1"
}

to_disk() { # FILE...: so that a loss of power leaves the whole file under its name, or none
    sync -- "$@" 2>/dev/null || sync
}

remove() { # FILE...
    for file in "$@"; do
        if [ -e "$file" ] || [ -L "$file" ]; then step "remove $file" rm -rf -- "$file"; fi
    done
}

# ---------------------------------------------------------------- user

make_user() {
    if getent passwd $name >/dev/null; then
        say "keep the user $name"
    else
        step "make the system user $name" add_user
    fi
    uid=$(id -u $name 2>/dev/null || id -u)
    gid=$(id -g $name 2>/dev/null || id -g)
}

add_user() {
    nologin=$(command -v nologin || echo /bin/false)
    if command -v useradd >/dev/null; then
        if getent group $name >/dev/null; then group="--gid=$name"; else group=--user-group; fi
        useradd --system "$group" --no-create-home --home-dir "$state_dir" --shell "$nologin" $name
    elif command -v adduser >/dev/null && command -v addgroup >/dev/null; then
        getent group $name >/dev/null || addgroup -S $name
        adduser -S -D -H -h "$state_dir" -s "$nologin" -G $name $name
    else
        false
    fi || die $EX_FAILED "could not make the system user $name; make it, and run this again"
}

remove_user() {
    # A one-shot of cron may be at its last work.
    tries=20
    until if command -v userdel >/dev/null; then userdel $name; else deluser $name; fi >"$scratch/log" 2>&1; do
        tries=$((tries - 1))
        if [ $tries = 0 ]; then
            cat -- "$scratch/log" >&2
            die $EX_FAILED "could not remove the user $name"
        fi
        sleep 1
    done
    if getent group $name >/dev/null; then
        if command -v groupdel >/dev/null; then groupdel $name; else delgroup $name; fi
    fi
}

# ---------------------------------------------------------------- config

toml_string() { # TEXT
    printf '"%s"' "$(printf '%s' "$1" | sed 's/[\\"]/\\&/g')"
}

setting() { # KEY VALUE DEFAULT COMMENT: a line of the config, commented out where the default holds
    if [ -n "$2" ]; then
        printf '%s = %s  # %s\n' "$1" "$(toml_string "$2")" "$4"
    else
        printf '# %s = "%s"  # %s\n' "$1" "$3" "$4"
    fi
}

new_config() { # PASSWORD FILE
    cat <<END
# Made by install.sh, which never changes it again. After a change here:
#   kuma-supervisor-push check-config --config $config_file
#   systemctl reload $name
# Every setting: $current/config.example.toml

[kuma]
END
    setting url "$kuma_url" http://127.0.0.1:3001 'Uptime Kuma'
    printf '\n[agent]\n'
    setting push_every "$push_every" 24s "time between heartbeats: 0.4 of the monitor's Heartbeat Interval in Kuma"
    setting check_every "$check_every" 5s 'time between checks'
    printf '\n[[supervisor]]\nname = "local"\n'
    setting unit "$unit" auto "supervisord's unit; auto: supervisord.service or supervisor.service"
    if needs_own_access; then
        setting url "$local_url" '' 'where supervisord listens'
        [ -z "$local_username" ] || setting username "$local_username" '' "from $conf"
        [ -z "$local_password" ] || setting password_file "$1" '' "from $conf"
    else
        setting url "$supervisor_url" auto 'where supervisord listens; auto: as supervisorctl finds it'
    fi
    [ $provisions = no ] || return 0
    printf '\n[[monitor]]\n'
    [ -z "$token" ] || setting token "$token" '' "the monitor's push token in Kuma"
    [ -z "$push_url" ] || setting push_url "$push_url" '' "the monitor's push URL in Kuma"
    if [ -n "$programs" ]; then
        printf 'programs = [%s]\n' "$(toml_list "$programs")"
    else
        printf '# programs = ["celery:*"]  # globs on group:name; all programs where left out\n'
    fi
}

# What only root can read in supervisord's own config, or finds there, has to stand in ours.
needs_own_access() {
    [ -z "$supervisor_url" ] && [ -n "$local_url" ] && { [ "$conf_is_usual" = no ] || ! is_for_all "$conf"; }
}

is_for_all() { # FILE: whether any user may read it
    if [ "$(id -u)" = 0 ]; then as_user 65534 65534 test -r "$1"; else [ -r "$1" ]; fi
}

toml_list() { # TEXT: the values stand between commas
    (
        IFS=,
        set -f
        separator=''
        for item in $1; do
            printf '%s' "$separator"
            toml_string "$item"
            separator=', '
        done
    )
}

make_config() {
    if [ -e "$config_file" ]; then
        keep_config
    elif [ -L "$config_file" ]; then
        die $EX_CONFIG "$config_file is a symbolic link to $(readlink -- "$config_file"), and that is not there"
    else
        draft_config
        check_config "$draft/config.toml" || die $EX_CONFIG \
            "${config:-these options} make${config:+s} no valid config (see above); none was written, and nothing started"
        if [ "$dry_run" = yes ]; then
            say "write $config_file (0600, owned by $name)"
        else
            place_config
        fi
    fi
    if [ $provisions = yes ]; then provision; fi
}

keep_config() {
    say "keep $config_file"
    if [ "$dry_run" = no ] && ! as_user "$uid" "$gid" test -r "$config_file"; then
        say "make $config_file readable for $name"
        chown "$name:$name" "$config_file"
        chmod u+r "$config_file"
    fi
    if [ ! -r "$config_file" ]; then
        say 'it is not checked: only root and the service can read it'
        return 0
    fi
    # Which Kuma it is, provision compares.
    [ $provisions = no ] || config_flags=$(printf '%s' "$config_flags" | sed 's/ --kuma-url//')
    if [ -n "$config_flags$config" ] && ! would_be_the_same; then
        warn "$config_file is there already and stays as it is:${config_flags:- --config} had no effect on it"
    fi
    check_config "$config_file" || die $EX_CONFIG "$config_file is not valid (see above); nothing was started or restarted"
}

would_be_the_same() {
    if [ -n "$config" ]; then
        cmp -s -- "$config" "$config_file"
    else
        # The monitors of provision come behind.
        case $(cat -- "$config_file") in "$(new_config "$password_file")"*) ;; *) return 1 ;; esac
    fi
}

# The config as it would be, apart from where it would be: what is refused leaves nothing behind.
draft_config() {
    # Of its own, since the service's user looks at it.
    draft=$(mktemp -d "/tmp/$name.XXXXXX")
    # Relative paths in it mean files beside it.
    for file in "$etc_dir"/*; do
        [ ! -e "$file" ] || ln -s -- "$file" "$draft/"
    done
    rm -f -- "$draft/supervisor.password"
    (
        umask 077
        if [ -n "$config" ]; then cat -- "$config"; else new_config "$draft/supervisor.password"; fi >"$draft/config.toml"
        if [ -z "$config" ] && needs_own_access && [ -n "$local_password" ]; then
            printf '%s\n' "$local_password" >"$draft/supervisor.password"
        fi
    )
    [ "$(id -u)" != 0 ] || chown -hR "$uid:$gid" "$draft"
}

place_config() {
    if [ -f "$draft/supervisor.password" ] && [ ! -L "$draft/supervisor.password" ]; then
        put "$password_file" 600 <"$draft/supervisor.password"
        chown "$name:$name" "$password_file"
        say "the service cannot read $conf: its user name and password now stand in $etc_dir too"
    fi
    if [ -n "$config" ]; then cat -- "$config"; else new_config "$password_file"; fi >"$scratch/config.toml"
    put "$config_file" 600 <"$scratch/config.toml"
    chown "$name:$name" "$config_file"
}

# Asked with the new version, before that takes the place of a running one; what it comes to is kept in $resolved_config.
check_config() { # FILE
    if [ "$1" = "$draft/config.toml" ] && [ -n "$config" ]; then say "check $config"; else say "check $config_file"; fi
    if [ -n "$missing" ]; then
        say 'it is not checked: dist/ is not built'
        return 0
    fi
    set -- "$node" "$release/dist/$name.cjs" check-config --json --config "$1"
    # The monitors are still to come.
    [ "$provisions" = no ] || set -- "$@" --dry-run
    if [ "$(id -u)" = 0 ] && [ "$dry_run" = no ]; then set -- as_user "$uid" "$gid" "$@"; fi
    if resolved_config=$("$@" 2>"$scratch/log"); then status=0; else status=$?; fi
    name_places <"$scratch/log" >&2
    return $status
}

# The draft is a copy, and one made of options has no lines that anybody could look up.
name_places() {
    if [ -n "$config" ]; then
        place=$(printf '%s' "$config" | sed 's/[\\&|]/\\&/g')
        sed "s|$draft/config.toml:|$place:|; s|$draft/|$etc_dir/|g"
    else
        sed "s|$draft/config.toml:[0-9:]* ||; s|$draft/|$etc_dir/|g"
    fi
}

# ---------------------------------------------------------------- monitors in Kuma

# As root, who may ask supervisord for its programs already; the config stays the service's.
provision() {
    say 'make the monitors in Kuma'
    if [ "$dry_run" = yes ]; then
        plan_monitors || die $EX_UNDELIVERED 'this cannot be done (see above)'
        return 0
    fi
    cp -- "$config_file" "$scratch/before"
    if run_provision "$config_file"; then provisioned=0; else provisioned=$?; fi
    if [ $provisioned != 0 ]; then
        # Without a token in it there is nothing to come back to.
        if [ -n "$draft" ] && cmp -s -- "$config_file" "$scratch/before"; then remove "$config_file" "$password_file"; fi
        case $provisioned in 64 | 78) ;; *) provisioned=$EX_UNDELIVERED ;; esac
        die $provisioned 'the monitors were not made, or not all of them (see above); run the same again when that is mended'
    fi
    provisions=no
    check_config "$config_file" || die $EX_CONFIG "$config_file is not valid (see above); nothing was started or restarted"
}

plan_monitors() {
    file=$config_file
    [ -e "$file" ] || file=$draft/config.toml
    if run_provision "$file" --dry-run >"$scratch/plan" 2>"$scratch/log"; then planned=0; else planned=$?; fi
    sed "s|$draft/|$etc_dir/|g" "$scratch/plan"
    sed "s|$draft/|$etc_dir/|g" "$scratch/log" >&2
    return "$planned"
}

run_provision() { # CONFIG [OPTION]
    set -- "$node" "$release/dist/$name.cjs" provision --config "$@"
    [ -z "$kuma_url" ] || set -- "$@" --kuma-url "$kuma_url"
    # Heartbeats come when cron runs it.
    [ -z "$cron" ] || set -- "$@" --schedule "$cron_fields"
    IFS='
'
    set -f
    # shellcheck disable=SC2086 # one word to a line
    set -- "$@" $provision_options
    set +f
    unset IFS
    # It asks where it has a terminal; this was told everything.
    if [ $asks = yes ] || [ "$user_password_file" = /dev/stdin ]; then "$@"; else "$@" </dev/null; fi
}

# ---------------------------------------------------------------- releases

# Puts this version beside the one in use, which goes on untouched.
stage_release() {
    release=$here
    if [ -n "$missing" ]; then
        say "install what will be built in $releases_dir"
        return 0
    fi
    version=$("$node" "$bundle" --version) || die $EX_FAILED "$bundle does not run"
    wanted=$releases_dir/$version-$(checksum "$here")
    if [ -d "$wanted" ] && [ "$(checksum "$wanted")" = "${wanted##*-}" ]; then
        say "keep version $version in $wanted"
        release=$wanted
    else
        step "copy version $version to $wanted" copy_release
    fi
}

release_files() { # FOLDER
    (cd -- "$1" && find dist man systemd install.sh config.example.toml LICENSE -type f 2>/dev/null | LC_ALL=C sort)
}

checksum() { # FOLDER
    (cd -- "$1" && release_files . | xargs sha256sum | sha256sum | cut -c 1-12)
}

copy_release() {
    staged=$releases_dir/.staged
    rm -rf -- "$staged"
    mkdir -p -- "$staged"
    release_files "$here" | while read -r file; do
        mkdir -p -- "$staged/$(dirname -- "$file")"
        cp -- "$here/$file" "$staged/$file"
        to_disk "$staged/$file"
    done
    chmod -R u=rwX,go=rX "$staged"
    chmod 755 "$staged/install.sh" "$staged/systemd/grant-access"
    rm -rf -- "$wanted"
    mv -T -- "$staged" "$wanted"
    release=$wanted
}

# From here on an end with an error brings back what was there.
use_release() {
    if [ "$dry_run" = yes ]; then
        say "use it as $current"
    else
        remember_previous
        put_link "$current" "releases/$(basename -- "$release")"
        put_link "$lib_dir/install.sh" current/install.sh
    fi
    if [ -L "$command_file" ]; then
        say "keep $command_file, a link to $(readlink -- "$command_file")"
    else
        put "$command_file" 755 <<END
#!/bin/sh
exec $node $installed_bundle "\$@"
END
    fi
    [ ! -f "$release/man/$name.1" ] || put "$man_file" 644 <"$release/man/$name.1"
    for shell in bash zsh; do
        # A clone that a dry run leaves unbuilt has none.
        [ -n "$missing" ] || "$node" "$release/dist/$name.cjs" completion $shell >"$scratch/$shell"
        [ -f "$scratch/$shell" ] || : >"$scratch/$shell"
    done
    put "$bash_completion" 644 <"$scratch/bash"
    put "$zsh_completion" 644 <"$scratch/zsh"
}

# What is installed was not yet seen to deliver; a run that ends here is taken up by the next one.
not_proven() {
    mkdir -p -- "$lib_dir"
    : >"$unproven_file"
}

outside_files() {
    printf '%s\n' "$unit_file" "$dropin_file" "$cron_file" "$command_file" \
        "$man_file" "$bash_completion" "$zsh_completion" \
        "$unit_dir/$name-access@.path" "$unit_dir/$name-access@.service"
}

remember_previous() {
    [ -L "$current" ] || return 0
    previous=$(basename -- "$(readlink -- "$current")")
    # A run before this one came to no end: what it found is still what to go back to.
    if [ -f "$undo_dir/release" ] && [ -d "$releases_dir/$(cat -- "$undo_dir/release")" ]; then
        previous=$(cat -- "$undo_dir/release")
    else
        write_undo
    fi
    [ "$previous" = "$(basename -- "$release")" ] || is_upgrade=yes
}

write_undo() {
    rm -rf -- "$undo_dir" "$undo_dir.new"
    mkdir -p -- "$undo_dir.new"
    echo "$previous" >"$undo_dir.new/release"
    for file in $(outside_files); do
        [ -f "$file" ] || continue
        mkdir -p -- "$undo_dir.new/files$(dirname -- "$file")"
        cp -p -- "$file" "$undo_dir.new/files$file"
    done
    if [ "$has_systemd" = yes ]; then
        ! systemctl --quiet is-enabled $name.service 2>/dev/null || : >"$undo_dir.new/enabled"
        ! systemctl --quiet is-active $name.service || : >"$undo_dir.new/active"
    fi
    to_disk "$undo_dir.new/release"
    mv -T -- "$undo_dir.new" "$undo_dir"
}

# Kuma has taken a heartbeat of this version, or has at least answered one.
keep_release() {
    is_upgrade=no
    rm -rf -- "$undo_dir"
    for other in "$releases_dir"/*; do
        [ "$other" = "$release" ] || rm -rf -- "$other"
    done
}

# Fails where the version before does not run again although it did.
roll_back() {
    is_upgrade=no
    warn "going back to version ${previous%-*}"
    for file in $(outside_files); do
        kept=$undo_dir/files$file
        if [ -f "$kept" ]; then
            cp -p -- "$kept" "$file.new"
            mv -f -- "$file.new" "$file"
        else
            rm -f -- "$file"
        fi
    done
    put_link "$current" "releases/$previous"
    if [ "$has_systemd" = yes ]; then roll_back_service || return 1; fi
    release=$releases_dir/$previous
    keep_release
    rm -f -- "$unproven_file"
}

roll_back_service() {
    systemctl daemon-reload
    if [ -e "$undo_dir/enabled" ]; then
        systemctl --quiet enable $name.service
    elif [ -f "$unit_file" ]; then
        systemctl --quiet disable $name.service
    fi
    if [ ! -e "$undo_dir/active" ]; then
        systemctl stop $name.service 2>/dev/null || true
    elif [ "$restarted" = yes ] || ! systemctl --quiet is-active $name.service; then
        start_service
        [ "$was_told_to_end" = no ] || return 0
        # However little patience there was with the new one.
        wait_seconds=60
        wait_for_heartbeat
        case $outcome in
            delivered) say "version ${previous%-*} runs again and delivers" ;;
            crashed) return 1 ;;
            *) warn "version ${previous%-*} runs again and delivers nothing either: the new one may not be at fault" ;;
        esac
    fi
}

# ---------------------------------------------------------------- access to supervisord's socket

access_unit() { # SOCKET SUFFIX
    systemd-escape --path --template="$name-access@.$2" "$1"
}

install_access() {
    remove_access "$sockets"
    if [ -z "$sockets" ]; then
        say "no socket of supervisord to give access to"
        return 0
    fi
    command -v setfacl >/dev/null || install_acl
    if [ "$has_systemd" = no ]; then
        for socket in $sockets; do
            step "give $name access to $socket" "$current/systemd/grant-access" "$socket"
        done
        return 0
    fi
    for suffix in path service; do
        put "$unit_dir/$name-access@.$suffix" 644 <"$here/systemd/$name-access@.$suffix"
    done
    reload_systemd
    for socket in $sockets; do watch_socket; done
}

watch_socket() { # $socket
    step "watch $socket and give $name access to it" systemctl --quiet enable -- "$(access_unit "$socket" path)"
    [ "$dry_run" = no ] || return 0
    # The service asks for access each time it starts.
    if [ -z "$cron" ]; then does=enable; else does=disable; fi
    systemctl --quiet $does -- "$(access_unit "$socket" service)"
    if [ -e "$unproven_file" ]; then does=restart; else does=start; fi
    systemctl $does -- "$(access_unit "$socket" path)"
    systemctl start -- "$(access_unit "$socket" service)" ||
        warn "no access to $socket yet: journalctl -u '$(access_unit "$socket" service)'"
}

remove_access() { # SOCKETS THAT STAY
    for link in "$unit_dir"/paths.target.wants/"$name"-access@*.path; do
        [ -L "$link" ] || continue
        path_unit=$(basename -- "$link")
        socket=$(systemd-escape --unescape --path --instance -- "$path_unit")
        case " $1 " in *" $socket "*) continue ;; esac
        step "stop watching $socket" systemctl --quiet disable --now -- "$path_unit" "${path_unit%.path}.service"
        take_access "$socket"
    done
}

take_access() { # SOCKET
    say "take back the access to $1"
    if [ "$dry_run" = no ] && [ -x "$current/systemd/grant-access" ] && getent passwd $name >/dev/null; then
        "$current/systemd/grant-access" --revoke "$1" || warn "$name may still use $1"
    fi
}

# Without it grant-access makes do with the socket's group.
install_acl() {
    if command -v apt-get >/dev/null; then
        set -- env DEBIAN_FRONTEND=noninteractive apt-get install -y -q acl
    elif command -v dnf >/dev/null; then
        set -- dnf install -y -q acl
    elif command -v zypper >/dev/null; then
        set -- zypper --non-interactive install acl
    else
        set -- false
    fi
    if [ "$dry_run" = yes ]; then
        say "install the package acl: $*"
    elif [ "$1" = false ] || ! slowly "install the package acl: $*" quietly "$@"; then
        warn "setfacl (package acl) cannot be installed: giving access by the socket's group instead"
    fi
}

# ---------------------------------------------------------------- service

reload_systemd() {
    if [ -e "$unproven_file" ] || [ "$dry_run" = yes ]; then step 'systemctl daemon-reload' systemctl daemon-reload; fi
}

install_service() {
    sed "s|@NODE@|$node|" "$here/systemd/$name.service" >"$scratch/service"
    put "$unit_file" 644 <"$scratch/service"
    dropin >"$scratch/dropin"
    if [ -s "$scratch/dropin" ]; then
        put "$dropin_file" 644 <"$scratch/dropin"
    elif [ -e "$dropin_file" ]; then
        not_proven
        remove "$dropin_file"
    fi
    reload_systemd
    step "systemctl enable $name" systemctl --quiet enable $name.service
    if [ $start = no ]; then
        remove "$cron_file"
        say "not started, as asked; start it by: systemctl start $name"
        keep_release
    elif [ "$dry_run" = yes ]; then
        remove "$cron_file"
        say "systemctl restart $name, where something changed"
        say 'wait for the first heartbeat'
    elif [ ! -e "$unproven_file" ] && systemctl --quiet is-active $name.service && ! config_is_newer; then
        remove "$cron_file"
        say 'nothing changed: the service runs on'
        keep_release
    else
        say "systemctl restart $name"
        start_service
        remove "$cron_file"
        prove_service
    fi
}

config_is_newer() { # than the running service
    started=$(systemctl show -p ExecMainStartTimestamp --value $name.service)
    [ "$(stat -c %Y -- "$config_file")" -gt "$(date -d "$started" +%s)" ]
}

# The unit hides /tmp and home directories from the agent; a socket there has to stay visible. And a kernel that is told
# to make no user namespaces would not let it start in one.
dropin() {
    case "$sockets " in *' /tmp/'* | *' /var/tmp/'*) tmp='PrivateTmp=no' ;; *) tmp='' ;; esac
    case "$sockets " in *' /home/'* | *' /root/'* | *' /run/user/'*) home='ProtectHome=read-only' ;; *) home='' ;; esac
    users=''
    [ "$(cat /proc/sys/user/max_user_namespaces 2>/dev/null)" != 0 ] || users='PrivateUsers=no'
    [ -z "$tmp$home$users" ] || printf '# As this host needs it; supervisord listens at%s\n[Service]\n%s\n%s\n%s\n' \
        "$sockets" "$tmp" "$home" "$users"
}

start_service() {
    restarted=yes
    before=$(systemctl show -p InvocationID --value $name.service)
    systemctl --no-block restart $name.service || die $EX_FAILED "systemd does not start $name"
}

prove_service() {
    wait_for_heartbeat
    case $outcome in
        delivered)
            keep_release
            rm -f -- "$unproven_file"
            ;;
        crashed)
            journalctl -u $name.service -n 10 -o cat --no-pager >&2
            die $EX_FAILED "the service does not run: journalctl -u $name"
            ;;
        *)
            if [ $is_upgrade = yes ] && [ $outcome != refused ]; then
                die $EX_FAILED "version $version delivered no heartbeat within $wait_seconds s"
            fi
            keep_release
            warn "installed and running, and goes on trying, but Kuma has not taken a heartbeat of each monitor: journalctl -u $name"
            exit $EX_UNDELIVERED
            ;;
    esac
}

# Sets $outcome: delivered, refused (Kuma answered, and did not take it), unreached, crashed or silent.
wait_for_heartbeat() {
    outcome=silent answers=''
    progress "wait for the first heartbeat (up to $wait_seconds s)"
    until_time=$(($(date +%s) + wait_seconds))
    while [ "$(date +%s)" -lt $until_time ] && ! is_decided; do sleep 0.5; done
    end_progress
    show_answers
}

is_decided() {
    invocation=$(systemctl show -p InvocationID --value $name.service)
    # Stopping is the one before.
    if [ -z "$invocation" ] || [ "$invocation" = "$before" ]; then return 1; fi
    # A second monitor, or a second attempt, may have more to say.
    read_answers
    case $answers in
        *'not delivered: '*) sleep 2 && read_answers ;;
        *'delivered the first heartbeat of '*) sleep 1 && read_answers ;;
    esac
    judge_answers
    case $outcome in
        delivered | refused) return 0 ;;
        # Before an upgrade Kuma could be reached, so that is worth a wait.
        unreached) [ $is_upgrade = no ] && return 0 ;;
    esac
    case $(systemctl show -p SubState --value $name.service) in auto-restart | failed) outcome=crashed ;; *) return 1 ;; esac
}

read_answers() {
    answers=$(journalctl --no-pager -o cat "_SYSTEMD_INVOCATION_ID=$invocation" 2>/dev/null | only_answers)
}

only_answers() { # of the agent's log on stdin, without the level before them
    sed -n 's/^[a-z]*: \(not delivered: \|delivered the first \)/\1/
        /^not delivered: /p; /^delivered the first heartbeat of /p; / is up: /p; / is down: /p'
}

judge_answers() {
    has_failed=no has_delivered=no
    case $answers in *'not delivered: '*) has_failed=yes ;; esac
    case $answers in *'delivered the first heartbeat of '*) has_delivered=yes ;; esac
    if [ $has_failed$has_delivered = noyes ]; then
        outcome=delivered
    elif [ $has_failed = yes ]; then
        outcome=unreached
        if [ $has_delivered = yes ] || is_answered; then outcome=refused; fi
    fi
}

is_answered() { # whether Kuma, or what stands in its place, said no
    printf '%s\n' "$answers" | grep -q 'not delivered: .*: Kuma at [^ ]* answered [0-9]'
}

show_answers() {
    case $outcome:$answers in
        *:) ;;
        delivered:*) printf '%s\n' "$answers" ;;
        *) printf '%s\n' "$answers" >&2 ;;
    esac
}

remove_service() {
    if [ -e "$unit_file" ]; then
        step "systemctl disable --now $name" systemctl --quiet disable --now $name.service
        remove "$unit_file" "$unit_dir/$name.service.d"
    fi
}

# ---------------------------------------------------------------- cron

install_cron() {
    [ -d /etc/cron.d ] || die $EX_FAILED "there is no /etc/cron.d: $(cron_hint)"
    [ -d "$state_dir" ] || step "make $state_dir" install -d -m 700 -o $name -g $name "$state_dir"
    crontab >"$scratch/crontab"
    put "$cron_file" 644 <"$scratch/crontab"
    has_cron || warn "no cron daemon runs here: $(cron_hint)"
    # With a login the monitors were made so.
    [ -n "$user" ] || say "set the monitor's Heartbeat Interval in Kuma to at least 2.5 times the time between two runs: $(kuma_interval)"
    once_status=0
    if [ $start = yes ] && [ "$dry_run" = no ]; then prove_cron; fi
    if [ "$has_systemd" = yes ] && [ -e "$unit_file" ]; then
        remove_service
        # Else it calls the unit inactive, not gone.
        step 'systemctl daemon-reload' systemctl daemon-reload
    fi
    [ "$dry_run" = yes ] || keep_release
    if [ "$once_status" = $EX_UNDELIVERED ]; then
        warn 'installed, and cron goes on trying, but the heartbeat was not delivered'
        exit $EX_UNDELIVERED
    fi
    [ $start = no ] || rm -f -- "$unproven_file"
}

prove_cron() {
    if slowly 'run it once' run_once; then once_status=0; else once_status=$?; fi
    answers=$(only_answers <"$scratch/log") outcome=silent
    judge_answers
    show_answers
    case $once_status:$outcome in
        # Down and delivered is 1, and so is a Node.js that cannot run it.
        0:delivered | 1:delivered) say 'delivered' ;;
        "$EX_BUSY":*) say 'cron runs it at this moment' ;;
        "$EX_UNDELIVERED":*)
            [ $is_upgrade = no ] || [ $outcome = refused ] ||
                die $EX_FAILED "version $version delivered no heartbeat"
            ;;
        *)
            cat -- "$scratch/log" >&2
            die $EX_FAILED "kuma-supervisor-push once delivered nothing and ended with exit code $once_status"
            ;;
    esac
}

# With all it says: what it delivers is of no interest to cron.
run_once() {
    as_user "$uid" "$gid" "$node" "$installed_bundle" once --config "$config_file" --log-level debug >"$scratch/log" 2>&1
}

has_cron() {
    for file in /proc/[0-9]*/comm; do
        read -r command 2>/dev/null <"$file" || continue
        case $command in cron | crond | fcron) return 0 ;; esac
    done
    return 1
}

cron_hint() {
    case $(os_release ID) in
        debian | ubuntu) echo 'apt-get install cron' ;;
        opensuse* | sles) echo 'zypper install cronie && systemctl enable --now cron' ;;
        *) echo 'dnf install cronie && systemctl enable --now crond' ;;
    esac
}

kuma_interval() {
    minutes=${cron_fields#'*/'}
    case $cron_fields in
        '* * * * *') echo '150 s' ;;
        '*/'*' * * * *') echo "$((${minutes%% *} * 150)) s" ;;
        *) echo '150 s for one run a minute' ;;
    esac
}

crontab() {
    echo '# Made by install.sh of kuma-supervisor-push. What it says goes to syslog or the journal.'
    echo 'SHELL=/bin/sh'
    echo 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
    if [ "$has_systemd" = no ]; then
        for socket in $sockets; do echo "$cron_fields root $current/systemd/grant-access $socket"; done
    fi
    echo "$cron_fields $name $node $installed_bundle once --config $config_file --log-level warn 2>&1 | logger -t $name"
}

# ---------------------------------------------------------------- uninstall

uninstall() {
    [ "$has_systemd" = no ] || remove_service
    if [ -f "$cron_file" ]; then
        sed -n "s|.*/grant-access ||p" "$cron_file" | while read -r socket; do take_access "$socket"; done
    fi
    remove "$cron_file"
    [ "$has_systemd" = no ] || remove_access ''
    remove "$unit_dir/$name-access@.path" "$unit_dir/$name-access@.service"
    [ "$has_systemd" = no ] || step 'systemctl daemon-reload' systemctl daemon-reload
    if [ ! -L "$command_file" ]; then remove "$command_file"; fi
    remove "$man_file" "$bash_completion" "$zsh_completion" "$lib_dir"
    if [ $purge = yes ]; then
        remove "$etc_dir" "$state_dir"
        if getent passwd $name >/dev/null; then step "remove the user $name" remove_user; fi
    else
        for kept in "$etc_dir" "$state_dir"; do
            [ ! -e "$kept" ] || say "keep $kept (--purge removes it)"
        done
    fi
}

# ---------------------------------------------------------------- all of it

# Runs at every end of this script.
leave() { # EXIT CODE
    trap - EXIT
    trap '' HUP INT TERM
    end_progress
    case $1 in
        129 | 130 | 143)
            was_told_to_end=yes
            warn 'ended by a signal; run this again to finish'
            ;;
    esac
    if [ "$1" != 0 ] && [ $is_upgrade = yes ] && ! roll_back; then
        warn "the version before could not be brought back: journalctl -u $name"
    fi
    rm -rf -- "$scratch" "${draft:-$scratch}" "$releases_dir/.staged"
    exit "$1"
}

be_alone() {
    command -v flock >/dev/null || return 0
    exec 9>"$lock_file"
    flock -n 9 || die $EX_BUSY 'another install.sh is at work'
}

# SELinux knows what may run by where it lies; a file that was moved there does not.
label_files() {
    if command -v selinuxenabled >/dev/null && selinuxenabled && command -v restorecon >/dev/null; then
        step 'restorecon: the SELinux labels of the new files' \
            restorecon -R "$lib_dir" "$etc_dir" "$command_file" "$unit_dir" || true
    fi
}

install_all() {
    keep_way
    [ $has_systemd = yes ] || [ -n "$cron" ] || [ $asks = yes ] || die $EX_FAILED \
        'systemd does not run here: install a cron job by --cron, or run kuma-supervisor-push under what runs here'
    [ -e "$config_file" ] || [ -n "$config$token$push_url$user" ] || [ $asks = yes ] || die $EX_USAGE \
        "where should heartbeats go? Give --token, --token-file or --push-url (from the monitor's page in Kuma), or --kuma-url and --user to have monitors made, or --config"
    find_node
    find_supervisord
    describe_supervisord
    [ $asks = no ] || ask_all
    find_bundle
    make_user
    stage_release
    make_config
    find_sockets
    use_release
    install_access
    label_files
    if [ -n "$cron" ]; then install_cron; else install_service; fi
}

main() {
    here=$(dirname -- "$(readlink -f -- "$0")")
    scratch='' ticker='' dry_run=no is_upgrade=no restarted=no was_told_to_end=no resolved_config='' draft='' asks=no
    read_options "$@"
    [ "$(id -u)" = 0 ] || [ "$dry_run" = yes ] || die $EX_NOT_ROOT "root is needed: run it by sudo (--dry-run works without)"
    has_systemd=no
    [ ! -d /run/systemd/system ] || has_systemd=yes
    if [ $# = 0 ] && [ ! -e "$config_file" ] && [ -t 0 ] && [ -t 1 ]; then asks=yes; fi
    [ "$dry_run" = yes ] || be_alone
    trap 'exit 129' HUP
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'leave $?' EXIT
    # For this user alone, and so is each file in it from its first byte on: some hold secrets.
    scratch=$(mktemp -d "/tmp/$name.XXXXXX")
    (umask 077 && for file in log plan before config.toml service dropin crontab; do : >"$scratch/$file"; done)
    [ "$dry_run" = no ] || say 'dry run: nothing is changed'
    if [ $uninstall = yes ]; then uninstall; else install_all; fi
    end
}

end() {
    if [ "$dry_run" = yes ]; then
        say 'done: nothing was changed'
    elif [ $uninstall = yes ]; then
        say 'done'
    else
        say "done. What it sees: $name status"
        say "When something is wrong: sudo $name doctor"
    fi
}

main "$@"
