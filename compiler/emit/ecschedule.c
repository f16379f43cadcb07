/*
 * Form `ecschedule`: ecschedule.yaml with the EventBridge rules that ecschedule
 * can hold. It knows one task for each rule, a command for its containers and
 * dead letters; it knows no zone, no retry policy, no machine and no tags. What
 * asks for more stays with the form beside it, and the file's head says so.
 *
 * Source: ecschedule, config.go and rule.go (2026-07).
 */
#include "forms.h"

#include "text.h"

#include <string.h>

/* What EventBridge does where no retry policy is given. Source: EventBridge user guide, retry policies. */
enum { AGE_S = 86400, RETRIES = 185 };

static const struct doc *
target_of(const struct resources *rs, const struct resource *r)
{
	const struct resource *targets = resource_named(rs, RK_RULE_TARGETS, r->name);
	return targets ? doc_get(targets->body, "Targets")->items : NULL;
}

/* Why the rule's target is beyond ecschedule, or NULL. */
static const char *
beyond(const struct doc *target)
{
	if (target == NULL || doc_get(target, "EcsParameters") == NULL)
		return "its run is watched over by a state machine (overlap, timeout, retries)";
	const struct doc *policy = doc_get(target, "RetryPolicy");
	if (doc_get(policy, "MaximumEventAgeInSeconds")->number != AGE_S || doc_get(policy, "MaximumRetryAttempts")->number != RETRIES)
		return "a late start is left out (max_age = 1d takes any)";
	return NULL;
}

bool
ecschedule_takes(const struct resources *rs, const struct resource *r)
{
	return (resource_is(r, RK_RULE) || resource_is(r, RK_RULE_TARGETS)) && beyond(target_of(rs, r)) == NULL;
}

static void
braces(const struct text_style *s, char opener, bool brace, struct str rest, unsigned depth, struct buf *out)
{
	(void)s, (void)opener, (void)rest, (void)depth;
	buf_addz(out, brace ? "{{`{{`}}" : "{");
}

/* The file is a template before it is YAML. */
static struct doc *
text(struct arena *a, const struct doc *d)
{
	static const struct text_style style = {"{", NULL, braces, NULL};
	struct buf b = {0};
	text_add_doc(&b, d, &style);
	struct doc *out = doc_string(a, d->origin, arena_str(a, buf_str(&b)));
	buf_free(&b);
	return out;
}

static struct doc *
texts(struct arena *a, const struct doc *list)
{
	struct doc *out = doc_list(a, list->origin);
	for (const struct doc *i = list->items; i; i = i->next)
		doc_add(out, text(a, i));
	return out;
}

static struct doc *
network(struct arena *a, const struct doc *parameters)
{
	const struct doc *from = doc_get(doc_get(parameters, "NetworkConfiguration"), "awsvpcConfiguration"), *groups = doc_get(from, "SecurityGroups");
	struct doc *net = doc_map(a, from->origin), *vpc = doc_map(a, from->origin);
	doc_set(a, vpc, "subnets", texts(a, doc_get(from, "Subnets")));
	if (groups)
		doc_set(a, vpc, "security_groups", texts(a, groups));
	doc_set(a, vpc, "assign_public_ip", text(a, doc_get(from, "AssignPublicIp")));
	doc_set(a, net, "aws_vpc_configuration", vpc);
	return net;
}

static struct doc *
overrides(struct arena *a, const struct doc *input)
{
	struct doc *list = doc_list(a, input->origin);
	for (const struct doc *c = doc_get(input->items, "containerOverrides")->items; c; c = c->next) {
		struct doc *o = doc_map(a, c->origin);
		doc_set(a, o, "name", text(a, doc_get(c, "name")));
		doc_set(a, o, "command", texts(a, doc_get(c, "command")));
		doc_add(list, o);
	}
	return list;
}

static struct doc *
rule_doc(struct arena *a, const struct resources *rs, const struct resource *r)
{
	const struct doc *target = target_of(rs, r), *p = doc_get(target, "EcsParameters"), *input = doc_get(target, "Input"), *dead = doc_get(target, "DeadLetterConfig");
	struct doc *d = doc_map(a, r->origin);
	doc_set(a, d, "name", doc_z(a, r->origin, r->name));
	doc_set(a, d, "scheduleExpression", text(a, doc_get(r->body, "ScheduleExpression")));
	if (str_eqz(doc_get(r->body, "State")->text, "DISABLED"))
		doc_set(a, d, "disabled", doc_bool(a, doc_get(r->body, "State")->origin, true));
	/* the family: the revision that is the latest when the rule fires */
	doc_set(a, d, "taskDefinition", doc_z(a, r->origin, resource_find(rs, doc_get(p, "TaskDefinitionArn")->address)->name));
	doc_set(a, d, "role", text(a, doc_get(target, "RoleArn")));
	doc_set(a, d, "launch_type", text(a, doc_get(p, "LaunchType")));
	doc_set(a, d, "platform_version", text(a, doc_get(p, "PlatformVersion")));
	doc_set(a, d, "network_configuration", network(a, p));
	if (input)
		doc_set(a, d, "containerOverrides", overrides(a, input));
	if (dead) {
		struct doc *q = doc_map(a, dead->origin);
		doc_set(a, q, "sqs", text(a, doc_get(dead, "Arn")));
		doc_set(a, d, "dead_letter_config", q);
	}
	doc_set(a, d, "propagateTags", text(a, doc_get(p, "PropagateTags")));
	return d;
}

struct str
ecschedule_file(struct arena *a, const struct emit_head *head, const struct resources *rs)
{
	struct doc *d = doc_map(a, NO_SPAN), *rules = doc_list(a, NO_SPAN);
	struct buf b = {0};
	buf_addf(&b, "# Stage %s of %s: written by berth, not to be edited.\n# ecschedule -conf ecschedule.yaml apply -all -prune\n", head->stage, head->project);
	for (const struct resource *r = rs->first; r; r = r->next) {
		const char *why = resource_is(r, RK_SCHEDULE) ? "EventBridge Scheduler starts it (schedules { via = rule } takes a rule)" : resource_is(r, RK_RULE) ? beyond(target_of(rs, r)) : NULL;
		if (why)
			buf_addf(&b, "# %s stays in the form beside this one: %s\n", r->name, why);
		else if (resource_is(r, RK_RULE))
			doc_add(rules, rule_doc(a, rs, r));
	}
	doc_set(a, d, "region", doc_z(a, NO_SPAN, head->region));
	doc_set(a, d, "cluster", doc_z(a, NO_SPAN, head->cluster));
	doc_set(a, d, "trackingId", doc_z(a, NO_SPAN, arena_printf(a, "%s-%s", head->prefix, head->stage)));
	doc_set(a, d, "rules", rules);
	yaml_write(d, &b);
	struct str out = arena_str(a, buf_str(&b));
	buf_free(&b);
	return out;
}
