#!/bin/sh
# Makes sure that what only root can install is there: scripts/system-packages.sh run|test|check|clients
# Installs it from Debian when it may (root, or sudo without a password), else says in one line what to run.
set -eu

RUST_MIN=1.95
missing=
wished=

want() { # want <Debian package> <shell test that succeeds when it is there>
    sh -c "$2" >/dev/null 2>&1 || missing="$missing $1"
}

wish() { # wish <Debian package> <shell test>: what needs it is skipped where there is no such package
    sh -c "$2" >/dev/null 2>&1 || wished="$wished $1"
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
    test)
        want chromium 'command -v chromium'
        wish firefox-esr 'command -v firefox-esr'
        ;;
    clients)
        wish iproute2 'command -v ip'
        wish nftables 'command -v nft'
        wish xvfb 'command -v Xvfb'
        wish libavcodec59 'ls /usr/lib/*/libavcodec.so.*'
        wish openssl 'command -v openssl'
        wish nodejs 'command -v node'
        wish npm 'command -v npm'
        wish pkg-config 'command -v pkg-config'
        wish gstreamer1.0-tools 'command -v gst-launch-1.0'
        wish libgstreamer1.0-dev 'pkg-config --exists gstreamer-1.0'
        wish libgstreamer-plugins-base1.0-dev 'pkg-config --exists gstreamer-app-1.0'
        wish libgstreamer-plugins-bad1.0-dev 'pkg-config --exists gstreamer-webrtc-1.0'
        wish gstreamer1.0-nice 'ls /usr/lib/*/gstreamer-1.0/libgstnice.so'
        wish gstreamer1.0-plugins-good 'gst-inspect-1.0 --exists vp8enc'
        wish gstreamer1.0-plugins-bad 'gst-inspect-1.0 --exists webrtcbin'
        wish gstreamer1.0-plugins-ugly 'gst-inspect-1.0 --exists x264enc'
        wish gstreamer1.0-libav 'gst-inspect-1.0 --exists avdec_h264'
        ;;
    check)
        want nodejs 'command -v node'
        want npm 'command -v npm'
        want rustfmt-web 'cargo fmt --version'
        want rust-web-clippy 'cargo clippy --version'
        ;;
esac
[ -z "$missing$wished" ] && exit 0

install="apt-get install -y --no-install-recommends$missing"
if [ "$(id -u)" = 0 ]; then
    as_root=
elif sudo -n true 2>/dev/null; then
    as_root="sudo -n"
elif [ -z "$missing" ]; then
    echo "salon: without$wished, whose tests are skipped" >&2
    exit 0
else
    echo "salon: missing from this machine:$missing; run: sudo $install" >&2
    exit 1
fi
[ -z "$missing" ] && ! command -v apt-get >/dev/null 2>&1 && exit 0
command -v apt-get >/dev/null 2>&1 || { echo "salon: missing from this machine:$missing (Debian's names); install them and try again" >&2; exit 1; }
echo "salon: installing$missing$wished" >&2
log=$(mktemp)
export DEBIAN_FRONTEND=noninteractive
if ! { $as_root apt-get update -q && { [ -z "$missing" ] || $as_root $install -q; }; } >"$log" 2>&1; then
    tail -n 5 "$log" >&2
    [ -z "$missing" ] || { echo "salon: could not install$missing; run: sudo $install" >&2; exit 1; }
fi
for package in $wished; do
    $as_root apt-get install -y --no-install-recommends -q "$package" >>"$log" 2>&1 ||
        echo "salon: without $package, whose tests are skipped" >&2
done
rm -f "$log"
rust_is_recent || { echo "salon: the Rust core needs Rust $RUST_MIN or newer; found $(cargo --version 2>&1)" >&2; exit 1; }
