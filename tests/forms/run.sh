#!/bin/sh
# Programs that the examples leave out, in every form that takes them: NAME.berth beside NAME.out, a JSON line a file.
# A line `# forms: LIST` names other forms.
# UPDATE=1 writes the .out files anew; read the difference before you commit it.
set -u
cd "$(dirname "$0")"
BERTH=${BERTH:-../../build/berth-asan}
passed=0 failed=0
out=$(mktemp)
trap 'rm -f "$out" "$out.err"' EXIT
for program in *.berth; do
	expected=${program%.berth}.out
	forms=$(sed -n 's/^# forms: //p' "$program")
	if ! "$BERTH" compile --emit "${forms:-api,cloudformation,terraform}" --stdout "$program" > "$out" 2>"$out.err"; then
		cat "$out.err" >> "$out"
		failed=$((failed + 1))
		head -n 20 "$out"
		continue
	fi
	grep -v '"path":"[a-z]*/api/deploy.sh"\|"path":"[a-z]*/berth.json"' "$out" > "$out.kept"
	mv "$out.kept" "$out"
	[ -z "${UPDATE:-}" ] || cp "$out" "$expected"
	if cmp -s "$expected" "$out"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "$expected differs"
		diff "$expected" "$out" | cut -c1-300 | head -n 10
	fi
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
