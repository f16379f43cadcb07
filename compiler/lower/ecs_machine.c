/*
 * The run of a schedule as a small state machine: leave out a start while an
 * older run is going, run the task and wait for it, try again, stop in time.
 *
 * Starts are at least once. The token of an attempt is made of the schedule's
 * name, the instant it is for and the attempt's number; ECS starts one task
 * for one token, so a doubled delivery does not start a second one. What it
 * cannot promise: a task whose stop outlasts the machine's timeout may still
 * be stopping when the next run begins.
 *
 * Sources: Step Functions developer guide, ListExecutions through the AWS SDK
 * integration, the optimised ECS integration (.sync stops the task when the
 * state is aborted), the context object; ECS API, RunTask, clientToken.
 */
#include "ecs.h"

#include <string.h>

enum { RETRY_PAUSE_S = 30 };

static struct doc *
put(struct ecs *e, struct object *node, struct doc *map, const char *key, const char *text)
{
	return doc_set(e->a, map, key, doc_z(e->a, node->at, text));
}

/* Is an older execution of this machine still running? Two that start at once are told apart by their names. */
#define OLDER \
	"{% [$states.result.Executions[$toMillis(StartDate) < $toMillis($states.context.Execution.StartTime) or " \
	"($toMillis(StartDate) = $toMillis($states.context.Execution.StartTime) and ExecutionArn < $states.context.Execution.Id)].ExecutionArn] %}"

static void
add_overlap_states(struct ecs *e, struct object *node, struct doc *states, const struct value *overlap)
{
	struct doc *find = doc_map(e->a, overlap->origin), *args = doc_map(e->a, overlap->origin), *assign = doc_map(e->a, overlap->origin);
	put(e, node, find, "Type", "Task");
	put(e, node, find, "Resource", arena_printf(e->a, "arn:%s:states:::aws-sdk:sfn:listExecutions", e->partition));
	put(e, node, args, "StateMachineArn", "{% $states.context.StateMachine.Id %}");
	put(e, node, args, "StatusFilter", "RUNNING");
	doc_set(e->a, find, "Arguments", args);
	put(e, node, assign, "older", OLDER);
	doc_set(e->a, find, "Assign", assign);
	put(e, node, find, "Next", "IsAnOlderRunGoing");
	doc_set(e->a, states, "FindOlderRuns", find);

	struct doc *choice = doc_map(e->a, overlap->origin), *choices = doc_list(e->a, overlap->origin), *one = doc_map(e->a, overlap->origin);
	put(e, node, choice, "Type", "Choice");
	put(e, node, one, "Condition", "{% $count($older) > 0 %}");
	put(e, node, one, "Next", "Skipped");
	doc_add(choices, one);
	doc_set(e->a, choice, "Choices", choices);
	put(e, node, choice, "Default", "Run");
	doc_set(e->a, states, "IsAnOlderRunGoing", choice);

	struct doc *skipped = doc_map(e->a, overlap->origin), *output = doc_map(e->a, overlap->origin);
	put(e, node, skipped, "Type", "Succeed");
	doc_set(e->a, output, "skipped", doc_bool(e->a, overlap->origin, true));
	put(e, node, output, "because", "an older run is still going (overlap = forbid)");
	put(e, node, output, "older", "{% $older %}");
	doc_set(e->a, skipped, "Output", output);
	doc_set(e->a, states, "Skipped", skipped);
}

static struct doc *
run_arguments(struct ecs *e, struct object *node, struct task *t)
{
	struct doc *a = doc_map(e->a, node->at);
	put(e, node, a, "Cluster", arn(e, "ecs", arena_printf(e->a, "cluster/%s", e->cluster_name)));
	doc_set(e->a, a, "TaskDefinition", doc_attr(e->a, node->at, t->definition->address, "TaskDefinitionArn"));
	put(e, node, a, "LaunchType", "FARGATE");
	put(e, node, a, "PlatformVersion", "LATEST");
	doc_set(e->a, a, "NetworkConfiguration", network_of(e, false));
	doc_set(e->a, a, "EnableECSManagedTags", doc_bool(e->a, node->at, true));
	put(e, node, a, "PropagateTags", "TASK_DEFINITION");
	/* at most 64 characters: 32 of a hash of the name, the instant (20), the attempt */
	char hex[65];
	sha256_hex(str_of(node_name(e->g, node)), hex);
	put(e, node, a, "ClientToken",
	    arena_printf(e->a, "{%% '%.32s-' & $states.context.Execution.Input.scheduled & '-' & $string($states.context.State.RetryCount) %%}", hex));
	return a;
}

static void
add_run_state(struct ecs *e, struct object *node, struct task *t, struct doc *states)
{
	struct doc *run = doc_map(e->a, node->at);
	const struct value *timeout = get(e->g, node, A_schedule_timeout), *retries = get(e->g, node, A_schedule_retries);
	put(e, node, run, "Type", "Task");
	put(e, node, run, "Resource", arena_printf(e->a, "arn:%s:states:::ecs:runTask.sync", e->partition));
	doc_set(e->a, run, "Arguments", run_arguments(e, node, t));
	if (timeout)
		doc_set(e->a, run, "TimeoutSeconds", of_int(e, timeout, (timeout->n + 999) / 1000));
	if (retries && retries->n > 0) {
		struct doc *list = doc_list(e->a, retries->origin), *r = doc_map(e->a, retries->origin), *none = doc_map(e->a, retries->origin),
			   *errors = doc_list(e->a, retries->origin), *timed = doc_list(e->a, retries->origin);
		doc_add(timed, doc_z(e->a, retries->origin, "States.Timeout"));
		doc_set(e->a, none, "ErrorEquals", timed);
		doc_set(e->a, none, "MaxAttempts", doc_int(e->a, retries->origin, 0));
		doc_add(list, none);
		doc_add(errors, doc_z(e->a, retries->origin, "States.ALL"));
		doc_set(e->a, r, "ErrorEquals", errors);
		doc_set(e->a, r, "IntervalSeconds", doc_int(e->a, retries->origin, RETRY_PAUSE_S));
		doc_set(e->a, r, "MaxAttempts", of_int(e, retries, retries->n));
		doc_set(e->a, r, "BackoffRate", doc_int(e->a, retries->origin, 2));
		doc_add(list, r);
		doc_set(e->a, run, "Retry", list);
	}
	doc_set(e->a, run, "End", doc_bool(e->a, node->at, true));
	doc_set(e->a, states, "Run", run);
}

static struct doc *
definition(struct ecs *e, struct object *node, struct task *t)
{
	struct doc *d = doc_map(e->a, node->at), *states = doc_map(e->a, node->at);
	const struct value *overlap = get(e->g, node, A_schedule_overlap), *timeout = get(e->g, node, A_schedule_timeout);
	bool forbid = overlap && str_eqz(overlap->text, "forbid");
	put(e, node, d, "Comment", arena_printf(e->a, "One run of schedule %s: written by berth", node->label->text));
	put(e, node, d, "QueryLanguage", "JSONata");
	put(e, node, d, "StartAt", forbid ? "FindOlderRuns" : "Run");
	if (timeout)
		doc_set(e->a, d, "TimeoutSeconds", of_int(e, timeout, (timeout->n + 999) / 1000));
	if (forbid)
		add_overlap_states(e, node, states, overlap);
	add_run_state(e, node, t, states);
	doc_set(e->a, d, "States", states);
	return doc_json(e->a, node->at, d);
}

/* What the .sync integration itself needs: the task, and the rule through which it hears of the task's end. */
static struct doc *
machine_statements(struct ecs *e, struct object *node, struct task *t, const char *name)
{
	struct doc *list = run_statements(e, node, t);
	struct doc *s = allow(e, list, node->at, "ecs:StopTask ecs:DescribeTasks", doc_z(e->a, node->at, arn(e, "ecs", arena_printf(e->a, "task/%s/*", e->cluster_name))));
	condition(e, s, node->at, "ArnLike", "ecs:cluster", arn(e, "ecs", arena_printf(e->a, "cluster/%s", e->cluster_name)));
	allow(e, list, node->at, "events:PutTargets events:PutRule events:DescribeRule",
	      doc_z(e->a, node->at, arn(e, "events", "rule/StepFunctionsGetEventsForECSTaskRule")));
	allow(e, list, node->at, "states:ListExecutions", doc_z(e->a, node->at, arn(e, "states", arena_printf(e->a, "stateMachine:%s", name))));
	return list;
}

struct resource *
make_machine(struct ecs *e, struct object *node, struct task *t)
{
	const char *name = aws_name(e, RK_STATE_MACHINE, node_name(e->g, node));
	struct resource *role = make_role(e, node, "run", "states.amazonaws.com", arn(e, "states", arena_printf(e->a, "stateMachine:%s", name)),
					  machine_statements(e, node, t, name));
	struct doc *d = doc_map(e->a, node->at);
	doc_set(e->a, d, "name", add_z(e, node, name, "the prefix and the schedule's name"));
	doc_set(e->a, d, "type", add_z(e, node, "STANDARD", "runs may last for hours"));
	doc_set(e->a, d, "roleArn", role_arn(e, node, role));
	doc_set(e->a, d, "definition", definition(e, node, t));
	doc_set(e->a, d, "tags", tags_of(e, node, false));
	struct resource *r = lower_add(e->l, RK_STATE_MACHINE, name, node, d);
	resource_edge(e->l->out, r, role);
	resource_edge(e->l->out, r, t->definition);
	return r;
}
