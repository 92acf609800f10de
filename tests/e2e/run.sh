#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs a part of the console's tests with the right Node: run.sh unit | mock | demo PROGRAM
set -eu
top=$(CDPATH='' cd -- "$(dirname -- "$0")/../.." && pwd)
"$top/tools/console-build.sh"
node=$("$top/tools/node.sh")/node
case $1 in
    unit)
        cd "$top/console"
        "$node" node_modules/svelte-check/bin/svelte-check --tsconfig tsconfig.json --fail-on-warnings
        "$node" node_modules/typescript/bin/tsc -p tsconfig.node.json
        exec "$node" dev/unit.mjs ;;
    mock) exec "$node" --test "$top/tests/e2e/console_mock.test.mjs" ;;
    demo) TOCSIN=$2 exec "$node" --test "$top/tests/e2e/console_demo.test.mjs" ;;
esac
echo "run.sh: unit, mock or demo" >&2
exit 2
