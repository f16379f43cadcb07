/*
 * Scaling on Datadog's metrics: a WatermarkPodAutoscaler, which adds copies
 * above one mark and takes them away below another. Source:
 * DataDog/watermarkpodautoscaler 0.11, README and API types.
 */
#include "k8s.h"

#include <inttypes.h>
#include <string.h>

enum { UP_S = 60, DOWN_S = 300 };

static struct doc *
selector_doc(struct k8s *k, const struct value *tags)
{
	struct doc *d = doc_map(k->a, tags->origin), *labels = doc_map(k->a, tags->origin);
	for (const struct value *v = tags->kind == V_LIST ? tags->items : tags; v; v = tags->kind == V_LIST ? v->next : NULL) {
		const char *colon = v->kind == V_STRING ? memchr(v->text.p, ':', v->text.n) : NULL;
		if (colon == NULL || colon == v->text.p) {
			struct diag *g = complain(k->g, D_E0155, v->origin, "a tag of Datadog has a key and a value");
			diag_hint(k->g->compile->diags, g, "Write \"queue:default\".");
			continue;
		}
		const char *key = arena_strz(k->a, (struct str){v->text.p, (size_t)(colon - v->text.p)});
		if (doc_get(labels, key) == NULL)
			doc_set(k->a, labels, key, k_of(k, v, arena_strz(k->a, (struct str){colon + 1, v->text.n - (size_t)(colon + 1 - v->text.p)})));
	}
	doc_set(k->a, d, "matchLabels", labels);
	return d;
}

static struct doc *
mark_doc(struct k8s *k, struct object *s)
{
	struct doc *d = doc_map(k->a, s->at), *external = doc_map(k->a, s->at);
	const struct value *target = get(k->g, s, A_scale_datadog_target), *low = get(k->g, s, A_scale_datadog_low), *tags = get(k->g, s, A_scale_datadog_tags);
	struct value fifths = *target;
	doc_set(k->a, d, "type", k_add(k, s, "External", "a metric of Datadog, from the cluster agent"));
	doc_set(k->a, external, "metricName", doc_value(k->l, get(k->g, s, A_scale_datadog_metric)));
	if (tags)
		doc_set(k->a, external, "metricSelector", selector_doc(k, tags));
	if (target->kind == V_INT) {
		fifths.kind = V_NUMBER;
		fifths.n *= 1000000;
	}
	fifths.n = fifths.n / 5 * 4;
	doc_set(k->a, external, "highWatermark", k_of(k, target, k_number(k, target)));
	doc_set(k->a, external, "lowWatermark", low ? k_of(k, low, k_number(k, low)) : k_add(k, s, k_number(k, &fifths), "four fifths of the target: between the marks nothing moves"));
	doc_set(k->a, d, "external", external);
	return d;
}

/* How fast: a share of the copies at a time, and the pause after it. */
static void
add_speed(struct k8s *k, struct object *s, bool up, struct doc *spec)
{
	struct object *own = object_child(k->p, s, up ? K_up : K_down, NULL);
	const struct value *by = own ? get(k->g, own, up ? A_up_by : A_down_by) : NULL, *every = own ? get(k->g, own, up ? A_up_every : A_down_every) : NULL;
	if (!up && every == NULL)
		every = get(k->g, s, A_scale_datadog_cooldown);
	if (by && by->kind != V_PERCENT) {
		struct diag *d = complain(k->g, D_E0181, by->origin, "a number of copies as the step of scale datadog cannot be done on kubernetes");
		diag_hint(k->g->compile->diags, d, "The WatermarkPodAutoscaler counts in shares: by = 50%%");
	}
	doc_set(k->a, spec, up ? "scaleUpLimitFactor" : "scaleDownLimitFactor",
		by ? k_of(k, by, arena_printf(k->a, "%" PRId64, by->n / 1000)) : k_add(k, s, up ? "50" : "20", "its default, written out: percent of the copies at a time"));
	doc_set(k->a, spec, up ? "upscaleForbiddenWindowSeconds" : "downscaleForbiddenWindowSeconds",
		every ? k_of_int(k, every, every->n / 1000) : k_int(k, s, up ? UP_S : DOWN_S, "its default, written out: the pause after a change"));
}

void
k_watermark(struct k8s *k, struct object *node, const char *name, struct resource *deployment)
{
	const struct value *count = get(k->g, node, A_service_count);
	struct doc *d = k_object(k, RK_K_WATERMARK, node, name), *spec = doc_map(k->a, node->at), *metrics = doc_list(k->a, node->at);
	struct object *first = NULL;
	for (struct object *c = node->children; c; c = c->next) {
		if (c->gone || strcmp(kind_row(c->kind)->name, "scale") != 0)
			continue;
		if (c->kind != K_scale_datadog) {
			struct diag *g = complain(k->g, D_E0181, c->at, "scale %s with metrics = wpa cannot be done on kubernetes", kind_row(c->kind)->variant);
			diag_hint(k->g->compile->diags, g, "The WatermarkPodAutoscaler reads metrics of Datadog: scale datadog { metric = \"…\" }; kubernetes { metrics = keda } takes the others.");
			continue;
		}
		doc_add(metrics, mark_doc(k, c));
		if (first == NULL)
			first = c;
	}
	if (first == NULL)
		return; /* reported */
	if (count->items->n == 0) {
		struct diag *g = complain(k->g, D_E0181, count->origin, "count from 0 by scale datadog cannot be done on kubernetes");
		diag_hint(k->g->compile->diags, g, "The WatermarkPodAutoscaler keeps at least one copy: begin at 1.");
	}
	doc_set(k->a, spec, "scaleTargetRef", k_target(k, node, name));
	doc_set(k->a, spec, "minReplicas", k_of_int(k, count, count->items->n));
	doc_set(k->a, spec, "maxReplicas", k_of_int(k, count, count->items->next->n));
	doc_set(k->a, spec, "algorithm", k_add(k, first, "absolute", "the metric itself is kept, not a share for each copy"));
	doc_set(k->a, spec, "tolerance", k_add(k, first, "100m", "its default, written out: a tenth beyond a mark is let pass"));
	add_speed(k, first, true, spec);
	add_speed(k, first, false, spec);
	doc_set(k->a, spec, "metrics", metrics);
	doc_set(k->a, d, "spec", spec);
	resource_edge(k->l->out, lower_add(k->l, RK_K_WATERMARK, name, node, d), deployment);
}
