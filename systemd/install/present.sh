# shellcheck shell=bash disable=SC2154,SC2034 # a part of install.sh, which has set the names
#
# What is there: versions on the disk, and the one that runs.

readonly interpreter='import platform; print(platform.python_version_tuple()[:2], platform.machine())'

version() { sed -n 's/^__version__ = "\(.*\)"$/\1/p' "$source_dir/rex_auth_edge/__init__.py"; }

# The program's files and Python's version: another folder for whatever would be another program.
fingerprint() {
    (
        cd "$source_dir" || exit
        find rex_auth_edge migrations systemd install.sh pyproject.toml requirements.lock README.md LICENSE \
            -type f ! -path '*/__pycache__/*' -print0 | sort -z | xargs -0 sha256sum
        "$python" -c "$interpreter"
    ) | sha256sum | cut -c 1-10
}

present() { [[ ! -L $home/current ]] || basename "$(readlink "$home/current")"; }

# Whether the version's folder is as it was when it was finished.
intact() {
    [[ -f $home/versions/$1/complete ]] || return 1
    (cd "$home/versions/$1" && sha256sum --check --quiet --strict complete >/dev/null 2>&1)
}

main_pid() { systemctl show --property=MainPID --value "$name.service" 2>/dev/null || echo 0; }

# The version that the running hub is of, whatever `current` says.
running() {
    local pid
    pid=$(main_pid)
    ((pid > 0)) || return 0
    tr '\0' '\n' <"/proc/$pid/cmdline" 2>/dev/null | sed -n "s#^$home/versions/\([^/]*\)/.*#\1#p" | head -n 1
}

is_active() { systemctl is-active --quiet "$name.service"; }
