# Debian packages without installing them: apt-get with lists, status and cache of its own (so without
# root), signatures and hashes checked as apt always does, unpacked by dpkg-deb. Read by obtain.sh,
# which sets H (the folder of ours), A (work folder), LOG, WHAT (what is obtained) and STARTED.
# shellcheck shell=sh disable=SC2016,SC2034,SC2086,SC2154 # what runs later is quoted; names are shared

FULL_REMEDY="make room, or name another folder by HOTLINE_HOME, and run the same command again"

say() { printf '[%3d s] %s: %s\n' $(($(date +%s) - ${STARTED%.*})) "$WHAT" "$*" >&2; }
stop() {
    say "STOPPED: $(reason "$*")"
    SAID=yes
    exit 1
}
reason() { # a full disk cuts logs and messages short: then that is the reason
    if [ "$(free_megabytes)" -ge 30 ]; then echo "$1"; else echo "the disk is full: $FULL_REMEDY"; fi
}
free_megabytes() { df -Pk "$H" | awk 'NR == 2 {print int($4 / 1024)}'; }
complaints() { grep -hE '^(E|W|Err):' "$@" | cut -c1-300 | head -n 3; }

architecture() {
    for command in apt-get dpkg-deb sha256sum flock; do
        command -v "$command" >/dev/null || stop "this needs a Debian or Ubuntu: there is no $command here"
    done
    ARCH=$(dpkg --print-architecture)
    case $ARCH in
        amd64) TRIPLET=x86_64-linux-gnu LOADER=ld-linux-x86-64.so.2 HOST_LOADER=/lib64/$LOADER ;;
        arm64) TRIPLET=aarch64-linux-gnu LOADER=ld-linux-aarch64.so.1 HOST_LOADER=/lib/$LOADER ;;
        *) stop "there is no recipe for the processor $ARCH, only for amd64 and arm64" ;;
    esac
}

room() { # MB
    free=$(free_megabytes)
    [ "$free" -ge "$1" ] || stop "this needs $1 MB and $H has $free MB free: $FULL_REMEDY"
}

# --- apt with lists, status and cache of its own ------------------------------------------------

private_apt() { # STATUS SOURCES SOURCE-PARTS
    mkdir -p "$A/lists/partial" "$A/none/partial" "${DEBS:=${HOTLINE_DEBS:-$A/debs}}/partial"
    cat >"$A/apt.conf" <<CONF
#clear APT::Update::Pre-Invoke;
#clear APT::Update::Post-Invoke;
#clear APT::Update::Post-Invoke-Success;
Dir::State "$A"; Dir::State::status "$1"; Dir::State::lists "$A/lists";
Dir::Cache "$A"; Dir::Cache::archives "$DEBS"; Dir::Cache::pkgcache ""; Dir::Cache::srcpkgcache "src.bin";
Dir::Etc::sourcelist "$2"; Dir::Etc::sourceparts "$3"; Dir::Log "$A";
Dir::Etc::preferences "/dev/null"; Dir::Etc::preferencesparts "/dev/null";
APT::Architecture "$ARCH"; APT::Architectures { "$ARCH"; }; APT::Sandbox::User "";
APT::Install-Recommends "false"; APT::Get::AllowUnauthenticated "false";
Acquire::AllowInsecureRepositories "false"; Acquire::AllowDowngradeToInsecureRepositories "false";
Acquire::Check-Date "true"; Acquire::ForceHash "SHA256"; Acquire::Languages "none";
Acquire::GzipIndexes "false"; Acquire::PDiffs "false"; Acquire::Retries "3"; Acquire::http::Timeout "30";
Acquire::https::Timeout "30";
CONF
}

apt() { apt-get -q -c "$A/apt.conf" "$@"; }

# An expired release file is the one complaint that is accepted, with a word about it: the
# signature still holds, but an old mirror can withhold newer packages.
load_lists() {
    strict="-o APT::Update::Error-Mode=any -o Acquire::Check-Valid-Until=true"
    if ! apt $strict update >"$LOG" 2>&1; then
        grep -q 'is expired' "$LOG" || return 1
        if grep -E '^[EW]:' "$LOG" | grep -qv 'is expired'; then return 1; fi
        say "WARNING: $(grep -o 'Release file.*' "$LOG" | head -n 1) Signature checked, age accepted"
        apt -o APT::Update::Error-Mode=any -o Acquire::Check-Valid-Until=false update >"$LOG" 2>&1 || return 1
    fi
    count_loaded "$LOG"
}

count_loaded() { # LOG: apt's "Fetched 10.1 MB in ..." -> kilobytes, a line each
    awk '/^Fetched/ {u = $3; print int($2 * (u == "MB" ? 1000 : u == "kB" ? 1 : u == "GB" ? 1e6 : 0.001))}' \
        "$1" >>"$H/downloads/loaded"
}

closure() { # adds to $A/list: address, name, size and SHA256 of each package; arguments as for apt-get
    apt -o Dir::Cache::archives="$A/none" -y --print-uris "$@" >"$A/uris" 2>"$A/err" || return 1
    sed -n "s/^'\([^']*\)' \([^ ]*\) \([0-9]*\) SHA256:\(.*\)/\1 \2 \3 \4/p" "$A/uris" >>"$A/list"
}

summary() { awk '{size += $3} END {printf "%d packages, %.0f MB\n", NR, size / 1e6 + 0.5}' "$A/list"; }

missing() { # those not there or not whole, as apt-helper wants them
    awk '{print $4 "  " $2}' "$A/list" >"$A/sums"
    (cd "$DEBS" && sha256sum -c "$A/sums" 2>/dev/null) | sed -n 's/: FAILED.*//p' >"$A/missing" || :
    awk 'NR == FNR {want[$1]; next} $2 in want {print $1, $2, "SHA256:" $4}' "$A/missing" "$A/list" >"$A/fetch"
    [ -s "$A/fetch" ]
}

fetch() { # what is whole already is not fetched again
    (
        flock -w 900 8 || exit 1 # a folder named by HOTLINE_DEBS may be in use by others
        ! missing || (cd "$DEBS" && xargs /usr/lib/apt/apt-helper -c "$A/apt.conf" download-file <"$A/fetch")
    ) 8>"$DEBS/.fetch" >"$LOG" 2>&1 </dev/null || :
    count_loaded "$LOG"
    missing || return 0
    stop "$(wc -l <"$A/missing") packages did not arrive (run the same command again, it goes on from there):" \
        "$(complaints "$LOG")"
}

unpack() { # FOLDER
    awk '{print $2}' "$A/list" | xargs -P "$(nproc)" -I'{}' sh -ec '
        dpkg-deb --fsys-tarfile "$1/$2" >"$3/.$2.tar"
        tar -xf "$3/.$2.tar" -C "$3" --no-same-owner --exclude=./usr/share/doc --exclude=./usr/share/man \
            --exclude=./usr/share/locale --exclude=./usr/share/lintian --exclude=./usr/share/bug
        rm "$3/.$2.tar"' unpack "$DEBS" '{}' "$1" 2>"$LOG" || stop "unpacking: $(tail -n 2 "$LOG")"
    rm -rf "$1/usr/share/gdb" "$1/usr/share/vim" "$1/usr/share/doc-base"
}

# Puts a finished folder in place: one rename of a link, so that there is never nothing.
put_in_place() { # NEW LINK HASH
    sync -f "$1" 2>/dev/null || sync
    target=$H/$2-$3
    if [ -d "$H/$2" ] && [ ! -L "$H/$2" ]; then mv "$H/$2" "$H/$2-old.$$"; fi
    if [ -e "$target" ]; then mv "$target" "$H/$2-old.$$"; fi
    mv "$1" "$target"
    ln -sfn "$2-$3" "$H/.$2.link"
    mv -T "$H/.$2.link" "$H/$2"
}

tidy() {
    rm -rf "$A/lists" "$A"/*.bin "$A/none"
    [ -n "${HOTLINE_DEBS:-}" ] || rm -rf "$A/debs"
}
