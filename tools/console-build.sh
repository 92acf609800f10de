#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Builds the console into console/dist: npm ci when the lock file changed, vite build when a source changed.
# With nothing changed it only compares two checksums. --packages: only what npm brings (for the tests).
set -eu

top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
cd "$top/console"

sum() { cat -- "$@" | sha256sum | cut -d' ' -f1; }
stamped() { [ -f "$1" ] && [ "$(cat "$1")" = "$2" ]; }

# One at a time: parallel targets of one build may both come here.
mkdir -p "$top/.tools"
exec 9>"$top/.tools/console.lock"
flock 9

packages=$(sum package.json package-lock.json)
if ! stamped node_modules/.stamp "$packages"; then
    PATH=$("$top/tools/node.sh"):$PATH
    if ! command -v npm >/dev/null; then
        echo "console: npm is missing: apt-get install npm" >&2
        exit 1
    fi
    echo "console: npm ci" >&2
    npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
    echo "$packages" >node_modules/.stamp
fi
[ "${1:-}" = --packages ] && exit 0

sources=$(find src index.html vite.config.ts svelte.config.js tsconfig.json package-lock.json -type f | LC_ALL=C sort)
# shellcheck disable=SC2086
built=$(printf '%s' "$sources" | cat - $sources | sha256sum | cut -d' ' -f1)
if [ -f dist/index.html ] && stamped node_modules/.built "$built"; then
    exit 0
fi
node=$("$top/tools/node.sh")/node
echo "console: vite build" >&2
"$node" node_modules/vite/bin/vite.js build --logLevel warn >&2
echo "$built" >node_modules/.built
