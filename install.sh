#!/bin/bash
# Installs, upgrades and repairs rex-auth-edge on this machine: Debian 12, Raspberry Pi OS. See --help.
#
# What runs lies in one folder for each version, and `current` points to one of them. An upgrade writes down what it is
# about (the file `upgrading`), moves `current` with one rename, and restarts the service; systemd/settle, which systemd
# runs around each start, then finishes it or goes back. So this script may be cut off anywhere, and run again.
# shellcheck disable=SC2034,SC2317 # the names and functions are for the parts in systemd/install
set -euo pipefail
umask 022
export PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1

readonly name=rex-auth-edge
readonly home=/opt/$name
readonly data=/var/lib/$name
readonly settings=/etc/$name.toml
readonly console=/usr/local/bin/$name
readonly units=/etc/systemd/system
readonly sysusers=/etc/sysusers.d/$name.conf
readonly credentials=/etc/credstore/$name
readonly journal=$home/upgrading
source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd -P)
readonly source_dir

readonly python=/usr/bin/python3

mode=install wheels='' sure=false

say() { printf '%s\n' "$@"; }
step() { printf '==> %s\n' "$*"; }
warn() { printf 'Note: %s\n' "$*" >&2; }
die() {
    printf 'Stopped: %s\n' "$1" >&2
    exit "${2:-1}"
}

usage() {
    cat <<'END'
usage: sudo ./install.sh [--wheels DIR] [--yes]    install, upgrade, or repair what is there
       ./install.sh --check [--wheels DIR]         say what would be done, and whether this machine can; change nothing
       sudo ./install.sh --back [--yes]            go back to the version, and the database, of before the last upgrade
       sudo ./install.sh --uninstall               remove the program; settings and data stay
       sudo ./install.sh --purge [--yes]           remove settings, data and backups as well

  --wheels DIR   take packages from this folder (`make wheels` fills it on another machine), and ask no network
  --yes          don't ask whether it is meant
The installed hub keeps a copy for going: /opt/rex-auth-edge/current/install.sh --uninstall
Exit codes: 0 done, 1 not done (the reason is the last line), 2 wrong usage.
END
}

arguments() {
    while (($#)); do
        case $1 in
        --check | --back | --uninstall | --purge) mode=${1#--} ;;
        --wheels)
            [[ -n ${2:-} ]] || die "--wheels needs a folder." 2
            wheels=$(realpath -m -- "$2")
            shift
            ;;
        --yes) sure=true ;;
        -h | --help) usage && exit 0 ;;
        *) usage >&2 && die "there is no $1." 2 ;;
        esac
        shift
    done
}

parts() {
    local part
    for part in present checks versions around changes removal; do
        [[ -f $source_dir/systemd/install/$part.sh ]] ||
            die "$source_dir lacks systemd/install/$part.sh: unpack the whole release, and run its install.sh."
        # shellcheck source=/dev/null
        . "$source_dir/systemd/install/$part.sh"
    done
}

install_it() {
    unless_impossible
    fetch_packages
    mkdir -p "$home/versions"
    settle_earlier
    build
    make_user
    make_settings
    measure
    replace "$home/settle" 755 0:0 <"$home/versions/$place/systemd/settle"
    change_version
    link_units
    start
    prune
    welcome
}

welcome() {
    local shown label
    shown=$("$console" welcome) || die "the hub runs, but its console doesn't answer."
    label=$("$console" recovery label) || die "the hub runs, but its console doesn't answer."
    say '' "$shown" ''
    [[ $label != "Label's secret:"* ]] || say "$label" ''
    say "On a phone or a computer in this network, open the first-time page once (or scan the code): it says how a device"
    if [[ $shown == *$'\nsetup code '* ]]; then
        say "comes to trust the hub. Compare the fingerprint. Then open the address, and make the hub yours with the setup code."
    else
        say "comes to trust the hub. Compare the fingerprint. Then open the address, and sign in."
    fi
}

unless_sure() {
    local answer
    [[ $sure == false ]] || return 0
    [[ -t 0 ]] || die "$1 Nobody can be asked here: say --yes." 2
    read -r -p "$1 Go on? [y/N] " answer
    [[ $answer == [yY]* ]] || die "nothing was done."
}

alone() {
    exec 9>"/run/lock/$name-install"
    flock --nonblock 9 || die "another install.sh is at work here."
}

main() {
    local place='' changed=false since=0
    parts
    arguments "$@"
    if [[ $mode == check ]]; then check; exit; fi
    ((EUID == 0)) || die "this needs root: sudo ./install.sh" 2
    alone
    case $mode in
    install) install_it ;;
    back) go_back ;;
    uninstall) uninstall ;;
    purge) purge ;;
    esac
}

# In one line, which is read as a whole: uninstalling may remove this file.
main "$@"; exit
