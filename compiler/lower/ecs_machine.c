/*
 * The run of a schedule or a job as a small state machine: leave out a start
 * while an older run is going, or stop the older one; run the task and wait
 * for it, try again, stop in time.
 *
 * Starts are at least once. The token of an attempt is made of the schedule's
 * name, the instant it is for and the attempt's number; ECS starts one task
 * for one token, so a doubled delivery does not start a second one. A job's
 * instant is the name of its execution. What it cannot promise: a task whose
 * stop outlasts the machine's timeout may still be stopping when the next run
 * begins.
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

static struct doc *
state(struct ecs *e, struct object *node, struct doc *states, const char *name, const char *type)
{
	struct doc *d = doc_set(e->a, states, name, doc_map(e->a, node->at));
	put(e, node, d, "Type", type);
	return d;
}

static struct doc *
call(struct ecs *e, struct object *node, struct doc *s, const char *action)
{
	put(e, node, s, "Resource", arena_printf(e->a, "arn:%s:states:::%s", e->partition, action));
	return doc_set(e->a, s, "Arguments", doc_map(e->a, node->at));
}

/* A choice between going on and `next`. */
static void
choose(struct ecs *e, struct object *node, struct doc *states, const char *name, const char *condition, const char *next, const char *otherwise)
{
	struct doc *s = state(e, node, states, name, "Choice"), *list = doc_list(e->a, node->at), *one = doc_map(e->a, node->at);
	put(e, node, one, "Condition", condition);
	put(e, node, one, "Next", next);
	doc_add(list, one);
	doc_set(e->a, s, "Choices", list);
	put(e, node, s, "Default", otherwise);
}

static void
find_older(struct ecs *e, struct object *node, struct doc *states)
{
	struct doc *find = state(e, node, states, "FindOlderRuns", "Task"), *args = call(e, node, find, "aws-sdk:sfn:listExecutions"),
		   *assign = doc_map(e->a, node->at);
	put(e, node, args, "StateMachineArn", "{% $states.context.StateMachine.Id %}");
	put(e, node, args, "StatusFilter", "RUNNING");
	put(e, node, assign, "older", OLDER);
	doc_set(e->a, find, "Assign", assign);
	put(e, node, find, "Next", "IsAnOlderRunGoing");
}

static void
add_skipped(struct ecs *e, struct object *node, struct doc *states, const char *because)
{
	struct doc *skipped = state(e, node, states, "Skipped", "Succeed"), *output = doc_map(e->a, node->at);
	doc_set(e->a, output, "skipped", doc_bool(e->a, node->at, true));
	put(e, node, output, "because", because);
	put(e, node, output, "older", "{% $older %}");
	doc_set(e->a, skipped, "Output", output);
}

/* overlap = forbid: a start while an older run is going ends as skipped, and says so. */
static void
add_forbid(struct ecs *e, struct object *node, struct doc *states)
{
	find_older(e, node, states);
	choose(e, node, states, "IsAnOlderRunGoing", "{% $count($older) > 0 %}", "Skipped", "FirstAttempt");
	add_skipped(e, node, states, "an older run is still going (overlap = forbid)");
}

/* A call for each older execution; returns its arguments. */
static struct doc *
for_each_older(struct ecs *e, struct object *node, struct doc *states, const char *name, const char *inner_name, const char *action, const char *output)
{
	struct doc *map = state(e, node, states, name, "Map"), *processor = doc_map(e->a, node->at), *config = doc_map(e->a, node->at), *inner = doc_map(e->a, node->at);
	put(e, node, map, "Items", "{% $older %}");
	put(e, node, config, "Mode", "INLINE");
	doc_set(e->a, processor, "ProcessorConfig", config);
	put(e, node, processor, "StartAt", inner_name);
	struct doc *one = state(e, node, inner, inner_name, "Task"), *args = call(e, node, one, arena_printf(e->a, "aws-sdk:sfn:%s", action));
	put(e, node, args, "ExecutionArn", "{% $states.input %}");
	if (output)
		put(e, node, one, "Output", output);
	doc_set(e->a, one, "End", doc_bool(e->a, node->at, true));
	doc_set(e->a, processor, "States", inner);
	doc_set(e->a, map, "ItemProcessor", processor);
	return args;
}

/* overlap = replace: older runs are stopped, and this one begins when none is left. A stopped run stops its task. */
static void
add_replace(struct ecs *e, const struct run *r, struct doc *states)
{
	enum { PAUSE_S = 5 };
	struct object *node = r->node;
	find_older(e, node, states);
	choose(e, node, states, "IsAnOlderRunGoing", "{% $count($older) > 0 %}", "ReadOlderRuns", "FirstAttempt");
	/* the same start, delivered twice, must not stop itself */
	struct doc *args = for_each_older(e, node, states, "ReadOlderRuns", "ReadOne", "describeExecution", "{% $parse($states.result.Input).scheduled %}"),
		   *twins = doc_map(e->a, node->at);
	put(e, node, twins, "twins", "{% $count($states.result[$ = $states.context.Execution.Input.scheduled]) %}");
	doc_set(e->a, doc_get(states, "ReadOlderRuns"), "Assign", twins);
	put(e, node, doc_get(states, "ReadOlderRuns"), "Next", "IsItTheSameStart");
	choose(e, node, states, "IsItTheSameStart", "{% $twins > 0 %}", "Skipped", "StopOlderRuns");
	add_skipped(e, node, states, "the same start was delivered before, and runs");
	args = for_each_older(e, node, states, "StopOlderRuns", "StopOne", "stopExecution", NULL);
	put(e, node, args, "Error", "Replaced");
	put(e, node, args, "Cause", "a newer run of the schedule began (overlap = replace)");
	put(e, node, doc_get(states, "StopOlderRuns"), "Next", "WaitForTheirEnd");
	struct doc *wait = state(e, node, states, "WaitForTheirEnd", "Wait");
	doc_set(e->a, wait, "Seconds", doc_int(e->a, node->at, PAUSE_S));
	put(e, node, wait, "Next", "FindRunningTasks");
	/* the execution has ended; its task may still be draining */
	struct doc *tasks = state(e, node, states, "FindRunningTasks", "Task"), *list = call(e, node, tasks, "aws-sdk:ecs:listTasks"), *assign = doc_map(e->a, node->at);
	put(e, node, list, "Cluster", arn(e, "ecs", arena_printf(e->a, "cluster/%s", e->cluster_name)));
	put(e, node, list, "Family", r->task->name);
	put(e, node, assign, "tasks", "{% $count($states.result.TaskArns) %}");
	doc_set(e->a, tasks, "Assign", assign);
	put(e, node, tasks, "Next", "IsATaskRunning");
	choose(e, node, states, "IsATaskRunning", "{% $tasks > 0 %}", "WaitForTheirEnd", "FirstAttempt");
}

struct doc *
run_overrides(struct ecs *e, const struct run *run, bool capital)
{
	if (run->command == NULL)
		return NULL;
	struct doc *d = doc_map(e->a, run->command->origin), *list = doc_list(e->a, run->command->origin), *one = doc_map(e->a, run->command->origin);
	doc_set(e->a, one, capital ? "Name" : "name", add_z(e, run->node, run->container, "the container that does the service's work"));
	doc_set(e->a, one, capital ? "Command" : "command", command_doc(e, run->command));
	doc_add(list, one);
	doc_set(e->a, d, capital ? "ContainerOverrides" : "containerOverrides", list);
	return d;
}

static struct doc *
run_arguments(struct ecs *e, const struct run *run)
{
	struct object *node = run->node;
	struct doc *a = doc_map(e->a, node->at);
	put(e, node, a, "Cluster", arn(e, "ecs", arena_printf(e->a, "cluster/%s", e->cluster_name)));
	doc_set(e->a, a, "TaskDefinition", doc_attr(e->a, node->at, run->task->definition->address, "TaskDefinitionArn"));
	put(e, node, a, "LaunchType", "FARGATE");
	put(e, node, a, "PlatformVersion", "LATEST");
	doc_set(e->a, a, "NetworkConfiguration", network_of(e, false));
	doc_set(e->a, a, "Overrides", run_overrides(e, run, true));
	doc_set(e->a, a, "EnableECSManagedTags", doc_bool(e->a, node->at, true));
	put(e, node, a, "PropagateTags", "TASK_DEFINITION");
	/* at most 64 characters: 32 of a hash of the name, the instant (20) or an execution's name, the attempt */
	char hex[65];
	sha256_hex(str_of(node_name(e->g, node)), hex);
	const char *instant = node->kind == K_job ? "$substring($states.context.Execution.Name, 0, 24)" : "$states.context.Execution.Input.scheduled";
	put(e, node, a, "ClientToken", arena_printf(e->a, "{%% '%.32s-' & %s & '-' & $string($attempt) %%}", hex, instant));
	return a;
}

/* Errors of the call itself: it is made again with the same token, so that a task that did start is not started twice. */
static struct doc *
call_retries(struct ecs *e, struct object *node)
{
	static const char *const errors[] = {"ECS.ServerException", "ECS.ThrottlingException", "ECS.SdkClientException"};
	struct doc *list = doc_list(e->a, node->at), *again = doc_map(e->a, node->at), *names = doc_list(e->a, node->at);
	for (size_t i = 0; i < sizeof errors / sizeof *errors; i++)
		doc_add(names, doc_z(e->a, node->at, errors[i]));
	doc_set(e->a, again, "ErrorEquals", names);
	doc_set(e->a, again, "IntervalSeconds", doc_int(e->a, node->at, 5));
	doc_set(e->a, again, "MaxAttempts", doc_int(e->a, node->at, 5));
	doc_set(e->a, again, "BackoffRate", doc_int(e->a, node->at, 2));
	doc_add(list, again);
	return list;
}

/* A task that ran and failed is tried again, with a token of its own; nothing else is, since it might still be running. */
static void
add_retries(struct ecs *e, const struct run *r, struct doc *states, struct doc *run)
{
	struct object *node = r->node;
	struct doc *list = doc_list(e->a, node->at), *one = doc_map(e->a, node->at), *errors = doc_list(e->a, node->at), *assign = doc_map(e->a, node->at);
	doc_add(errors, doc_z(e->a, node->at, "States.TaskFailed"));
	doc_set(e->a, one, "ErrorEquals", errors);
	put(e, node, assign, "error", "{% $states.errorOutput.Error %}");
	put(e, node, assign, "cause", "{% $states.errorOutput.Cause %}");
	doc_set(e->a, one, "Assign", assign);
	put(e, node, one, "Next", "MayItBeTriedAgain");
	doc_add(list, one);
	doc_set(e->a, run, "Catch", list);
	choose(e, node, states, "MayItBeTriedAgain",
	       arena_printf(e->a, "{%% $error = 'States.TaskFailed' and $attempt < %lld %%}", (long long)(r->retries ? r->retries->n : 0)), "Pause", "Failed");
	struct doc *pause = state(e, node, states, "Pause", "Wait"), *next = doc_map(e->a, node->at);
	put(e, node, pause, "Seconds", arena_printf(e->a, "{%% %d * $power(2, $attempt) %%}", RETRY_PAUSE_S));
	put(e, node, next, "attempt", "{% $attempt + 1 %}");
	doc_set(e->a, pause, "Assign", next);
	put(e, node, pause, "Next", "Run");
	struct doc *failed = state(e, node, states, "Failed", "Fail");
	put(e, node, failed, "Error", "{% $error %}");
	put(e, node, failed, "Cause", "{% $cause %}");
}

static void
add_run_state(struct ecs *e, const struct run *r, struct doc *states)
{
	struct object *node = r->node;
	struct doc *first = state(e, node, states, "FirstAttempt", "Pass"), *assign = doc_map(e->a, node->at);
	doc_set(e->a, assign, "attempt", doc_int(e->a, node->at, 0));
	doc_set(e->a, first, "Assign", assign);
	put(e, node, first, "Next", "Run");
	struct doc *run = state(e, node, states, "Run", "Task");
	put(e, node, run, "Resource", arena_printf(e->a, "arn:%s:states:::ecs:runTask.sync", e->partition));
	doc_set(e->a, run, "Arguments", run_arguments(e, r));
	if (r->timeout)
		doc_set(e->a, run, "TimeoutSeconds", of_int(e, r->timeout, (r->timeout->n + 999) / 1000));
	doc_set(e->a, run, "Retry", call_retries(e, node));
	if (r->retries && r->retries->n > 0)
		add_retries(e, r, states, run);
	doc_set(e->a, run, "End", doc_bool(e->a, node->at, true));
}

static struct doc *
definition(struct ecs *e, const struct run *r)
{
	struct object *node = r->node;
	struct doc *d = doc_map(e->a, node->at), *states = doc_map(e->a, node->at);
	bool forbid = r->overlap && str_eqz(r->overlap->text, "forbid"), replace = r->overlap && str_eqz(r->overlap->text, "replace");
	put(e, node, d, "Comment", arena_printf(e->a, "One run of %s %s: written by berth", kind_row(node->kind)->name, node->label->text));
	put(e, node, d, "QueryLanguage", "JSONata");
	put(e, node, d, "StartAt", forbid || replace ? "FindOlderRuns" : "FirstAttempt");
	if (r->timeout) /* of the whole run, with its retries, as a Job's activeDeadlineSeconds */
		doc_set(e->a, d, "TimeoutSeconds", of_int(e, r->timeout, (r->timeout->n + 999) / 1000));
	if (forbid)
		add_forbid(e, node, states);
	if (replace)
		add_replace(e, r, states);
	add_run_state(e, r, states);
	doc_set(e->a, d, "States", states);
	return doc_json(e->a, node->at, d);
}

/* What the .sync integration itself needs: the task, and the rule through which it hears of the task's end. */
static struct doc *
machine_statements(struct ecs *e, const struct run *r, const char *name)
{
	struct object *node = r->node;
	struct doc *list = run_statements(e, node, r->task);
	struct doc *s = allow(e, list, node->at, "ecs:StopTask ecs:DescribeTasks", doc_z(e->a, node->at, arn(e, "ecs", arena_printf(e->a, "task/%s/*", e->cluster_name))));
	condition(e, s, node->at, "ArnLike", "ecs:cluster", arn(e, "ecs", arena_printf(e->a, "cluster/%s", e->cluster_name)));
	allow(e, list, node->at, "events:PutTargets events:PutRule events:DescribeRule",
	      doc_z(e->a, node->at, arn(e, "events", "rule/StepFunctionsGetEventsForECSTaskRule")));
	const char *machine = arn(e, "states", arena_printf(e->a, "stateMachine:%s", name));
	if (r->overlap)
		allow(e, list, node->at, "states:ListExecutions", doc_z(e->a, node->at, machine));
	if (r->overlap && str_eqz(r->overlap->text, "replace")) {
		allow(e, list, node->at, "states:DescribeExecution states:StopExecution", doc_z(e->a, node->at, arn(e, "states", arena_printf(e->a, "execution:%s:*", name))));
		s = allow(e, list, node->at, "ecs:ListTasks", doc_z(e->a, node->at, "*"));
		condition(e, s, node->at, "ArnEquals", "ecs:cluster", arn(e, "ecs", arena_printf(e->a, "cluster/%s", e->cluster_name)));
	}
	return list;
}

struct resource *
make_machine(struct ecs *e, const struct run *r)
{
	struct object *node = r->node;
	const char *name = aws_name(e, RK_STATE_MACHINE, node_name(e->g, node));
	struct resource *role = make_role(e, node, "run", "states.amazonaws.com", arn(e, "states", arena_printf(e->a, "stateMachine:%s", name)),
					  machine_statements(e, r, name));
	struct doc *d = doc_map(e->a, node->at);
	doc_set(e->a, d, "name", add_f(e, node, "the prefix and the declaration's name", "%s", name));
	doc_set(e->a, d, "type", add_z(e, node, "STANDARD", "runs may last for hours"));
	doc_set(e->a, d, "roleArn", role_arn(e, node, role));
	doc_set(e->a, d, "definition", definition(e, r));
	doc_set(e->a, d, "tags", tags_of(e, node, false));
	struct resource *machine = lower_add(e->l, RK_STATE_MACHINE, name, node, d);
	resource_edge(e->l->out, machine, role);
	resource_edge(e->l->out, machine, r->task->definition);
	return machine;
}
