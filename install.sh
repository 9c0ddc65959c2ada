#!/bin/sh
set -eu
umask 022

name=kuma-supervisor-push
min_node=20.18.1
lib_dir=/usr/local/lib/$name
command_file=/usr/local/bin/$name
etc_dir=/etc/$name
config_file=$etc_dir/config.toml
password_file=$etc_dir/supervisor.password
state_dir=/var/lib/$name
unit_dir=/etc/systemd/system
unit_file=$unit_dir/$name.service
dropin_file=$unit_dir/$name.service.d/socket.conf
cron_file=/etc/cron.d/$name
wait_seconds=60

EX_USAGE=64
EX_UNDELIVERED=69
EX_FAILED=70
EX_NOT_ROOT=77
EX_CONFIG=78

usage() {
    cat <<'END'
Installs kuma-supervisor-push on this host, as a systemd service or a cron job.

Usage: sudo ./install.sh [options]
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

How it runs:
  --cron [WHEN]          a cron job instead of the service; WHEN is minutes
                         ("5m") or five cron fields ("*/5 * * * *"); each
                         minute if left out
  --no-start             installs everything and starts nothing
  --node FILE            the node to run it with (the one in PATH)

  --uninstall            removes everything but config, state and user
  --purge                with --uninstall: removes these too
  --dry-run              prints each step and changes nothing
  --help                 prints this

Exit codes: 0 installed and delivered, 64 wrong usage, 69 installed and running
but nothing delivered to Kuma, 70 a step failed, 77 not root, 78 wrong config.
END
}

say() { printf '%s\n' "$*"; }
warn() { printf 'warning: %s\n' "$*" >&2; }
die() { # CODE TEXT
    code=$1
    shift
    printf 'error: %s\n' "$*" >&2
    exit "$code"
}

step() { # TEXT COMMAND...
    say "$1"
    shift
    [ "$dry_run" = yes ] || "$@"
}

# ---------------------------------------------------------------- options

read_options() {
    kuma_url='' token='' token_file='' push_url='' unit='' supervisor_url='' programs='' push_every='' check_every=''
    config='' cron='' start=yes node='' uninstall=no purge=no dry_run=no config_flags=''
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
            --config) config=$1 && shift ;;
            --cron) cron=$1 && shift ;;
            --node) node=$1 && shift ;;
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
        --check-every | --config | --cron | --node) ;;
        *) return 1 ;;
    esac
}

check_options() {
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
    case "$kuma_url$token$push_url$unit$supervisor_url$programs$push_every$check_every" in
        *[[:cntrl:]]*) die $EX_USAGE 'a value of an option holds a line break or another control character' ;;
    esac
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
        die $EX_FAILED "Node.js is not installed (no node in $PATH): version $min_node or newer is needed, see https://nodejs.org/en/download"
    fi

    version=$("$node" -p process.versions.node 2>/dev/null) || die $EX_FAILED "$node does not run"
    printf '%s\n' "$min_node" "$version" | sort -C -V ||
        die $EX_FAILED "$node is version $version: $min_node or newer is needed, see https://nodejs.org/en/download"
    real_node=$("$node" -p process.execPath)
    # A shim of a version manager asks for its user's settings: take what it leads to.
    [ "$(readlink -f -- "$node")" = "$real_node" ] || node=$real_node
    case $node$real_node in *[[:space:]]*) die $EX_FAILED "$node: systemd cannot run a program with a space in its path" ;; esac
    case $real_node in /root/* | /home/* | /run/user/*) only_for_one_user "$real_node" ;; esac
    if [ "$(id -u)" = 0 ]; then
        as_user 65534 65534 "$node" --version >/dev/null 2>&1 || only_for_one_user "$real_node"
    fi
    case $node in /*) ;; *) node=$(readlink -f -- "$node") ;; esac
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
    dist=$here/dist
    bundle=$dist/$name.cjs
    if [ -f "$here/scripts/build.ts" ] && { [ ! -f "$bundle" ] || [ -n "$(find "$here/src" "$here/package-lock.json" -newer "$bundle" 2>/dev/null)" ]; }; then
        if npm=$(command -v npm); then
            step "build dist/ in $here" build
        elif [ -f "$bundle" ]; then
            warn "$bundle is older than src/, and there is no npm to build it again: installing it as it is"
        else
            die $EX_FAILED "$bundle is missing, and there is no npm to build it: run 'npm ci && npm run build' in this folder (here or elsewhere, and copy dist/), or unpack the npm package"
        fi
    fi
    [ -f "$bundle" ] || [ "$dry_run" = yes ] || die $EX_FAILED "$bundle is missing: this folder is neither a clone nor the npm package"
}

build() {
    # A clone keeps its owner: root's files in it would be in the way later.
    builder=$(stat -c %U -- "$here")
    # shellcheck disable=SC2016 # the inner shell expands them
    set -- sh -c 'cd "$1" && { [ -d node_modules ] || "$2" ci --no-audit --no-fund; } && "$2" run --silent build' sh "$here" "$npm"
    if [ "$builder" != root ] && [ "$(id -u)" = 0 ]; then
        set -- runuser -u "$builder" -- env HOME="$(getent passwd "$builder" | cut -d: -f6)" "$@"
    fi
    "$@" </dev/null >&2 || die $EX_FAILED "could not build dist/ in $here"
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

# Sets conf, local_url, local_username and local_password: the supervisord of this host, as supervisorctl finds it.
find_supervisord() {
    conf='' local_url='' local_username='' local_password='' conf_is_usual=yes
    for candidate in /etc/supervisord.conf /etc/supervisor/supervisord.conf; do
        [ -n "$conf" ] || [ ! -f "$candidate" ] || conf=$candidate
    done
    if [ -z "$conf" ]; then
        conf=$(conf_of_running_supervisord)
        conf_is_usual=no
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

conf_of_running_supervisord() {
    for process in /proc/[0-9]*; do
        tr '\0' '\n' 2>/dev/null <"$process/cmdline" | awk '
            NR <= 2 && /(^|\/)supervisord$/ { found = 1; next }
            found && take { print; exit }
            found && ($0 == "-c" || $0 == "--configuration") { take = 1 }
            found && sub(/^(-c|--configuration=)/, "") && $0 != "" { print; exit }' | grep '^/' && return 0
    done
    return 0
}

# The sockets that the config makes the agent use. check-config has told what the config comes to, defaults included.
find_sockets() {
    sockets=''
    if [ -n "$resolved_config" ]; then
        urls=$(printf '%s\n' "$resolved_config" | config_urls '')
    elif [ -f "$config_file" ] && [ -r "$config_file" ]; then
        urls=$(config_urls auto <"$config_file")
    elif [ -n "$config" ]; then
        urls=$(config_urls auto <"$config")
    else
        urls=${supervisor_url:-auto}
    fi
    for url in $urls; do
        [ "$url" != auto ] || url=$local_url
        case $url in unix:///*)
            socket=${url#unix://}
            socket=$(readlink -m -- "$(dirname -- "$socket")")/$(basename -- "$socket")
            case " $sockets " in *" $socket "*) ;; *) sockets="$sockets $socket" ;; esac
            ;;
        esac
    done
}

# One url per [[supervisor]] of a config on stdin, "auto" where it has none.
config_urls() { # WHAT TO PRINT WHEN THERE IS NO [[supervisor]]
    awk '
        function flush() { if (inside) print url == "" ? "auto" : url }
        /^[ \t]*\[/ { flush(); inside = ($0 ~ /^[ \t]*\[\[[ \t]*supervisor[ \t]*\]\]/); url = ""; seen += inside; next }
        inside && /^[ \t]*url[ \t]*=/ { sub(/^[^=]*=[ \t]*["\047]/, ""); sub(/["\047].*$/, ""); url = $0 }
        END { flush(); if (!seen) print fallback }' fallback="$1"
}

# ---------------------------------------------------------------- files

# Replaces a file by what stands on stdin, in one step, where it differs; then $changed is yes.
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
        mv -f -- "$temporary" "$1"
        say "write $1"
        changed=yes
    fi
}

put_text() { # FILE MODE TEXT: not by a pipe, whose end could not set $changed
    put "$1" "$2" <<END
$3
END
}

remove() { # FILE...
    for file in "$@"; do
        if [ -e "$file" ] || [ -L "$file" ]; then step "remove $file" rm -rf -- "$file"; fi
    done
}

make_user() {
    if getent passwd $name >/dev/null; then
        say "keep the user $name"
    else
        nologin=$(command -v nologin || echo /bin/false)
        step "make the system user $name" useradd --system --user-group --no-create-home --home-dir "$state_dir" \
            --shell "$nologin" $name
    fi
    uid=$(id -u $name 2>/dev/null || echo 0)
    gid=$(id -g $name 2>/dev/null || echo 0)
}

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

new_config() {
    cat <<END
# Made by install.sh, which never changes it again. After a change here:
#   kuma-supervisor-push check-config --config $config_file
#   systemctl restart $name
# Every setting: $lib_dir/config.example.toml

[kuma]
END
    setting url "$kuma_url" http://127.0.0.1:3001 'Uptime Kuma'
    printf '\n[agent]\n'
    setting push_every "$push_every" 24s "time between heartbeats: 0.4 of the monitor's Heartbeat Interval in Kuma"
    setting check_every "$check_every" 5s 'time between checks'
    # What only root can read in supervisord's own config has to stand here.
    url=$supervisor_url username='' password=''
    if [ -z "$url" ] && [ -n "$conf" ] && { [ "$conf_is_usual" = no ] || ! as_user 65534 65534 test -r "$conf"; }; then
        url=$local_url username=$local_username password=$local_password
    fi
    printf '\n[[supervisor]]\nname = "local"\n'
    setting unit "$unit" auto "supervisord's unit; auto: supervisord.service or supervisor.service"
    setting url "$url" auto 'where supervisord listens; auto: as supervisorctl finds it'
    [ -z "$username" ] || setting username "$username" '' "from $conf"
    [ -z "$password" ] || setting password_file "$password_file" '' "from $conf"
    printf '\n[[monitor]]\n'
    [ -z "$token" ] || setting token "$token" '' "the monitor's push token in Kuma"
    [ -z "$push_url" ] || setting push_url "$push_url" '' "the monitor's push URL in Kuma"
    if [ -n "$programs" ]; then
        printf 'programs = [%s]\n' "$(toml_list "$programs")"
    else
        printf '# programs = ["celery:*"]  # globs on group:name; all programs where left out\n'
    fi
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
    made_config=no
    if [ -e "$config_file" ]; then
        say "keep $config_file"
        if [ "$dry_run" = no ] && ! as_user "$uid" "$gid" test -r "$config_file"; then
            say "make $config_file readable for $name"
            chown "$name:$name" "$config_file"
            chmod u+r "$config_file"
        fi
        if [ -n "$config_flags$config" ] && ! would_be_the_same; then
            warn "$config_file is there already and stays as it is:${config_flags:- --config} had no effect on it"
        fi
        return 0
    fi
    if [ "$dry_run" = yes ]; then
        say "write $config_file (0600, owned by $name)"
        return 0
    fi
    made_config=yes
    mkdir -p -- "$etc_dir"
    if [ -n "$config" ]; then put "$config_file" 600 <"$config"; else
        put_text "$config_file" 600 "$(new_config)"
        if grep -q '^password_file' "$config_file"; then
            put_text "$password_file" 600 "$local_password"
            chown "$name:$name" "$password_file"
            say "$conf can be read by root only: its user name and password now stand in $etc_dir too"
        fi
    fi
    chown "$name:$name" "$config_file"
}

would_be_the_same() {
    if [ -n "$config" ]; then cmp -s -- "$config" "$config_file"; else [ "$(new_config)" = "$(cat -- "$config_file")" ]; fi
}

# Asked with the new bundle, before it replaces a running one.
check_config() { # BUNDLE
    say "check $config_file"
    status=0
    answer=$(as_user "$uid" "$gid" "$node" "$1" check-config --config "$config_file" 2>&1) || status=$?
    if [ $status = 0 ]; then
        resolved_config=$answer
        return 0
    fi
    printf '%s\n' "$answer" >&2
    if [ $made_config = yes ]; then
        rm -f -- "$config_file" "$password_file"
        die $EX_CONFIG 'these options make no valid config (see above); it was not kept, and nothing was started'
    fi
    die $EX_CONFIG "$config_file is not valid (see above); nothing was started or restarted"
}

install_program() {
    changed=no resolved_config=''
    files="agent.cjs $name.cjs"
    if [ "$dry_run" = yes ]; then
        say "check $config_file"
        for file in $files; do
            if [ -f "$dist/$file" ]; then put "$lib_dir/$file" 644 <"$dist/$file"; else say "write $lib_dir/$file"; fi
        done
    else
        staged=$lib_dir/staged
        rm -rf -- "$staged"
        mkdir -p -- "$staged"
        for file in $files; do
            cp -- "$dist/$file" "$staged/$file"
            chmod 644 "$staged/$file"
        done
        check_config "$staged/$name.cjs"
        for file in $files; do put "$lib_dir/$file" 644 <"$staged/$file"; done
        rm -rf -- "$staged"
    fi
    program_changed=$changed
    for file in dist/THIRD-PARTY-LICENSES LICENSE config.example.toml; do
        [ ! -f "$here/$file" ] || put "$lib_dir/$(basename "$file")" 644 <"$here/$file"
    done
    put "$lib_dir/grant-access" 755 <"$here/systemd/grant-access"
    # So that it can be removed without a clone or package at hand.
    [ "$here" = "$lib_dir" ] || put "$lib_dir/install.sh" 755 <"$here/install.sh"
    if [ -L "$command_file" ]; then
        say "keep $command_file, a link to $(readlink -- "$command_file")"
    else
        put_text "$command_file" 755 "#!/bin/sh
exec $node $lib_dir/$name.cjs \"\$@\""
    fi
}

# ---------------------------------------------------------------- access to supervisord's socket

access_unit() { # SOCKET SUFFIX
    systemd-escape --path --template="$name-access@.$2" "$1"
}

install_access() {
    remove_access "$sockets"
    changed=no
    if [ -z "$sockets" ]; then
        say "no socket of supervisord to give access to"
        return 0
    fi
    command -v setfacl >/dev/null || install_acl
    if [ "$has_systemd" = no ]; then
        for socket in $sockets; do
            step "give $name access to $socket" "$lib_dir/grant-access" "$socket"
        done
        return 0
    fi
    for suffix in path service; do
        put "$unit_dir/$name-access@.$suffix" 644 <"$here/systemd/$name-access@.$suffix"
    done
    [ $changed = no ] || step 'systemctl daemon-reload' systemctl daemon-reload
    for socket in $sockets; do
        step "watch $socket and give $name access to it" systemctl --quiet enable -- "$(access_unit "$socket" path)"
        [ "$dry_run" = no ] || continue
        # The service asks for access each time it starts.
        if [ -z "$cron" ]; then does=enable; else does=disable; fi
        systemctl --quiet $does -- "$(access_unit "$socket" service)"
        if [ $changed = yes ]; then
            systemctl restart -- "$(access_unit "$socket" path)"
        else
            systemctl start -- "$(access_unit "$socket" path)"
        fi
        systemctl start -- "$(access_unit "$socket" service)" ||
            warn "no access to $socket yet: journalctl -u '$(access_unit "$socket" service)'"
    done
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
    if [ "$dry_run" = no ] && [ -x "$lib_dir/grant-access" ] && getent passwd $name >/dev/null; then
        "$lib_dir/grant-access" --revoke "$1" || warn "the ACL entry of $name on $1 is still there"
    fi
}

install_acl() {
    if command -v apt-get >/dev/null; then
        set -- env DEBIAN_FRONTEND=noninteractive apt-get install -y -q acl
    elif command -v dnf >/dev/null; then
        set -- dnf install -y -q acl
    elif command -v zypper >/dev/null; then
        set -- zypper --non-interactive install acl
    else
        die $EX_FAILED "setfacl is missing, which gives the service access to$sockets: install the package acl"
    fi
    step "install the package acl: $*" "$@" </dev/null >&2 ||
        die $EX_FAILED "setfacl is missing and could not be installed by: $*"
}

# ---------------------------------------------------------------- service

install_service() {
    remove "$cron_file"
    changed=$program_changed
    before=$changed
    changed=no
    put_text "$unit_file" 644 "$(sed "s|@NODE@|$node|" "$here/systemd/$name.service")"
    if [ -n "$(dropin)" ]; then
        put_text "$dropin_file" 644 "$(dropin)"
    elif [ -e "$dropin_file" ]; then
        remove "$dropin_file"
        changed=yes
    fi
    [ "$changed" = no ] || step 'systemctl daemon-reload' systemctl daemon-reload
    [ $before = no ] || changed=yes
    step "systemctl enable $name" systemctl --quiet enable $name.service
    if [ $start = no ]; then
        say "not started, as asked; start it by: systemctl start $name"
    elif [ "$dry_run" = yes ]; then
        say "systemctl restart $name, where something changed"
        say 'wait for the first heartbeat'
    elif [ "$changed" = no ] && systemctl --quiet is-active $name.service && ! config_is_newer; then
        say 'nothing changed: the service runs on'
    else
        say "systemctl restart $name"
        systemctl restart $name.service || {
            journalctl -u $name.service -n 10 -o cat --no-pager >&2
            die $EX_FAILED "the service does not start: journalctl -u $name"
        }
        wait_for_heartbeat
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

wait_for_heartbeat() {
    say "wait for the first heartbeat (up to $wait_seconds s)"
    invocation=$(systemctl show -p InvocationID --value $name.service)
    until_time=$(($(date +%s) + wait_seconds))
    while [ "$(date +%s)" -lt $until_time ]; do
        answers=$(answers)
        case $answers in
            *'not delivered: '*)
                # A second monitor, or a second attempt, may have more to say.
                sleep 2
                answers >&2
                warn "installed and running, and goes on trying, but Kuma has not taken a heartbeat of each monitor: journalctl -u $name"
                exit $EX_UNDELIVERED
                ;;
            *'delivered the first heartbeat of '*)
                sleep 1
                answers
                return 0
                ;;
        esac
        systemctl --quiet is-failed $name.service && break
        sleep 0.5
    done
    journalctl -u $name.service -n 10 -o cat --no-pager >&2
    if systemctl --quiet is-active $name.service; then
        warn "installed and running, but no heartbeat was delivered within $wait_seconds s: journalctl -u $name"
        exit $EX_UNDELIVERED
    fi
    die $EX_FAILED "the service does not run: journalctl -u $name"
}

answers() {
    journalctl --no-pager -o cat "_SYSTEMD_INVOCATION_ID=$invocation" 2>/dev/null |
        sed -n 's/^[a-z]*: \(not delivered: \)/\1/; /^not delivered: /p; /^delivered the first heartbeat of /p; / is up: /p; / is down: /p'
}

remove_service() {
    if [ -e "$unit_file" ]; then
        step "systemctl disable --now $name" systemctl --quiet disable --now $name.service
        remove "$unit_file" "$unit_dir/$name.service.d"
    fi
}

# ---------------------------------------------------------------- cron

install_cron() {
    [ -d /etc/cron.d ] || die $EX_FAILED 'there is no /etc/cron.d: install cron (Debian, Ubuntu) or cronie (others)'
    remove_service
    [ -d "$state_dir" ] || step "make $state_dir" install -d -m 700 -o $name -g $name "$state_dir"
    put_text "$cron_file" 644 "$(crontab)"
    say "set the monitor's Heartbeat Interval in Kuma to at least 2.5 times the time between two runs: $(kuma_interval)"
    if [ $start = no ] || [ "$dry_run" = yes ]; then return 0; fi
    say 'run it once'
    status=0
    as_user "$uid" "$gid" "$node" "$lib_dir/$name.cjs" once --config "$config_file" || status=$?
    case $status in
        0 | 1) say 'delivered' ;;
        69)
            warn 'installed, and cron goes on trying, but the heartbeat was not delivered'
            exit $EX_UNDELIVERED
            ;;
        75) say 'cron runs it at this moment' ;;
        *) die $EX_FAILED "kuma-supervisor-push once ended with exit code $status" ;;
    esac
}

kuma_interval() {
    case $cron in
        *m) echo "$((${cron%m} * 150)) s" ;;
        *) echo '150 s for one run a minute' ;;
    esac
}

crontab() {
    echo '# Made by install.sh of kuma-supervisor-push. What it says goes to syslog or the journal.'
    echo 'SHELL=/bin/sh'
    echo 'PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
    if [ "$has_systemd" = no ]; then
        for socket in $sockets; do echo "$cron_fields root $lib_dir/grant-access $socket"; done
    fi
    echo "$cron_fields $name $node $lib_dir/$name.cjs once --config $config_file --log-level warn 2>&1 | logger -t $name"
}

# ---------------------------------------------------------------- uninstall

uninstall() {
    [ "$has_systemd" = no ] || remove_service
    if [ -f "$cron_file" ]; then
        sed -n "s|.* $lib_dir/grant-access ||p" "$cron_file" | while read -r socket; do take_access "$socket"; done
    fi
    remove "$cron_file"
    [ "$has_systemd" = no ] || remove_access ''
    remove "$unit_dir/$name-access@.path" "$unit_dir/$name-access@.service"
    [ "$has_systemd" = no ] || step 'systemctl daemon-reload' systemctl daemon-reload
    if [ ! -L "$command_file" ]; then remove "$command_file"; fi
    remove "$lib_dir"
    if [ $purge = yes ]; then
        remove "$etc_dir" "$state_dir"
        if getent passwd $name >/dev/null; then step "remove the user $name" remove_user; fi
    else
        for kept in "$etc_dir" "$state_dir"; do
            [ ! -e "$kept" ] || say "keep $kept (--purge removes it)"
        done
    fi
}

remove_user() {
    userdel $name
    ! getent group $name >/dev/null || groupdel $name
}

# ---------------------------------------------------------------- all of it

main() {
    here=$(cd -- "$(dirname -- "$0")" && pwd -P)
    read_options "$@"
    [ "$(id -u)" = 0 ] || [ "$dry_run" = yes ] || die $EX_NOT_ROOT "root is needed: run it by sudo (--dry-run works without)"
    has_systemd=no
    [ ! -d /run/systemd/system ] || has_systemd=yes
    [ "$dry_run" = no ] || say 'dry run: nothing is changed'
    if [ $uninstall = yes ]; then
        uninstall
        say 'done'
        return 0
    fi
    [ $has_systemd = yes ] || [ -n "$cron" ] || die $EX_FAILED \
        'systemd does not run here: install a cron job by --cron, or run kuma-supervisor-push under what runs here'
    [ -e "$config_file" ] || [ -n "$config$token$push_url" ] || die $EX_USAGE \
        "where should heartbeats go? Give --token, --token-file or --push-url (from the monitor's page in Kuma), or --config"
    find_node
    find_bundle
    find_supervisord
    [ -z "$local_url" ] || say "found supervisord at $local_url (by $conf)"
    make_user
    make_config
    install_program
    find_sockets
    install_access
    if [ -n "$cron" ]; then install_cron; else install_service; fi
    say 'done'
}

main "$@"
