#!/bin/sh
# Time and memory of berth on generated projects; see README.md for figures.
set -eu
cd "$(dirname "$0")/../.."
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
for n in 1000 10000 100000; do
	python3 tests/bench/generate.py $n > "$tmp/$n.berth"
done
for n in 100 1000; do
	python3 tests/bench/generate_aws.py $n > "$tmp/aws$n.berth"
done
for n in 1000 10000 20000; do
	python3 tests/bench/generate_kubernetes.py $n "$tmp/w$n"
done
cache=${XDG_CACHE_HOME:-$HOME/.cache}/berth-conformance
. tests/conformance/tools.sh
have_helm || echo "helm is left out: $why"
python3 tests/bench/measure.py build/berth "$tmp" "$cache/helm"
