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

static void
make_policy(struct ecs *e, struct object *node, const char *name, struct object *s, struct resource *target)
{
	bool cloudwatch = s->kind == K_scale_cloudwatch;
	enum attr_id value = s->kind == K_scale_cpu ? A_scale_cpu_target : s->kind == K_scale_memory ? A_scale_memory_target : A_scale_cloudwatch_target;
	enum attr_id pause = s->kind == K_scale_cpu ? A_scale_cpu_cooldown : s->kind == K_scale_memory ? A_scale_memory_cooldown : A_scale_cloudwatch_cooldown;
	struct doc *d = identity(e, node, name), *config = doc_map(e->a, s->at);
	const char *policy = aws_name(e, RK_SCALING_POLICY, arena_printf(e->a, "%s-%s", name, kind_row(s->kind)->variant));
	doc_set(e->a, d, "PolicyName", add_z(e, s, policy, "the service and what it scales on"));
	doc_set(e->a, d, "PolicyType", add_z(e, s, "TargetTrackingScaling", "the metric is kept at its target"));
	const struct value *target_at = get(e->g, s, value), *cooldown = get(e->g, s, pause);
	doc_set(e->a, config, "TargetValue", target_value(e, target_at));
	doc_set(e->a, config, cloudwatch ? "CustomizedMetricSpecification" : "PredefinedMetricSpecification", metric_doc(e, s));
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
}

void
lower_scaling(struct ecs *e, struct object *node, const char *name, struct resource *service)
{
	const struct value *count = get(e->g, node, A_service_count);
	struct resource *target = NULL;
	if (count == NULL || count->kind != V_RANGE)
		return; /* a stage fixed the count: nothing scales */
	for (struct object *s = node->children; s; s = s->next) {
		if (s->gone || (s->kind != K_scale_cpu && s->kind != K_scale_memory && s->kind != K_scale_cloudwatch))
			continue;
		if (target == NULL) {
			struct doc *d = identity(e, node, name);
			doc_set(e->a, d, "MinCapacity", of_int(e, count, count->items->n));
			doc_set(e->a, d, "MaxCapacity", of_int(e, count, count->items->next->n));
			target = lower_add(e->l, RK_SCALABLE_TARGET, name, node, d);
			resource_edge(e->l->out, target, service);
		}
		make_policy(e, node, name, s, target);
	}
}
