/*
 * Form `terraform`: main.tf.json for the AWS provider, made from the same
 * requests. Members become attributes in Terraform's spelling; where the
 * provider has another structure, a row of `moves` or a function says so. What
 * someone else owns stands in ignore_changes; what holds data is protected.
 *
 * Source: documentation of the AWS provider 5.100, and 6 for deployments that
 * shift traffic.
 */
#include "forms.h"

#include "berth/schema.h"
#include "text.h"

#include <string.h>

struct tf {
	struct arena *a;
	const struct resources *rs;
	const struct emit_head *head;
	taker *take;
	const struct resource *r;
	bool shifts; /* a deployment that provider 5 does not know */
};

/* ---- kinds ---- */

static const struct {
	int kind;
	const char *type;
} types[] = {
	{RK_LOG_GROUP, "aws_cloudwatch_log_group"}, {RK_ROLE, "aws_iam_role"}, {RK_ROLE_POLICY, "aws_iam_role_policy"},
	{RK_ROLE_ATTACHMENT, "aws_iam_role_policy_attachment"}, {RK_QUEUE, "aws_sqs_queue"}, {RK_DELIVERY_STREAM, "aws_kinesis_firehose_delivery_stream"},
	{RK_TARGET_GROUP, "aws_lb_target_group"}, {RK_DISCOVERY, "aws_service_discovery_service"}, {RK_LISTENER_RULE, "aws_lb_listener_rule"}, {RK_TASK_DEFINITION, "aws_ecs_task_definition"},
	{RK_SERVICE, "aws_ecs_service"}, {RK_SCALABLE_TARGET, "aws_appautoscaling_target"}, {RK_SCALING_POLICY, "aws_appautoscaling_policy"},
	{RK_SCHEDULED_ACTION, "aws_appautoscaling_scheduled_action"}, {RK_STATE_MACHINE, "aws_sfn_state_machine"},
	{RK_SCHEDULE_GROUP, "aws_scheduler_schedule_group"}, {RK_SCHEDULE, "aws_scheduler_schedule"}, {RK_RULE, "aws_cloudwatch_event_rule"},
	{RK_POD_IDENTITY, "aws_eks_pod_identity_association"}, {RK_RULE_TARGETS, "aws_cloudwatch_event_target"}, {RK_ALARM, "aws_cloudwatch_metric_alarm"},
};

/* NULL for what is folded into a neighbour. */
static const char *
type_of(const struct resource *r)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (resource_is(r, types[i].kind))
			return types[i].type;
	return NULL;
}

static const char *
local_name(struct arena *a, const char *name)
{
	struct buf b = {0};
	bool lossy = false;
	for (const char *c = name; *c; c++) {
		bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') || *c == '_' || *c == '-';
		if (!plain && c == name)
			continue; /* /shop/app begins with its first word */
		buf_addc(&b, plain ? *c : '_');
		lossy |= !plain;
	}
	if (lossy || (*name >= '0' && *name <= '9')) { /* two names may differ in what was replaced */
		char hex[65];
		sha256_hex(str_of(name), hex);
		buf_addf(&b, "_%.6s", hex);
	}
	char *out = arena_strz(a, buf_str(&b));
	buf_free(&b);
	return out[0] >= '0' && out[0] <= '9' ? arena_printf(a, "r%s", out) : out;
}

/* ---- text: references, and what looks like one ---- */

/* LIVING_TAG is the variable living_tag. */
static const char *
variable_name(struct arena *a, const char *name)
{
	char *out = arena_strz(a, str_of(name));
	for (char *c = out; *c; c++)
		*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
	return out;
}

static const char *
attribute_name(struct str attribute)
{
	if (str_eqz(attribute, "TargetGroupFullName"))
		return "arn_suffix";
	if (str_eqz(attribute, "QueueUrl"))
		return "url";
	return "arn";
}

static void
expression(const struct text_style *s, const struct doc *attr, struct buf *out)
{
	const struct tf *t = s->context;
	if (strcmp(attr->address, "external") == 0) {
		buf_addf(out, "${var.%s}", variable_name(t->a, arena_strz(t->a, attr->text)));
		return;
	}
	const struct resource *r = resource_find(t->rs, attr->address);
	if (r == NULL)
		bug("%s is not in the configuration", attr->address);
	buf_addf(out, "${%s.%s.%s}", type_of(r), local_name(t->a, r->name), attribute_name(attr->text));
}

/* Every string is a template: ${ and %{ are doubled. */
static void
no_expression(const struct text_style *s, char opener, bool brace, struct str rest, unsigned depth, struct buf *out)
{
	(void)s, (void)rest, (void)depth;
	if (brace)
		buf_addf(out, "%c%c{", opener, opener);
	else
		buf_addz(out, opener == '$' ? "${\"$\"}" : "%"); /* "$${" would be text */
}

static struct doc *
text(struct tf *t, const struct doc *d)
{
	const struct text_style style = {"$%", expression, no_expression, t};
	struct buf b = {0};
	text_add_doc(&b, d, &style);
	struct doc *out = doc_string(t->a, d->origin, arena_str(t->a, buf_str(&b)));
	buf_free(&b);
	return out;
}

/* A document as text of its own: container definitions, policies. */
static struct doc *
json_text(struct tf *t, const struct doc *d)
{
	struct doc *whole = doc_new(t->a, DOC_JSON, d->origin), *inner = NEW(t->a, struct doc);
	*inner = *d;
	inner->next = NULL;
	inner->key = STR("");
	doc_add(whole, inner);
	return text(t, whole);
}

static struct doc *
reference(struct tf *t, const struct resource *r, const char *attribute)
{
	return doc_z(t->a, r->origin, arena_printf(t->a, "${%s.%s.%s}", type_of(r), local_name(t->a, r->name), attribute));
}

/* ---- members ---- */

/* deploymentConfiguration, EnableECSManagedTags -> deployment_configuration, enable_ecs_managed_tags */
static const char *
snake(struct arena *a, struct str key)
{
	struct buf b = {0};
	for (size_t i = 0; i < key.n; i++) {
		char c = key.p[i];
		bool up = c >= 'A' && c <= 'Z', before = i > 0 && !(key.p[i - 1] >= 'A' && key.p[i - 1] <= 'Z');
		bool after = i + 1 < key.n && key.p[i + 1] >= 'a' && key.p[i + 1] <= 'z';
		if (up && i > 0 && (before || after))
			buf_addc(&b, '_');
		buf_addc(&b, up ? (char)(c + 32) : c);
	}
	const char *out = arena_strz(a, buf_str(&b));
	buf_free(&b);
	return out;
}

/* Members that are called or placed otherwise; kind -1 is any. An empty new place leaves a member out. */
static const struct {
	int kind;
	const char *from, *to;
} moves[] = {
	{RK_LOG_GROUP, "logGroupName", "name"},
	{RK_ROLE, "RoleName", "name"}, {RK_ROLE, "AssumeRolePolicyDocument", "assume_role_policy"},
	{RK_ROLE_POLICY, "PolicyName", "name"}, {RK_ROLE_POLICY, "PolicyDocument", "policy"}, {RK_ROLE_POLICY, "RoleName", ""},
	{RK_ROLE_ATTACHMENT, "RoleName", ""},
	{RK_TARGET_GROUP, "HealthCheckEnabled", "health_check.enabled"}, {RK_TARGET_GROUP, "HealthCheckPath", "health_check.path"},
	{RK_TARGET_GROUP, "HealthCheckIntervalSeconds", "health_check.interval"}, {RK_TARGET_GROUP, "HealthCheckTimeoutSeconds", "health_check.timeout"},
	{RK_TARGET_GROUP, "HealthyThresholdCount", "health_check.healthy_threshold"}, {RK_TARGET_GROUP, "UnhealthyThresholdCount", "health_check.unhealthy_threshold"},
	{RK_TARGET_GROUP, "Matcher", ""},
	{RK_DISCOVERY, "NamespaceId", "dns_config.namespace_id"}, {RK_DISCOVERY, "DnsConfig", ""},
	{RK_LISTENER_RULE, "Conditions", ""}, {RK_LISTENER_RULE, "Actions", ""},
	{RK_TASK_DEFINITION, "containerDefinitions", ""}, {RK_TASK_DEFINITION, "volumes", "volume"}, {RK_TASK_DEFINITION, "sizeInGiB", "size_in_gib"},
	{RK_SERVICE, "serviceName", "name"}, {RK_SERVICE, "deploymentConfiguration", ""}, {RK_SERVICE, "networkConfiguration", ""}, {RK_SERVICE, "loadBalancers", "load_balancer"},
	{RK_SCALING_POLICY, "PolicyName", "name"}, {RK_SCALING_POLICY, "StepAdjustments", "step_adjustment"},
	{RK_SCHEDULED_ACTION, "ScheduledActionName", "name"},
	{RK_STATE_MACHINE, "roleArn", "role_arn"},
	{RK_RULE_TARGETS, "Rule", ""}, {RK_RULE_TARGETS, "Targets", ""},
	{RK_ALARM, "Metrics", ""}, {RK_ALARM, "Dimensions", ""},
	{RK_DELIVERY_STREAM, "DeliveryStreamName", "name"}, {RK_DELIVERY_STREAM, "DeliveryStreamType", ""}, {RK_DELIVERY_STREAM, "ExtendedS3DestinationConfiguration", ""},
	{RK_QUEUE, "QueueName", "name"}, {RK_QUEUE, "Attributes", ""},
};

static struct doc *value(struct tf *t, const struct doc *d);

static void
place(struct tf *t, struct doc *map, const char *path, struct doc *v)
{
	const char *dot = strchr(path, '.');
	if (dot == NULL) {
		doc_set(t->a, map, path, v);
		return;
	}
	const char *first = arena_strz(t->a, (struct str){path, (size_t)(dot - path)});
	struct doc *inner = doc_get(map, first);
	place(t, inner ? inner : doc_set(t->a, map, first, doc_map(t->a, v->origin)), dot + 1, v);
}

static void
add_member(struct tf *t, struct doc *out, const struct doc *m)
{
	for (size_t i = 0; i < sizeof moves / sizeof *moves; i++) {
		if (!resource_is(t->r, moves[i].kind) || !str_eqz(m->key, moves[i].from))
			continue;
		if (*moves[i].to)
			place(t, out, moves[i].to, value(t, m));
		return;
	}
	doc_set(t->a, out, snake(t->a, m->key), value(t, m));
}

/* [{key, value}] as a map. */
static struct doc *
pairs(struct tf *t, const struct doc *list)
{
	struct doc *out = doc_map(t->a, list->origin);
	if (list->kind == DOC_MAP) {
		for (const struct doc *m = list->items; m; m = m->next)
			doc_sets(t->a, out, m->key, text(t, m));
		return out;
	}
	for (const struct doc *i = list->items; i; i = i->next) {
		const struct doc *key = doc_get(i, "key"), *v = doc_get(i, "value");
		key = key ? key : doc_get(i, "Key") ? doc_get(i, "Key") : doc_get(i, "Name");
		v = v ? v : doc_get(i, "Value");
		if (!doc_get(out, arena_strz(t->a, key->text)))
			doc_sets(t->a, out, key->text, text(t, v));
	}
	return out;
}

static struct doc *
value(struct tf *t, const struct doc *d)
{
	struct doc *out;
	if (str_eqz(d->key, "tags") || str_eqz(d->key, "Tags"))
		return pairs(t, d);
	switch (d->kind) {
	case DOC_MAP:
		out = doc_map(t->a, d->origin);
		for (const struct doc *m = d->items; m; m = m->next)
			add_member(t, out, m);
		return out;
	case DOC_LIST:
		out = doc_list(t->a, d->origin);
		for (const struct doc *i = d->items; i; i = i->next)
			doc_add(out, value(t, i));
		return out;
	case DOC_STRING:
	case DOC_ATTR:
	case DOC_TEXT:
	case DOC_JSON: return text(t, d);
	default: break;
	}
	out = NEW(t->a, struct doc);
	*out = *d;
	out->next = NULL;
	out->key = STR("");
	return out;
}

/* ---- kinds of another structure ---- */

static struct doc *
network(struct tf *t, const struct doc *n)
{
	const struct doc *vpc = n->items; /* awsvpcConfiguration, however it is spelled */
	struct doc *out = doc_map(t->a, n->origin);
	for (const struct doc *m = vpc->items; m; m = m->next) {
		const char *key = snake(t->a, m->key);
		doc_set(t->a, out, key, strcmp(key, "assign_public_ip") == 0 ? doc_bool(t->a, m->origin, str_eqz(m->text, "ENABLED")) : value(t, m));
	}
	return out;
}

static void
service(struct tf *t, const struct doc *body, struct doc *out)
{
	const struct doc *d = doc_get(body, "deploymentConfiguration");
	struct doc *strategy = doc_map(t->a, d->origin);
	for (const struct doc *m = d->items; m; m = m->next) {
		if (str_eqz(m->key, "maximumPercent") || str_eqz(m->key, "minimumHealthyPercent"))
			doc_set(t->a, out, arena_printf(t->a, "deployment_%s", snake(t->a, m->key)), value(t, m));
		else if (str_eqz(m->key, "deploymentCircuitBreaker") || str_eqz(m->key, "alarms"))
			doc_set(t->a, out, snake(t->a, m->key), value(t, m));
		else
			doc_set(t->a, strategy, str_eqz(m->key, "lifecycleHooks") ? "lifecycle_hook" : snake(t->a, m->key), value(t, m));
	}
	if (!str_eqz(doc_get(d, "strategy")->text, "ROLLING")) {
		doc_set(t->a, out, "deployment_configuration", strategy);
		t->shifts = true;
	}
	doc_set(t->a, out, "network_configuration", network(t, doc_get(body, "networkConfiguration")));
}

static void
ignore(struct tf *t, struct doc *out, const char *attribute)
{
	struct doc *cycle = doc_get(out, "lifecycle"), *list;
	if (cycle == NULL)
		cycle = doc_set(t->a, out, "lifecycle", doc_map(t->a, t->r->origin));
	list = doc_set(t->a, cycle, "ignore_changes", doc_list(t->a, t->r->origin));
	doc_add(list, doc_z(t->a, t->r->origin, attribute));
}

static void
target_group(struct tf *t, const struct doc *body, struct doc *out)
{
	const struct doc *matcher = doc_get(body, "Matcher");
	const struct resource *attributes = resource_named(t->rs, RK_TARGET_GROUP_ATTRIBUTES, t->r->name);
	place(t, out, "health_check.matcher", text(t, matcher->items));
	for (const struct doc *a = attributes ? doc_get(attributes->body, "Attributes")->items : NULL; a; a = a->next) {
		struct str key = doc_get(a, "Key")->text;
		const struct doc *v = doc_get(a, "Value");
		int64_t n = 0;
		lit_int(v->text, &n);
		if (str_eqz(key, "deregistration_delay.timeout_seconds"))
			doc_set(t->a, out, "deregistration_delay", doc_int(t->a, v->origin, n));
		else if (str_eqz(key, "stickiness.enabled"))
			place(t, out, "stickiness.enabled", doc_bool(t->a, v->origin, true));
		else if (str_eqz(key, "stickiness.type"))
			place(t, out, "stickiness.type", text(t, v));
		else if (str_eqz(key, "stickiness.lb_cookie.duration_seconds"))
			place(t, out, "stickiness.cookie_duration", doc_int(t->a, v->origin, n));
	}
}

static void
listener_rule(struct tf *t, const struct doc *body, struct doc *out)
{
	struct doc *conditions = doc_list(t->a, body->origin), *action = doc_map(t->a, body->origin);
	for (const struct doc *c = doc_get(body, "Conditions")->items; c; c = c->next) {
		struct doc *one = doc_map(t->a, c->origin);
		const struct doc *config = c->items->next; /* behind Field */
		struct doc *inner = value(t, config);
		const char *key = snake(t->a, (struct str){config->key.p, config->key.n - strlen("Config")});
		doc_set(t->a, one, key, inner);
		doc_add(conditions, one);
	}
	doc_set(t->a, out, "condition", conditions);
	const struct doc *forward = doc_find(body, STR("Actions[0].ForwardConfig")), *plain = doc_find(body, STR("Actions[0].TargetGroupArn"));
	doc_set(t->a, action, "type", doc_z(t->a, body->origin, "forward"));
	if (plain)
		doc_set(t->a, action, "target_group_arn", text(t, plain));
	if (forward) {
		struct doc *groups = doc_list(t->a, forward->origin), *f = doc_map(t->a, forward->origin);
		for (const struct doc *g = doc_get(forward, "TargetGroups")->items; g; g = g->next) {
			struct doc *one = doc_map(t->a, g->origin);
			doc_set(t->a, one, "arn", text(t, doc_get(g, "TargetGroupArn")));
			doc_set(t->a, one, "weight", value(t, doc_get(g, "Weight")));
			doc_add(groups, one);
		}
		doc_set(t->a, f, "target_group", groups);
		doc_set(t->a, action, "forward", f);
		ignore(t, out, "action"); /* ECS moves the weights at each deployment */
	}
	doc_set(t->a, out, "action", action);
}

static void
queue(struct tf *t, const struct doc *body, struct doc *out)
{
	static const struct {
		const char *api, *tf;
	} names[] = {{"VisibilityTimeout", "visibility_timeout_seconds"}, {"MessageRetentionPeriod", "message_retention_seconds"}, {"DelaySeconds", "delay_seconds"},
		     {"ReceiveMessageWaitTimeSeconds", "receive_wait_time_seconds"}, {"MaximumMessageSize", "max_message_size"}};
	for (const struct doc *m = doc_get(body, "Attributes")->items; m; m = m->next) {
		const char *key = snake(t->a, m->key);
		int64_t n;
		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			if (str_eqz(m->key, names[i].api))
				key = names[i].tf;
		if (m->kind == DOC_STRING && lit_int(m->text, &n))
			doc_set(t->a, out, key, doc_int(t->a, m->origin, n));
		else if (str_eqz(m->text, "true") || str_eqz(m->text, "false"))
			doc_set(t->a, out, key, doc_bool(t->a, m->origin, m->text.p[0] == 't'));
		else
			doc_set(t->a, out, key, text(t, m));
	}
}

static void
stream(struct tf *t, const struct doc *body, struct doc *out)
{
	struct doc *s3 = doc_map(t->a, body->origin);
	for (const struct doc *m = doc_get(body, "ExtendedS3DestinationConfiguration")->items; m; m = m->next) {
		if (str_eqz(m->key, "BufferingHints")) {
			for (const struct doc *h = m->items; h; h = h->next)
				doc_set(t->a, s3, str_eqz(h->key, "SizeInMBs") ? "buffering_size" : "buffering_interval", value(t, h));
		} else {
			doc_set(t->a, s3, snake(t->a, m->key), value(t, m));
		}
	}
	doc_set(t->a, out, "destination", doc_z(t->a, body->origin, "extended_s3"));
	doc_set(t->a, out, "extended_s3_configuration", s3);
}

/* Targets and the schedule's target: the network is flat, and the ECS part has its own name. */
static struct doc *
start_target(struct tf *t, const struct doc *target, bool rule)
{
	struct doc *out = doc_map(t->a, target->origin);
	for (const struct doc *m = target->items; m; m = m->next) {
		if (str_eqz(m->key, "EcsParameters")) {
			struct doc *ecs = doc_set(t->a, out, rule ? "ecs_target" : "ecs_parameters", doc_map(t->a, m->origin));
			for (const struct doc *p = m->items; p; p = p->next)
				doc_set(t->a, ecs, snake(t->a, p->key), str_eqz(p->key, "NetworkConfiguration") ? network(t, p) : value(t, p));
		} else if (str_eqz(m->key, "InputTransformer")) {
			struct doc *in = doc_set(t->a, out, "input_transformer", doc_map(t->a, m->origin)), *paths = doc_map(t->a, m->origin);
			for (const struct doc *p = doc_get(m, "InputPathsMap")->items; p; p = p->next)
				doc_sets(t->a, paths, p->key, text(t, p));
			doc_set(t->a, in, "input_paths", paths);
			doc_set(t->a, in, "input_template", text(t, doc_get(m, "InputTemplate")));
		} else if (rule && str_eqz(m->key, "Id")) {
			doc_set(t->a, out, "target_id", text(t, m));
		} else {
			doc_set(t->a, out, snake(t->a, m->key), value(t, m));
		}
	}
	return out;
}

static void
alarm(struct tf *t, const struct doc *body, struct doc *out)
{
	const struct doc *dimensions = doc_get(body, "Dimensions"), *queries = doc_get(body, "Metrics");
	if (dimensions)
		doc_set(t->a, out, "dimensions", pairs(t, dimensions));
	struct doc *list = doc_list(t->a, body->origin);
	for (const struct doc *q = queries ? queries->items : NULL; q; q = q->next) {
		struct doc *one = doc_map(t->a, q->origin);
		const struct doc *stat = doc_get(q, "MetricStat");
		for (const struct doc *m = q->items; m; m = m->next)
			if (m != stat)
				doc_set(t->a, one, snake(t->a, m->key), value(t, m));
		if (stat) {
			struct doc *metric = doc_set(t->a, one, "metric", doc_map(t->a, stat->origin));
			const struct doc *of = doc_get(stat, "Metric");
			doc_set(t->a, metric, "namespace", text(t, doc_get(of, "Namespace")));
			doc_set(t->a, metric, "metric_name", text(t, doc_get(of, "MetricName")));
			doc_set(t->a, metric, "dimensions", pairs(t, doc_get(of, "Dimensions")));
			doc_set(t->a, metric, "stat", text(t, doc_get(stat, "Stat")));
			doc_set(t->a, metric, "period", value(t, doc_get(stat, "Period")));
		}
		doc_add(list, one);
	}
	if (list->count)
		doc_set(t->a, out, "metric_query", list);
}

static void
special(struct tf *t, struct doc *out)
{
	const struct doc *body = t->r->body;
	const struct resource *other;
	if (resource_is(t->r, RK_LOG_GROUP) && (other = resource_named(t->rs, RK_LOG_RETENTION, t->r->name)))
		doc_set(t->a, out, "retention_in_days", value(t, doc_get(other->body, "retentionInDays")));
	else if (resource_is(t->r, RK_ROLE_POLICY) || resource_is(t->r, RK_ROLE_ATTACHMENT))
		doc_set(t->a, out, "role", reference(t, resource_named(t->rs, RK_ROLE, arena_strz(t->a, doc_get(body, "RoleName")->text)), "name"));
	else if (resource_is(t->r, RK_QUEUE))
		queue(t, body, out);
	else if (resource_is(t->r, RK_DELIVERY_STREAM))
		stream(t, body, out);
	else if (resource_is(t->r, RK_TARGET_GROUP))
		target_group(t, body, out);
	else if (resource_is(t->r, RK_DISCOVERY)) {
		for (const struct doc *m = doc_get(body, "DnsConfig")->items; m; m = m->next)
			place(t, out, arena_printf(t->a, "dns_config.%s", snake(t->a, m->key)), value(t, m));
	} else if (resource_is(t->r, RK_LISTENER_RULE))
		listener_rule(t, body, out);
	else if (resource_is(t->r, RK_TASK_DEFINITION)) {
		doc_set(t->a, out, "container_definitions", json_text(t, doc_get(body, "containerDefinitions")));
		doc_set(t->a, out, "skip_destroy", doc_bool(t->a, body->origin, true)); /* running tasks keep their revision */
	} else if (resource_is(t->r, RK_SERVICE))
		service(t, body, out);
	else if (resource_is(t->r, RK_RULE_TARGETS)) {
		struct doc *target = start_target(t, doc_get(body, "Targets")->items, true);
		doc_set(t->a, out, "rule", reference(t, resource_named(t->rs, RK_RULE, t->r->name), "name"));
		for (struct doc *m = target->items, *next; m; m = next) {
			next = m->next;
			m->next = NULL;
			doc_append(out, m->key, m);
		}
	} else if (resource_is(t->r, RK_ALARM))
		alarm(t, body, out);
}

static struct doc *
entry(struct tf *t, const struct resource *r)
{
	struct doc *out = doc_map(t->a, r->origin), *order = doc_list(t->a, r->origin);
	t->r = r;
	for (const struct doc *m = r->body->items; m; m = m->next) {
		if (resource_is(r, RK_SCHEDULE) && str_eqz(m->key, "Target"))
			doc_set(t->a, out, "target", start_target(t, m, false));
		else
			add_member(t, out, m);
		if (m->first_only)
			ignore(t, out, snake(t->a, m->key));
	}
	special(t, out);
	if (r->kind->stateful) {
		struct doc *cycle = doc_get(out, "lifecycle");
		if (cycle == NULL)
			cycle = doc_set(t->a, out, "lifecycle", doc_map(t->a, r->origin));
		doc_set(t->a, cycle, "prevent_destroy", doc_bool(t->a, r->origin, true));
	}
	for (const struct edge *e = r->edges; e; e = e->next)
		if (type_of(e->to) && t->take(t->head, t->rs, e->to))
			doc_add(order, doc_z(t->a, r->origin, arena_printf(t->a, "%s.%s", type_of(e->to), local_name(t->a, e->to->name))));
	if (order->count)
		doc_set(t->a, out, "depends_on", order);
	return out;
}

/* ---- the file ---- */

static void
add_head(struct tf *t, struct doc *root)
{
	struct doc *terraform = doc_set(t->a, root, "terraform", doc_map(t->a, NO_SPAN)), *providers = doc_map(t->a, NO_SPAN), *aws = doc_map(t->a, NO_SPAN);
	doc_set(t->a, terraform, "required_version", doc_z(t->a, NO_SPAN, ">= 1.5"));
	doc_set(t->a, aws, "source", doc_z(t->a, NO_SPAN, "hashicorp/aws"));
	doc_set(t->a, aws, "version", doc_z(t->a, NO_SPAN, t->shifts ? ">= 6.4" : ">= 5.100"));
	doc_set(t->a, providers, "aws", aws);
	doc_set(t->a, terraform, "required_providers", providers);
	struct doc *provider = doc_map(t->a, NO_SPAN), *own = doc_map(t->a, NO_SPAN), *accounts = doc_list(t->a, NO_SPAN);
	doc_set(t->a, own, "region", doc_z(t->a, NO_SPAN, t->head->region));
	doc_add(accounts, doc_z(t->a, NO_SPAN, t->head->account));
	doc_set(t->a, own, "allowed_account_ids", accounts);
	doc_set(t->a, provider, "aws", own);
	doc_set(t->a, root, "provider", provider);
}

static void
add_variables(struct tf *t, struct doc *root)
{
	name_list names = {0};
	struct doc *variables = doc_map(t->a, NO_SPAN);
	external_names(t->a, t->rs, &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *first = external_first(t->rs, names.v[i]);
		struct doc *v = doc_set(t->a, variables, variable_name(t->a, names.v[i]), doc_map(t->a, NO_SPAN));
		doc_set(t->a, v, "type", doc_z(t->a, NO_SPAN, "string"));
		doc_set(t->a, v, "description", doc_z(t->a, NO_SPAN, "Given by whoever deploys (external)"));
		if (first)
			doc_set(t->a, v, "default", doc_z(t->a, NO_SPAN, first));
	}
	if (variables->count)
		doc_set(t->a, root, "variable", variables);
}

struct str
terraform_file(struct arena *a, const struct emit_head *head, const struct resources *rs, taker *take)
{
	struct tf t = {.a = a, .rs = rs, .head = head, .take = take};
	struct doc *root = doc_map(a, NO_SPAN), *all = doc_map(a, NO_SPAN);
	for (const struct resource *r = rs->first; r; r = r->next) {
		const char *type = type_of(r);
		if (type == NULL || !take(head, rs, r))
			continue;
		struct doc *of = doc_get(all, type);
		if (of == NULL)
			of = doc_set(a, all, type, doc_map(a, NO_SPAN));
		doc_append(of, str_of(local_name(a, r->name)), entry(&t, r));
	}
	doc_set(a, root, "//", doc_z(a, NO_SPAN, arena_printf(a, "Stage %s of %s: written by berth, not to be edited.", head->stage, head->project)));
	add_head(&t, root);
	add_variables(&t, root);
	doc_set(a, root, "resource", all);
	struct buf b = {0};
	json_write(root, &b);
	struct str out = arena_str(a, buf_str(&b));
	buf_free(&b);
	return out;
}
