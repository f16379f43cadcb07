#!/bin/sh
# Every allocation failing in turn, on the small examples: the run ends with
# words and exit code 71 (or a diagnostic), never a crash or a half-written set.
set -u
cd "$(dirname "$0")/../.."
make -s build/berth-oom > /dev/null || { echo "0 passed, 1 failed"; exit 1; }
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
passed=0 failed=0
export ASAN_OPTIONS=detect_leaks=0:exitcode=99 UBSAN_OPTIONS=exitcode=99

# STEP 1 is every allocation; BERTH_OOM_STEP=1 makes it so for all
try() { # NAME STEP COMMAND…
	name=$1 step=${BERTH_OOM_STEP:-$2}
	shift 2
	total=$("$@" 2>&1 > /dev/null | sed -n 's/^allocations: //p')
	[ -n "$total" ] || { echo "$name: no count"; failed=$((failed + 1)); return; }
	i=1
	while [ "$i" -le "$total" ]; do
		rm -rf "$tmp/out"
		BERTH_FAIL_AT=$i "$@" > "$tmp/stdout" 2> "$tmp/stderr"
		code=$?
		case $code in
		71 | 70 | 73 | 1 | 66 | 0) ;;
		*) echo "$name: allocation $i of $total: exit $code"; head -n 5 "$tmp/stderr"; failed=$((failed + 1)) ;;
		esac
		if grep -q 'Sanitizer\|runtime error' "$tmp/stderr"; then
			echo "$name: allocation $i of $total"; head -n 12 "$tmp/stderr"; failed=$((failed + 1))
		fi
		# old or new, never half: a set without its berth.json must not look finished
		if [ -d "$tmp/out" ] && find "$tmp/out" -name '.berth-tmp*' | grep -q .; then
			echo "$name: allocation $i leaves temporary files"; failed=$((failed + 1))
		fi
		[ "$failed" -gt 5 ] && break
		i=$((i + step))
	done
	passed=$((passed + 1))
	echo "$name: $total allocations, one in $step"
}

# each allocation once: a child is split off at it, in which it fails
each() { # NAME COMMAND…
	name=$1
	shift
	BERTH_FAIL_EACH=1 "$@" > /dev/null 2> "$tmp/stderr"
	line=$(grep '^allocations: ' "$tmp/stderr")
	case $line in
	'allocations: '*badly | '') grep -v 'out of memory' "$tmp/stderr" | head -n 20; failed=$((failed + 1)) ;;
	*) passed=$((passed + 1)) ;;
	esac
	echo "$name: $line"
}
each check build/berth-oom check examples/hello
each stdout build/berth-oom compile --stdout --stage fargate examples/hello
each kubernetes build/berth-oom compile --stdout --stage cluster examples/hello
each fmt build/berth-oom fmt --diff examples/hello
each broken build/berth-oom check tests/syntax/other-languages.berth
try compile 29 build/berth-oom compile --all-stages -o "$tmp/out" examples/hello
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
