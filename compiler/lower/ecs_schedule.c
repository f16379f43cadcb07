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
	struct task task;
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

static void
make_start_role(struct start *s, bool rule)
{
	struct ecs *e = s->e;
	struct doc *list;
	if (s->machine) {
		list = new_statements(e, s->node);
		allow(e, list, s->node->at, "states:StartExecution", machine_arn(s));
	} else {
		list = run_statements(e, s->node, &s->task);
	}
	const char *source = rule ? arn(e, "events", "rule/*") : arn(e, "scheduler", arena_printf(e->a, "schedule-group/%s", group_name(e)));
	if (rule)
		source = arn(e, "events", arena_printf(e->a, "rule/%s*", aws_name(e, RK_RULE, node_name(e->g, s->node))));
	s->role = make_role(e, s->node, "start", rule ? "events.amazonaws.com" : "scheduler.amazonaws.com", source, list);
}

/* ---- targets ---- */

static struct doc *
task_parameters(struct start *s)
{
	struct ecs *e = s->e;
	struct doc *d = doc_map(e->a, s->node->at);
	doc_set(e->a, d, "TaskDefinitionArn", doc_attr(e->a, s->node->at, s->task.definition->address, "TaskDefinitionArn"));
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
add_network(struct ecs *e, struct doc *parameters, bool rule)
{
	struct doc *net = doc_map(e->a, e->ecs->at), *inner = network_of(e, false), *vpc = doc_get(inner, "AwsvpcConfiguration");
	if (!rule) {
		doc_set(e->a, parameters, "NetworkConfiguration", net);
		doc_set(e->a, net, "awsvpcConfiguration", vpc);
		return;
	}
	doc_set(e->a, parameters, "NetworkConfiguration", net);
	doc_set(e->a, net, "awsvpcConfiguration", vpc);
}

/* ---- EventBridge Scheduler ---- */

static void
make_schedule(struct start *s, const char *name, const struct cron_out *out, size_t i, const struct timetable *t)
{
	struct ecs *e = s->e;
	struct doc *d = doc_map(e->a, s->node->at), *window = doc_map(e->a, s->node->at), *target = doc_map(e->a, s->node->at);
	const struct value *enabled = get(e->g, s->node, A_schedule_enabled), *flexible = get(e->g, s->node, A_schedule_window);
	doc_set(e->a, d, "Name", add_z(e, s->node, name, "the prefix and the schedule's name"));
	doc_set(e->a, d, "GroupName", add_z(e, s->node, group_name(e), "the project's schedule group"));
	doc_set(e->a, d, "ScheduleExpression", doc_z(e->a, t->at, out->expr[i]));
	doc_set(e->a, d, "ScheduleExpressionTimezone", doc_z(e->a, get_span(e->g, s->node, A_schedule_timezone), out->zone));
	doc_set(e->a, d, "State", of_z(e, enabled, enabled->n ? "ENABLED" : "DISABLED"));
	doc_set(e->a, window, "Mode", flexible ? of_z(e, flexible, "FLEXIBLE") : add_z(e, s->node, "OFF", "at the instant itself"));
	if (flexible)
		doc_set(e->a, window, "MaximumWindowInMinutes", of_int(e, flexible, flexible->n / 60000));
	doc_set(e->a, d, "FlexibleTimeWindow", window);
	doc_set(e->a, target, "RoleArn", role_arn(e, s->node, s->role));
	if (s->machine) {
		doc_set(e->a, target, "Arn", machine_arn(s));
		doc_set(e->a, target, "Input", add_z(e, s->node, "{\"scheduled\":\"<aws.scheduler.scheduled-time>\"}", "one token for each instant, so that a doubled delivery starts one task"));
	} else {
		struct doc *p = task_parameters(s);
		doc_set(e->a, target, "Arn", add_f(e, s->node, "the cluster", "%s", arn(e, "ecs", arena_printf(e->a, "cluster/%s", e->cluster_name))));
		add_network(e, p, false);
		doc_set(e->a, p, "EnableECSManagedTags", add_bool(e, s->node, true, "costs can be told apart"));
		doc_set(e->a, p, "PropagateTags", add_z(e, s->node, "TASK_DEFINITION", "costs can be told apart"));
		doc_set(e->a, target, "EcsParameters", p);
	}
	doc_set(e->a, target, "RetryPolicy", retry_policy(s));
	doc_set(e->a, d, "Target", target);
	struct resource *r = lower_add(e->l, RK_SCHEDULE, name, s->node, d);
	resource_edge(e->l->out, r, s->machine ? s->machine : s->task.definition);
	resource_edge(e->l->out, r, s->role);
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
	doc_set(e->a, target, "RoleArn", role_arn(e, s->node, s->role));
	if (s->machine) {
		doc_set(e->a, target, "Arn", machine_arn(s));
		doc_set(e->a, target, "InputTransformer", input_transformer(s));
	} else {
		struct doc *p = task_parameters(s);
		doc_set(e->a, target, "Arn", add_f(e, s->node, "the cluster", "%s", arn(e, "ecs", arena_printf(e->a, "cluster/%s", e->cluster_name))));
		add_network(e, p, true);
		doc_set(e->a, p, "EnableECSManagedTags", add_bool(e, s->node, true, "costs can be told apart"));
		doc_set(e->a, p, "PropagateTags", add_z(e, s->node, "TASK_DEFINITION", "costs can be told apart"));
		doc_set(e->a, target, "EcsParameters", p);
	}
	doc_set(e->a, target, "RetryPolicy", retry_policy(s));
	doc_add(list, target);
	doc_set(e->a, targets, "Targets", list);
	struct resource *r = lower_add(e->l, RK_RULE_TARGETS, name, s->node, targets);
	resource_edge(e->l->out, r, rule);
	resource_edge(e->l->out, r, s->role);
	resource_edge(e->l->out, r, s->machine ? s->machine : s->task.definition);
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
			make_schedule(s, name, &out, i, t);
	}
}

void
lower_schedule(struct ecs *e, struct object *node)
{
	struct start s = {.e = e, .node = node};
	struct timetable t;
	bool rule = schedule_way(e->g, node) == CRON_RULE;
	const struct value *window = get(e->g, node, A_schedule_window), *overlap = get(e->g, node, A_schedule_overlap);
	if (!node_timetable(e->g, node, &t) || object_child(e->p, node, K_container, NULL) == NULL)
		return; /* reported */
	if (rule && window) {
		struct diag *d = complain(e->g, D_E0181, window->origin, "a window cannot be given to an EventBridge rule");
		diag_hint(e->g->compile->diags, d, "EventBridge Scheduler has windows: via = scheduler");
		return;
	}
	if (overlap && str_eqz(overlap->text, "replace")) {
		struct diag *d = complain(e->g, D_E0180, overlap->origin, "overlap = replace is not yet built for ecs");
		diag_hint(e->g->compile->diags, d, "overlap = forbid skips a start while the last run is still going.");
		return;
	}
	make_task(e, node, &s.task);
	s.deadline = get(e->g, node, A_schedule_deadline);
	if (schedule_has_machine(e->g, node))
		s.machine = make_machine(e, node, &s.task);
	make_start_role(&s, rule);
	size_t made = 0;
	for (size_t i = 0; i < t.count; i++)
		make_one(&s, rule, &t, &t.cron[i], &made);
}
