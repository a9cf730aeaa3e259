#!/bin/sh
# Unpacks Debian packages into a folder of ours and makes them run there: no root, no service,
# nothing installed. debian.sh beside this file is how, this file is what.
#
#   obtain.sh tools HOME    Asterisk, SIPp, prompts: HOME/tools -> tools-HASH (list: packages.txt)
#   obtain.sh python HOME   the Python of this machine's own Debian release, for a machine without
#                           one: HOME/python -> python-HASH. With python3 in place: pip alone.
#   obtain.sh phones HOME   baresip, the telephone of the tests, which runs with the libraries of the
#                           tools: HOME/phones -> phones-HASH
#   obtain.sh browser HOME  Chromium of this machine's own release, with its driver and two fonts, for
#                           the tests of pages: HOME/browser -> browser-HASH
#   obtain.sh fixed VERSION status 0 if fixed-releases.txt says that this Asterisk is safe to run
#
# Environment: HOTLINE_SUITE   release to take Asterisk from, instead of testing, then unstable
#              HOTLINE_MIRROR  Debian mirror to take it from, instead of the one this machine uses
#              HOTLINE_DEBS    folder to keep the packages in, to share between machines
#              HOTLINE_UPDATE  set: look for newer packages although everything is in place
# shellcheck disable=SC2016,SC2034,SC2086,SC1091 # what runs later is quoted; lists of words are meant to split
set -eu
umask 022
export LC_ALL=C
unset LD_LIBRARY_PATH LD_PRELOAD
HERE=$(dirname "$(readlink -f "$0")")
WHAT=$1
WANT=$(sed -n 's/^want //p' "$HERE/packages.txt")
SKIP=$(sed -n 's/^skip //p' "$HERE/packages.txt" | paste -sd '|' -)
STARTED=${HOTLINE_STARTED:-$(date +%s)}

. "$HERE/debian.sh"

# --- Asterisk and SIPp --------------------------------------------------------------------------

fixed() { # VERSION: has it the fixes of fixed-releases.txt?
    printf '%s\n' "$1" | awk -v table="$HERE/fixed-releases.txt" '
        function newer_or_same(a, b,    x, y, n, i) {
            n = split(a, x, /[^0-9]+/); i = split(b, y, /[^0-9]+/); if (i > n) n = i
            for (i = 1; i <= n; i++) if (x[i] + 0 != y[i] + 0) return x[i] + 0 > y[i] + 0
            return 1
        }
        BEGIN { while ((getline line < table) > 0) if (line ~ /^[0-9]/) { split(line, f, " "); first[f[1]] = f[2]
                                                                      if (f[1] + 0 > last) last = f[1] + 0 } }
        { sub(/^certified[-\/]/, "")
          if (!match($0, /^[0-9]+(\.[0-9]+)*(-cert[0-9]+)?/)) exit 1
          version = substr($0, 1, RLENGTH); branch = version
          if (version ~ /-cert/) sub(/[0-9]+$/, "", branch); else sub(/\..*/, "", branch)
          if (branch in first) exit !newer_or_same(version, first[branch])
          exit !(branch + 0 > last) }'
}

# The machine's own Asterisk, if it is fixed: its version; its files are linked, not copied.
own_asterisk() {
    OWN=$(PATH=$PATH:/usr/local/sbin:/usr/sbin && command -v asterisk) || return 1
    VERSION=$("$OWN" -V 2>/dev/null | sed 's/^Asterisk //') || return 1
    if ! fixed "$VERSION"; then
        say "WARNING: $OWN is $VERSION, older than the fixed releases; a private one is used instead"
        return 1
    fi
    for OWN_MODULES in /usr/lib/*/asterisk/modules /usr/lib64/asterisk/modules /usr/lib/asterisk/modules ''; do
        [ ! -e "$OWN_MODULES/chan_pjsip.so" ] || break
    done
    for OWN_SHARE in /usr/share/asterisk /var/lib/asterisk ''; do
        [ ! -e "$OWN_SHARE/documentation/core-en_US.xml" ] || break
    done
    [ -z "$OWN_MODULES" ] || [ -z "$OWN_SHARE" ] || return 0
    say "WARNING: $OWN is $VERSION, but its modules are not in a usual place; a private one is used instead"
    return 1
}

mirror() {
    found=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null |
        grep -i debian | grep -viE 'security|backports|debug|ports' | head -n 1) || :
    MIRROR=${HOTLINE_MIRROR:-$found}
    [ -n "$MIRROR" ] || stop "this machine's own sources are not Debian's; name a Debian mirror by HOTLINE_MIRROR"
}

# Debian's own key ring, from this machine or (Ubuntu) from a package of this machine's release.
key_ring() {
    KEYS=/usr/share/keyrings/debian-archive-keyring.gpg
    [ ! -r "$KEYS" ] || return 0
    say "fetching the package debian-archive-keyring for Debian's keys"
    host_apt
    closure download debian-archive-keyring || stop "this needs the Debian package debian-archive-keyring" \
        "(0.2 MB): sudo apt-get install debian-archive-keyring; then run the same command again"
    fetch
    mkdir -p "$A/keys" && unpack "$A/keys"
    KEYS=$A/keys$KEYS
}

pretend_skipped() { # the private dpkg status: what packages.txt skips counts as installed
    cat "$A"/lists/*_Packages 2>/dev/null | awk -v skip="^($SKIP)\$" -v arch="$ARCH" '
        /^Package: / { wanted = $2 ~ skip; name = $2 }
        /^Version: / && wanted {
            printf "Package: %s\nStatus: hold ok installed\nVersion: %s\nArchitecture: %s\n", name, $2, arch
            printf "Multi-Arch: allowed\nMaintainer: x\nDescription: x\n\n" }' >"$A/status"
}

choose_suite() {
    for SUITE in ${HOTLINE_SUITE:-testing unstable}; do
        echo "deb [signed-by=$KEYS targets=Packages arch=$ARCH] $MIRROR $SUITE main" >"$A/sources.list"
        say "package lists of $MIRROR $SUITE"
        load_lists || stop "the package lists cannot be loaded; check network and proxy, or name a Debian" \
            "mirror by HOTLINE_MIRROR: $(complaints "$LOG")"
        pretend_skipped
        : >"$A/list"
        if closure install $WANT; then return 0; fi
    done
    stop "$MIRROR has no complete Asterisk in ${HOTLINE_SUITE:-testing or unstable}: $(complaints "$A/err")"
}

wrapper() { # NAME PROGRAM [LINE]: runs it by the folder's own loader, nothing in the environment
    libraries="\$R/usr/lib/$TRIPLET:\$R/usr/lib/$TRIPLET/asterisk"
    {
        echo '#!/bin/sh'
        echo 'R=$(dirname "$(dirname "$(readlink -f "$0")")")'
        [ -z "${3:-}" ] || echo "$3"
        echo "exec \"\$R/usr/lib/$TRIPLET/$LOADER\" --inhibit-cache --library-path \"$libraries\" --argv0 \"\$0\" \"\$R/$2\" \"\$@\""
    } >"$NEW/bin/$1"
    chmod 755 "$NEW/bin/$1"
}

link_own() {
    modules=$NEW/usr/lib/$TRIPLET/asterisk
    rm -rf "$modules" "$NEW/usr/sbin" && mkdir -p "$modules" "$NEW/usr/share/asterisk"
    ln -s "$OWN_MODULES" "$modules/modules"
    for part in "$OWN_SHARE"/*; do
        [ -e "$NEW/usr/share/asterisk/${part##*/}" ] || ln -s "$part" "$NEW/usr/share/asterisk/"
    done
    printf '#!/bin/sh\nexec "%s" "$@"\n' "$OWN" >"$NEW/bin/asterisk"
    chmod 755 "$NEW/bin/asterisk"
}

build_tools() {
    NEW=$H/tools.tmp.$$
    mkdir "$NEW"
    unpack "$NEW"
    mkdir "$NEW/bin"
    wrapper sipp usr/bin/sipp
    if [ -n "$OWN" ]; then link_own; else
        wrapper asterisk usr/sbin/asterisk 'export MALLOC_ARENA_MAX="${MALLOC_ARENA_MAX:-2}" SSL_CERT_DIR="${SSL_CERT_DIR:-/etc/ssl/certs}"'
    fi
    VERSION=$("$NEW/bin/asterisk" -V 2>"$A/err" | sed 's/^Asterisk //')
    [ -n "$VERSION" ] || stop "Asterisk does not start (is $H on a file system that allows no programs?): $(cat "$A/err")"
    fixed "$VERSION" || stop "Asterisk $VERSION is older than the fixed releases; this mirror is out of date." \
        "Name another by HOTLINE_MIRROR"
    { "$NEW/bin/sipp" -v 2>&1 || :; } | grep -q 'SIPp v' || stop "sipp does not start"
    awk '{print $4 "  " $2}' "$A/list" >"$NEW/packages.sha256"
}

tools() {
    OWN='' OWN_MODULES='' OWN_SHARE='' VERSION=''
    architecture
    mirror
    if own_asterisk; then WANT=$(printf '%s\n' "$WANT" | grep -vx asterisk); else OWN=''; fi
    room 350
    mkdir -p "$A"
    key_ring
    private_apt "$A/status" "$A/sources.list" /dev/null
    choose_suite
    hash=$({ echo "$OWN $VERSION" && awk '{print $4}' "$A/list"; } | sha256sum | cut -c1-12)
    if [ "$(readlink "$H/tools")" = "tools-$hash" ] && "$H/tools/bin/asterisk" -V >/dev/null 2>&1; then
        say "the packages have not changed"
    else
        say "$(summary)"
        fetch
        say "unpacking"
        build_tools
        put_in_place "$NEW" tools "$hash"
        say "ready: Asterisk $VERSION${OWN:+ of this machine}, $(du -sm "$H/tools-$hash" | cut -f1) MB"
    fi
    cp "$HERE/packages.txt" "$H/tools/.packages.new"
    mv "$H/tools/.packages.new" "$H/tools/.packages"
    tidy
}

# --- the Python of this machine's own release ---------------------------------------------------

host_apt() {
    private_apt /var/lib/dpkg/status /etc/apt/sources.list /etc/apt/sources.list.d
    # one of the machine's sources may be out of reach: what matters is whether the packages are found
    load_lists || apt update >"$LOG" 2>&1 || :
    : >"$A/list"
}

# Python looks for its library beside the program it was called by, so the wrapper takes the place
# of usr/bin/python3. It runs on this machine's own loader and C library.
python_wrapper() {
    binary=$H/python-$hash/usr/bin/$(readlink "$NEW/usr/bin/python3")
    libraries=$H/python-$hash/usr/lib/$TRIPLET:$H/python-$hash/lib/$TRIPLET
    rm "$NEW/usr/bin/python3"
    printf '#!/bin/sh\nexec "%s" --library-path "%s" --argv0 "$0" "%s" "$@"\n' \
        "$HOST_LOADER" "$libraries" "$binary" >"$NEW/usr/bin/python3"
    chmod 755 "$NEW/usr/bin/python3"
}

whole_python() {
    [ -r "$H/python/pip.whl" ] || return 1
    [ ! -e "$H/python/usr/bin/python3" ] || "$H/python/usr/bin/python3" -I -c 'import ssl' 2>/dev/null
}

python() {
    architecture
    room 150
    mkdir -p "$A"
    say "package lists of this machine's own release"
    host_apt
    extra=python3-pip-whl
    [ -r /etc/ssl/certs/ca-certificates.crt ] || extra="$extra ca-certificates"
    closure download $extra || stop "$(complaints "$A/err" "$LOG")"
    command -v python3 >/dev/null || closure install python3 || stop "$(complaints "$A/err" "$LOG")"
    if grep -q ' libc6_' "$A/list"; then stop "python3 would need another C library than this machine's"; fi
    hash=$(awk '{print $4}' "$A/list" | sha256sum | cut -c1-12)
    if [ "$(readlink "$H/python")" = "python-$hash" ] && whole_python; then
        say "the packages have not changed"
        tidy
        return 0
    fi
    say "$(summary)"
    fetch
    NEW=$H/python.tmp.$$
    mkdir "$NEW"
    unpack "$NEW"
    [ ! -L "$NEW/usr/bin/python3" ] || python_wrapper
    mv "$NEW"/usr/share/python-wheels/pip-*.whl "$NEW/pip.whl"
    [ ! -d "$NEW/usr/share/ca-certificates" ] ||
        find "$NEW/usr/share/ca-certificates" -name '*.crt' -exec cat '{}' + >"$NEW/ca-certificates.crt"
    put_in_place "$NEW" python "$hash"
    tidy
}

# --- a telephone of another maker, for the tests -------------------------------------------------

# Of the 20 libraries that its modules ask for, those that the tests load need its own two.
own_libraries() {
    cat "$A"/lists/*_Packages | awk '
        /^Package: / { name = $2 }
        /^Depends: / && name == "baresip-core" {
            n = split($0, words, /[ ,|]+/)
            for (i = 2; i <= n; i++) if (words[i] ~ /^lib(re|rem|baresip)[0-9]/) print words[i] }' | sort -u
}

phones() {
    architecture
    [ -x "$H/tools/usr/lib/$TRIPLET/$LOADER" ] || stop "the tools must be there first: ./hotline setup"
    mirror
    room 20
    mkdir -p "$A"
    key_ring
    : >"$A/status"
    private_apt "$A/status" "$A/sources.list" /dev/null
    for SUITE in ${HOTLINE_SUITE:-testing unstable}; do
        echo "deb [signed-by=$KEYS targets=Packages arch=$ARCH] $MIRROR $SUITE main" >"$A/sources.list"
        load_lists || stop "the package lists cannot be loaded: $(complaints "$LOG")"
        : >"$A/list"
        if closure download baresip-core $(own_libraries); then break; fi
    done
    [ -s "$A/list" ] || stop "$MIRROR has no baresip in ${HOTLINE_SUITE:-testing or unstable}: $(complaints "$A/err")"
    hash=$(awk '{print $4}' "$A/list" | sha256sum | cut -c1-12)
    say "$(summary)"
    fetch
    NEW=$H/phones.tmp.$$
    mkdir "$NEW"
    unpack "$NEW"
    mkdir "$NEW/bin"
    cat >"$NEW/bin/baresip" <<WRAPPER
#!/bin/sh
R=\$(dirname "\$(dirname "\$(readlink -f "\$0")")")
L=\$(dirname "\$R")/tools/usr/lib/$TRIPLET
exec "\$L/$LOADER" --inhibit-cache --library-path "\$R/usr/lib/$TRIPLET:\$L" "\$R/usr/bin/baresip" "\$@"
WRAPPER
    chmod 755 "$NEW/bin/baresip"
    { "$NEW/bin/baresip" -h 2>&1 || :; } | grep -q '^baresip v' || stop "baresip does not start"
    put_in_place "$NEW" phones "$hash"
    tidy
}

# --- a browser, for the tests of pages ------------------------------------------------------------

# It starts itself again as its own file, so no other loader will do: it is that of this release, and
# runs with this machine's libraries and those that the machine lacks.
browser_wrapper() { # NAME PROGRAM
    {
        echo '#!/bin/sh'
        echo 'R=$(dirname "$(dirname "$(readlink -f "$0")")")'
        echo "L=\$R/usr/lib/$TRIPLET"
        echo 'export LD_LIBRARY_PATH="$L:$R/lib/'"$TRIPLET"':$L/nss:$L/pulseaudio"'
        echo 'export FONTCONFIG_FILE="$R/fonts.conf" XDG_CACHE_HOME="$R/cache"'
        echo "exec \"\$R/$2\" \"\$@\""
    } >"$NEW/bin/$1"
    chmod 755 "$NEW/bin/$1"
}

browser() {
    architecture
    room 700
    mkdir -p "$A"
    say "package lists of this machine's own release"
    host_apt
    closure install chromium chromium-driver fonts-liberation fonts-wqy-microhei ||
        stop "this machine's release has no Chromium for us: $(complaints "$A/err" "$LOG")"
    if grep -q ' libc6_' "$A/list"; then stop "chromium would need another C library than this machine's"; fi
    hash=$(awk '{print $4}' "$A/list" | sha256sum | cut -c1-12)
    say "$(summary)"
    fetch
    NEW=$H/browser.tmp.$$
    mkdir "$NEW"
    unpack "$NEW"
    mkdir -p "$NEW/bin"
    browser_wrapper chromium usr/lib/chromium/chromium
    browser_wrapper chromedriver usr/bin/chromedriver
    cat >"$NEW/fonts.conf" <<FONTS
<?xml version="1.0"?>
<fontconfig>
  <dir prefix="relative">usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
</fontconfig>
FONTS
    "$NEW/bin/chromium" --version 2>"$A/err" | grep -q '^Chromium' || stop "chromium does not start: $(tail -n 2 "$A/err")"
    put_in_place "$NEW" browser "$hash"
    say "ready: $("$H/browser/bin/chromium" --version 2>/dev/null), $(du -sm "$H/browser-$hash" | cut -f1) MB"
    tidy
}

obtain() {
    H=$(mkdir -p "$1/downloads" && cd "$1" && pwd -P)
    A=$H/downloads/apt-$WHAT
    LOG=$H/downloads/$WHAT.log
    NEW='' SAID=''
    rm -rf "$H/$WHAT".tmp.*
    trap leave EXIT
    trap 'SAID=yes; exit 130' INT TERM HUP
    "$WHAT"
}

leave() { # no end without a reason, nothing half-done behind
    [ $? = 0 ] || [ -n "$SAID" ] || say "STOPPED: $(reason "see $LOG")"
    [ -z "$NEW" ] || rm -rf "$NEW"
}

case $WHAT in
    tools | python | phones | browser) obtain "$2" ;;
    fixed) fixed "$2" ;;
    *) echo "obtain.sh: there is nothing called $WHAT" >&2 && exit 2 ;;
esac
