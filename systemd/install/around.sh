# shellcheck shell=bash disable=SC2154,SC2034 # a part of install.sh, which has set the names
#
# What lies around the versions: user, settings, units, console.

replace() { # replace FILE MODE OWNER <content: another file under its name, or the old one whole
    local draft=$1.new
    cat >"$draft"
    chmod "$2" "$draft"
    chown "$3" "$draft"
    sync "$draft"
    mv -fT "$draft" "$1"
}

point() { # point LINK TARGET
    [[ $(readlink "$1" || true) != "$2" ]] || return 0
    mkdir -p "$(dirname "$1")"
    ln -sfnT "$2" "$1.new"
    mv -fT "$1.new" "$1"
    sync "$(dirname "$1")"
}

make_user() {
    mkdir -p "$(dirname "$sysusers")"
    replace "$sysusers" 644 0:0 <"$home/versions/$place/systemd/$name.sysusers"
    systemd-sysusers "$sysusers" || die "the user $name couldn't be made."
}

make_settings() {
    [[ ! -e $settings ]] || return 0
    step "Writing $settings"
    replace "$settings" 640 "root:$name" <<'END'
# What is set on this hub; `rex-auth-edge settings show` lists all there is. After a change:
# systemctl restart rex-auth-edge
# Secrets rather go to /etc/credstore/rex-auth-edge.NAME (rex-auth-edge.SMTP_PASSWORD, say), mode 0600.

# The ports are systemd's to open (rex-auth-edge-*.socket); the hub tells people about them.
rex_port = 443
rex_http_port = 80
rex_gateway_port = 8000
END
}

measure() {
    local found
    ! grep -qi '^[[:space:]]*rex_argon2_\(memory_kib\|passes\)' "$settings" || return 0
    step "Measuring how passwords should be hashed on this machine"
    found=$("$home/versions/$place/bin/$name" settings calibrate) || die "password hashing couldn't be measured."
    { cat "$settings" && printf '\n# Measured on this machine by install.sh.\n%s\n' "$found"; } |
        replace "$settings" 640 "root:$name"
    changed=true
}

# Units and console are links through `current`, so that they are always the version's. What starts at boot is linked
# here too: `systemctl enable` would link it to the version of today.
link_units() {
    local file unit
    for file in "$home/current/systemd/$name"*.{service,socket,timer}; do
        unit=$(basename "$file")
        point "$units/$unit" "$file"
        case $unit in
        "$name.service") point "$units/multi-user.target.wants/$unit" "../$unit" ;;
        *.socket) point "$units/sockets.target.wants/$unit" "../$unit" ;;
        *.timer) point "$units/timers.target.wants/$unit" "../$unit" ;;
        esac
    done
    point "$console" "$home/current/systemd/console"
    systemctl daemon-reload
    systemctl start "$name-backup.timer" || warn "The nightly backup isn't planned: systemctl status $name-backup.timer."
}
