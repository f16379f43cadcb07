#!/bin/sh
# Every test: run.sh [PATTERN]. Each suite prints its failures and ends with
# "N passed, N failed"; the last line adds them up.
set -u
cd "$(dirname "$0")/.."
BERTH=${BERTH:-$PWD/build/berth-asan}
export BERTH
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=1:abort_on_error=0}
pattern=${1:-}
passed=0 failed=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

suite() { # NAME COMMAND…
	name=$1
	shift
	case $name in *"$pattern"*) ;; *) return ;; esac
	start=$(date +%s)
	"$@" > "$log" 2>&1
	code=$?
	line=$(grep -E '^[0-9]+ passed, [0-9]+ failed' "$log" | tail -n 1)
	if [ -n "$line" ]; then
		p=$(echo "$line" | sed 's/ passed.*//') f=$(echo "$line" | sed 's/.*passed, //; s/ failed.*//')
		[ "$code" -ne 0 ] && [ "$f" -eq 0 ] && f=1
	elif [ "$code" -eq 0 ]; then
		p=1 f=0
	else
		p=0 f=1
	fi
	passed=$((passed + p)) failed=$((failed + f))
	printf '%-14s %6d passed %4d failed  %3d s\n' "$name" "$p" "$f" "$(($(date +%s) - start))"
	[ "$f" -eq 0 ] || sed 's/^/    /' "$log" | tail -n 60
}

for t in build/unit/*_test; do
	[ -x "$t" ] && suite "unit/$(basename "$t" _test)" "$t"
done
suite machine python3 tests/schedules/machine.py
suite codes python3 tests/codes/run.py
suite forms sh tests/forms/run.sh
suite charts python3 tests/charts/run.py
suite files python3 tests/forms/files.py
suite deploy python3 tests/forms/deploy.py
suite examples sh tests/compile/run.sh
[ -f tests/syntax/run.sh ] && suite syntax sh tests/syntax/run.sh
[ -f tests/syntax/deletions.py ] && suite deletions python3 tests/syntax/deletions.py
[ -f tests/cli/run.sh ] && suite cli sh tests/cli/run.sh
[ -f tests/errors/run.sh ] && suite errors sh tests/errors/run.sh
[ -f tests/oom/run.sh ] && suite oom sh tests/oom/run.sh
suite documents python3 tests/codes/documents.py
suite vocabulary python3 tests/codes/vocabulary.py

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
