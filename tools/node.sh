#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Prints the folder of a Node that the console's tools can use (20.19 or newer). Debian 12's own is older: then
# one is brought from npm, pinned, into .tools/ of this tree and nowhere else; with an npm of its own, because
# an npm that runs under the old Node leaves out every package that wants a newer one. Words go to stderr.
set -eu

node_pin=24.21.0
npm_pin=11.21.2
top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
tools=$top/.tools

# Is this program a Node of 20.19 or newer? (22 counts from 22.12 on.)
new_enough() {
    "$1" -e 'const [a, b] = process.versions.node.split(".").map(Number);
        process.exit((a === 20 && b >= 19) || (a === 22 && b >= 12) || a >= 23 ? 0 : 1)' 2>/dev/null
}

for node in "${TOCSIN_NODE:-}" "$(command -v node || true)" "$tools/node/bin/node"; do
    if [ -n "$node" ] && [ -x "$node" ] && new_enough "$node"; then
        dirname -- "$node"
        exit 0
    fi
done

case $(uname -m) in
    x86_64) arch=x64 ;;
    aarch64) arch=arm64 ;;
    *) echo "tools/node.sh: no Node 20.19 or newer here, and none on npm for $(uname -m); set TOCSIN_NODE" >&2
       exit 1 ;;
esac
if ! command -v npm >/dev/null; then
    echo "tools/node.sh: no Node 20.19 or newer, and no npm to bring one: apt-get install npm, or set TOCSIN_NODE" >&2
    exit 1
fi

# unpack NAME@VERSION FOLDER
unpack() {
    mkdir -p "$2"
    ( cd "$2" && npm pack --loglevel=error "$1" >/dev/null && tar -xzf ./*.tgz --strip-components=1 &&
        rm -f ./*.tgz ) >&2
}

echo "tools/node.sh: bringing Node $node_pin and npm $npm_pin from npm into .tools/" >&2
rm -rf "$tools/node" "$tools/node.new"
unpack "node-linux-$arch@$node_pin" "$tools/node.new"
unpack "npm@$npm_pin" "$tools/node.new/npm"
printf '#!/bin/sh\nexec "%s/node/bin/node" "%s/node/npm/bin/npm-cli.js" "$@"\n' "$tools" "$tools" \
    >"$tools/node.new/bin/npm"
chmod +x "$tools/node.new/bin/npm"
mv "$tools/node.new" "$tools/node"
if ! new_enough "$tools/node/bin/node"; then
    echo "tools/node.sh: the Node from npm does not run here" >&2
    exit 1
fi
echo "$tools/node/bin"
