#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the Debian packages that a verb of the Makefile needs: deps.sh run|test|bench [--list]
# Says what it installs and why; with everything there it does and says nothing. --list only prints the names.
set -eu

# purpose  package  why
packages='
run   build-essential            the C compiler and the libc headers
run   ca-certificates            npm over HTTPS
run   cmake                      the build
run   ninja-build                the build
run   pkg-config                 finds the libraries below
run   libevent-dev               event loop and HTTP
run   libjansson-dev             JSON
run   libyaml-dev                site.yaml
run   libssl-dev                 TLS, SHA-256, AES
run   libsodium-dev              password hashes (Argon2id)
run   libseccomp-dev             the sandbox
run   libwslay-dev               WebSocket framing
run   libsqlite3-dev             the journal and the index of recordings
run   libcurl4-openssl-dev       HTTP to the daemon, for the verbs
run   libcmocka-dev              unit tests (part of every build)
test  python3                    scenario and tidiness tests
test  openssl                    the scenario tests look at the certificate
test  clang                      builds the fuzz targets
test  libclang-rt-14-dev         libFuzzer and the sanitizers for clang
test  libgstrtspserver-1.0-dev   an RTSP server that was not written here
test  gstreamer1.0-plugins-base  its test picture
test  gstreamer1.0-x             its clock in the picture
test  gstreamer1.0-plugins-good  its RTP packets
test  gstreamer1.0-plugins-bad   its H.264 parser
test  gstreamer1.0-plugins-ugly  its H.264 encoder (x264enc)
test  ffmpeg                     decodes the clips that the tests download
test  chromium                   the console in a real browser
bench python3                    the peers and the tables
bench ffmpeg                     the peer of bench capture and bench retrieval
'

purpose=${1:-}
case $purpose in
    run) wanted='run' ;;
    test) wanted='run|test' ;;
    bench) wanted='run|bench' ;;
    *) echo "usage: tools/deps.sh run|test|bench [--list]" >&2; exit 2 ;;
esac
table=$(printf '%s' "$packages" | grep -E "^($wanted) ")
# The console is built by Node from npm; any npm will do (tools/node.sh brings a newer Node where this one is old).
if ! command -v npm >/dev/null 2>&1; then
    table="$table
run   npm                        builds the console"
fi
if [ "${2:-}" = --list ]; then
    printf '%s\n' "$table" | awk '{print $2}' | sort -u
    exit 0
fi

if ! command -v dpkg-query >/dev/null 2>&1 || ! command -v apt-get >/dev/null 2>&1; then
    echo "tools/deps.sh: this system has no apt-get. Install the equivalents of these Debian 12 packages," >&2
    echo "then use 'make build' and 'make check', which install nothing:" >&2
    printf '%s\n' "$table" | awk '{print "  " $2}' | sort -u >&2
    exit 1
fi

names=$(printf '%s\n' "$table" | awk '{print $2}' | sort -u)
# shellcheck disable=SC2086
have=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' $names 2>/dev/null |
    awk '$1 == "installed" {print $2}') || true
missing=''
for name in $names; do
    printf '%s\n' "$have" | grep -qxF "$name" || missing="$missing $name"
done
[ -n "$missing" ] || exit 0

echo "make $purpose: installing Debian packages:"
for name in $missing; do
    printf '%s\n' "$table" | awk -v n="$name" '
        $2 == n && !said { said = 1; sub(/^[^ ]+ +[^ ]+ +/, ""); printf "  %-26s %s\n", n, $0 }'
done
as_root=''
if [ "$(id -u)" != 0 ]; then
    if ! command -v sudo >/dev/null 2>&1; then
        echo "make $purpose: not root and no sudo. As root: apt-get install$missing" >&2
        exit 1
    fi
    as_root=sudo
fi
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q update
# shellcheck disable=SC2086
$as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends install $missing
