#!/bin/sh
# Turn the modules of the standard library into one C file: embed.sh FILE.berth …
set -eu
echo '/* Made by stdlib/embed.sh from stdlib/. */'
echo '#include "berth/stdlib.h"'
for f; do
	m=$(basename "$f" .berth)
	printf 'static const char text_%s[] = {' "$m"
	od -An -v -tx1 "$f" | sed 's/ \([0-9a-f][0-9a-f]\)/0x\1,/g'
	echo '0};'
done
echo 'const struct stdlib_file stdlib_files[] = {'
for f; do
	m=$(basename "$f" .berth)
	printf '\t{"%s", text_%s, sizeof text_%s - 1},\n' "$m" "$m" "$m"
done
printf '\t{0, 0, 0},\n};\n'
