#!/bin/sh
# Secrets of stage prod of build: written by berth, not to be edited.
# usage: secrets.sh PROJECT_FOLDER [option of kubectl apply, such as --context NAME]
# Needs sops, its key, and kubectl. Run it before the manifests are applied.
set -eu
project=${1:?the folder of the project, from which the SOPS files are named}
shift
manifest=
# `value KEY FILE PATH`: one more member of the Secret
value() {
	plain=$(sops decrypt --extract "$3" "$project/$2" && printf x) || exit 1
	manifest="$manifest  \"$1\": $(printf '%s' "${plain%x}" | base64 | tr -d '\n')
"
}
apply() { # NAMESPACE NAME [option…]
	namespace=$1 name=$2
	shift 2
	printf 'apiVersion: v1\nkind: Secret\ntype: Opaque\nmetadata:\n  name: %s\n  namespace: %s\n  labels:\n    app.kubernetes.io/managed-by: berth\ndata:\n%s' "$name" "$namespace" "$manifest" |
		kubectl apply --server-side --field-manager=berth "$@" -f -
	manifest=
}

value 'database_url' 'secrets/prod.yaml' '["database_url"]'
value 'secret_key_base' 'secrets/prod.yaml' '["secret_key_base"]'
apply 'build' 'build-secrets-prod' "$@"
