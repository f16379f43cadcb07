#!/bin/sh
# What check says of each program here, to the letter: NAME.berth beside NAME.err.
# UPDATE=1 writes the .err files anew; read the difference before you commit it.
set -u
cd "$(dirname "$0")"
BERTH=${BERTH:-../../build/berth-asan}
passed=0 failed=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT
for program in *.berth; do
	expected=${program%.berth}.err
	"$BERTH" check "$program" > "$out" 2>&1
	echo "exit $?" >> "$out"
	if [ -n "${UPDATE:-}" ]; then
		cp "$out" "$expected"
	fi
	if diff -u "$expected" "$out"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
