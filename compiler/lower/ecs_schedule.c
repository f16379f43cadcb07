/*
 * Schedules on AWS: EventBridge Scheduler or rules, straight to a task when
 * only the start matters, through a state machine when the run does. Sources:
 * Scheduler API, CreateSchedule; EventBridge API, PutRule, PutTargets.
 */
#include "ecs.h"

#include <string.h>

enum { DELIVERY_RETRIES = 185 }; /* the platform's most; the age ends them first */

/* What starts: a task, or the machine that runs one. */
struct start {
	struct ecs *e;
	struct object *node;
	struct run run;
	struct resource *machine;
	struct resource *role;     /* starts it */
	const struct value *deadline;
};

static struct resource *
schedule_group(struct ecs *e, struct object *node)
{
	if (e->group)
		return e->group;
	struct doc *d = doc_map(e->a, e->stage->at);
	doc_set(e->a, d, "Name", add_z(e, e->stage, e->prefix, "one group for the project"));
	doc_set(e->a, d, "Tags", tags_of(e, e->stage, true));
	(void)node;
	return e->group = lower_add(e->l, RK_SCHEDULE_GROUP, e->prefix, e->stage, d);
}

static const char *
group_name(struct ecs *e)
{
	struct str own = get_text(e->g, e->schedules, A_schedules_group);
	return own.n > 0 ? arena_strz(e->a, own) : e->prefix;
}

/* ---- permissions of whoever starts ---- */

static struct doc *
family_arn(struct ecs *e, struct task *t)
{
	return doc_z(e->a, t->node->at, arn(e, "ecs", arena_printf(e->a, "task-definition/%s:*", t->name)));
}

/* Run the task, in this cluster only, and hand it its roles and nothing else. */
struct doc *
run_statements(struct ecs *e, struct object *node, struct task *t)
{
	struct doc *list = new_statements(e, node), *roles = doc_list(e->a, node->at);
	struct doc *s = allow(e, list, node->at, "ecs:RunTask", family_arn(e, t));
	condition(e, s, node->at, "ArnLike", "ecs:cluster", arn(e, "ecs", arena_printf(e->a, "cluster/%s", e->cluster_name)));
	for (int i = 0; i < 2; i++) {
		struct doc *role = task_role_arn(t, i == 0);
		if (role)
			doc_add(roles, role);
	}
	s = allow(e, list, node->at, "iam:PassRole", roles);
	condition(e, s, node->at, "StringEquals", "iam:PassedToService", "ecs-tasks.amazonaws.com");
	s = allow(e, list, node->at, "ecs:TagResource", doc_z(e->a, node->at, arn(e, "ecs", arena_printf(e->a, "task/%s/*", e->cluster_name))));
	condition(e, s, node->at, "StringEquals", "ecs:CreateAction", "RunTask");
	return list;
}

static struct doc *
machine_arn(struct start *s)
{
	return add_f(s->e, s->node, "the schedule's state machine", "%s", arn(s->e, "states", arena_printf(s->e->a, "stateMachine:%s", s->machine->name)));
}

/* Where starts go that could not be delivered. */
static struct doc *
dead_letter(struct start *s)
{
	struct ecs *e = s->e;
	const struct value *v = get(e->g, s->node, A_schedule_dead_letter);
	struct queue_ref q;
	if (v == NULL)
		return NULL;
	queue_of(e, v->object, &q);
	if (!q.sqs || q.fifo) {
		struct diag *d = complain(e->g, D_E0181, v->origin, "starts that could not be delivered cannot go to %s", q.sqs ? "a FIFO queue" : "a queue that is not SQS");
		diag_hint(e->g->compile->diags, d, "EventBridge takes standard SQS queues only (Scheduler API, DeadLetterConfig).");
		return NULL;
	}
	if (q.existing && schedule_way(e->g, s->node) == CRON_RULE) {
		struct diag *d = complain(e->g, D_E0181, v->origin, "a queue that exists already cannot take the dead letters of a rule");
		diag_hint(e->g->compile->diags, d, "The queue's own policy must let events.amazonaws.com send, and berth does not own it; use via = scheduler, or declare the queue.");
		return NULL;
	}
	struct doc *d = doc_map(e->a, v->origin);
	doc_set(e->a, d, "Arn", of_z(e, v, q.arn));
	return d;
}

static void
make_start_role(struct start *s, bool rule)
{
	struct ecs *e = s->e;
	struct doc *list;
	if (s->machine) {
		list = new_statements(e, s->node);
		allow(e, list, s->node->at, "states:StartExecution", machine_arn(s));
	} else {
		list = run_statements(e, s->node, s->run.task);
	}
	struct doc *letters = rule ? NULL : dead_letter(s); /* a rule's is granted by the queue itself */
	if (letters)
		allow(e, list, letters->origin, "sqs:SendMessage", doc_get(letters, "Arn"));
	const char *source = rule ? arn(e, "events", arena_printf(e->a, "rule/%s*", aws_name(e, RK_RULE, node_name(e->g, s->node))))
				  : arn(e, "scheduler", arena_printf(e->a, "schedule-group/%s", group_name(e)));
	s->role = make_role(e, s->node, "start", rule ? "events.amazonaws.com" : "scheduler.amazonaws.com", source, list);
}

/* ---- targets ---- */

static struct doc *
task_parameters(struct start *s)
{
	struct ecs *e = s->e;
	struct doc *d = doc_map(e->a, s->node->at);
	doc_set(e->a, d, "TaskDefinitionArn", doc_attr(e->a, s->node->at, s->run.task->definition->address, "TaskDefinitionArn"));
	doc_set(e->a, d, "TaskCount", add_int(e, s->node, 1, "one run at each instant"));
	doc_set(e->a, d, "LaunchType", add_z(e, s->node, "FARGATE", "else the cluster's default would decide"));
	doc_set(e->a, d, "PlatformVersion", add_z(e, s->node, "LATEST", "Fargate's default, written out"));
	return d;
}

static struct doc *
retry_policy(struct start *s)
{
	struct ecs *e = s->e;
	struct doc *d = doc_map(e->a, s->node->at);
	const struct value *age = get(e->g, s->node, A_schedule_max_age);
	if (age == NULL)
		age = s->deadline;
	doc_set(e->a, d, "MaximumEventAgeInSeconds", of_int(e, age, age->n / 1000));
	doc_set(e->a, d, "MaximumRetryAttempts", add_int(e, s->node, DELIVERY_RETRIES, "delivery is tried until it is too old"));
	return d;
}

/* The network of the task, inside its parameters. */
static void
add_network(struct ecs *e, struct doc *parameters)
{
	struct doc *net = doc_map(e->a, e->ecs->at);
	doc_set(e->a, net, "awsvpcConfiguration", doc_get(network_of(e, false), "AwsvpcConfiguration"));
	doc_set(e->a, parameters, "NetworkConfiguration", net);
}

/* The queue of dead letters is there first. */
static void
after_dead_letters(struct start *s, struct resource *r)
{
	const struct value *v = get(s->e->g, s->node, A_schedule_dead_letter);
	struct resource *queue = v ? lower_queue(s->e, v->object) : NULL;
	if (queue)
		resource_edge(s->e->l->out, r, queue);
}

/* Overrides travel as the target's input. */
static struct doc *
input_doc(struct start *s)
{
	struct doc *o = run_overrides(s->e, &s->run, false);
	return o ? doc_json(s->e->a, o->origin, o) : NULL;
}

/* What is started, and how: the same for Scheduler and a rule but for the input that gives the machine its instant. */
static void
fill_target(struct start *s, struct doc *target, const char *instant_key, struct doc *instant)
{
	struct ecs *e = s->e;
	doc_set(e->a, target, "RoleArn", role_arn(e, s->node, s->role));
	if (s->machine) {
		doc_set(e->a, target, "Arn", machine_arn(s));
		doc_set(e->a, target, instant_key, instant);
	} else {
		struct doc *p = task_parameters(s);
		doc_set(e->a, target, "Arn", add_f(e, s->node, "the cluster", "%s", arn(e, "ecs", arena_printf(e->a, "cluster/%s", e->cluster_name))));
		add_network(e, p);
		doc_set(e->a, p, "EnableECSManagedTags", add_bool(e, s->node, true, "costs can be told apart"));
		doc_set(e->a, p, "PropagateTags", add_z(e, s->node, "TASK_DEFINITION", "costs can be told apart"));
		doc_set(e->a, target, "EcsParameters", p);
		doc_set(e->a, target, "Input", input_doc(s));
	}
	doc_set(e->a, target, "RetryPolicy", retry_policy(s));
	doc_set(e->a, target, "DeadLetterConfig", dead_letter(s));
}

/* ---- EventBridge Scheduler ---- */

/* from_date and until_date are local times; Scheduler takes instants. */
static struct doc *
instant_doc(struct start *s, enum attr_id a)
{
	struct ecs *e = s->e;
	const struct value *v = get(e->g, s->node, a);
	struct instant i;
	if (v == NULL || !node_instant(e->g, s->node, v, &i))
		return NULL;
	char text[32];
	instant_text(i.utc, text);
	return of_f(e, v, "%sZ", text);
}

static void
make_schedule(struct start *s, const char *name, const char *expression, const char *zone, struct span at)
{
	struct ecs *e = s->e;
	struct doc *d = doc_map(e->a, s->node->at), *window = doc_map(e->a, s->node->at), *target = doc_map(e->a, s->node->at);
	const struct value *enabled = get(e->g, s->node, A_schedule_enabled), *flexible = get(e->g, s->node, A_schedule_window);
	doc_set(e->a, d, "Name", add_z(e, s->node, name, "the prefix and the schedule's name"));
	doc_set(e->a, d, "GroupName", add_z(e, s->node, group_name(e), "the project's schedule group"));
	doc_set(e->a, d, "ScheduleExpression", doc_z(e->a, at, expression));
	doc_set(e->a, d, "ScheduleExpressionTimezone", doc_z(e->a, get_span(e->g, s->node, A_schedule_timezone), zone));
	doc_set(e->a, d, "State", of_z(e, enabled, enabled->n ? "ENABLED" : "DISABLED"));
	doc_set(e->a, window, "Mode", flexible ? of_z(e, flexible, "FLEXIBLE") : add_z(e, s->node, "OFF", "at the instant itself"));
	if (flexible)
		doc_set(e->a, window, "MaximumWindowInMinutes", of_int(e, flexible, flexible->n / 60000));
	doc_set(e->a, d, "FlexibleTimeWindow", window);
	doc_set(e->a, d, "StartDate", instant_doc(s, A_schedule_from_date));
	doc_set(e->a, d, "EndDate", instant_doc(s, A_schedule_until_date));
	fill_target(s, target, "Input", add_z(e, s->node, "{\"scheduled\":\"<aws.scheduler.scheduled-time>\"}", "one token for each instant, so that a doubled delivery starts one task"));
	doc_set(e->a, d, "Target", target);
	struct resource *r = lower_add(e->l, RK_SCHEDULE, name, s->node, d);
	resource_edge(e->l->out, r, s->machine ? s->machine : s->run.task->definition);
	resource_edge(e->l->out, r, s->role);
	after_dead_letters(s, r);
	if (get_text(e->g, e->schedules, A_schedules_group).n == 0)
		resource_edge(e->l->out, r, schedule_group(e, s->node));
}

/* ---- EventBridge rules ---- */

static struct doc *
input_transformer(struct start *s)
{
	struct ecs *e = s->e;
	struct doc *d = doc_map(e->a, s->node->at), *paths = doc_map(e->a, s->node->at);
	doc_set(e->a, paths, "time", add_z(e, s->node, "$.time", "the instant the event is for"));
	doc_set(e->a, d, "InputPathsMap", paths);
	doc_set(e->a, d, "InputTemplate", add_z(e, s->node, "{\"scheduled\":\"<time>\"}", "one token for each instant, so that a doubled delivery starts one task"));
	return d;
}

static void
make_eventbridge_rule(struct start *s, const char *name, const char *expression, const struct timetable *t)
{
	struct ecs *e = s->e;
	struct doc *d = doc_map(e->a, s->node->at), *targets = doc_map(e->a, s->node->at), *list = doc_list(e->a, s->node->at), *target = doc_map(e->a, s->node->at);
	const struct value *enabled = get(e->g, s->node, A_schedule_enabled);
	doc_set(e->a, d, "Name", add_z(e, s->node, name, "the prefix and the schedule's name"));
	doc_set(e->a, d, "ScheduleExpression", doc_z(e->a, t->at, expression));
	doc_set(e->a, d, "State", of_z(e, enabled, enabled->n ? "ENABLED" : "DISABLED"));
	doc_set(e->a, d, "Tags", tags_of(e, s->node, true));
	struct resource *rule = lower_add(e->l, RK_RULE, name, s->node, d);
	doc_set(e->a, targets, "Rule", doc_z(e->a, s->node->at, name));
	doc_set(e->a, target, "Id", add_z(e, s->node, name, "one target for each rule"));
	fill_target(s, target, "InputTransformer", input_transformer(s));
	doc_add(list, target);
	doc_set(e->a, targets, "Targets", list);
	struct resource *r = lower_add(e->l, RK_RULE_TARGETS, name, s->node, targets);
	resource_edge(e->l->out, r, rule);
	resource_edge(e->l->out, r, s->role);
	after_dead_letters(s, r);
	resource_edge(e->l->out, r, s->machine ? s->machine : s->run.task->definition);
}

static void
make_one(struct start *s, bool rule, const struct timetable *t, const struct cron *c, size_t *made)
{
	struct ecs *e = s->e;
	struct cron_out out;
	cron_translate(e->a, c, t->zone, rule ? CRON_RULE : CRON_SCHEDULER, t->accept_dst, &out);
	if (out.error != CRON_OK)
		return; /* the graph's check reported it */
	for (size_t i = 0; i < out.count; i++) {
		const char *whole = node_name(e->g, s->node);
		if ((*made)++ > 0)
			whole = arena_printf(e->a, "%s-%zu", whole, *made);
		const char *name = aws_name(e, rule ? RK_RULE : RK_SCHEDULE, whole);
		if (rule)
			make_eventbridge_rule(s, name, out.expr[i], t);
		else
			make_schedule(s, name, out.expr[i], out.zone, t->at);
	}
}

/* ---- alarms ---- */

static void
alarm_metric(struct ecs *e, struct doc *queries, struct span at, const char *id, const char *metric, const char *machine)
{
	struct doc *q = doc_map(e->a, at), *stat = doc_map(e->a, at), *m = doc_map(e->a, at), *dims = doc_list(e->a, at), *dim = doc_map(e->a, at);
	doc_set(e->a, q, "Id", doc_z(e->a, at, id));
	doc_set(e->a, m, "Namespace", doc_z(e->a, at, "AWS/States"));
	doc_set(e->a, m, "MetricName", doc_z(e->a, at, metric));
	doc_set(e->a, dim, "Name", doc_z(e->a, at, "StateMachineArn"));
	doc_set(e->a, dim, "Value", doc_z(e->a, at, machine));
	doc_add(dims, dim);
	doc_set(e->a, m, "Dimensions", dims);
	doc_set(e->a, stat, "Metric", m);
	doc_set(e->a, stat, "Period", doc_int(e->a, at, 60));
	doc_set(e->a, stat, "Stat", doc_z(e->a, at, "Sum"));
	doc_set(e->a, q, "MetricStat", stat);
	doc_set(e->a, q, "ReturnData", doc_bool(e->a, at, false));
	doc_add(queries, q);
}

static struct doc *
alarm_doc(struct start *s, const char *name, const char *what, const struct value *v)
{
	struct ecs *e = s->e;
	struct doc *d = doc_map(e->a, v->origin);
	doc_set(e->a, d, "AlarmName", add_f(e, s->node, "the schedule's name", "%s", name));
	doc_set(e->a, d, "AlarmDescription", doc_f(e->a, v->origin, "Schedule %s of %s: %s.", s->node->label->text, e->p->stage->name->text, what));
	if (v->kind == V_STRING) {
		struct doc *actions = doc_list(e->a, v->origin);
		doc_add(actions, doc_value(e->l, v));
		doc_set(e->a, d, "AlarmActions", actions);
	}
	doc_set(e->a, d, "ComparisonOperator", doc_z(e->a, v->origin, "GreaterThanThreshold"));
	doc_set(e->a, d, "Threshold", doc_int(e->a, v->origin, 0));
	doc_set(e->a, d, "EvaluationPeriods", doc_int(e->a, v->origin, 1));
	doc_set(e->a, d, "TreatMissingData", add_z(e, s->node, "notBreaching", "no run, no failure"));
	doc_set(e->a, d, "Tags", tags_of(e, s->node, true));
	return d;
}

static void
simple_metric(struct ecs *e, struct doc *d, struct span at, const char *space, const char *metric, const char *key, const char *value)
{
	struct doc *dims = doc_list(e->a, at), *dim = doc_map(e->a, at);
	doc_set(e->a, d, "Namespace", doc_z(e->a, at, space));
	doc_set(e->a, d, "MetricName", doc_z(e->a, at, metric));
	doc_set(e->a, dim, "Name", doc_z(e->a, at, key));
	doc_set(e->a, dim, "Value", doc_z(e->a, at, value));
	doc_add(dims, dim);
	doc_set(e->a, d, "Dimensions", dims);
	doc_set(e->a, d, "Statistic", doc_z(e->a, at, "Sum"));
	doc_set(e->a, d, "Period", doc_int(e->a, at, 60));
}

/* A run that failed, timed out or was stopped, from its state machine. */
static void
failed_alarm(struct start *s, const struct value *v)
{
	struct ecs *e = s->e;
	const char *name = aws_name(e, RK_ALARM, arena_printf(e->a, "%s-failed", node_name(e->g, s->node)));
	const char *machine = arn(e, "states", arena_printf(e->a, "stateMachine:%s", s->machine->name));
	struct doc *d = alarm_doc(s, name, "a run failed, timed out or was aborted", v), *queries = doc_list(e->a, v->origin), *sum = doc_map(e->a, v->origin);
	alarm_metric(e, queries, v->origin, "failed", "ExecutionsFailed", machine);
	alarm_metric(e, queries, v->origin, "timedout", "ExecutionsTimedOut", machine);
	alarm_metric(e, queries, v->origin, "aborted", "ExecutionsAborted", machine);
	doc_set(e->a, sum, "Id", doc_z(e->a, v->origin, "all"));
	doc_set(e->a, sum, "Expression", doc_z(e->a, v->origin, "failed + timedout + aborted"));
	doc_set(e->a, sum, "ReturnData", doc_bool(e->a, v->origin, true));
	doc_add(queries, sum);
	doc_set(e->a, d, "Metrics", queries);
	resource_edge(e->l->out, lower_add(e->l, RK_ALARM, name, s->node, d), s->machine);
}

/* A start that could not be delivered: by rule, or for Scheduler by the group, which is all that it measures. */
static void
start_alarm(struct start *s, const struct value *v, const char *rule)
{
	struct ecs *e = s->e;
	const char *base = rule ? rule : group_name(e);
	const char *name = aws_name(e, RK_ALARM, arena_printf(e->a, "%s-%s", base, rule ? "not-started" : "schedules-dropped"));
	if (resource_find(e->l->out, arena_printf(e->a, "aws.cloudwatch.Alarm/%s", name)))
		return;
	struct doc *d = alarm_doc(s, name, rule ? "a start could not be delivered" : "a start of the group could not be delivered", v);
	if (rule)
		simple_metric(e, d, v->origin, "AWS/Events", "FailedInvocations", "RuleName", rule);
	else
		simple_metric(e, d, v->origin, "AWS/Scheduler", "InvocationDroppedCount", "ScheduleGroup", base);
	lower_add(e->l, RK_ALARM, name, s->node, d);
}

/* ---- one schedule ---- */

/* The container that does a service's work: the first that is neither sidecar nor init. */
static struct object *
main_container(struct ecs *e, struct object *node)
{
	struct object *c = object_child(e->p, node, K_container, NULL);
	while (c && container_is_early(e->g, c))
		c = object_next(c);
	return c;
}

static bool
read_run(struct start *s)
{
	struct ecs *e = s->e;
	const struct value *run = get(e->g, s->node, A_schedule_run);
	s->run = (struct run){.node = s->node, .timeout = get(e->g, s->node, A_schedule_timeout), .retries = get(e->g, s->node, A_schedule_retries),
			      .overlap = get(e->g, s->node, A_schedule_overlap)};
	if (s->run.overlap && str_eqz(s->run.overlap->text, "allow"))
		s->run.overlap = NULL;
	if (run == NULL) {
		struct task *t = NEW(e->a, struct task);
		if (object_child(e->p, s->node, K_container, NULL) == NULL)
			return false; /* reported */
		make_task(e, s->node, t);
		s->run.task = t;
		return true;
	}
	s->run.task = map_get(&e->tasks, run->object);
	struct object *c = main_container(e, run->object);
	if (s->run.task == NULL || c == NULL)
		return false; /* on another platform, or reported */
	s->run.command = get(e->g, s->node, A_schedule_command);
	s->run.container = c->label->text;
	return true;
}

static bool
refuse_on_rule(struct ecs *e, struct object *node, enum attr_id a, const char *what)
{
	const struct value *v = get(e->g, node, a);
	if (v == NULL)
		return false;
	struct diag *d = complain(e->g, D_E0181, v->origin, "an EventBridge rule has no %s", what);
	diag_hint(e->g->compile->diags, d, "EventBridge Scheduler has: via = scheduler");
	return true;
}

static void
make_once(struct start *s, const struct value *at, const char *name)
{
	struct instant i;
	if (!node_instant(s->e->g, s->node, at, &i))
		return; /* reported */
	make_schedule(s, name, arena_printf(s->e->a, "at(%s)", i.local), zone_name(i.zone), at->origin);
}

void
lower_schedule(struct ecs *e, struct object *node)
{
	struct start s = {.e = e, .node = node};
	struct timetable t;
	bool rule = schedule_way(e->g, node) == CRON_RULE;
	const struct value *at = get(e->g, node, A_schedule_at), *alarm = get(e->g, node, A_schedule_alarm);
	if ((!at && !node_timetable(e->g, node, &t)) || !read_run(&s))
		return; /* reported */
	if (rule && (refuse_on_rule(e, node, A_schedule_window, "window") || refuse_on_rule(e, node, A_schedule_at, "single instant")
		     || refuse_on_rule(e, node, A_schedule_from_date, "start date") || refuse_on_rule(e, node, A_schedule_until_date, "end date")))
		return;
	if (alarm && alarm->kind == V_BOOL && !alarm->n)
		alarm = NULL;
	s.deadline = get(e->g, node, A_schedule_deadline);
	if (schedule_has_machine(e->g, node))
		s.machine = make_machine(e, &s.run);
	make_start_role(&s, rule);
	size_t made = 0;
	if (at)
		make_once(&s, at, aws_name(e, RK_SCHEDULE, node_name(e->g, node)));
	for (size_t i = 0; !at && i < t.count; i++)
		make_one(&s, rule, &t, &t.cron[i], &made);
	if (alarm == NULL)
		return;
	failed_alarm(&s, alarm);
	for (size_t i = 1; i <= (rule ? made : 1); i++)
		start_alarm(&s, alarm, rule ? aws_name(e, RK_RULE, i > 1 ? arena_printf(e->a, "%s-%zu", node_name(e->g, node), i) : node_name(e->g, node)) : NULL);
}
