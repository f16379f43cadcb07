#!/bin/sh
# The examples: each checks in every stage, its tests pass, and those that
# compile give the outputs kept here. run.sh [--accept] [PATTERN]
set -u
cd "$(dirname "$0")/../.."
BERTH=${BERTH:-$PWD/build/berth}
accept=no
[ "${1:-}" = --accept ] && { accept=yes; shift; }
pattern=${1:-}
passed=0 failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

ok() { passed=$((passed + 1)); }
bad() { failed=$((failed + 1)); echo "FAILED: $*"; }

for dir in examples/*/; do
	n=$(basename "$dir")
	case $n in *"$pattern"*) ;; *) continue ;; esac
	if "$BERTH" check --all-stages "$dir" > "$tmp/log" 2>&1; then ok; else bad "$n: check"; cat "$tmp/log"; fi
	if "$BERTH" fmt --check "$dir" > "$tmp/log" 2>&1; then ok; else bad "$n: fmt --check"; cat "$tmp/log"; fi
	if "$BERTH" test --all-stages --set tag=v1 "$dir" > "$tmp/log" 2>&1 ||
	   "$BERTH" test --all-stages "$dir" > "$tmp/log" 2>&1; then ok; else bad "$n: test"; cat "$tmp/log"; fi
done

# of the larger ones, production is kept
for n in rails-on-fargate hello laravel-on-fargate mail-platform shop-with-ecspresso rails-on-eks; do
	case $n in *"$pattern"*) ;; *) continue ;; esac
	set -- --set tag=v1
	grep -q '^param tag' "examples/$n/main.berth" || set --
	[ "$n" = rails-on-eks ] && set -- --set tag=v1 --set blue_tag=b1 --set green_tag=g1 --emit kubernetes,cloudformation
	stages=--all-stages
	case $n in laravel-on-fargate | rails-on-eks) stages=--stage=prod ;; esac
	if ! "$BERTH" compile $stages "$@" -o "$tmp/$n" "examples/$n" > "$tmp/log" 2>&1; then
		bad "$n: compile"
		cat "$tmp/log"
		continue
	fi
	if [ "$accept" = yes ]; then
		rm -rf "tests/compile/$n"
		cp -r "$tmp/$n" "tests/compile/$n"
	fi
	for script in "$tmp/$n"/*/*/deploy.sh; do
		[ -f "$script" ] || continue
		if sh -n "$script"; then ok; else bad "$n: $script is no shell script"; fi
	done
	if diff -r "tests/compile/$n" "$tmp/$n"; then ok; else bad "$n: outputs differ from tests/compile/$n (--accept takes them)"; fi
	"$BERTH" compile $stages "$@" -o "$tmp/$n.again" "examples/$n" > /dev/null 2>&1
	if diff -r "$tmp/$n" "$tmp/$n.again" > /dev/null; then ok; else bad "$n: two runs differ"; fi
	if "$BERTH" compile $stages "$@" -o "$tmp/$n" --check "examples/$n" > "$tmp/log" 2>&1; then ok; else bad "$n: --check after compile"; cat "$tmp/log"; fi
done

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
