#!/bin/sh
# Deploys stage prod of shop: written by berth, not to be edited.
#
# usage: deploy.sh [--dry-run] [--prune] [--skip-jobs] [--no-wait]
#
#   --dry-run    print the commands and change nothing
#   --prune      remove schedules and rules of this project that are no longer declared
#   --skip-jobs  do not run the jobs around the deployment
#   --no-wait    do not wait until the services are steady
#
# Needs the aws client and its credentials. Every step makes what is missing
# and updates what is there, so that the script may be stopped anywhere and
# run again.
PROJECT='shop'
STAGE='prod'
PREFIX='shop'
REGION='ap-northeast-1'
ACCOUNT='444455556666'
PARTITION='aws'
CLUSTER='shop'
set -eu
cd "$(dirname "$0")"
dry=no prune=no jobs=yes wait=yes
for option; do
	case $option in
	--dry-run) dry=yes ;;
	--prune) prune=yes ;;
	--skip-jobs) jobs=no ;;
	--no-wait) wait=no ;;
	*) sed -n 's/^# \{0,1\}//p' "$0" | sed -n '2,13p'; exit 64 ;;
	esac
done
export AWS_REGION="$REGION" AWS_DEFAULT_REGION="$REGION" AWS_PAGER=
PAUSE=${BERTH_PAUSE:-5} # seconds between two looks at something that takes its time
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 130' INT TERM
: > "$tmp/fill"
: > "$tmp/out"
: > "$tmp/deployments"

say() { printf '%s\n' "$*"; }
die() {
	printf 'deploy.sh: %s\n' "$*" >&2
	exit 1
}

# ---- calls ----

# Run the client: its answer is in $tmp/out, what it complains of in $tmp/err.
call() {
	if [ "$dry" = yes ]; then
		say "aws $*"
		return 0
	fi
	aws "$@" > "$tmp/out" 2> "$tmp/err"
}
# The same for questions, whose answer is one text; empty when there is none.
ask() {
	[ "$dry" = no ] || return 0
	aws "$@" --output text > "$tmp/answer" 2> "$tmp/err" || return 1
	sed 's/^None$//' "$tmp/answer"
}
failed() { die "$1: $(sed '/^$/d' "$tmp/err")"; }

# `remember ADDRESS ATTRIBUTE VALUE`: later requests may name it.
remember() {
	key=$(printf '%s.%s' "$1" "$2" | sed 's/[].[*^$|\\]/\\&/g')
	value=$(printf '%s' "$3" | sed 's/[&|\\]/\\&/g')
	printf 's|${%s}|%s|g\n' "$key" "$value" >> "$tmp/fill"
}
fill() {
	sed -f "$tmp/fill" "$1" > "$tmp/request"
	if [ "$dry" = no ] && grep -q '\${aws\.' "$tmp/request"; then
		die "$1 names something that does not exist yet: $(grep -o '\${aws\.[^}]*}' "$tmp/request" | head -n 1)"
	fi
}
# A member of the request's first level.
field() { sed -n "s/^  \"$1\": \"\{0,1\}\(.*[^\",]\)\"\{0,1\},\{0,1\}\$/\1/p" "$tmp/request" | head -n 1; }

# A role takes a while until the other services know it.
send() { # SERVICE OPERATION [OPTION…]
	tries=0
	until call "$@" --cli-input-json "file://$tmp/request"; do
		tries=$((tries + 1))
		[ "$tries" -lt 8 ] || return 1
		grep -Eqi 'unable to assume|cannot be assumed|assume the (provided )?role|role.*(is )?(invalid|not (valid|authorized))|Throttl|TooManyRequests' "$tmp/err" || return 1
		sleep "$PAUSE"
	done
}
# `create FILE CODE`: false when it is there already.
create() {
	fill "$1"
	send "$service" "$operation" && return 0
	grep -q "($2)" "$tmp/err" || failed "$address"
	return 1
}
# `change FILE [OPTION…]`: the path says the command.
change() {
	file=$1
	shift
	rest=${file#*/}
	fill "$file"
	send "${file%%/*}" "${rest%%/*}" "$@" || failed "$address"
}
done_with() { say "$1 $address"; }

# ---- one resource ----

put() { # ADDRESS FILE [UPDATE [HASH]]
	address=$1 file=$2 update=${3:-} hash=${4:-}
	service=${file%%/*}
	operation=${file#*/}
	operation=${operation%%/*}
	name=${address#*/}
	case $service/$operation in
	logs/create-log-group) put_simple ResourceAlreadyExistsException ;;
	scheduler/create-schedule-group) put_group ;;
	iam/create-role) put_simple EntityAlreadyExists ;;
	eks/create-pod-identity-association) put_association ;;
	sqs/create-queue) put_queue ;;
	firehose/create-delivery-stream) put_stream ;;
	elbv2/create-target-group) put_target_group ;;
	elbv2/create-rule) put_rule ;;
	servicediscovery/create-service) put_discovery ;;
	ecs/register-task-definition) put_task_definition ;;
	ecs/create-service) put_service ;;
	deploy/create-application) put_simple ApplicationAlreadyExistsException ;;
	deploy/create-deployment-group) put_simple DeploymentGroupAlreadyExistsException ;;
	deploy/create-deployment) put_deployment ;;
	stepfunctions/create-state-machine) put_machine ;;
	scheduler/create-schedule) put_schedule ;;
	events/put-targets) put_targets ;;
	application-autoscaling/put-scaling-policy) put_policy ;;
	*) change "$file" && done_with set ;;
	esac
}

# An association is known by its id; an account has one at most.
put_association() {
	fill "$file"
	cluster=$(field clusterName)
	id=$(ask eks list-pod-identity-associations --cluster-name "$cluster" --namespace "$(field namespace)" --service-account "$(field serviceAccount)" \
		--query 'associations[0].associationId') || failed "$address"
	if [ -z "$id" ]; then
		send eks create-pod-identity-association || failed "$address"
		done_with created
	else
		call eks update-pod-identity-association --cluster-name "$cluster" --association-id "$id" --role-arn "$(field roleArn)" || failed "$address"
		done_with updated
	fi
}

put_simple() { # CODE
	if create "$file" "$1"; then
		done_with created
	elif [ -n "$update" ]; then
		change "$update"
		done_with updated
	else
		done_with kept
	fi
}

put_group() {
	found=$(ask scheduler get-schedule-group --name "$name" --query Name) || found=
	if [ -n "$found" ]; then
		done_with kept
	else
		put_simple ConflictException
	fi
}

put_queue() {
	if create "$file" 'QueueAlreadyExists\|QueueNameExists\|AWS.SimpleQueueService.QueueNameExists'; then
		done_with set
	else
		url=$(ask sqs get-queue-url --queue-name "$name" --query QueueUrl) || failed "$address"
		change "$update" --queue-url "$url"
		done_with updated
	fi
}

put_stream() {
	if create "$file" ResourceInUseException; then
		done_with created
	else
		version=$(ask firehose describe-delivery-stream --delivery-stream-name "$name" --query DeliveryStreamDescription.VersionId) || failed "$address"
		id=$(ask firehose describe-delivery-stream --delivery-stream-name "$name" --query 'DeliveryStreamDescription.Destinations[0].DestinationId') || failed "$address"
		change "$update" --current-delivery-stream-version-id "$version" --destination-id "$id"
		done_with updated
	fi
	[ "$dry" = yes ] || while :; do
		status=$(ask firehose describe-delivery-stream --delivery-stream-name "$name" --query DeliveryStreamDescription.DeliveryStreamStatus) || failed "$address"
		case $status in
		ACTIVE) break ;;
		CREATING) sleep "$PAUSE" ;;
		*) die "$address is $status" ;;
		esac
	done
}

put_target_group() {
	create "$file" DuplicateTargetGroupName || :
	want="$(field ProtocolVersion) $(field VpcId)"
	have=$(ask elbv2 describe-target-groups --names "$name" --query 'TargetGroups[0].[ProtocolVersion, VpcId]' | tr '\t' ' ')
	case $have in
	"$want" | '') ;;
	*) die "$address is there with other properties than can be changed ($have, not $want): give the service another name, or remove the target group" ;;
	esac
	arn=$(ask elbv2 describe-target-groups --names "$name" --query 'TargetGroups[0].TargetGroupArn') || failed "$address"
	[ -z "$arn" ] || remember "$address" TargetGroupArn "$arn"
	[ -z "$arn" ] || remember "$address" TargetGroupFullName "${arn##*:}"
	change "$update" ${arn:+--target-group-arn "$arn"}
	done_with set
}

put_rule() {
	fill "$file"
	listener=$(field ListenerArn) priority=$(field Priority)
	arn=$(ask elbv2 describe-rules --listener-arn "$listener" --query "Rules[?Priority=='$priority'].RuleArn | [0]") || failed "$address"
	if [ -z "$arn" ]; then
		send "$service" "$operation" || failed "$address"
		arn=$(ask elbv2 describe-rules --listener-arn "$listener" --query "Rules[?Priority=='$priority'].RuleArn | [0]") || failed "$address"
		done_with created
	else
		owner=$(ask elbv2 describe-tags --resource-arns "$arn" --query "TagDescriptions[0].Tags[?Key=='project'].Value | [0]") || failed "$address"
		[ "$owner" = "$PROJECT" ] || die "$address: priority $priority of the listener belongs to a rule that this project did not make ($arn)"
		change "$update" --rule-arn "$arn"
		done_with updated
	fi
	[ -z "$arn" ] || remember "$address" RuleArn "$arn"
}

find_discovery() {
	ask servicediscovery list-services --filters "Name=NAMESPACE_ID,Values=$(field NamespaceId),Condition=EQ" --query "Services[?Name=='$(field Name)'].Arn | [0]"
}
put_discovery() {
	fill "$file"
	arn=$(find_discovery) || failed "$address"
	if [ -z "$arn" ]; then
		change "$file"
		done_with created
		arn=$(find_discovery) || failed "$address"
	else
		done_with kept
	fi
	[ -z "$arn" ] || remember "$address" Arn "$arn"
}

# A revision is made only when the latest one has other content.
put_task_definition() {
	latest=$(ask ecs describe-task-definition --task-definition "$name" --include TAGS --query "tags[?key=='berth-content'].value | [0]") || latest=
	if [ "$dry" = no ] && [ "$latest" = "$hash" ]; then
		done_with kept
	else
		change "$file"
		done_with registered
	fi
	arn=$(ask ecs describe-task-definition --task-definition "$name" --query taskDefinition.taskDefinitionArn) || failed "$address"
	[ -z "$arn" ] || remember "$address" TaskDefinitionArn "$arn"
	[ -z "$arn" ] || printf '%s %s\n' "$name" "$arn" >> "$tmp/definitions"
}

put_service() {
	status=$(ask ecs describe-services --cluster "$CLUSTER" --services "$name" --query 'services[0].status') || failed "$address"
	if [ "$status" = ACTIVE ]; then
		change "$update"
		done_with updated
	else
		change "$file"
		done_with created
	fi
}

# CodeDeploy: only when the copies that serve have another revision. A deployment that is under way ends first.
put_deployment() {
	while :; do
		older=$(ask deploy list-deployments --application-name "$name" --deployment-group-name "$name" --include-only-statuses Created Queued InProgress Ready --query 'deployments[0]') || failed "$address"
		[ -n "$older" ] || break
		baking=$(ask deploy get-deployment --deployment-id "$older" --query deploymentInfo.instanceTerminationWaitTimeStarted) || failed "$address"
		if [ "$baking" = True ]; then # its traffic has moved: the old copies need not be waited for
			call deploy continue-deployment --deployment-id "$older" --deployment-wait-type TERMINATION_WAIT || failed "$address"
		fi
		say "service $name: waiting for deployment $older"
		sleep "$PAUSE"
	done
	serving=$(ask ecs describe-services --cluster "$CLUSTER" --services "$name" --query "services[0].taskSets[?status=='PRIMARY'].taskDefinition | [0]") || failed "$address"
	if [ "$dry" = no ] && [ "$serving" = "$(sed -n "s/^$name //p" "$tmp/definitions" | head -n 1)" ]; then
		done_with kept
		return
	fi
	change "$file"
	done_with started
	[ "$dry" = yes ] || printf '%s %s\n' "$name" "$(sed -n 's/.*"deploymentId": "\([^"]*\)".*/\1/p' "$tmp/out")" >> "$tmp/deployments"
}

put_machine() {
	if create "$file" StateMachineAlreadyExists; then
		done_with set
	else
		change "$update" --state-machine-arn "arn:$PARTITION:states:$REGION:$ACCOUNT:stateMachine:$name"
		done_with updated
	fi
}

put_schedule() {
	if create "$file" ConflictException; then
		done_with created
	else
		send scheduler update-schedule || failed "$address"
		done_with updated
	fi
	[ "$dry" = yes ] || printf '%s\n' "$name" >> "$tmp/schedules"
}

put_targets() {
	change "$file"
	[ "$dry" = yes ] || grep -q '"FailedEntryCount": 0' "$tmp/out" || die "$address: $(cat "$tmp/out")"
	[ "$dry" = yes ] || printf '%s\n' "$name" >> "$tmp/rules"
	done_with set
}

put_policy() {
	change "$file"
	arn=$(sed -n 's/.*"PolicyARN": "\([^"]*\)".*/\1/p' "$tmp/out")
	[ -z "$arn" ] || remember "$address" PolicyARN "$arn"
	done_with set
}

# ---- jobs ----

run_job() { # NAME
	[ "$jobs" = yes ] || return 0
	machine="arn:$PARTITION:states:$REGION:$ACCOUNT:stateMachine:$1"
	# one that an interrupted deployment left running ends first
	while :; do
		older=$(ask stepfunctions list-executions --state-machine-arn "$machine" --status-filter RUNNING --query 'executions[0].executionArn') || failed "job $1"
		[ -n "$older" ] || break
		say "job $1: waiting for $older"
		sleep "$PAUSE"
	done
	say "job $1: started"
	call stepfunctions start-execution --state-machine-arn "$machine" || failed "job $1"
	[ "$dry" = no ] || return 0
	run=$(sed -n 's/.*"executionArn": "\([^"]*\)".*/\1/p' "$tmp/out")
	while :; do
		status=$(ask stepfunctions describe-execution --execution-arn "$run" --query status) || failed "job $1"
		case $status in
		SUCCEEDED) break ;;
		RUNNING | PENDING_REDRIVE) sleep "$PAUSE" ;;
		*) die "job $1 ended as $status: $run" ;;
		esac
	done
	say "job $1: done"
}

# ---- services until they are steady ----

# FAILED, or another revision than ours: the circuit breaker or an alarm went back.
wait_for() { # NAME
	[ "$dry$wait" = noyes ] || return 0
	wanted=$(sed -n "s/^$1 //p" "$tmp/definitions" | head -n 1)
	while :; do
		row=$(ask ecs describe-services --cluster "$CLUSTER" --services "$1" \
			--query "services[0].[length(deployments), deployments[?status=='PRIMARY']|[0].rolloutState, deployments[?status=='PRIMARY']|[0].taskDefinition, runningCount, desiredCount]") || failed "service $1"
		# shellcheck disable=SC2086 # five words
		set -- "$1" $row
		if [ "${3:-}" = FAILED ] || { [ -n "$wanted" ] && [ "${4:-}" != "$wanted" ]; }; then
			die "service $1: the deployment failed and went back to ${4:-?}"
		fi
		if [ "${2:-}" = 1 ] && [ "${3:-}" != IN_PROGRESS ] && [ "${5:-}" = "${6:-}" ]; then
			break
		fi
		sleep "$PAUSE"
	done
	say "service $1: steady"
}

# Until the new copies have the traffic; the old ones stop after the bake.
wait_for_deployment() { # NAME
	id=$(sed -n "s/^$1 //p" "$tmp/deployments" | head -n 1)
	[ "$wait" = yes ] && [ -n "$id" ] || return 0
	while :; do
		row=$(ask deploy get-deployment --deployment-id "$id" --query 'deploymentInfo.[status, instanceTerminationWaitTimeStarted]') || failed "service $1"
		case $row in
		Succeeded* | *True) break ;;
		Failed* | Stopped*) die "service $1: deployment $id failed and went back" ;;
		esac
		sleep "$PAUSE"
	done
	say "service $1: steady"
}

# ---- what is no longer declared ----

prune_schedules() { # GROUP
	: >> "$tmp/schedules"
	for found in $(ask scheduler list-schedules --group-name "$1" --query 'Schedules[].Name'); do
		grep -qxF "$found" "$tmp/schedules" && continue
		if [ "$prune" = yes ]; then
			call scheduler delete-schedule --group-name "$1" --name "$found" || failed "schedule $found"
			say "removed schedule $found"
		else
			say "schedule $found is no longer declared; --prune removes it"
		fi
	done
}

prune_rules() {
	: >> "$tmp/rules"
	for found in $(ask events list-rules --name-prefix "$PREFIX-" --query 'Rules[].Name'); do
		grep -qxF "$found" "$tmp/rules" && continue
		arn="arn:$PARTITION:events:$REGION:$ACCOUNT:rule/$found"
		owner=$(ask events list-tags-for-resource --resource-arn "$arn" --query "join('/', Tags[?Key=='project' || Key=='stage'].Value)") || continue
		[ "$owner" = "$PROJECT/$STAGE" ] || [ "$owner" = "$STAGE/$PROJECT" ] || continue
		if [ "$prune" = yes ]; then
			for id in $(ask events list-targets-by-rule --rule "$found" --query 'Targets[].Id'); do
				call events remove-targets --rule "$found" --ids "$id" || failed "rule $found"
			done
			call events delete-rule --name "$found" || failed "rule $found"
			say "removed rule $found"
		else
			say "rule $found is no longer declared; --prune removes it"
		fi
	done
}

if [ "$dry" = no ]; then
	: > "$tmp/definitions"
	account=$(ask sts get-caller-identity --query Account) || failed 'the credentials'
	[ "$account" = "$ACCOUNT" ] || die "these credentials are for account $account; stage $STAGE is in $ACCOUNT"
fi

put 'aws.logs.LogGroup//shop/app/log-router' 'logs/create-log-group/%2Fshop%2Fapp%2Flog-router.json'
put 'aws.logs.RetentionPolicy//shop/app/log-router' 'logs/put-retention-policy/%2Fshop%2Fapp%2Flog-router.json'
put 'aws.iam.Role/shop-app-firehose' 'iam/create-role/shop-app-firehose.json' 'iam/update-assume-role-policy/shop-app-firehose.json'
put 'aws.iam.Role/shop-web-exec' 'iam/create-role/shop-web-exec.json' 'iam/update-assume-role-policy/shop-web-exec.json'
put 'aws.iam.Role/shop-web-task' 'iam/create-role/shop-web-task.json' 'iam/update-assume-role-policy/shop-web-task.json'
put 'aws.iam.Role/shop-web-traffic' 'iam/create-role/shop-web-traffic.json' 'iam/update-assume-role-policy/shop-web-traffic.json'
put 'aws.iam.Role/shop-sidekiq-exec' 'iam/create-role/shop-sidekiq-exec.json' 'iam/update-assume-role-policy/shop-sidekiq-exec.json'
put 'aws.iam.Role/shop-sidekiq-task' 'iam/create-role/shop-sidekiq-task.json' 'iam/update-assume-role-policy/shop-sidekiq-task.json'
put 'aws.iam.Role/shop-delayed-job-exec' 'iam/create-role/shop-delayed-job-exec.json' 'iam/update-assume-role-policy/shop-delayed-job-exec.json'
put 'aws.iam.Role/shop-delayed-job-task' 'iam/create-role/shop-delayed-job-task.json' 'iam/update-assume-role-policy/shop-delayed-job-task.json'
put 'aws.iam.Role/shop-send-invoices-exec' 'iam/create-role/shop-send-invoices-exec.json' 'iam/update-assume-role-policy/shop-send-invoices-exec.json'
put 'aws.iam.Role/shop-send-invoices-task' 'iam/create-role/shop-send-invoices-task.json' 'iam/update-assume-role-policy/shop-send-invoices-task.json'
put 'aws.iam.Role/shop-send-invoices-run' 'iam/create-role/shop-send-invoices-run.json' 'iam/update-assume-role-policy/shop-send-invoices-run.json'
put 'aws.iam.Role/shop-send-invoices-start' 'iam/create-role/shop-send-invoices-start.json' 'iam/update-assume-role-policy/shop-send-invoices-start.json'
put 'aws.iam.Role/shop-warm-caches-exec' 'iam/create-role/shop-warm-caches-exec.json' 'iam/update-assume-role-policy/shop-warm-caches-exec.json'
put 'aws.iam.Role/shop-warm-caches-task' 'iam/create-role/shop-warm-caches-task.json' 'iam/update-assume-role-policy/shop-warm-caches-task.json'
put 'aws.iam.Role/shop-warm-caches-run' 'iam/create-role/shop-warm-caches-run.json' 'iam/update-assume-role-policy/shop-warm-caches-run.json'
put 'aws.iam.Role/shop-warm-caches-start' 'iam/create-role/shop-warm-caches-start.json' 'iam/update-assume-role-policy/shop-warm-caches-start.json'
put 'aws.iam.Role/shop-purge-sessions-exec' 'iam/create-role/shop-purge-sessions-exec.json' 'iam/update-assume-role-policy/shop-purge-sessions-exec.json'
put 'aws.iam.Role/shop-purge-sessions-task' 'iam/create-role/shop-purge-sessions-task.json' 'iam/update-assume-role-policy/shop-purge-sessions-task.json'
put 'aws.iam.Role/shop-purge-sessions-run' 'iam/create-role/shop-purge-sessions-run.json' 'iam/update-assume-role-policy/shop-purge-sessions-run.json'
put 'aws.iam.Role/shop-purge-sessions-start' 'iam/create-role/shop-purge-sessions-start.json' 'iam/update-assume-role-policy/shop-purge-sessions-start.json'
put 'aws.iam.Role/shop-close-month-exec' 'iam/create-role/shop-close-month-exec.json' 'iam/update-assume-role-policy/shop-close-month-exec.json'
put 'aws.iam.Role/shop-close-month-task' 'iam/create-role/shop-close-month-task.json' 'iam/update-assume-role-policy/shop-close-month-task.json'
put 'aws.iam.Role/shop-close-month-run' 'iam/create-role/shop-close-month-run.json' 'iam/update-assume-role-policy/shop-close-month-run.json'
put 'aws.iam.Role/shop-close-month-start' 'iam/create-role/shop-close-month-start.json' 'iam/update-assume-role-policy/shop-close-month-start.json'
put 'aws.iam.RolePolicy/shop-app-firehose' 'iam/put-role-policy/shop-app-firehose.json'
put 'aws.iam.RolePolicy/shop-web-exec' 'iam/put-role-policy/shop-web-exec.json'
put 'aws.iam.RolePolicy/shop-web-task' 'iam/put-role-policy/shop-web-task.json'
put 'aws.iam.RolePolicy/shop-sidekiq-exec' 'iam/put-role-policy/shop-sidekiq-exec.json'
put 'aws.iam.RolePolicy/shop-sidekiq-task' 'iam/put-role-policy/shop-sidekiq-task.json'
put 'aws.iam.RolePolicy/shop-delayed-job-exec' 'iam/put-role-policy/shop-delayed-job-exec.json'
put 'aws.iam.RolePolicy/shop-delayed-job-task' 'iam/put-role-policy/shop-delayed-job-task.json'
put 'aws.iam.RolePolicy/shop-send-invoices-exec' 'iam/put-role-policy/shop-send-invoices-exec.json'
put 'aws.iam.RolePolicy/shop-send-invoices-task' 'iam/put-role-policy/shop-send-invoices-task.json'
put 'aws.iam.RolePolicy/shop-send-invoices-run' 'iam/put-role-policy/shop-send-invoices-run.json'
put 'aws.iam.RolePolicy/shop-send-invoices-start' 'iam/put-role-policy/shop-send-invoices-start.json'
put 'aws.iam.RolePolicy/shop-warm-caches-exec' 'iam/put-role-policy/shop-warm-caches-exec.json'
put 'aws.iam.RolePolicy/shop-warm-caches-task' 'iam/put-role-policy/shop-warm-caches-task.json'
put 'aws.iam.RolePolicy/shop-warm-caches-run' 'iam/put-role-policy/shop-warm-caches-run.json'
put 'aws.iam.RolePolicy/shop-warm-caches-start' 'iam/put-role-policy/shop-warm-caches-start.json'
put 'aws.iam.RolePolicy/shop-purge-sessions-exec' 'iam/put-role-policy/shop-purge-sessions-exec.json'
put 'aws.iam.RolePolicy/shop-purge-sessions-task' 'iam/put-role-policy/shop-purge-sessions-task.json'
put 'aws.iam.RolePolicy/shop-purge-sessions-run' 'iam/put-role-policy/shop-purge-sessions-run.json'
put 'aws.iam.RolePolicy/shop-purge-sessions-start' 'iam/put-role-policy/shop-purge-sessions-start.json'
put 'aws.iam.RolePolicy/shop-close-month-exec' 'iam/put-role-policy/shop-close-month-exec.json'
put 'aws.iam.RolePolicy/shop-close-month-task' 'iam/put-role-policy/shop-close-month-task.json'
put 'aws.iam.RolePolicy/shop-close-month-run' 'iam/put-role-policy/shop-close-month-run.json'
put 'aws.iam.RolePolicy/shop-close-month-start' 'iam/put-role-policy/shop-close-month-start.json'
put 'aws.iam.RolePolicyAttachment/shop-web-traffic' 'iam/attach-role-policy/shop-web-traffic.json'
put 'aws.firehose.DeliveryStream/shop-prod-app' 'firehose/create-delivery-stream/shop-prod-app.json' 'firehose/update-destination/shop-prod-app.json'
put 'aws.elasticloadbalancingv2.TargetGroup/shop-web' 'elbv2/create-target-group/shop-web.json' 'elbv2/modify-target-group/shop-web.json'
put 'aws.elasticloadbalancingv2.TargetGroup/shop-web-alt' 'elbv2/create-target-group/shop-web-alt.json' 'elbv2/modify-target-group/shop-web-alt.json'
put 'aws.elasticloadbalancingv2.TargetGroupAttributes/shop-web' 'elbv2/modify-target-group-attributes/shop-web.json'
put 'aws.elasticloadbalancingv2.TargetGroupAttributes/shop-web-alt' 'elbv2/modify-target-group-attributes/shop-web-alt.json'
put 'aws.elasticloadbalancingv2.ListenerRule/shop-web' 'elbv2/create-rule/shop-web.json' 'elbv2/modify-rule/shop-web.json'
put 'aws.ecs.TaskDefinition/shop-web' 'ecs/register-task-definition/shop-web.json' '' "1e321151da3401c2"
put 'aws.ecs.TaskDefinition/shop-sidekiq' 'ecs/register-task-definition/shop-sidekiq.json' '' "f16d44284548753b"
put 'aws.ecs.TaskDefinition/shop-delayed-job' 'ecs/register-task-definition/shop-delayed-job.json' '' "bacd7269344b356a"
put 'aws.ecs.TaskDefinition/shop-send-invoices' 'ecs/register-task-definition/shop-send-invoices.json' '' "62bd2163a41951ce"
put 'aws.ecs.TaskDefinition/shop-warm-caches' 'ecs/register-task-definition/shop-warm-caches.json' '' "ad993c9dd2963952"
put 'aws.ecs.TaskDefinition/shop-purge-sessions' 'ecs/register-task-definition/shop-purge-sessions.json' '' "c64f138aafc42fbd"
put 'aws.ecs.TaskDefinition/shop-close-month' 'ecs/register-task-definition/shop-close-month.json' '' "cbe710f4a0c873f0"
put 'aws.stepfunctions.StateMachine/shop-send-invoices' 'stepfunctions/create-state-machine/shop-send-invoices.json' 'stepfunctions/update-state-machine/shop-send-invoices.json'
put 'aws.stepfunctions.StateMachine/shop-warm-caches' 'stepfunctions/create-state-machine/shop-warm-caches.json' 'stepfunctions/update-state-machine/shop-warm-caches.json'
put 'aws.stepfunctions.StateMachine/shop-purge-sessions' 'stepfunctions/create-state-machine/shop-purge-sessions.json' 'stepfunctions/update-state-machine/shop-purge-sessions.json'
put 'aws.stepfunctions.StateMachine/shop-close-month' 'stepfunctions/create-state-machine/shop-close-month.json' 'stepfunctions/update-state-machine/shop-close-month.json'
put 'aws.scheduler.ScheduleGroup/shop' 'scheduler/create-schedule-group/shop.json'
put 'aws.ecs.Service/shop-web' 'ecs/create-service/shop-web.json' 'ecs/update-service/shop-web.json'
put 'aws.ecs.Service/shop-sidekiq' 'ecs/create-service/shop-sidekiq.json' 'ecs/update-service/shop-sidekiq.json'
put 'aws.ecs.Service/shop-delayed-job' 'ecs/create-service/shop-delayed-job.json' 'ecs/update-service/shop-delayed-job.json'
put 'aws.applicationautoscaling.ScalableTarget/shop-web' 'application-autoscaling/register-scalable-target/shop-web.json'
put 'aws.applicationautoscaling.ScalableTarget/shop-sidekiq' 'application-autoscaling/register-scalable-target/shop-sidekiq.json'
put 'aws.applicationautoscaling.ScalableTarget/shop-delayed-job' 'application-autoscaling/register-scalable-target/shop-delayed-job.json'
put 'aws.applicationautoscaling.ScalingPolicy/shop-web-cpu' 'application-autoscaling/put-scaling-policy/shop-web-cpu.json'
put 'aws.applicationautoscaling.ScalingPolicy/shop-sidekiq-cloudwatch' 'application-autoscaling/put-scaling-policy/shop-sidekiq-cloudwatch.json'
put 'aws.applicationautoscaling.ScalingPolicy/shop-delayed-job-cpu' 'application-autoscaling/put-scaling-policy/shop-delayed-job-cpu.json'
put 'aws.scheduler.Schedule/shop-send-invoices' 'scheduler/create-schedule/shop-send-invoices.json'
put 'aws.scheduler.Schedule/shop-warm-caches' 'scheduler/create-schedule/shop-warm-caches.json'
put 'aws.scheduler.Schedule/shop-purge-sessions' 'scheduler/create-schedule/shop-purge-sessions.json'
put 'aws.scheduler.Schedule/shop-close-month' 'scheduler/create-schedule/shop-close-month.json'
wait_for 'shop-web'
wait_for 'shop-sidekiq'
wait_for 'shop-delayed-job'
prune_schedules 'shop'
prune_rules
