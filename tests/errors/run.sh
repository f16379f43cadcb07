#!/bin/sh
# Bad input: a clear message and the right exit code, never a crash or a write.
# Each case says what it runs, the exit code and words that must be said.
set -u
cd "$(dirname "$0")/../.."
BERTH=${BERTH:-$PWD/build/berth}
passed=0 failed=0
tmp=$(mktemp -d)
trap 'chmod -R u+w "$tmp"; rm -rf "$tmp"' EXIT

# expect NAME EXIT WORDS COMMAND…: the words are a basic regular expression of stderr and stdout
expect() {
	name=$1 want=$2 words=$3
	shift 3
	timeout 60 "$@" > "$tmp/log" 2>&1
	code=$?
	if [ "$code" -eq "$want" ] && { [ -z "$words" ] || grep -q -- "$words" "$tmp/log"; } && ! grep -q 'Sanitizer\|runtime error' "$tmp/log"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $name: exit $code, wanted $want with: $words"
		head -n 12 "$tmp/log" | cut -c1-200
	fi
}
program() { # FILE, the rest from standard input behind a project and a stage
	{
		echo 'project app { edition = 2026 }'
		echo 'stage prod {'
		echo '  platform = ecs'
		echo '  region = "eu-west-1"'
		echo '  account = "111122223333"'
		echo '  ecs { cluster = "c", subnets = ["subnet-0a1b2c3d4e5f60718"] }'
		echo '}'
		cat
	} > "$1"
}
service='service web {
  container app {
    image = "a"
    tag = "1"
    cpu = 0.25vcpu
    memory = 512MiB
  }
}'

# bytes and size
printf 'project a { edition = 2026 }\nstage p { platform = ecs }\n# \000\n' > "$tmp/nul.berth"
expect 'NUL byte' 1 'E0010.*NUL' "$BERTH" check "$tmp/nul.berth"
printf 'project a { edition = 2026 }\nstage p { platform = ecs }\n# \377\n' > "$tmp/utf.berth"
expect 'invalid UTF-8' 1 'E0010.*not UTF-8' "$BERTH" check "$tmp/utf.berth"
printf 'project a {\n\tedition = 2026\n}\nstage p { platform = ecs }\n' > "$tmp/tab.berth"
expect 'tabs' 0 'E0011' "$BERTH" check "$tmp/tab.berth"
printf 'project a { edition = 2026 }\r\nstage p { platform = ecs }\r\n' > "$tmp/crlf.berth"
expect 'CRLF' 0 '' "$BERTH" check "$tmp/crlf.berth"
printf '\357\273\277project a { edition = 2026 }\nstage p { platform = ecs }\n' > "$tmp/bom.berth"
expect 'byte order mark' 0 '' "$BERTH" check "$tmp/bom.berth"
python3 -c 'print("project a { edition = 2026 }\nstage p { platform = ecs }"); print("\n".join("x {" for _ in range(100000)))' > "$tmp/deep.berth"
expect '100 000 nested braces' 1 'E00' "$BERTH" check "$tmp/deep.berth"
python3 -c 'print("project a { edition = 2026 }\nstage p { platform = ecs }\ncontainer c {\n  cpu = " + "("*100000 + "\n}")' > "$tmp/parens.berth"
expect '100 000 parentheses' 1 'E0005' "$BERTH" check "$tmp/parens.berth"
python3 -c 'print("project a { edition = 2026 }\nstage p { platform = ecs }\ncontainer c {\n  memory = " + "not "*100000 + "\n}")' > "$tmp/not.berth"
expect '100 000 times not' 1 'E0005\|E0001' "$BERTH" check "$tmp/not.berth"
python3 -c 'print("project a { edition = 2026 }\nstage p { platform = ecs }\ncontainer c {\n  image = \"" + "x"*(1<<20) + "\"\n}")' > "$tmp/token.berth"
expect 'a token of 1 MiB' 1 'E0004' "$BERTH" check "$tmp/token.berth"
python3 -c 'print("project a { edition = 2026 }\nstage p { platform = ecs }\ncontainer c {\n  user = " + "9"*400 + "\n}")' > "$tmp/number.berth"
expect 'a huge number' 1 'E0105.*does not fit' "$BERTH" check "$tmp/number.berth"
python3 -c '
print("project a { edition = 2026 }\nstage p { platform = ecs }")
for i in range(60000): print("container c%d {\n  image = \"registry.example.com/some/image/%d\"\n  tag = \"1\"\n  cpu = 0.25vcpu\n  memory = 512MiB\n  # filler filler filler filler filler filler filler filler\n}" % (i, i))' > "$tmp/big.berth"
expect '10 MB of program' 0 '' "$BERTH" check "$tmp/big.berth"

# files
expect 'a file that does not exist' 66 'cannot be read' "$BERTH" check "$tmp/none.berth"
mkdir "$tmp/empty"
expect 'a folder without programs' 66 'no .berth file' "$BERTH" check "$tmp/empty"
program "$tmp/outputs.berth" << EOF
container x { image = stage.outputs.a }
EOF
expect 'no outputs file' 1 'E0124' "$BERTH" check "$tmp/outputs.berth"
for bad in '{"a": ' '[1, 2]' '{"a": {"value": "x", "sensitive": true}}' '{"b": "x"}'; do
	mkdir -p "$tmp/o/infra"
	echo "$bad" > "$tmp/o/infra/prod.json"
	printf 'project a { edition = 2026 }\nstage prod { platform = ecs, outputs = "infra/prod.json" }\ncontainer x { image = stage.outputs.a }\n' > "$tmp/o/main.berth"
	expect "outputs file $bad" 1 'E012[345]' "$BERTH" check "$tmp/o"
done
rm "$tmp/o/infra/prod.json"
mkdir "$tmp/o/infra/prod.json"
expect 'a folder as outputs file' 1 'E0123.*folder' "$BERTH" check "$tmp/o"

# a stage that does not say what is needed, and what is not built
{ echo 'project app { edition = 2026 }'; echo 'stage prod { platform = ecs }'; echo "$service"; } > "$tmp/stage.berth"
expect 'a stage without a cluster' 1 'E0170' "$BERTH" compile -o "$tmp/out" "$tmp/stage.berth"
program "$tmp/unbuilt.berth" << EOF
$service
manifest quota { file = "quota.yaml" }
EOF
expect 'what is not built is accepted by check' 0 '' "$BERTH" check "$tmp/unbuilt.berth"
expect 'and refused by compile' 1 'E0180.*not yet built for ecs' "$BERTH" compile -o "$tmp/out" "$tmp/unbuilt.berth"
expect 'a form that there is not' 64 'there is no form "helmet"; there are api' "$BERTH" compile --emit helmet -o "$tmp/out" "$tmp/unbuilt.berth"

# charts
chart() { # the rest from standard input behind a project and two stages
	{
		echo 'project app { edition = 2026, timezone = "UTC" }'
		for stage in one two; do
			echo "stage $stage {"
			echo '  platform = kubernetes'
			echo "  kubernetes { namespace = \"$stage\", secrets = sops }"
			echo '}'
		done
		cat
	} > "$tmp/chart.berth"
}
chart << EOF
$service
EOF
expect 'a chart of one stage of two' 64 'one chart of all stages: compile with --all-stages' "$BERTH" compile --emit helm --stage one -o "$tmp/chart" "$tmp/chart.berth"
expect 'and of both' 0 'helm: .* files' "$BERTH" compile --emit helm --all-stages -o "$tmp/chart" "$tmp/chart.berth"
expect 'AWS forms for a cluster alone' 0 'one: [0-9]* resources of Kubernetes left out' "$BERTH" compile --emit terraform --all-stages -o "$tmp/chart" "$tmp/chart.berth"
chart << EOF
${service%\}}
  container other { image = "a", tag = "1", cpu = 0.25vcpu, memory = 512MiB }
}
schedule nightly { cron = "0 3 * * *", run = service.web, command = ["x"] }
EOF
expect 'a run of two workers' 1 'E0181.*a run of service "web" with 2 containers beside each other' "$BERTH" compile --emit kubernetes --all-stages -o "$tmp/chart" "$tmp/chart.berth"
chart << EOF
queue jobs {}
${service%\}}
  produces = queue.jobs
}
EOF
sed -i 's/secrets = sops/secrets = sops, identity = pod_identity/; s/  platform = kubernetes/&\n  region = "eu-west-1"\n  account = "111122223333"/' "$tmp/chart.berth"
expect 'Pod Identity without a cluster' 1 'E0170.*does not say its cluster' "$BERTH" compile --emit kubernetes --stage one -o "$tmp/chart" "$tmp/chart.berth"
chart << EOF
${service%\}*\}*}
  mount data { path = "/data" }
  }
  volume data { keep = true }
}
EOF
expect 'a kept volume without a size' 1 'E0170.*is kept and does not say its size' "$BERTH" compile --emit kubernetes --stage one -o "$tmp/chart" "$tmp/chart.berth"
sed -i 's/keep = true/&, size = 1GiB/; s/^service web {/&\n  deploy rolling { healthy = 100%..200% }/' "$tmp/chart.berth"
expect 'new copies before old ones with disks of their own' 1 'E0181.*copies with disks of their own are replaced one after the other' "$BERTH" compile --emit kubernetes --stage one -o "$tmp/chart" "$tmp/chart.berth"
chart << EOF
${service%\}*\}*}
  port = 80
  }
  http { host = "a.example.com" }
  deploy canary {
    weights = [10%]
    analysis errors { query = "up" }
  }
}
EOF
sed -i 's/secrets = sops/secrets = sops, rollouts = argo, ingress = nginx/' "$tmp/chart.berth"
expect 'an analysis without a bound' 1 'E0170.*says neither max nor min' "$BERTH" compile --emit kubernetes --stage one -o "$tmp/chart" "$tmp/chart.berth"
expect 'and without a server' 1 'E0170.*does not say its server' "$BERTH" compile --emit kubernetes --stage one -o "$tmp/chart" "$tmp/chart.berth"
chart << EOF
${service%\}}
  count = 0..4
  scale datadog { metric = "m", target = 3, tags = ["queue"] }
}
EOF
expect 'Datadog by KEDA' 1 'E0170.*does not say its metrics, which scale datadog needs' "$BERTH" compile --emit kubernetes --stage one -o "$tmp/chart" "$tmp/chart.berth"
sed -i 's/secrets = sops/metrics = wpa/' "$tmp/chart.berth"
expect 'a tag without a value' 1 'E0155.*a tag of Datadog has a key and a value' "$BERTH" compile --emit kubernetes --stage one -o "$tmp/chart" "$tmp/chart.berth"
expect 'from zero by a watermark' 1 'E0181.*count from 0 by scale datadog' "$BERTH" compile --emit kubernetes --stage one -o "$tmp/chart" "$tmp/chart.berth"
sed -i 's/scale datadog.*/scale prometheus { query = "q", server = "http:\/\/p", target = 1 }/' "$tmp/chart.berth"
expect 'Prometheus by a watermark' 1 'E0181.*scale prometheus with metrics = wpa' "$BERTH" compile --emit kubernetes --stage one -o "$tmp/chart" "$tmp/chart.berth"
chart << EOF
${service%\}*\}*}
  env { "MY VAR" = "x" }
  }
  count = 2
  disruption { unavailable = 0.5% }
}
EOF
expect 'a name that no shell takes' 1 'E0155.*: "MY VAR" is not a name that every shell takes' "$BERTH" check --all-stages "$tmp/chart.berth"
sed -i '/MY VAR/d' "$tmp/chart.berth"
expect 'a budget that lets no copy go' 1 'E0181.*a budget of less than a whole percent' "$BERTH" compile --emit kubernetes --stage one -o "$tmp/chart" "$tmp/chart.berth"
chart << EOF
${service%\}*\}*}
  env { NOTHING = "a <no value> b" }
  }
}
EOF
expect 'text that Helm removes' 1 'E0185.*holds the text "<no value>", which Helm removes' "$BERTH" compile --emit helm --all-stages -o "$tmp/chart" "$tmp/chart.berth"
chart << EOF
${service%\}*\}*}
  command = ["a", "b"]
  in two { command = ["\\u{85}"] }
  }
}
EOF
expect 'control characters in a list that differs' 1 'E0185.*holds control characters, which Helm does not give back' "$BERTH" compile --emit helm --all-stages -o "$tmp/chart" "$tmp/chart.berth"
printf 'web: ENC[AES256_GCM,data:x,type:str]\nkey: ENC[AES256_GCM,data:x,type:str]\nsops: {version: 3.9.0}\n' > "$tmp/a.yaml"
cp "$tmp/a.yaml" "$tmp/b.yaml"
chart << EOF
${service%\}*\}*}
  secrets { PASSWORD = sops("a.yaml", "web") }
  }
}
EOF
expect 'a secret named as a service' 1 'E0185.*"web" of a.yaml is the name of other values of the chart' "$BERTH" compile --emit helm --all-stages -o "$tmp/chart" "$tmp/chart.berth"
expect 'which manifests take' 0 '' "$BERTH" compile --emit kubernetes --all-stages -o "$tmp/chart" "$tmp/chart.berth"
chart << EOF
${service%\}*\}*}
  secrets { PASSWORD = sops("a.yaml", "key"), OTHER = sops("b.yaml", "key") }
  }
}
EOF
expect 'one name in two SOPS files' 1 'E0185.*"key" stands in two SOPS files' "$BERTH" compile --emit helm --all-stages -o "$tmp/chart" "$tmp/chart.berth"
chart << EOF
${service%\}*\}*}
  tag = external
  }
}
EOF
sed -i '/tag = "1"/d' "$tmp/chart.berth"
expect 'a tag of CI in manifests' 1 'E0185.*no place for a value that CI gives' "$BERTH" compile --emit kubernetes --all-stages -o "$tmp/chart" "$tmp/chart.berth"
expect 'and in a chart' 0 '' "$BERTH" compile --emit helm --all-stages -o "$tmp/chart" "$tmp/chart.berth"
{
	sed 's/tag = external/tag = "1"/' "$tmp/chart.berth"
	python3 -c "
import hashlib
for n in range(20):
    print('service big%d {\n  container app {\n    image = \"a\"\n    tag = \"1\"\n    cpu = 0.25vcpu\n    memory = 512MiB\n    files {\n      \"/etc/a\" = \"%s\"\n    }\n  }\n}' % (n, ''.join(hashlib.sha256(b'%d %d' % (n, i)).hexdigest() for i in range(900))))"
} > "$tmp/chart2.berth"
mv "$tmp/chart2.berth" "$tmp/chart.berth"
expect 'a release that Helm cannot keep' 1 'E0185.*record of [0-9]* KiB, and Helm keeps it in a Secret of at most 1024' "$BERTH" compile --emit helm --all-stages -o "$tmp/chart" "$tmp/chart.berth"

# names and deployments
program "$tmp/found.berth" << EOF
${service%\}}
  discovery {}
}
EOF
expect 'a name in no namespace' 1 'E0170.*namespace' "$BERTH" compile -o "$tmp/out" "$tmp/found.berth"
shifted() { # SETTINGS OF THE DEPLOYMENT
	sed "s|via = codedeploy|via = codedeploy\n    $1|" tests/forms/codedeploy.berth > "$tmp/shifted.berth"
}
hook() { printf '%s' "hook h {\n      stage = $1\n      lambda = \"arn:aws:lambda:eu-west-1:111122223333:function:f\"\n    }"; }
shifted "$(hook pre_scale_up)"
expect 'a hook that CodeDeploy has' 0 'written' "$BERTH" compile --emit api -o "$tmp/ok" "$tmp/shifted.berth"
expect 'a hook that ecspresso would leave out' 1 'E0185.*AppSpec itself' "$BERTH" compile --emit ecspresso -o "$tmp/out" "$tmp/shifted.berth"
shifted "$(hook reconcile_service)"
expect 'a hook that CodeDeploy has not' 1 'E0181.*reconcile_service' "$BERTH" compile --emit api -o "$tmp/out" "$tmp/shifted.berth"
for form in terraform cloudformation; do
	expect "CodeDeploy by $form" 1 'E0185.*request to CodeDeploy' "$BERTH" compile --emit $form -o "$tmp/out" tests/forms/codedeploy.berth
done

# files in a container
with_files() { program "$tmp/files.berth" << EOF
service web {
  volume data { size = 5GiB }
  container app {
    image = "a"
    tag = "1"
    cpu = 0.25vcpu
    memory = 512MiB
    mount data { path = "/data" }
    files { "$1" = "x" }
  }
}
EOF
}
with_files /etc/app/app.conf
expect 'a file in a folder' 0 'written' "$BERTH" compile -o "$tmp/ok" "$tmp/files.berth"
with_files /etc/app.conf
expect 'a file in a folder of the platform' 1 'E0181.*files in /etc itself' "$BERTH" compile -o "$tmp/out" "$tmp/files.berth"
with_files /data/x/y
expect 'a file that hides a part of a volume' 1 'E0169.*would hide' "$BERTH" compile -o "$tmp/out" "$tmp/files.berth"
for path in a/b /a/../b /a//b /a/ /; do
	with_files "$path"
	expect "a file called $path" 1 'E0169.*whole path' "$BERTH" check "$tmp/files.berth"
done

# what the platforms would refuse
cluster() { # from standard input: a service in a cluster with a load balancer
	{
		echo 'project app { edition = 2026 }'
		echo 'stage prod {'
		echo '  platform = kubernetes'
		echo "  kubernetes { namespace = \"a\", ingress = ${1:-alb}, gateway = \"g\" }"
		echo '}'
		cat
	} > "$tmp/cluster.berth"
}
body='image = "a"
    tag = "1"
    cpu = 0.25vcpu
    memory = 512MiB'
cluster << EOF
service web {
  volume tmp { size = 1GiB }
  container app {
    $body
    mount tmp { path = "/x" }
  }
}
EOF
expect 'a volume called as one that berth adds' 1 'E0156.*two volumes' "$BERTH" compile -o "$tmp/out" "$tmp/cluster.berth"
cluster << EOF
service web {
  volume a { size = 1GiB }
  volume b { size = 1GiB }
  container app {
    $body
    mount a { path = "/x" }
    mount b { path = "/x" }
  }
}
EOF
expect 'two volumes at one path' 1 'E0169.*two volumes are mounted' "$BERTH" check "$tmp/cluster.berth"
cluster << EOF
service web {
  container app {
    $body
    port = 80
  }
  http { host = ["a.*.com", "A.example.com"], paths = ["api", "/a//b"] }
}
EOF
expect 'hosts and paths that no Ingress takes' 1 '4 errors' "$BERTH" compile -o "$tmp/out" "$tmp/cluster.berth"
cluster gateway << EOF
service web {
  container app {
    $body
    port = 80
  }
  http { host = "a.example.com", methods = ["get"] }
}
EOF
expect 'a method that the Gateway API has not' 1 'E0105.*HTTPRoute takes no such value' "$BERTH" compile -o "$tmp/out" "$tmp/cluster.berth"
cluster << EOF
service web {
  container app {
    $body
    port = 80
  }
  http { host = [] }
}
EOF
expect 'a list of nothing' 1 'E0105.*empty list' "$BERTH" check "$tmp/cluster.berth"
program "$tmp/name.berth" << EOF
service web {
  name = "x{{y"
  container app {
    $body
  }
}
EOF
expect 'a name that AWS does not take' 1 'E0155.*cannot be the name' "$BERTH" compile -o "$tmp/out" "$tmp/name.berth"
program "$tmp/healthy.berth" << EOF
service web {
  count = 2
  deploy rolling { healthy = 50% }
  container app {
    $body
  }
}
EOF
expect 'half of a pair' 1 'takes a pair' "$BERTH" check "$tmp/healthy.berth"

# SOPS files on Kubernetes
mkdir -p "$tmp/sops/secrets"
cp examples/rails-on-eks/secrets/prod.yaml "$tmp/sops/secrets/prod.yaml"
printf 'plain: text\n' > "$tmp/sops/secrets/plain.yaml"
sops() { # FILE KEY
	cat > "$tmp/sops/main.berth" << EOF
project app { edition = 2026 }
stage prod {
  platform = kubernetes
  kubernetes { namespace = "a", secrets = sops }
}
${service%\}*\}}
    secrets { KEY = sops("$1", "$2") }
  }
}
EOF
}
sops secrets/prod.yaml database_url
expect 'a key of a SOPS file' 0 'written' "$BERTH" compile -o "$tmp/ok" "$tmp/sops"
sops secrets/prod.yaml database_ulr
expect 'a key that the file has not' 1 'E0172.*there is no' "$BERTH" compile -o "$tmp/out" "$tmp/sops"
sops secrets/plain.yaml plain
expect 'a secret that nobody has encrypted' 1 'E0172.*not encrypted' "$BERTH" compile -o "$tmp/out" "$tmp/sops"
sops secrets/none.yaml plain
expect 'a SOPS file that is not there' 1 'E0172.*cannot be read' "$BERTH" compile -o "$tmp/out" "$tmp/sops"

# windows of the clock on Kubernetes
window() { # CRON COUNT CRON COUNT
	sed -e "s|\"0 9 \* \* MON-FRI\", count = 6..10|\"$1\", count = $2|" -e "s|\"30 19 \* \* MON-FRI\", count = 2..10|\"$3\", count = $4|" tests/forms/scaling.berth > "$tmp/window.berth"
}
window '0 9 * * *' 6..10 '0 20 * * *' 2..10
expect 'a window every day' 0 'written' "$BERTH" compile -o "$tmp/ok" "$tmp/window.berth"
window '0 9 * * MON-FRI' 6..10 '0 20 * * *' 2..10
expect 'a window whose end comes alone' 1 'E0181.*take turns' "$BERTH" compile -o "$tmp/out" "$tmp/window.berth"
window '0 9 * * *' 6..12 '0 20 * * *' 2..10
expect 'a window with an upper bound of its own' 1 'E0181.*upper bound' "$BERTH" compile -o "$tmp/out" "$tmp/window.berth"
window '0 9 * * *' 2..10 '0 20 * * *' 2..10
expect 'a window that changes nothing' 1 'E0181.*different floors' "$BERTH" compile -o "$tmp/out" "$tmp/window.berth"

# patches
patched() { program "$tmp/patch.berth" << EOF
service web {
  container app {
    image = "a"
    tag = "1"
    cpu = 0.25vcpu
    memory = 512MiB
  }
  patch aws.ecs.TaskDefinition {
    reason = "test"
    $1
  }
}
EOF
}
patched 'enableFaultInjection = true'
expect 'a patch of a field that berth does not model' 0 'written' "$BERTH" compile -o "$tmp/ok" "$tmp/patch.berth"
patched 'memory = "1024"'
expect 'a patch of a field that berth writes' 1 'E0183.*itself' "$BERTH" compile -o "$tmp/out" "$tmp/patch.berth"
patched 'networkMode = "awsvpc"'
expect 'a patch that changes nothing' 1 'E0183.*changes nothing' "$BERTH" compile -o "$tmp/out" "$tmp/patch.berth"
patched 'memroy = "1024"'
expect 'a patch outside the schema' 1 'E0183.*has no' "$BERTH" compile -o "$tmp/out" "$tmp/patch.berth"
program "$tmp/manifest.berth" << EOF
$service
manifest quota { file = "quota.yaml" }
EOF
expect 'a manifest on ECS' 1 'E0180' "$BERTH" compile -o "$tmp/out" "$tmp/manifest.berth"

# limits of AWS that only a whole stage shows
python3 - > "$tmp/env.berth" << 'EOF'
print('project app { edition = 2026 }\nstage prod {\n  platform = ecs\n  region = "eu-west-1"\n  account = "111122223333"\n  ecs { cluster = "c", subnets = ["subnet-1"] }\n}')
print('service web {\n  container app {\n    image = "a"\n    tag = "1"\n    cpu = 0.25vcpu\n    memory = 512MiB\n    env {')
for i in range(300): print(f'      NAME_{i} = "{"x" * 200}"')
print('    }\n  }\n}')
EOF
expect '300 long environment variables' 1 'E0186.*more than 65536' "$BERTH" compile -o "$tmp/out" "$tmp/env.berth"
python3 - > "$tmp/policy.berth" << 'EOF'
print('project app { edition = 2026 }\nstage prod {\n  platform = ecs\n  region = "eu-west-1"\n  account = "111122223333"\n  ecs { cluster = "c", subnets = ["subnet-1"] }\n}')
print('service web {\n  container app {\n    image = "a"\n    tag = "1"\n    cpu = 0.25vcpu\n    memory = 512MiB\n    secrets {')
for i in range(200): print(f'      NAME_{i} = ssm("/shop/production/a-long-name/{i}")')
print('    }\n  }\n}')
EOF
expect 'a policy beyond its size' 1 'E0186.*more than 10240' "$BERTH" compile -o "$tmp/out" "$tmp/policy.berth"
program "$tmp/region.berth" << EOF
queue jobs { existing = "arn:aws:sqs:us-east-1:111122223333:jobs" }
${service%\}}
  consumes = queue.jobs
}
EOF
expect 'a queue of another region' 1 'E0155.*another region' "$BERTH" compile -o "$tmp/out" "$tmp/region.berth"
program "$tmp/partition.berth" << EOF
${service%\}}
  role { task = "arn:aws-cn:iam::111122223333:role/x" }
}
EOF
expect 'a role of another partition' 1 'E0155.*another partition' "$BERTH" compile -o "$tmp/out" "$tmp/partition.berth"

# what is known and read by nothing here
program "$tmp/grace.berth" << EOF
${service%\}}
  grace = 30s
}
EOF
expect 'a setting that nothing would come of' 1 'E0182.*"grace" of service "web" changes nothing' "$BERTH" compile -o "$tmp/out" "$tmp/grace.berth"

# manifests on Kubernetes
mkdir "$tmp/pass"
printf 'project a { edition = 2026 }\nstage prod {\n  platform = kubernetes\n  kubernetes { namespace = "shop" }\n}\nmanifest quota { file = "quota.yaml" }\n' > "$tmp/pass/main.berth"
manifest() { printf "$1" > "$tmp/pass/quota.yaml"; }
expect 'a manifest that is not there' 1 'E0184.*No such file' "$BERTH" compile -o "$tmp/out" "$tmp/pass"
manifest 'apiVersion: v1\nkind: ResourceQuota\nmetadata: {name: q, namespace: shop}\nspec: {hard: {pods: "10", cpu: 1.5}}\n'
expect 'a manifest of a kind without a shape' 0 'kind: ResourceQuota' "$BERTH" compile --stdout "$tmp/pass"
manifest 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: "yes"}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: d}\n'
expect 'a manifest gets the namespace' 0 'namespace: shop' "$BERTH" compile --stdout "$tmp/pass"
for bad in 'a: [' 'a: 1' 'a: &x 1' 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: yes}' 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: 012}' \
	'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndata: {a: 1}' 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\ndat: {}' 'a: 1\na: 2' '# nothing'; do
	manifest "$bad\n"
	expect "the manifest $bad" 1 'E0184' "$BERTH" compile -o "$tmp/out" "$tmp/pass"
done

# output folders
program "$tmp/good.berth" << EOF
$service
EOF
mkdir "$tmp/ro" && chmod a-w "$tmp/ro"
chmod a+rx "$tmp"
nobody=
[ "$(id -u)" -ne 0 ] || nobody='setpriv --reuid=65534 --regid=65534 --clear-groups'
expect 'a read-only folder' 73 'cannot be written' $nobody "$BERTH" compile -o "$tmp/ro/out" "$tmp/good.berth"
cp "$tmp/good.berth" "$tmp/unreadable.berth" && chmod 0 "$tmp/unreadable.berth"
expect 'an unreadable file' 66 'cannot be read' $nobody "$BERTH" check "$tmp/unreadable.berth"
ln -s gone.berth "$tmp/vanished.berth"
expect 'a link to a file that is gone' 66 'cannot be read' "$BERTH" check "$tmp/vanished.berth"
expect 'a pipe that ends in the middle' 1 'E000' sh -c "head -c 700 examples/hello/main.berth | \"$BERTH\" check /dev/stdin"
# no room for a file: what was there stays whole
"$BERTH" compile --stage prod --set tag=v1 -o "$tmp/full" examples/rails-on-fargate > /dev/null 2>&1
cp -r "$tmp/full" "$tmp/full-before"
expect 'no room for a file' 73 'cannot be written' sh -c "trap '' XFSZ; ulimit -f 8; \"$BERTH\" compile --stage prod --set tag=v2 -o \"$tmp/full\" examples/rails-on-fargate"
rm -f "$tmp/full/.berth.lock" "$tmp/full-before/.berth.lock"
if diff -r "$tmp/full" "$tmp/full-before" > "$tmp/log"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: no room: the folder changed"; head -n 5 "$tmp/log"; fi
: > "$tmp/file"
expect 'a file where the folder should be' 73 'cannot be written' "$BERTH" compile -o "$tmp/file" "$tmp/good.berth"
mkdir -p "$tmp/link" "$tmp/outside"
ln -s "$tmp/outside" "$tmp/link/prod"
expect 'a symbolic link that points outside' 73 'cannot be written' "$BERTH" compile -o "$tmp/link" "$tmp/good.berth"
if [ -z "$(ls -A "$tmp/outside")" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: written outside the output folder"; fi
if [ -w /dev/full ]; then
	program "$tmp/sched.berth" << EOF
$service
EOF
	"$BERTH" explain schedule > /dev/full 2> "$tmp/log"
	code=$?
	if [ $code -eq 73 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: full disk: exit $code"; fi
fi
if [ ! -e "$tmp/out" ]; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: a refused program left output"; fi

# killed at any moment: the old set or the new, never half of one
"$BERTH" compile --stage prod --set tag=v1 -o "$tmp/kill" examples/rails-on-fargate > /dev/null 2>&1
for ms in 01 02 03 05 08 13; do
	timeout -s KILL 0.$ms "$BERTH" compile --stage prod --set tag=v2 -o "$tmp/kill" examples/rails-on-fargate > /dev/null 2>&1
done
expect 'after kills a run puts everything right' 0 'written' "$BERTH" compile --stage prod --set tag=v3 -o "$tmp/kill" examples/rails-on-fargate
"$BERTH" compile --stage prod --set tag=v3 -o "$tmp/fresh" examples/rails-on-fargate > /dev/null 2>&1
if diff -r "$tmp/kill" "$tmp/fresh" > "$tmp/log"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: after kills the folder differs"; head -n 5 "$tmp/log"; fi

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
