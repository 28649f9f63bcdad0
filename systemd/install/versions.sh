# shellcheck shell=bash disable=SC2154,SC2034 # a part of install.sh, which has set the names
#
# A version's folder: the program with all that it needs, and the list of checksums that makes it count.

fetch_packages() {
    local missing
    mapfile -t missing < <(needed_packages)
    ((${#missing[@]})) || return 0
    step "Installing the Debian packages ${missing[*]}"
    { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
        "${missing[@]}"; } >/dev/null ||
        die "the Debian packages ${missing[*]} are needed and couldn't be installed: install them, then run this again."
}

# The folder to build in: never the one that runs.
new_place() {
    local wanted=$1 number=1 place=$1
    while [[ -e $home/versions/$place && ($place == "$(present)" || $place == "$(running)") ]]; do
        number=$((number + 1))
        place=$wanted.$number
    done
    echo "$place"
}

# The folder's pip, if it is the one that the lock holds.
pip_wheel() {
    local file
    for file in "$wheels"/pip-*.whl; do
        if [[ -f $file ]] && sed -n '/^pip==/,/^[^ ]/p' "$source_dir/requirements.lock" |
            grep -q "sha256:$(sha256sum <"$file" | cut -d ' ' -f 1)\b"; then
            echo "$file"
            return 0
        fi
    done
    echo "$wheels has no pip as requirements.lock holds it." >&2
    return 1
}

environment() { # environment FOLDER: a Python environment with pip, which needs no python3-venv if there are wheels
    local pip
    if [[ -n $wheels ]]; then
        pip=$(pip_wheel) && "$python" -m venv --without-pip "$1" &&
            "$python" -m zipfile -e "$pip" "$1"/lib/python3*/site-packages
    else
        "$python" -m venv "$1"
    fi
}

pip_install() { # pip_install FOLDER ARGUMENT...
    local sources=()
    [[ -z $wheels ]] || sources=(--no-index --find-links "$wheels")
    "$1/bin/python" -m pip install --quiet --no-cache-dir "${sources[@]}" "${@:2}"
}

# Whether the version that is there has the very packages, whole: then they are copied, which takes no network.
same_packages() {
    local there
    there=$home/versions/$(present)
    cmp -s "$source_dir/requirements.lock" "$there/requirements.lock" && intact "$(present)" &&
        [[ $("$there/bin/python" -c "$interpreter") == "$("$python" -c "$interpreter")" ]]
}

copy_packages() { # copy_packages FOLDER
    "$python" -m venv --without-pip "$1" && cp -a "$home/versions/$(present)/lib/." "$1/lib/"
}

# Leaves the name of a complete folder in `place`.
build() {
    local wanted
    wanted=$(version)-$(fingerprint)
    place=$(present)
    if [[ -n $place && ($place == "$wanted" || $place == "$wanted".*) ]] && intact "$place"; then
        step "Version $place is there and whole"
        return 0
    fi
    place=$(new_place "$wanted")
    if intact "$place"; then return 0; fi
    step "Building version $place"
    build_at "$home/versions/$place"
}

build_at() {
    local wheels_only=(--only-binary :all:)
    [[ $(uname -m) != armv7l ]] || wheels_only=()
    rm -rf "$1"
    mkdir -p "$1"
    if same_packages; then
        say "    with the packages of version $(present)"
        copy_packages "$1" || unbuilt "$1" "the packages of version $(present) couldn't be copied"
    else
        say "    installing packages (some minutes on a small machine)"
        environment "$1" || unbuilt "$1" "Python couldn't make an environment (above is why)"
        pip_install "$1" --require-hashes "${wheels_only[@]}" --requirement "$source_dir/requirements.lock" ||
            unbuilt "$1" "the packages couldn't be installed (above is why): check the network, or use --wheels"
    fi
    "$1/bin/python" -m pip install --quiet --no-index --no-deps --no-build-isolation --force-reinstall "$source_dir" ||
        unbuilt "$1" "the program couldn't be built from $source_dir (above is why)"
    { cp -R "$source_dir"/{systemd,install.sh,requirements.lock,README.md,LICENSE} "$1/" &&
        chmod -R go=rX "$1"; } || # however privately the release was unpacked
        unbuilt "$1" "the units couldn't be copied"
    "$1/bin/$name" --version >/dev/null || unbuilt "$1" "the new version doesn't run on this machine"
    finish_folder "$1" || unbuilt "$1" "the new version couldn't be written to the disk"
}

# Gives the room back; whatever was there before runs on.
unbuilt() { # unbuilt FOLDER REASON
    local free
    free=$(free_mib "$home") || free=''
    rm -rf "$1"
    ((${free:-99} > 9)) || die "the disk is full: make room, then run this again. Nothing has changed for the hub."
    die "$2. Nothing has changed for the hub."
}

# From now on the folder counts: everything is on the disk before its list of checksums gets its name.
finish_folder() {
    (
        cd "$1" &&
            find . -type f ! -path '*/__pycache__/*' ! -name 'complete*' -print0 | sort -z |
            xargs -0 sha256sum >complete.new &&
            sync --file-system complete.new && mv -T complete.new complete && sync .
    )
}
