#!/bin/bash
# Boots a Debian root with its own systemd as PID 1 of new namespaces, and with cgroup controllers that it may write, so
# that MemoryMax= and the like are enforced. Nothing is left on the host but the upper folder of the overlay.
#
#   boot.sh UPPER LOWER[:LOWER...] [SOURCE:TARGET...]     the sources are there, read-only, at the targets
set -euo pipefail
umask 022 # whatever the test run's is: others than root live in the machine, too
readonly id=rex-auth-edge-test.$$
upper=$(readlink -f "$1") lower=$2
shift 2
made=()

enter_cgroup() {
    local folder=$1/$id
    mkdir -p "$folder"
    made+=("$folder")
    echo "$BASHPID" >"$folder/cgroup.procs"
}

own_cgroup() { awk -F: -v which="$1" '$2 == which || $2 == "name=" which { print $3 }' /proc/self/cgroup | sed 's#/$##'; }

for controller in memory pids systemd; do
    enter_cgroup "/sys/fs/cgroup/$controller$(own_cgroup "$controller")"
done
enter_cgroup "/sys/fs/cgroup/unified$(awk -F: '$1 == 0 { print $3 }' /proc/self/cgroup | sed 's#/$##')"

leave_cgroups() {
    local folder
    for folder in "${made[@]}"; do
        echo "$BASHPID" >"$(dirname "$folder")/cgroup.procs"
        find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null || true
    done
}
trap leave_cgroups EXIT

mkdir -p "$upper/files" "$upper/work" "$upper/root"
export upper lower
unshare --mount --pid --fork --cgroup --net --uts --ipc --kill-child /bin/bash -euc '
    mount --make-rprivate /
    mount -t overlay overlay -o "lowerdir=$lower,upperdir=$upper/files,workdir=$upper/work" "$upper/root"
    cd "$upper/root"
    for pair in "$@"; do
        mkdir -p ".${pair#*:}"
        mount --bind "${pair%%:*}" ".${pair#*:}"
        mount -o remount,bind,ro ".${pair#*:}"
    done
    mount -t proc proc proc
    mount -t sysfs -o ro sysfs sys
    mount -t tmpfs -o mode=755 tmpfs dev
    mkdir -p dev/shm dev/pts
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
    ln -s pts/ptmx dev/ptmx
    for node in null:3 zero:5 full:7 random:8 urandom:9; do mknod -m 666 "dev/${node%:*}" c 1 "${node#*:}"; done
    mknod -m 666 dev/tty c 5 0
    ln -s /proc/self/fd dev/fd
    : >dev/console
    mount --bind /proc/self/fd/1 dev/console
    mount -t tmpfs -o mode=755 tmpfs run
    mount -t tmpfs -o mode=755 tmpfs sys/fs/cgroup
    for controller in memory pids; do
        mkdir "sys/fs/cgroup/$controller"
        mount -t cgroup -o "$controller" cgroup "sys/fs/cgroup/$controller"
    done
    mkdir sys/fs/cgroup/systemd sys/fs/cgroup/unified
    mount -t cgroup -o none,name=systemd cgroup sys/fs/cgroup/systemd
    mount -t cgroup2 cgroup2 sys/fs/cgroup/unified
    ip link set lo up
    hostname hub
    mkdir -p .old
    pivot_root . .old
    umount --lazy /.old
    rmdir /.old || true
    mount --make-rshared /
    exec env -i container=test PATH=/usr/sbin:/usr/bin TERM=dumb /lib/systemd/systemd --system --show-status=0
' boot "$@" || true
