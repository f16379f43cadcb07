#!/bin/sh
# The real tools judge what berth writes. What cannot be installed is skipped
# with its reason; what can must accept everything.
set -u
cd "$(dirname "$0")/../.."
cache=${XDG_CACHE_HOME:-$HOME/.cache}/berth-conformance
mkdir -p "$cache"
passed=0 failed=0 skipped=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

report() { # NAME CODE
	if [ "$2" -eq 0 ]; then passed=$((passed + 1)); echo "passed   $1"; else failed=$((failed + 1)); echo "FAILED   $1"; fi
}
skip() { skipped=$((skipped + 1)); echo "skipped  $1: $2"; }

# a virtual environment with the packages named, made once
if [ ! -x "$cache/venv/bin/python" ]; then
	python3 -m venv "$cache/venv" 2> "$tmp/log" || { cat "$tmp/log"; rm -rf "$cache/venv"; }
fi
py=$cache/venv/bin/python
install() { # PACKAGE…
	"$py" -m pip install -q --disable-pip-version-check "$@" > "$tmp/pip" 2>&1
}

if [ ! -x "$py" ]; then
	skip "everything in Python" "python3 -m venv does not work here (package python3-venv)"
else
	if install 'moto[server]' awscli; then
		"$py" tests/conformance/aws.py build/berth
		report "aws client and moto: rails-on-fargate, form api" $?
	else
		skip "aws client and moto" "pip cannot install them: $(tail -n 1 "$tmp/pip")"
	fi
	if install cfn-lint; then
		for n in rails-on-fargate laravel-on-fargate mail-platform shop-with-ecspresso; do
			forms=api,cloudformation
			[ "$n" = shop-with-ecspresso ] && forms=ecspresso
			build/berth compile --stage prod --emit "$forms" --set tag=v1 -o "$tmp/$n" "examples/$n" 2> "$tmp/log" &&
				"$cache/venv/bin/cfn-lint" -- "$tmp/$n"/prod/cloudformation/*.json > "$tmp/log" 2>&1
			code=$?
			[ $code -eq 0 ] || cat "$tmp/log"
			report "cfn-lint without a finding: $n" $code
		done
		for program in tests/forms/*.berth; do
			grep -Eq '^# forms: (kubernetes|helm)$' "$program" && continue
			n=$(basename "$program" .berth)
			build/berth compile --emit "$(grep -q '^# forms: .*ecspresso' "$program" && echo ecspresso || echo cloudformation)" -o "$tmp/forms-$n" "$program" 2> "$tmp/log" &&
				"$cache/venv/bin/cfn-lint" -- "$tmp/forms-$n"/prod/cloudformation/*.json > "$tmp/log" 2>&1
			code=$?
			[ $code -eq 0 ] || cat "$tmp/log"
			report "cfn-lint without a finding: tests/forms/$n" $code
		done
	else
		skip "cfn-lint" "pip cannot install it: $(tail -n 1 "$tmp/pip")"
	fi
	if install kubernetes-validate pyyaml; then
		if build/berth compile --stage cluster --emit kubernetes -o "$tmp/hello" examples/hello 2> "$tmp/log"; then
			for version in 1.34.1 1.37.0; do
				"$cache/venv/bin/kubernetes-validate" --strict -k "$version" "$tmp"/hello/cluster/kubernetes/[0-9]*.yaml > "$tmp/log" 2>&1
				code=$?
				[ $code -eq 0 ] || cat "$tmp/log"
				report "kubernetes-validate $version, unknown fields refused: hello" $code
			done
			"$py" tests/conformance/restricted.py "$tmp"/hello/cluster/kubernetes/[0-9]*.yaml
			report "restricted Pod Security Standard: hello" $?
			for program in tests/forms/*.berth; do
				grep -q '^# forms: kubernetes$' "$program" || continue
				n=$(basename "$program" .berth) own=
				build/berth compile --emit kubernetes -o "$tmp/k8s-$n" "$program" 2> "$tmp/log"
				for f in "$tmp/k8s-$n"/prod/kubernetes/[0-9]*.yaml; do # custom resources have schemas of their own
					grep -Eq '^apiVersion: "?(v1|[a-z]+/v[0-9]+|[a-z.]+[.]k8s[.]io/v1)"?$' "$f" && ! grep -q '^apiVersion: gateway' "$f" && own="$own $f"
				done
				# shellcheck disable=SC2086 # a list of paths without blanks
				"$cache/venv/bin/kubernetes-validate" --strict -k 1.37.0 $own > "$tmp/log" 2>&1 && "$py" tests/conformance/restricted.py $own >> "$tmp/log" 2>&1
				code=$?
				[ $code -eq 0 ] || cat "$tmp/log"
				report "kubernetes-validate and restricted: tests/forms/$n" $code
			done
		else
			cat "$tmp/log"
			report "compile hello for Kubernetes" 1
		fi
	else
		skip "kubernetes-validate" "pip cannot install it: $(tail -n 1 "$tmp/pip")"
	fi
	if install ruamel.yaml pyyaml && make -s build/unit/yaml_test > "$tmp/log" 2>&1; then
		build/unit/yaml_test tests/unit/yaml-scalars.json "$tmp/lines" > /dev/null && "$py" tests/yaml_readers.py < "$tmp/lines"
		report "YAML read by PyYAML and ruamel.yaml" $?
	else
		skip "YAML readers" "ruamel.yaml is not to be had, or build/unit/yaml_test cannot be built: $(tail -n 1 "$tmp/log")"
	fi
fi
# Kubernetes: every example and test program with a cluster, in every stage
apiserver=$cache/kube-apiserver
. tests/conformance/tools.sh
own=$(grep -l '^# forms: .*kubernetes' tests/forms/*.berth)
set -- examples/hello examples/rails-on-eks $own tests/charts/stages.berth tests/charts/texts.berth
for program; do
	source=$program
	[ -d "$program" ] && source=$program/main.berth
	# shellcheck disable=SC2046 # words
	build/berth compile --all-stages --emit kubernetes $(sed -n 's/^param \([a-z_]*tag\): string$/--set \1=v1/p' "$source") -o "$tmp/all/$(basename "$program")" "$program" > "$tmp/log" 2>&1 || { cat "$tmp/log"; report "compile $program" 1; }
done
if ! have_helm; then
	skip "kubectl and helm" "$why"
elif ! have_definitions; then
	skip "kube-apiserver" "definitions of custom resources: $why"
elif ! have_apiserver; then
	skip "kube-apiserver" "$why"
elif install pyyaml; then
	"$py" tests/conformance/cluster.py "$cache" build/berth "$@"
	report "kube-apiserver: apply, apply again, helm lint, template, install and upgrade: $# programs" $?
fi
if go_tool kubeconform github.com/yannh/kubeconform/cmd/kubeconform@v0.8.0 && have_definitions && schemas=$(echo "$cache"/venv/lib/python3*/site-packages/kubernetes_validate/kubernetes-json-schema/v1.37.0-local-strict) && [ -d "$schemas" ]; then
	"$py" tests/conformance/schemas.py "$schemas" "$tmp/schemas" "$cache/crds"
	find "$tmp/all" -path '*/kubernetes/[0-9]*' ! -name '*targetgroupbinding*' ! -name '*watermarkpodautoscaler*' -exec "$cache/kubeconform" -strict -summary -schema-location "$tmp/schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json" {} + > "$tmp/log" 2>&1
	code=$?
	tail -n 3 "$tmp/log" | cut -c1-300
	report "kubeconform, unknown fields refused, custom resources too: $# programs" $code
else
	skip "kubeconform" "${why:-no schemas}"
fi
if go_tool kube-score github.com/zegl/kube-score/cmd/kube-score@v1.20.0; then
	"$py" tests/conformance/score.py "$cache/kube-score" tests/conformance/kube-score.txt "$tmp"/all/*/*/kubernetes
	report "kube-score without an unexplained finding: $# programs" $?
else
	skip "kube-score" "$why"
fi
skip "kube-linter, polaris, trivy" "no registry offers them"
if [ -x "$cache/kubectl" ]; then
	for folder in "$tmp"/all/*/*/kubernetes; do
		[ "$("$cache/kubectl" kustomize "$folder" 2> "$tmp/log" | grep -c '^kind:')" -eq "$(ls "$folder"/[0-9]*.yaml | wc -l)" ] || { cat "$tmp/log"; echo "$folder"; false; } || break
	done
	report "kubectl kustomize reads every object: $# programs" $?
fi
# the tarball builds where flex, bison and Python are not, installs, and is one file with make static
mkdir "$tmp/without"
for tool in flex bison python3; do printf '#!/bin/sh\nexit 1\n' > "$tmp/without/$tool" && chmod +x "$tmp/without/$tool"; done
if make -s dist > "$tmp/log" 2>&1 && tar -xzf build/berth-*.tar.gz -C "$tmp" \
	&& (cd "$tmp"/berth-* && PATH="$tmp/without:$PATH" make -s -j2 && make -s install DESTDIR="$tmp/root" PREFIX=/usr && make -s clean) >> "$tmp/log" 2>&1 \
	&& "$tmp/root/usr/bin/berth" check examples/hello >> "$tmp/log" 2>&1 && [ -s "$tmp/root/usr/share/man/man1/berth.1" ]; then
	report "make dist, then make and make install without flex, bison and Python" 0
else
	cat "$tmp/log"
	report "make dist, then make and make install without flex, bison and Python" 1
fi
if (cp -r "$tmp"/berth-* "$tmp/static" && cd "$tmp/static" && tar -xzf "$OLDPWD"/build/berth-*.tar.gz --strip-components=1 && make -s -j2 static && ! ldd build/berth > /dev/null 2>&1) > "$tmp/log" 2>&1; then
	report "make static: no shared libraries" 0
else
	cat "$tmp/log"
	report "make static: no shared libraries" 1
fi
if command -v shellcheck > /dev/null; then
	shellcheck -s sh -S warning "$tmp"/*/prod/*/deploy.sh > "$tmp/log" 2>&1
	code=$?
	[ $code -eq 0 ] || cat "$tmp/log"
	report "shellcheck of deploy.sh" $code
else
	skip "shellcheck" "it is not installed (package shellcheck)"
fi
# terraform with its AWS provider, where a plug-in folder holds it: no registry is asked
plugins=${BERTH_TF_PLUGINS:-/opt/tf-plugins}
if command -v terraform > /dev/null && [ -d "$plugins" ]; then
	for n in laravel-on-fargate shop-with-ecspresso hello rails-on-fargate; do
		stage=prod
		cp -r "examples/$n" "$tmp/tf-$n"
		[ "$n" = hello ] && stage=fargate
		# the provider of this folder may be older than deployments that shift traffic
		sed -i '/deploy blue_green/d' "$tmp/tf-$n/main.berth"
		set -- --set tag=v1
		grep -q '^param tag' "examples/$n/main.berth" || set --
		build/berth compile --stage "$stage" --emit api,terraform "$@" -o "$tmp/tf-out-$n" "$tmp/tf-$n" > "$tmp/log" 2>&1 &&
			(cd "$tmp/tf-out-$n/$stage/terraform" && TF_CLI_CONFIG_FILE=/dev/null && export TF_CLI_CONFIG_FILE && terraform init -no-color -plugin-dir="$plugins" && terraform validate -no-color) > "$tmp/log" 2>&1
		code=$?
		[ $code -eq 0 ] || tail -n 30 "$tmp/log"
		report "terraform validate: $n" $code
	done
	skip "terraform apply against moto" "the provider waits for attributes of SQS and ECS that moto does not give back"
else
	skip "terraform" "the binary or its AWS provider in $plugins is not there, and no registry offers them"
fi
skip "ecspresso" "no registry offers it; the files are compared with its own canonical order in tests/compile"
echo "conformance: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
