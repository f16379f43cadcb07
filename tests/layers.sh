#!/bin/sh
# A layer includes the headers of layers to its left, never to its right.
set -eu
order='base diag syntax schema sema graph lower emit fmt cli'
rank() { n=0; for l in $order; do [ "$l" = "$1" ] && { echo $n; return; }; n=$((n + 1)); done; echo "no layer $1" >&2; exit 1; }
layer_of() {
	case $1 in
	cron) echo schema ;;
	stdlib) echo sema ;;
	resource | lower) echo lower ;;
	output | emit) echo emit ;;
	*) echo "$1" ;;
	esac
}
bad=0
for dir in $order; do
	mine=$(rank "$dir")
	for f in compiler/"$dir"/*.[ch]; do
		[ -e "$f" ] || continue
		for h in $(sed -n 's|^#include "berth/\([a-z_]*\)\.h".*|\1|p' "$f"); do
			theirs=$(rank "$(layer_of "$h")")
			# fmt sees syntax and schema only; resource.h is plain data below lower
			if [ "$theirs" -gt "$mine" ] || { [ "$dir" = fmt ] && [ "$theirs" -gt 3 ] && [ "$h" != fmt ]; }; then
				echo "$f: layer $dir includes berth/$h.h of a layer to its right"
				bad=1
			fi
		done
	done
done
[ "$bad" = 0 ] && echo "layers: every include goes to the left"
exit $bad
