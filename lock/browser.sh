#!/bin/sh
# 136 MB to load, 400 MB on disk: Chromium, for the tests of pages
#
# browser.sh add|remove HOME: a part that is no Python package, into HOME/browser
set -eu
LOCKS=$(dirname "$(readlink -f "$0")")
H=$(cd "$2" && pwd -P)
STARTED=${HOTLINE_STARTED:-$(date +%s)}
say() { printf '[%3d s] browser: %s\n' $(($(date +%s) - ${STARTED%.*})) "$*" >&2; }

[ -e "$H/.ours" ] || { say "STOPPED: there is nothing in $H" && exit 1; }
exec 9>"$H/.lock" # as every set-up in this folder; whoever works for us holds it on
flock -n 9 || say "another set-up is at work in $H; waiting for it"
flock -w 900 9 || { say "STOPPED: another set-up has been at work in $H for 15 minutes" && exit 1; }
if [ "$1" = remove ]; then
    rm -rf "$H"/browser "$H"/browser-*
elif [ -n "${HOTLINE_UPDATE:-}" ] || [ ! -x "$H/browser/bin/chromium" ]; then
    say "$(sed -n '2s/^# //p' "$LOCKS/browser.sh")"
    exec "$LOCKS/../asterisk-config/obtain.sh" browser "$H"
fi
