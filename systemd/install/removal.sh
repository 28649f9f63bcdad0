# shellcheck shell=bash disable=SC2154,SC2034 # a part of install.sh, which has set the names
#
# And away: the program, or all of it. Cut off, it is done again.

uninstall() {
    step "Removing the program"
    systemctl stop "$name-backup.timer" "$name-backup.service" "$name"-{https,http,gateway}.socket "$name.service" \
        2>/dev/null || true
    rm -f "$units/$name"*.{service,socket,timer} "$units"/*.target.wants/"$name"*.{service,socket,timer}
    rm -f "$console" "$sysusers"
    systemctl daemon-reload || true
    systemctl reset-failed "$name*" 2>/dev/null || true
    rm -rf "$home"
    [[ $mode == purge ]] || say "Settings ($settings) and data ($data) are still here: installed again, it is the same hub."
}

purge() {
    unless_sure "The household's people, keys, certificates and backups in $data will be gone for good."
    uninstall
    step "Removing settings and data"
    rm -rf "$data" "$settings" "$credentials".* "$units/$name"*.d
    ! getent passwd "$name" >/dev/null || userdel "$name"
    say "Nothing of $name is left."
}
