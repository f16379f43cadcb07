/*
 * Scaling: a scalable target and a target tracking policy for each `scale`.
 * Source: Application Auto Scaling API, RegisterScalableTarget,
 * PutScalingPolicy.
 */
#include "ecs.h"

#include <string.h>

static struct doc *
identity(struct ecs *e, struct object *node, const char *name)
{
	struct doc *d = doc_map(e->a, node->at);
	doc_set(e->a, d, "ServiceNamespace", add_z(e, node, "ecs", "an ECS service scales"));
	doc_set(e->a, d, "ResourceId", add_f(e, node, "cluster and service", "service/%s/%s", e->cluster_name, name));
	doc_set(e->a, d, "ScalableDimension", add_z(e, node, "ecs:service:DesiredCount", "the count of copies"));
	return d;
}

static const char *
statistic(struct str word)
{
	return str_eqz(word, "maximum") ? "Maximum" : str_eqz(word, "minimum") ? "Minimum" : str_eqz(word, "sum") ? "Sum" : "Average";
}

/* The target in millionths: a duration counts in seconds, a share in percent. */
static struct doc *
target_value(struct ecs *e, const struct value *v)
{
	int64_t n = v->n;
	switch (v->kind) {
	case V_DURATION:
	case V_PERCENT: n *= 1000; break;
	case V_NUMBER: break;
	default: n *= 1000000; break;
	}
	struct doc *d = doc_new(e->a, DOC_NUMBER, v->origin);
	d->number = n;
	d->value = v;
	return d;
}

static struct doc *
metric_doc(struct ecs *e, struct object *s)
{
	struct doc *d = doc_map(e->a, s->at);
	if (s->kind == K_scale_cpu || s->kind == K_scale_memory) {
		doc_set(e->a, d, "PredefinedMetricType",
			add_z(e, s, s->kind == K_scale_cpu ? "ECSServiceAverageCPUUtilization" : "ECSServiceAverageMemoryUtilization", "the service's average"));
		return d;
	}
	doc_set(e->a, d, "MetricName", doc_value(e->l, get(e->g, s, A_scale_cloudwatch_metric)));
	doc_set(e->a, d, "Namespace", doc_value(e->l, get(e->g, s, A_scale_cloudwatch_namespace)));
	struct object *dims = object_child(e->p, s, K_dimensions, NULL);
	struct doc *list = doc_list(e->a, s->at);
	for (struct entry *x = dims ? dims->entries : NULL; x; x = x->next) {
		struct doc *pair = doc_map(e->a, x->key_at);
		doc_set(e->a, pair, "Name", doc_string(e->a, x->key_at, x->key));
		doc_set(e->a, pair, "Value", doc_value(e->l, entry_value(e->p, dims, x)));
		doc_add(list, pair);
	}
	if (list->count)
		doc_set(e->a, d, "Dimensions", list);
	const struct value *stat = get(e->g, s, A_scale_cloudwatch_statistic);
	doc_set(e->a, d, "Statistic", of_z(e, stat, statistic(stat->text)));
	return d;
}

/* ---- metric math ---- */

/* One metric of a math expression: namespace, name, statistic, and pairs of dimensions up to NULL. */
static void
query(struct ecs *e, struct doc *list, struct object *s, const char *id, const char *space, const char *metric, const char *stat, struct doc *dims)
{
	struct doc *q = doc_map(e->a, s->at), *m = doc_map(e->a, s->at), *of = doc_map(e->a, s->at);
	doc_set(e->a, q, "Id", doc_z(e->a, s->at, id));
	doc_set(e->a, of, "Namespace", doc_z(e->a, s->at, space));
	doc_set(e->a, of, "MetricName", doc_z(e->a, s->at, metric));
	doc_set(e->a, of, "Dimensions", dims);
	doc_set(e->a, m, "Metric", of);
	doc_set(e->a, m, "Stat", doc_z(e->a, s->at, stat));
	doc_set(e->a, q, "MetricStat", m);
	doc_set(e->a, q, "ReturnData", doc_bool(e->a, s->at, false));
	doc_add(list, q);
}

static void
formula(struct ecs *e, struct doc *list, struct object *s, const char *because, const char *text)
{
	struct doc *q = doc_map(e->a, s->at);
	doc_set(e->a, q, "Id", doc_z(e->a, s->at, "result"));
	doc_set(e->a, q, "Expression", add_z(e, s, text, because));
	doc_set(e->a, q, "ReturnData", doc_bool(e->a, s->at, true));
	doc_add(list, q);
}

static struct doc *
dimension(struct ecs *e, struct object *s, struct doc *list, const char *name, struct doc *value)
{
	struct doc *d = doc_map(e->a, s->at);
	if (list == NULL)
		list = doc_list(e->a, s->at);
	doc_set(e->a, d, "Name", doc_z(e->a, s->at, name));
	doc_set(e->a, d, "Value", value);
	doc_add(list, d);
	return list;
}

/*
 * Waiting messages and those in work. Copies are counted as samples of the CPU
 * metric, one a minute from each copy, which needs no Container Insights
 * (ECS developer guide, service utilization metrics).
 */
static void
backlog_queries(struct ecs *e, struct doc *list, struct object *s, const char *service, const char *queue)
{
	query(e, list, s, "waiting", "AWS/SQS", "ApproximateNumberOfMessagesVisible", "Average", dimension(e, s, NULL, "QueueName", doc_z(e->a, s->at, queue)));
	query(e, list, s, "inwork", "AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "Average", dimension(e, s, NULL, "QueueName", doc_z(e->a, s->at, queue)));
	struct doc *dims = dimension(e, s, NULL, "ClusterName", doc_z(e->a, s->at, e->cluster_name));
	query(e, list, s, "copies", "AWS/ECS", "CPUUtilization", "SampleCount", dimension(e, s, dims, "ServiceName", doc_z(e->a, s->at, service)));
}

int64_t
per_copy(struct graph *g, struct object *s, const struct value **from)
{
	const struct value *per = get(g, s, A_scale_queue_per_task), *latency = get(g, s, A_scale_queue_latency), *each = get(g, s, A_scale_queue_each);
	*from = per ? per : latency;
	if (per && !latency && !each)
		return per->n;
	if (!per && latency && each && each->n > 0)
		return latency->n / each->n > 0 ? latency->n / each->n : 1;
	struct diag *d = complain(g, D_E0107, s->at, "scale queue needs either per_task, or latency and each");
	diag_hint(g->compile->diags, d, "per_task = 50 keeps 50 messages a copy; latency = 30s, each = 400ms lets no message wait longer.");
	return 0;
}

static struct doc *
queue_metric(struct ecs *e, struct object *s, const char *service, int64_t per)
{
	const struct value *q = get(e->g, s, A_scale_queue_queue);
	struct queue_ref ref;
	queue_of(e, q->object, &ref);
	if (!ref.sqs) {
		struct diag *d = complain(e->g, D_E0181, q->origin, "scaling by a queue kept in Redis cannot be done on ecs");
		diag_hint(e->g->compile->diags, d, "Publish its length or latency as a metric, and use scale cloudwatch.");
		return NULL;
	}
	struct doc *d = doc_map(e->a, s->at), *list = doc_list(e->a, s->at);
	backlog_queries(e, list, s, service, ref.name);
	formula(e, list, s, "messages a copy, those in work included; with no copy running a single message exceeds the target",
		arena_printf(e->a, "IF(FILL(copies, 0) > 0, (waiting + inwork) / copies, (waiting + inwork) * %lld)", (long long)per + 1));
	doc_set(e->a, d, "Metrics", list);
	return d;
}

/* app/NAME/ID of a listener's ARN, or NULL. */
static const char *
balancer_of(struct ecs *e, struct str listener)
{
	const char *text = arena_strz(e->a, listener), *start = strstr(text, ":listener/"), *end = strrchr(text, '/');
	if (start == NULL || end <= start + 10)
		return NULL;
	return arena_strz(e->a, (struct str){start + 10, (size_t)(end - start - 10)});
}

static void
request_query(struct ecs *e, struct doc *list, struct object *s, const char *id, const char *balancer, const struct resource *group)
{
	struct doc *dims = dimension(e, s, NULL, "LoadBalancer", add_z(e, s, balancer, "of the listener"));
	query(e, list, s, id, "AWS/ApplicationELB", "RequestCountPerTarget", "Sum",
	      dimension(e, s, dims, "TargetGroup", doc_attr(e->a, s->at, group->address, "TargetGroupFullName")));
}

/* Requests a minute and copy. Of two target groups one serves, and which one changes with each deployment: both count. */
static struct doc *
request_metric(struct ecs *e, struct object *node, struct object *s)
{
	struct object *http = object_child(e->p, node, K_http, NULL);
	const struct value *listener = http ? get(e->g, http, A_http_listener) : NULL;
	const char *name = aws_name(e, RK_SERVICE, node_name(e->g, node));
	struct resource *group = resource_find(e->l->out, arena_printf(e->a, "aws.elasticloadbalancingv2.TargetGroup/%s", aws_name(e, RK_TARGET_GROUP, name)));
	struct resource *other = resource_find(e->l->out, arena_printf(e->a, "aws.elasticloadbalancingv2.TargetGroup/%s", aws_name(e, RK_TARGET_GROUP, arena_printf(e->a, "%s-alt", name))));
	if (listener == NULL)
		listener = get(e->g, e->ecs, A_ecs_listener);
	const char *balancer = listener ? balancer_of(e, listener->text) : NULL;
	if (group == NULL || balancer == NULL) {
		if (http && listener && group == NULL && !get(e->g, http, A_http_target_group))
			return NULL; /* reported */
		struct diag *d = complain(e->g, D_E0181, s->at, "scale requests without %s cannot be done on ecs", http == NULL ? "http" : group ? "a listener's ARN" : "a target group of its own");
		diag_hint(e->g->compile->diags, d, "The load balancer counts the requests; use scale cpu where there is none.");
		return NULL;
	}
	struct doc *d = doc_map(e->a, s->at), *list = doc_list(e->a, s->at);
	request_query(e, list, s, "first", balancer, group);
	if (other)
		request_query(e, list, s, "second", balancer, other);
	formula(e, list, s, "requests a minute and copy", other ? "FILL(first, 0) + FILL(second, 0)" : "first");
	doc_set(e->a, d, "Metrics", list);
	return d;
}

/* ---- policies ---- */

static const struct {
	enum kind_id kind;
	enum attr_id target, cooldown;
} rows[] = {
	{K_scale_cpu, A_scale_cpu_target, A_scale_cpu_cooldown},
	{K_scale_memory, A_scale_memory_target, A_scale_memory_cooldown},
	{K_scale_cloudwatch, A_scale_cloudwatch_target, A_scale_cloudwatch_cooldown},
	{K_scale_requests, A_scale_requests_target, A_scale_requests_cooldown},
	{K_scale_queue, A_scale_queue_queue, A_scale_queue_cooldown},
};

static int
row_of(const struct object *s)
{
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (!s->gone && s->kind == rows[i].kind)
			return (int)i;
	return -1;
}

static struct resource *
make_policy(struct ecs *e, struct object *node, const char *name, struct object *s, struct resource *target)
{
	int row = row_of(s);
	struct doc *d = identity(e, node, name), *config = doc_map(e->a, s->at), *metric, *value;
	const char *policy = aws_name(e, RK_SCALING_POLICY, arena_printf(e->a, "%s-%s", name, kind_row(s->kind)->variant));
	const struct value *target_at = get(e->g, s, rows[row].target), *cooldown = get(e->g, s, rows[row].cooldown);
	bool predefined = s->kind == K_scale_cpu || s->kind == K_scale_memory;
	if (s->kind == K_scale_queue) {
		int64_t per = per_copy(e->g, s, &target_at);
		if (per == 0)
			return NULL;
		value = of_int(e, target_at, per);
		metric = queue_metric(e, s, name, per);
	} else if (s->kind == K_scale_requests) {
		value = doc_new(e->a, DOC_NUMBER, target_at->origin);
		value->number = target_at->n * 60000 * 1000 / target_at->m * 1000; /* a minute, in millionths */
		value->value = target_at;
		metric = request_metric(e, node, s);
	} else {
		value = target_value(e, target_at);
		metric = metric_doc(e, s);
	}
	if (metric == NULL)
		return NULL;
	doc_set(e->a, d, "PolicyName", add_z(e, s, policy, "the service and what it scales on"));
	doc_set(e->a, d, "PolicyType", add_z(e, s, "TargetTrackingScaling", "the metric is kept at its target"));
	doc_set(e->a, config, "TargetValue", value);
	doc_set(e->a, config, predefined ? "PredefinedMetricSpecification" : "CustomizedMetricSpecification", metric);
	if (cooldown) {
		doc_set(e->a, config, "ScaleOutCooldown", of_int(e, cooldown, cooldown->n / 1000));
		doc_set(e->a, config, "ScaleInCooldown", of_int(e, cooldown, cooldown->n / 1000));
	} else {
		doc_set(e->a, config, "ScaleOutCooldown", add_int(e, s, 60, "copies are added quickly"));
		doc_set(e->a, config, "ScaleInCooldown", add_int(e, s, 300, "and taken away slowly"));
	}
	doc_set(e->a, d, "TargetTrackingScalingPolicyConfiguration", config);
	struct resource *r = lower_add(e->l, RK_SCALING_POLICY, policy, node, d);
	resource_edge(e->l->out, r, target);
	return r;
}

/* From zero: target tracking divides by copies; a step of one copy wakes the service at the first message. */
static void
wake(struct ecs *e, struct object *node, const char *name, struct object *s, struct resource *target)
{
	const struct value *q = get(e->g, s, A_scale_queue_queue);
	struct queue_ref ref;
	queue_of(e, q->object, &ref);
	const char *policy = aws_name(e, RK_SCALING_POLICY, arena_printf(e->a, "%s-wake", name)), *alarm = aws_name(e, RK_ALARM, arena_printf(e->a, "%s-wake", name));
	struct doc *d = identity(e, node, name), *config = doc_map(e->a, s->at), *steps = doc_list(e->a, s->at), *step = doc_map(e->a, s->at);
	doc_set(e->a, d, "PolicyName", add_z(e, s, policy, "the first copy when the count is 0"));
	doc_set(e->a, d, "PolicyType", add_z(e, s, "StepScaling", "target tracking cannot be relied on at 0 copies"));
	doc_set(e->a, config, "AdjustmentType", doc_z(e->a, s->at, "ChangeInCapacity"));
	doc_set(e->a, step, "MetricIntervalLowerBound", doc_int(e->a, s->at, 0));
	doc_set(e->a, step, "ScalingAdjustment", doc_int(e->a, s->at, 1));
	doc_add(steps, step);
	doc_set(e->a, config, "StepAdjustments", steps);
	doc_set(e->a, config, "Cooldown", doc_int(e->a, s->at, 60));
	doc_set(e->a, d, "StepScalingPolicyConfiguration", config);
	struct resource *r = lower_add(e->l, RK_SCALING_POLICY, policy, node, d);
	resource_edge(e->l->out, r, target);

	struct doc *a = doc_map(e->a, s->at), *list = doc_list(e->a, s->at), *actions = doc_list(e->a, s->at);
	doc_set(e->a, a, "AlarmName", add_z(e, s, alarm, "the first copy when the count is 0"));
	backlog_queries(e, list, s, name, ref.name);
	for (struct doc *x = list->items; x; x = x->next)
		doc_set(e->a, doc_get(x, "MetricStat"), "Period", doc_int(e->a, s->at, 60));
	formula(e, list, s, "1 while a message waits and no copy runs", "IF(FILL(copies, 0) < 1 AND waiting > 0, 1, 0)");
	doc_set(e->a, a, "Metrics", list);
	doc_set(e->a, a, "ComparisonOperator", doc_z(e->a, s->at, "GreaterThanOrEqualToThreshold"));
	doc_set(e->a, a, "Threshold", doc_int(e->a, s->at, 1));
	doc_set(e->a, a, "EvaluationPeriods", doc_int(e->a, s->at, 1));
	doc_set(e->a, a, "TreatMissingData", doc_z(e->a, s->at, "notBreaching"));
	doc_add(actions, doc_attr(e->a, s->at, r->address, "PolicyARN"));
	doc_set(e->a, a, "AlarmActions", actions);
	doc_set(e->a, a, "Tags", tags_of(e, node, true));
	resource_edge(e->l->out, lower_add(e->l, RK_ALARM, alarm, node, a), r);
}

/* ---- bounds that follow the clock ---- */

static void
make_action(struct ecs *e, struct object *node, const char *name, struct object *s, size_t number, struct resource *target)
{
	struct cron c;
	struct cron_out out;
	const char *why;
	size_t at, len;
	const struct value *cron = get(e->g, s, A_scale_schedule_cron), *count = get(e->g, s, A_scale_schedule_count);
	const struct zone *z = scale_zone(e->g, s);
	if (cron_parse(e->a, cron->text, &c, &why, &at, &len) != CRON_OK || z == NULL)
		return; /* reported */
	cron_translate(e->a, &c, z, CRON_SCHEDULER, false, &out);
	if (out.error != CRON_OK) {
		struct diag *d = complain(e->g, D_E0133, cron->origin, "a scheduled action cannot run at these instants: %s", out.why ? out.why : cron_error_word(out.error));
		diag_hint(e->g->compile->diags, d, "Move it out of the hours in which the clock changes.");
		return;
	}
	for (size_t i = 0; i < out.count; i++) {
		const char *action = aws_name(e, RK_SCHEDULED_ACTION, out.count > 1 ? arena_printf(e->a, "%s-%zu-%zu", name, number, i + 1) : arena_printf(e->a, "%s-%zu", name, number));
		struct doc *d = identity(e, node, name), *bounds = doc_map(e->a, count->origin);
		doc_set(e->a, d, "ScheduledActionName", add_z(e, s, action, "the service's name and the action's place"));
		doc_set(e->a, d, "Schedule", doc_z(e->a, cron->origin, out.expr[i]));
		doc_set(e->a, d, "Timezone", doc_z(e->a, cron->origin, out.zone));
		doc_set(e->a, bounds, "MinCapacity", of_int(e, count, count->kind == V_RANGE ? count->items->n : count->n));
		doc_set(e->a, bounds, "MaxCapacity", of_int(e, count, count->kind == V_RANGE ? count->items->next->n : count->n));
		doc_set(e->a, d, "ScalableTargetAction", bounds);
		resource_edge(e->l->out, lower_add(e->l, RK_SCHEDULED_ACTION, action, node, d), target);
	}
}

/* ---- one service ---- */

static struct resource *
make_target(struct ecs *e, struct object *node, const char *name, const struct value *count, struct resource *service)
{
	struct doc *d = identity(e, node, name);
	doc_set(e->a, d, "MinCapacity", of_int(e, count, count->items->n));
	doc_set(e->a, d, "MaxCapacity", of_int(e, count, count->items->next->n));
	struct resource *target = lower_add(e->l, RK_SCALABLE_TARGET, name, node, d);
	resource_edge(e->l->out, target, service);
	return target;
}

void
lower_scaling(struct ecs *e, struct object *node, const char *name, struct resource *service)
{
	const struct value *count = get(e->g, node, A_service_count);
	struct resource *target = NULL;
	size_t actions = 0;
	if (count == NULL || count->kind != V_RANGE)
		return; /* a stage fixed the count: nothing scales */
	for (struct object *s = node->children; s; s = s->next) {
		bool clock = !s->gone && s->kind == K_scale_schedule;
		if (!clock && row_of(s) < 0)
			continue;
		if (target == NULL)
			target = make_target(e, node, name, count, service);
		if (clock) {
			make_action(e, node, name, s, ++actions, target);
			continue;
		}
		if (make_policy(e, node, name, s, target) && s->kind == K_scale_queue && count->items->n == 0)
			wake(e, node, name, s, target);
	}
}
