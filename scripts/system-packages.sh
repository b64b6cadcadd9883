#!/bin/sh
# Makes sure that what only root can install is there: scripts/system-packages.sh run|test|check
# Installs it from Debian when it may (root, or sudo without a password), else says in one line what to run.
set -eu

RUST_MIN=1.95
missing=

want() { # want <Debian package> <shell test that succeeds when it is there>
    sh -c "$2" >/dev/null 2>&1 || missing="$missing $1"
}

rust_is_recent() {
    version=$(cargo --version 2>/dev/null | cut -d' ' -f2) || return 1
    [ -n "$version" ] && [ "$(printf '%s\n%s\n' "$RUST_MIN" "$version" | sort -V | head -n1)" = "$RUST_MIN" ]
}

want python3-venv 'python3 -c "import ensurepip, venv"'
want gcc 'command -v cc'
want libc6-dev 'test -e /usr/include/stdlib.h'
if ! rust_is_recent; then
    if command -v rustup >/dev/null 2>&1; then
        echo "salon: the Rust core needs Rust $RUST_MIN or newer, and rustup is in charge of Rust here; run: rustup update stable" >&2
        exit 1
    fi
    missing="$missing cargo-web rustc-web"
fi
case ${1:-run} in
    test) want chromium 'command -v chromium' ;;
    check)
        want nodejs 'command -v node'
        want npm 'command -v npm'
        want rustfmt-web 'cargo fmt --version'
        want rust-web-clippy 'cargo clippy --version'
        ;;
esac
[ -z "$missing" ] && exit 0

install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "salon: missing from this machine:$missing; run: sudo $install" >&2
    exit 1
fi
command -v apt-get >/dev/null 2>&1 || { echo "salon: missing from this machine:$missing (Debian's names); install them and try again" >&2; exit 1; }
echo "salon: installing$missing" >&2
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
if ! { $as_root apt-get update -q && $as_root $install -q; } >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    echo "salon: could not install$missing; run: sudo $install" >&2
    exit 1
fi
rm -f "$log"
rust_is_recent || { echo "salon: the Rust core needs Rust $RUST_MIN or newer; found $(cargo --version 2>&1)" >&2; exit 1; }
