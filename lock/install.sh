#!/bin/sh
# Builds HOME/venv from the locked packages of the parts named: install.sh HOME base [PART...]
#
# The new environment grows beside the old one and takes its place by one rename, so that a broken
# download, a full disk or a kill leaves the old one as it was. Every package is checked against
# its hash. uv does the work; where it cannot be had, pip does, more slowly.
# shellcheck disable=SC2086 # lists of words are meant to split
set -eu
umask 022
LOCKS=$(dirname "$(readlink -f "$0")")
H=$(mkdir -p "$1/downloads" && cd "$1" && pwd -P)
shift
PARTS=$*
LOG=$H/downloads/packages.log
NEW=$H/venv-$(date +%s)-$$
STARTED=${HOTLINE_STARTED:-$(date +%s)}
# what the user's own Python work has set must not reach in here
unset PYTHONHOME PYTHONPATH PIP_TARGET PIP_PREFIX PIP_USER PIP_REQUIRE_VIRTUALENV PIP_CONSTRAINT UV_CONSTRAINT

say() { printf '[%3d s] packages: %s\n' $(($(date +%s) - ${STARTED%.*})) "$*" >&2; }
full() { [ "$(df -Pk "$H" | awk 'NR == 2 {print int($4 / 1024)}')" -lt 60 ]; }
reason() { # a full disk cuts logs and messages short: then that is the reason
    full || { echo "$1" && return; }
    echo "the disk is full: make 250 MB room in $H, or name another folder by HOTLINE_HOME, and run the same command again"
}
stop() {
    say "STOPPED: $(reason "$*")"
    DONE=said
    exit 1
}

# --- an interpreter -----------------------------------------------------------------------------

CHECK='import sys, ssl, sqlite3, ctypes, venv; sys.exit(not (3, 11) <= sys.version_info < (3, 15))'

find_python() {
    found=
    for name in python3.13 python3.12 python3.11 python3 python3.14; do
        path=$(command -v "$name") || continue
        case $path in "$H"/*) continue ;; esac # an environment of ours that is switched on
        if "$path" -I -c "$CHECK" 2>/dev/null; then
            PYTHON=$path
            return 0
        fi
        found="$found $path ($("$path" -V 2>&1 | head -n 1));"
    done
    PYTHON=$H/python/usr/bin/python3
    "$PYTHON" -I -c "$CHECK" 2>/dev/null && [ -z "${HOTLINE_UPDATE:-}" ]
}

need_python() {
    if find_python; then return 0; fi
    [ -z "$found" ] || stop "Python 3.11 to 3.14 with ssl, sqlite3 and ctypes is needed; found only:${found%;}." \
        "Install one and run the same command again"
    say "there is no Python on this machine; taking the one of its own release, without installing it"
    "$LOCKS/../asterisk-config/obtain.sh" python "$H" && "$PYTHON" -I -c "$CHECK" ||
        stop "no Python: install the Debian packages python3 and python3-venv (about 14 MB to load):" \
            "sudo apt-get install python3 python3-venv; then run the same command again"
}

# --- pip, then uv from pip ----------------------------------------------------------------------

need_pip() { # the host's, the one in Python's own library, else the wheel of its release
    if "$PYTHON" -I -m pip --version >/dev/null 2>&1; then
        PIP=host
    elif "$NEW/bin/python" -I -m ensurepip >"$LOG" 2>&1; then
        PIP=new
    else
        PIP=wheel
        [ -r "$H/python/pip.whl" ] || "$LOCKS/../asterisk-config/obtain.sh" python "$H" ||
            stop "no pip: install the Debian package python3-venv (about 3 MB to load):" \
                "sudo apt-get install python3-venv; then run the same command again"
    fi
}

pip() { # always works on the new environment
    case $PIP in
        host) "$PYTHON" -I -m pip --python "$NEW/bin/python" "$@" ;;
        new) "$NEW/bin/python" -I -m pip "$@" ;;
        wheel) "$NEW/bin/python" -I "$LOCKS/pip_from_wheel.py" "$H/python/pip.whl" "$@" ;;
    esac
}

certificates() { # the machine's own, the site's own, else those unpacked with Python
    [ -n "${SSL_CERT_FILE:-}" ] || [ ! -r "$H/python/ca-certificates.crt" ] ||
        export SSL_CERT_FILE="$H/python/ca-certificates.crt"
    [ -z "${SSL_CERT_FILE:-}" ] || export PIP_CERT="${PIP_CERT:-$SSL_CERT_FILE}"
}

index() { # uv does not read pip's settings: the site's own index has to be handed on
    for name in index-url extra-index-url; do
        value=$(pip config list 2>/dev/null | sed -n "s/^[^.]*\.$name='\(.*\)'\$/\1/p" | tail -n 1 | sed 's/\\n/ /g')
        [ -n "$value" ] || continue
        case $name in
            index-url) export UV_DEFAULT_INDEX="${UV_DEFAULT_INDEX:-$value}" ;;
            *) export UV_INDEX="${UV_INDEX:-$value}" ;;
        esac
    done
}

need_uv() {
    UV=$H/downloads/uv/bin/uv
    rm -rf "$H/downloads/uv"
    pip install -q --no-deps --only-binary :all: --require-hashes -r "$LOCKS/uv.txt" --target \
        "$H/downloads/uv" >"$LOG" 2>&1 && "$UV" --version >/dev/null 2>&1 &&
        sed -n '1s/^# \([0-9]*\) MB.*/\1000/p' "$LOCKS/uv.txt" >>"$H/downloads/loaded"
}

# --- the packages -------------------------------------------------------------------------------

by_uv() {
    need_uv || return 1
    export UV_CACHE_DIR="$H/downloads/uv-cache" UV_NO_CONFIG=1 UV_PYTHON_DOWNLOADS=never
    "$UV" --system-certs pip install -p "$NEW" --no-deps --only-binary :all: --require-hashes \
        --index-strategy unsafe-best-match $REQUIREMENTS >"$LOG" 2>&1
}

count_loaded() { # kilobytes, a line each; the first line of a part's lock tells its size
    for part in $PARTS; do
        [ -e "$H/venv/parts/$part.txt" ] || sed -n '1s/^# \([0-9]*\) MB.*/\1000/p' "$LOCKS/$part.txt"
    done >>"$H/downloads/loaded"
}

# The cache shares its files with the environment, so keeping it costs nothing and spares loading
# them again for the next part; uv itself and its notes on the index are 50 MB.
tidy() {
    [ ! -x "$UV" ] || "$UV" cache prune -q 2>/dev/null || :
    rm -rf "$H/downloads/uv" "$H"/downloads/uv-cache/simple-* "$NEW"/lib/python*/site-packages/pip "$NEW"/lib/python*/site-packages/pip-*
}

by_pip() {
    if full; then return 1; fi
    say "uv cannot do it ($(grep . "$LOG" | tail -n 1 | cut -c1-200)); pip does, which takes a minute"
    pip install --progress-bar off --no-deps --only-binary :all: --require-hashes $REQUIREMENTS >"$LOG" 2>&1
}

put_in_place() {
    mkdir "$NEW/parts"
    for part in $PARTS; do cp "$LOCKS/$part.txt" "$NEW/parts/"; done
    sync -f "$NEW" 2>/dev/null || sync
    if [ -d "$H/venv" ] && [ ! -L "$H/venv" ]; then mv "$H/venv" "$H/venv-old.$$"; fi
    ln -sfn "${NEW##*/}" "$H/.venv.link"
    DONE=yes
    mv -T "$H/.venv.link" "$H/venv"
}

REQUIREMENTS=
for part in $PARTS; do REQUIREMENTS="$REQUIREMENTS -r $LOCKS/$part.txt"; done
DONE=
leave() { # no end without a reason, nothing half-done behind
    [ -n "$DONE" ] || say "STOPPED: $(reason "see $LOG")"
    [ "$DONE" = yes ] || rm -rf "$NEW"
}
trap leave EXIT
trap 'DONE=said; exit 130' INT TERM HUP
need_python
"$PYTHON" -I -m venv --without-pip "$NEW" >"$LOG" 2>&1 || stop "no environment for packages: $(tail -n 3 "$LOG")"
need_pip
certificates
index
say "$("$PYTHON" -V); loading for:$(printf ' %s' $PARTS)"
by_uv || by_pip ||
    stop "the packages cannot be loaded; check network, proxy and PIP_INDEX_URL: $(tail -n 2 "$LOG" | cut -c1-300)"
count_loaded
put_in_place
tidy
say "ready: $(du -sm "$NEW" | cut -f1) MB"
