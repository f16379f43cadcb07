#!/bin/sh
# Commands, options, exit codes.
set -u
cd "$(dirname "$0")/../.."
BERTH=${BERTH:-$PWD/build/berth}
passed=0 failed=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT

expect() { # NAME EXIT WORDS COMMAND…
	name=$1 want=$2 words=$3
	shift 3
	"$@" > "$tmp/log" 2>&1
	code=$?
	if [ "$code" -eq "$want" ] && { [ -z "$words" ] || grep -q -- "$words" "$tmp/log"; } && ! grep -q 'Sanitizer\|runtime error' "$tmp/log"; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		echo "FAILED: $name: exit $code, wanted $want with: $words"
		head -n 12 "$tmp/log"
	fi
}
shop=examples/rails-on-fargate

expect 'no command' 64 'usage' "$BERTH"
expect 'help' 0 'compile' "$BERTH" help
expect '--help' 0 'compile' "$BERTH" --help
for c in check compile fmt explain test why graph schedules init completion man help; do
	expect "help $c" 0 "usage: berth $c" "$BERTH" help $c
	expect "$c --help" 0 "usage: berth $c" "$BERTH" $c --help
done
expect 'version' 0 '^berth [0-9]' "$BERTH" --version
expect 'unknown command' 64 'did you mean "check"' "$BERTH" chekc
expect 'unknown option' 64 'did you mean --stage' "$BERTH" check --stgae x
expect 'an option of another command' 64 'no option' "$BERTH" check --depfile x
expect 'a value that is missing' 64 'needs' "$BERTH" check --stage
expect 'a flag with a value' 64 'takes no value' "$BERTH" check --all-stages=1 $shop
expect 'a word that is not legal' 64 'takes one of' "$BERTH" check --color maybe $shop
expect 'unknown stage' 64 'did you mean "prod"' "$BERTH" check --stage prdo $shop
expect 'which stage' 64 'which stage' "$BERTH" compile --set tag=1 -o "$tmp/o" $shop
expect 'unknown parameter' 1 'E0126.*tga' "$BERTH" check --set tga=1 $shop
expect 'a parameter without value' 1 'E0190' "$BERTH" compile --stage prod -o "$tmp/o" $shop
expect 'a parameter of the wrong type' 1 'E0126.*live' "$BERTH" check --set live=red examples/rails-on-eks
expect 'another platform' 64 'is for ecs' "$BERTH" compile --stage prod --set tag=1 --platform kubernetes -o "$tmp/o" $shop
expect 'check --format json' 0 '"errors":0' "$BERTH" check --format json $shop
expect 'compile' 0 'files in' "$BERTH" compile --stage prod --set tag=1 -o "$tmp/o" $shop
expect '--check, nothing to do' 0 '0 to write' "$BERTH" compile --stage prod --set tag=1 -o "$tmp/o" --check $shop
expect '--check, a change' 3 'to write' "$BERTH" compile --stage prod --set tag=2 -o "$tmp/o" --check $shop
expect '--stdout for ECS' 0 '"path":"prod/api/ecs' "$BERTH" compile --stage prod --set tag=1 --stdout $shop
expect '--stdout for Kubernetes' 0 '^kind: Deployment' "$BERTH" compile --stage cluster --stdout examples/hello
expect '--depfile' 0 '' "$BERTH" compile --stage prod --set tag=1 -o "$tmp/o" --depfile "$tmp/dep" $shop
if grep -q 'infra/prod.json' "$tmp/dep" && grep -q 'main.berth' "$tmp/dep"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "FAILED: depfile"; fi
expect 'test' 0 '^2 passed, 0 failed' "$BERTH" test --all-stages examples/shop-with-ecspresso
expect 'graph' 0 'digraph "prod"' "$BERTH" graph --stage prod $shop
expect 'graph mermaid' 0 'flowchart' "$BERTH" graph --stage prod --format mermaid examples/mail-platform
expect 'schedules' 0 '2026-11-22 03:30   2026-11-21 18:30 UTC' "$BERTH" schedules --stage prod --from 2026-11-21T00:00:00Z $shop
expect 'schedules as JSON' 0 '"utc":"2026-11-21 18:30"' "$BERTH" schedules --stage prod --format json --from 2026-11-21T00:00:00Z $shop
expect 'why, a resource' 0 'smallest Fargate size' "$BERTH" why aws.ecs.TaskDefinition/shop-web.cpu --stage prod --set tag=1 $shop
expect 'why, layers' 0 'from, overridden' "$BERTH" why 'aws.ecs.TaskDefinition/shop-web:containerDefinitions[name=puma].memory' --stage prod --set tag=1 $shop
expect 'why, a setting' 0 'service.web.container.puma.memory = 2GiB' "$BERTH" why service.web.container.puma.memory --stage prod $shop
expect 'why, in a stage' 0 'count = 1.*stage stg' "$BERTH" why service.web.count --stage stg $shop
expect 'why, an output' 0 'stage output' "$BERTH" why aws.ecs.Service/shop-web.cluster --stage prod --set tag=1 $shop
expect 'why, nothing there' 1 'did you mean' "$BERTH" why aws.ecs.Service/shop-wbe --stage prod --set tag=1 $shop
expect 'explain a code' 0 'Works:' "$BERTH" explain E0133
expect 'explain a slug' 0 'E0133' "$BERTH" explain unfaithful-schedule
expect 'graph --iam' 0 'may sqs:SendMessage' "$BERTH" graph --iam --stage prod --set tag=v1 examples/mail-platform
expect 'graph --iam without a value' 1 'E0190' "$BERTH" graph --iam --stage prod examples/mail-platform
expect 'schedules show a single instant' 0 '2026-12-01 02:00   2026-11-30 17:00 UTC' "$BERTH" schedules --stage prod --set tag=v1 --from 2026-11-21T00:00:00Z examples/mail-platform
expect 'explain a kind' 0 'Settings:' "$BERTH" explain schedule
expect 'explain a setting' 0 'bounds' "$BERTH" explain container.port
expect 'explain a word' 0 'forbid' "$BERTH" explain overlap
expect 'explain nothing known' 64 'did you mean "overlap"' "$BERTH" explain overlpa
for s in bash zsh fish; do expect "completion $s" 0 'schedules' "$BERTH" completion $s; done
"$BERTH" completion bash > "$tmp/c.bash" && expect 'completion is bash' 0 '' bash -n "$tmp/c.bash"
expect 'man' 0 '^.TH BERTH 1' "$BERTH" man
expect 'init' 0 'wrote' "$BERTH" init "$tmp/start"
expect 'init does not overwrite' 64 'exists already' "$BERTH" init "$tmp/start"
expect 'the starter checks' 0 '' "$BERTH" check "$tmp/start"
expect 'the starter is formatted' 0 '' "$BERTH" fmt --check "$tmp/start"
expect 'the starter compiles' 0 'files in' "$BERTH" compile --set tag=v1 -o "$tmp/started" "$tmp/start"
printf 'project a {edition=2026}\n\n\n\nstage p {platform=ecs}\n' > "$tmp/f.berth"
expect 'fmt --check' 3 'f.berth' "$BERTH" fmt --check "$tmp/f.berth"
expect 'fmt --diff' 3 '^+project a { edition = 2026 }' "$BERTH" fmt --diff "$tmp/f.berth"
expect 'fmt -' 0 '^stage p { platform = ecs }' sh -c "\"$BERTH\" fmt - < '$tmp/f.berth'"
expect 'fmt' 0 '' "$BERTH" fmt "$tmp/f.berth"
expect 'fmt again' 0 '' "$BERTH" fmt --check "$tmp/f.berth"
cp examples/shop-with-ecspresso/main.berth "$tmp/main.berth" && mkdir -p "$tmp/infra" && cp examples/shop-with-ecspresso/infra/* "$tmp/infra/"
mkdir "$tmp/p" && mv "$tmp/main.berth" "$tmp/infra" "$tmp/p"
expect 'an exemption that is over' 1 'ended on 2027-12-31' "$BERTH" check --today 2028-01-01 "$tmp/p"
expect 'no colour in a pipe' 1 '' sh -c "\"$BERTH\" check $shop 2>&1 | grep '33m'"
expect 'colour on demand' 0 '33m' sh -c "\"$BERTH\" check --color always $shop 2>&1"
printf 'project a { edition = 2026 }\nstage p { platform = ecs }\n' > "$tmp/many.berth"
i=0; while [ $i -lt 30 ]; do echo "servce$i x$i {}" >> "$tmp/many.berth"; i=$((i + 1)); done
expect 'at most 20 errors' 1 '10 more' "$BERTH" check "$tmp/many.berth"
expect '--max-errors 0' 1 'servce29' "$BERTH" check --max-errors 0 "$tmp/many.berth"

echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ]
