# shellcheck shell=bash disable=SC2154,SC2034 # a part of install.sh, which has set the names
#
# Whether this machine can, and what would be done.

readonly room_mib=400     # for a version; the one of before stays
readonly data_room_mib=50 # for what the hub writes, beside two copies of the database

problems=()
problem() { problems+=("$1"); }

check_system() {
    local id='' version_id='' pretty='this system'
    # shellcheck source=/dev/null
    { . "/etc/os-release" && id=${ID:-} version_id=${VERSION_ID:-} pretty=${PRETTY_NAME:-$pretty}; } || true
    if [[ $id != debian && $id != raspbian ]] || ((${version_id%%.*} < 12)) 2>/dev/null; then
        warn "This is made for Debian 12 and Raspberry Pi OS of 2023 or later; $pretty is untested."
    fi
    [[ -d /run/systemd/system ]] || problem "systemd doesn't run here: it has to be what the machine was started with."
}

check_processor() {
    local userland
    userland=$(dpkg --print-architecture 2>/dev/null || uname -m)
    case $userland/$(uname -m) in
    amd64/* | arm64/* | x86_64/* | aarch64/*) ;;
    armhf/armv7l) check_compiling ;;
    armhf/*) problem "A 32-bit system on a 64-bit kernel: install the 64-bit one, or set arm_64bit=0 in config.txt." ;;
    *) problem "There is no build for this processor ($userland): it runs on x86-64, aarch64 and armv7l." ;;
    esac
}

check_compiling() {
    warn "On this processor (armv7l) some packages have no ready build: they are compiled here, which takes 15 to 60"
    warn "minutes and the Debian packages build-essential, python3-dev and libffi-dev. Encrypted backups need Rust."
    [[ -z $wheels ]] || problem "On armv7l --wheels can't be used, since packages are compiled: it needs the network."
}

check_python() {
    local there
    there=$("$python" -c 'import sys; print(*sys.version_info[:2], sep=".")' 2>/dev/null) || there=''
    if [[ -z $there ]]; then
        problem "There is no Python ($python): apt-get install python3."
    elif ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        problem "Python $there is too old: 3.11 is needed, which Debian 12 and Raspberry Pi OS of 2023 have."
    fi
}

free_mib() { df --output=avail -BM "$1" 2>/dev/null | tail -n 1 | tr -dc 0-9; }

check_room() {
    local database wanted
    database=$(du -sm "$data/$name.db" 2>/dev/null | cut -f 1) || database=0
    wanted=$((data_room_mib + 2 * ${database:-0}))
    if [[ $(stat -c %d /opt) == "$(stat -c %d /var/lib)" ]]; then
        room_in /opt $((room_mib + wanted))
    else
        room_in /opt $room_mib
        room_in /var/lib $wanted
    fi
}

room_in() { # room_in PLACE MIB
    local free
    free=$(free_mib "$1") || return 0
    ((free >= $2)) || problem "$1 has $free MiB free, and $2 are needed: make room on that disk."
}

check_memory_limits() {
    if ! grep -qw memory /sys/fs/cgroup/cgroup.controllers /proc/self/cgroup 2>/dev/null; then
        warn "The kernel's memory limits are off, so the unit's has no effect (cgroup_enable=memory in cmdline.txt)."
    fi
}

# A port is free, or held by our own socket.
check_ports() {
    local port unit
    while read -r unit port; do
        ! systemctl is-active --quiet "$name-$unit.socket" 2>/dev/null || continue
        ! awk -v "port=:$(printf '%04X' "$port")" '$4 == "0A" && $2 ~ port "$" { held = 1 } END { exit !held }' \
            /proc/net/tcp /proc/net/tcp6 2>/dev/null ||
            problem "Port $port is in use by another program (ss -ltnp names it): stop that, or move it elsewhere."
    done <<<$'https 443\nhttp 80\ngateway 8000'
}

check_source() {
    local file
    for file in install.sh rex_auth_edge/__init__.py migrations/env.py systemd/settle requirements.lock pyproject.toml README.md LICENSE; do
        [[ -e $source_dir/$file ]] || problem "$source_dir lacks $file: unpack the whole release, and run its install.sh."
    done
    [[ -z $wheels || -d $wheels ]] || problem "There is no folder $wheels."
}

check_machine() {
    check_source
    check_system
    check_processor
    check_python
    check_room
    check_memory_limits
    check_ports
}

needed_packages() {
    local package wanted=()
    ! same_packages || return 0
    [[ -n $wheels ]] || wanted+=(python3-venv) # pip comes with the folder
    [[ $(uname -m) != armv7l ]] || wanted+=(build-essential python3-dev libffi-dev)
    for package in "${wanted[@]}"; do
        dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed ||
            echo "$package"
    done
}

# Whether the folder has all that the lock asks for, tried in an environment that is thrown away.
check_wheels() {
    local trial
    [[ -n $wheels ]] && ((${#problems[@]} == 0)) || return 0
    trial=$(mktemp -d)
    if ! environment "$trial/venv" 2>/dev/null; then
        problem "$wheels has no pip as it was locked: fill it anew (make wheels)."
    elif ! pip_install "$trial/venv" --dry-run --require-hashes --only-binary :all: \
        --requirement "$source_dir/requirements.lock" >/dev/null 2>"$trial/said"; then
        problem "$wheels doesn't have every package: $(grep -m 1 ERROR "$trial/said"). Fill it anew (make wheels)."
    fi
    rm -rf "$trial"
}

plan() {
    local wanted now
    wanted=$(version)-$(fingerprint) now=$(present)
    if [[ -z $now ]]; then
        say "It would install $name $wanted."
    elif [[ $now == "$wanted"* ]]; then
        say "It would repair $name $now where that is needed."
    else
        say "It would upgrade $name from $now to $wanted, with a copy of the database to go back to."
    fi
    if needed_packages | grep -q .; then
        say "It would install the Debian packages $(needed_packages | xargs)."
    fi
}

check() {
    local line
    check_machine
    check_wheels
    if ((${#problems[@]} == 0)); then
        plan
        say "This machine can."
        return 0
    fi
    for line in "${problems[@]}"; do say "Problem: $line"; done
    die "this machine can't, for ${#problems[@]} reason(s)."
}

unless_impossible() {
    local line
    check_machine
    ((${#problems[@]})) || return 0
    for line in "${problems[@]}"; do say "Problem: $line"; done
    die "nothing was changed."
}
