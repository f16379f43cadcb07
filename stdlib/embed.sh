#!/bin/sh
# Turn files into one C file: embed.sh modules FILE.berth … makes the table of the standard library's modules;
# embed.sh text NAME FILE makes one constant text.
set -eu
bytes() {
	od -An -v -tx1 "$1" | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
	echo '0};'
}
what=$1
shift
echo '/* Made by stdlib/embed.sh. */'
if [ "$what" = text ]; then
	printf 'extern const char %s[];\nconst char %s[] = {' "$1" "$1"
	bytes "$2"
	exit
fi
echo '#include "berth/stdlib.h"'
for f; do
	printf 'static const char text_%s[] = {' "$(basename "$f" .berth)"
	bytes "$f"
done
echo 'const struct stdlib_file stdlib_files[] = {'
for f; do
	m=$(basename "$f" .berth)
	printf '\t{"%s", text_%s, sizeof text_%s - 1},\n' "$m" "$m" "$m"
done
printf '\t{0, 0, 0},\n};\n'
