#!/bin/sh
# Tries Hotline on a fresh Debian: unpacks a minimal root of SUITE, puts what HEAD holds into it and
# runs COMMAND there as an ordinary user, in /home/caller/hotline. Then tells seconds, sizes and what
# was left outside the two ignored folders (in /tmp empty folders, too). The status is the command's;
# 1 where that was 0 and something was left.
#
#   clean_root.sh [--packages "NAME..."] [--keep] SUITE COMMAND [ARGUMENT...]
#   clean_root.sh bookworm ./hotline demo --once
#   clean_root.sh --packages "python3 python3-venv" trixie ./hotline test
#
# Needs root and debootstrap. Nothing of this machine reaches into the root but its network, its
# proxy and certificates (as a site would set them) and HOTLINE_* but the places. Ports are shared:
# name a HOTLINE_PORT_BASE if another Hotline runs here.
# Environment: HOTLINE_ROOTS   where pristine roots are kept (/var/tmp/hotline-roots)
#              HOTLINE_MIRROR  Debian mirror for them
set -eu
packages='' keep=''
while :; do
    case ${1:-} in
        --packages) packages=$2 && shift 2 ;;
        --keep) keep=yes && shift ;;
        *) break ;;
    esac
done
[ $# -ge 2 ] && [ "$(id -u)" = 0 ] || {
    sed -n '2,17s/^# \{0,1\}//p' "$0" >&2
    exit 2
}
suite=$1
shift
source=$(cd "$(dirname "$0")/../.." && pwd)
roots=${HOTLINE_ROOTS:-/var/tmp/hotline-roots}
mkdir -p "$roots"
if [ ! -e "$roots/$suite.tar" ]; then
    echo "making a pristine $suite (once)" >&2
    debootstrap --variant=minbase "$suite" "$roots/$suite.new" ${HOTLINE_MIRROR:+"$HOTLINE_MIRROR"} >"$roots/$suite.log"
    tar -C "$roots/$suite.new" --one-file-system -cf "$roots/$suite.part" .
    rm -rf "$roots/$suite.new"
    mv "$roots/$suite.part" "$roots/$suite.tar"
fi
root=$(mktemp -d "$roots/$suite.XXXXXX")
trap '[ -n "$keep" ] && echo "kept: $root" >&2 || rm -rf "$root"' EXIT
chmod 755 "$root"
tar -C "$root" -xf "$roots/$suite.tar"
cp /etc/resolv.conf "$root/etc/"
echo "127.0.0.1 localhost $(hostname)" >>"$root/etc/hosts"
chroot "$root" useradd -m -s /bin/sh caller
mkdir "$root/home/caller/hotline"
git -C "$source" archive HEAD | tar -x -C "$root/home/caller/hotline"
chroot "$root" chown -R caller: /home/caller

inside="HOME=/home/caller USER=caller PATH=/usr/local/bin:/usr/bin:/bin LANG=C.UTF-8 TERM=${TERM:-dumb}"
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY \
    HOTLINE_PORT_BASE HOTLINE_LOG HOTLINE_SUITE HOTLINE_UPDATE; do
    value=$(printenv "$name") && inside="$inside $name=$value" || :
done
if [ -n "${SSL_CERT_FILE:-}" ]; then
    cp "$SSL_CERT_FILE" "$root/etc/site-certificates.pem"
    inside="$inside SSL_CERT_FILE=/etc/site-certificates.pem PIP_CERT=/etc/site-certificates.pem"
fi
if [ -n "$packages" ]; then
    chroot "$root" env DEBIAN_FRONTEND=noninteractive sh -c \
        "apt-get -qq update && apt-get -qq install -y --no-install-recommends $packages" >"$roots/$suite.log" 2>&1
fi
before=$(du -sm "$root/home" | cut -f1)
touch "$root/.before"

# Its own processes: whatever the command leaves running ends with it.
status=0
# shellcheck disable=SC2016,SC2086
unshare --mount --pid --fork --kill-child sh -ec '
    root=$1 inside=$2; shift 2
    mount --make-rprivate /
    mount -t proc proc "$root/proc"
    mount --rbind /dev "$root/dev"
    started=$(date +%s.%N) status=0
    chroot --userspec=caller:caller "$root" env -i $inside \
        sh -c "cd ~/hotline && exec \"\$@\"" trial "$@" || status=$?
    echo "== exit $status after $(echo "$(date +%s.%N) $started" | awk "{printf \"%.1f\", \$1 - \$2}") s" >&2
    exit $status' trial "$root" "$inside" "$@" || status=$?
home=$root/home/caller/hotline
{
    echo "== on disk: $(($(du -sm "$root/home" | cut -f1) - before)) MB"
    [ ! -d "$home/.hotline" ] || (cd "$home/.hotline" && du -sm ./* 2>/dev/null | sort -rn | head -n 6)
    [ ! -r "$home/.hotline/downloads/loaded" ] ||
        awk '{kb += $1} END {printf "== loaded: %.0f MB\n", kb / 1000}' "$home/.hotline/downloads/loaded"
    left=$(find "$root" -xdev \( -path "$home/.hotline" -o -path "$home/data" -o -path "$root/.before" \) -prune \
        -o -cnewer "$root/.before" \( ! -type d -o -path "$root/tmp/*" \) -print | sed "s|^$root||" | head -n 20)
    echo "== left elsewhere: ${left:-nothing}"
} >&2
[ -z "$left" ] || [ "$status" -ne 0 ] || status=1
exit "$status"
