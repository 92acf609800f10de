#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Runs one fuzz target: fuzz.sh BUILD_DIR TARGET SECONDS. First every seed (tests/golden, fuzz/regress), then new
# inputs until the time is up. What it learns stays in BUILD_DIR/corpus; an input that fails is kept in BUILD_DIR.
set -eu

[ $# = 3 ] || { echo "usage: tools/fuzz.sh BUILD_DIR TARGET SECONDS" >&2; exit 2; }
build=$1 target=$2 seconds=$3
top=$(CDPATH='' cd -- "$(dirname -- "$0")/.." && pwd)
if [ ! -x "$build/$target" ]; then
    echo "tools/fuzz.sh: $build/$target is not built: make fuzz-build" >&2
    exit 1
fi
short=${target#fz_}
mkdir -p "$build/corpus/$target"
set -- "$build/corpus/$target"
for seeds in "$top/tests/golden/$short" "$top/tests/golden/$target" "$top/fuzz/regress/$target"; do
    [ ! -d "$seeds" ] || set -- "$@" "$seeds"
done
if [ $# = 1 ]; then
    echo "tools/fuzz.sh: $target has no seeds: put some in tests/golden/$short or tests/golden/$target" >&2
    exit 1
fi
exec "$build/$target" -max_total_time="$seconds" -timeout=10 -rss_limit_mb=1024 -max_len=65536 -print_final_stats=1 \
    -verbosity=0 -artifact_prefix="$build/$target-" "$@"
