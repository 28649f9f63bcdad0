# shellcheck shell=bash disable=SC2154,SC2034 # a part of install.sh, which has set the names
#
# From one version to another, and back.

readonly start_minutes=12 # two starts of the new version, and one of the old

# What was begun earlier is finished first, by a start. Whether the hub then runs or not, one can go on from there.
settle_earlier() {
    [[ -e $journal ]] || return 0
    step "Finishing an upgrade that was cut off"
    since=$(date +%s)
    systemctl daemon-reload
    systemctl restart "$name.service" || true
    wait_until over || complain "the upgrade that was cut off can't be finished."
    say "Version $(present) is the hub's now."
}

change_version() {
    local from
    from=$(present)
    [[ $from != "$place" ]] || return 0
    if [[ -n $from ]]; then
        unless_elsewhere
        step "Upgrading from $from; the database is copied before the new version sees it"
        replace "$journal" 600 0:0 <<<"$from $place 0"
        sync "$home"
    fi
    point "$home/current" "versions/$place"
}

unless_elsewhere() {
    if [[ -e $credentials.DATABASE_URL ]] || grep -qi '^[[:space:]]*database_url' "$settings" 2>/dev/null; then
        warn "The database is where DATABASE_URL says, which isn't copied: going back won't bring it back."
    fi
}

# The hub serves, and nothing is left to be settled.
settled() { over && is_active; }
over() { [[ ! -e $journal ]]; }

wait_until() { # wait_until CONDITION
    local left=$((start_minutes * 60))
    until "$1"; do
        ((left-- > 0)) || return 1
        sleep 1
    done
}

start() {
    if [[ $changed == false ]] && settled && [[ $(running) == "$place" ]] && ! needs_reload; then
        step "The hub runs as it should"
        return 0
    fi
    step "Starting the hub"
    since=$(date +%s)
    if ! systemctl restart "$name.service" 2>/dev/null; then
        [[ -e $journal ]] || complain "the hub doesn't start."
        warn "The new version's first start has failed; there is a second one before the old version comes back."
    fi
    wait_until settled || complain "the hub doesn't come up."
    [[ $(present) == "$place" ]] || complain "version $place doesn't start: $(present) runs again, with its database."
}

needs_reload() { [[ $(systemctl show --property=NeedDaemonReload --value "$name.service") == yes ]]; }

complain() {
    say "From the log:"
    journalctl --unit="$name" --since="@$since" --output=cat --no-pager 2>/dev/null | grep -v '^$' | tail -n 15 || true
    die "$1"
}

# The version that runs and the one of before stay.
prune() {
    local folder kept=''
    over || return 0
    [[ ! -e $home/previous ]] || read -r kept _ <"$home/previous"
    intact "$kept" || kept=''
    for folder in "$home"/versions/*; do
        case $(basename "$folder") in
        "$(present)" | "$kept") ;;
        *) rm -rf "$folder" ;;
        esac
    done
}

go_back() {
    local from to
    [[ -e $home/previous && ! -e $journal ]] || die "there is no version to go back to."
    read -r from to <"$home/previous"
    if [[ $(present) != "$to" ]] || ! intact "$from"; then die "the version of before isn't there any more."; fi
    unless_sure "What has happened on the hub since it was upgraded from $from will be gone."
    since=$(date +%s)
    replace "$journal" 600 0:0 <<<"$from $to back"
    systemctl restart "$name.service" || true
    wait_until settled || complain "the hub doesn't come up."
    say "Version $from runs, with its database."
}
