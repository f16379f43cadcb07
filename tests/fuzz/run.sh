#!/bin/sh
# Fuzz for SECONDS (default 60) from the examples and the tests' inputs, with
# the vocabulary as dictionary. New inputs are kept in build/corpus.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-60}
mkdir -p build/corpus build/seeds
i=0
for f in examples/*/main.berth tests/syntax/*.berth stdlib/*.berth; do
	[ -e "$f" ] || continue
	i=$((i + 1))
	cp "$f" "build/seeds/$i"
done
sed -n 's/.*\.name = "\([a-z_]*\)".*/"\1"/p; s/^ATTR([a-z_0-9]*, \([a-z_0-9]*\),.*/"\1 = "/p' include/berth/schema/*.def | sort -u > build/dictionary
build/fuzz -max_total_time="$seconds" -max_len=20000 -timeout=10 -rss_limit_mb=4096 -dict=build/dictionary -verbosity=0 -print_final_stats=1 build/corpus build/seeds
