/*
 * Log routes in a cluster: what pods write to their output is read by the Fluent
 * Bit that runs on each node, and that one is not ours. A route becomes the
 * fragment of its configuration, in YAML, as a ConfigMap for whoever owns the
 * agent to include; it takes the lines of the route's containers and no others.
 *
 * Sources: Fluent Bit 4 and 5 documentation, configuration in YAML, tail and
 * kubernetes; kubelet, names of /var/log/containers.
 */
#include "k8s.h"

#include "ecs.h"

#include <string.h>

/* The names of a workload's pods: a segment for each part that a controller adds. */
static const char *
pods_of(struct k8s *k, struct object *node)
{
	const char *name = name_cut(k->a, node_name(k->g, node), 63);
	if (node->kind == K_service)
		return arena_printf(k->a, "%s-[a-z0-9]+-[a-z0-9]{5}", name);
	if (node->kind == K_schedule)
		return arena_printf(k->a, "%s-(?:[0-9]+-)?[0-9]+-[a-z0-9]{5}", name_cut(k->a, name, 52));
	return arena_printf(k->a, "%s-[a-z0-9-]*[a-z0-9]{5}", name_cut(k->a, name, 54)); /* a run by hand has any name behind it */
}

/* kube.var.log.containers.POD_NAMESPACE_CONTAINER-ID.log, for all containers of the route; NULL for none. */
static const char *
tags_of_route(struct k8s *k, struct object *log)
{
	struct buf b = {0};
	for (size_t i = 0; i < k->g->nodes.n; i++) {
		struct object *n = k->g->nodes.v[i];
		if ((n->kind != K_service && n->kind != K_job && n->kind != K_schedule) || node_target(k->g, n) != TARGET_K8S)
			continue;
		for (struct object *c = object_child(k->p, n, K_container, NULL); c; c = object_next(c))
			if (container_log(k->g, c) == log)
				buf_addf(&b, "%s%s_%.*s_%s", b.n ? "|" : "", pods_of(k, n), (int)k->ns->text.n, k->ns->text.p, c->label->text);
	}
	const char *out = b.n ? arena_printf(k->a, "^kube\\.var\\.log\\.containers\\.(?:%.*s)-[0-9a-f]+\\.log$", (int)b.n, b.p) : NULL;
	buf_free(&b);
	return out;
}

/* Keys in the lower case of the YAML form. */
static struct doc *
lower_case(struct k8s *k, const struct doc *list)
{
	struct doc *out = doc_list(k->a, list->origin);
	for (const struct doc *d = list->items; d; d = d->next) {
		struct doc *section = doc_map(k->a, d->origin);
		for (const struct doc *m = d->items; m; m = m->next) {
			char *key = arena_strz(k->a, m->key);
			for (char *c = key; *c; c++)
				*c = *c >= 'A' && *c <= 'Z' ? (char)(*c + 32) : *c;
			struct doc *v = doc_string(k->a, m->origin, m->text);
			v->value = m->value;
			doc_set(k->a, section, key, v);
		}
		doc_add(out, section);
	}
	return out;
}

static void
rule(struct k8s *k, struct doc *rules, const struct value *start, const char *state, const char *format)
{
	struct doc *d = doc_map(k->a, start->origin);
	doc_set(k->a, d, "state", doc_z(k->a, start->origin, state));
	doc_set(k->a, d, "regex", k_of(k, start, arena_printf(k->a, format, (int)start->text.n, start->text.p)));
	doc_set(k->a, d, "next_state", doc_z(k->a, start->origin, "cont"));
	doc_add(rules, d);
}

static void
add_parsers(struct k8s *k, struct object *log, struct doc *file, const char *own)
{
	struct object *m = object_child(k->p, log, K_multiline, NULL);
	const struct value *start = m ? get(k->g, m, A_multiline_start) : NULL;
	if (start) {
		struct doc *list = doc_list(k->a, start->origin), *d = doc_map(k->a, start->origin), *rules = doc_list(k->a, start->origin);
		doc_set(k->a, d, "name", k_add(k, log, own, "the route's own first line of a record"));
		doc_set(k->a, d, "type", k_add(k, log, "regex", "the route's own first line of a record"));
		doc_set(k->a, d, "flush_timeout", k_int(k, log, 1000, "a record is whole after a second without another line"));
		rule(k, rules, start, "start_state", "/%.*s/");
		rule(k, rules, start, "cont", "/^(?!%.*s)/");
		doc_set(k->a, d, "rules", rules);
		doc_add(list, d);
		doc_set(k->a, file, "multiline_parsers", list);
	}
	if (str_eqz(get_text(k->g, log, A_log_format), "ltsv")) {
		struct doc *list = doc_list(k->a, log->at), *d = doc_map(k->a, log->at);
		doc_set(k->a, d, "name", k_add(k, log, arena_printf(k->a, "%s-ltsv", own), "the route's format"));
		doc_set(k->a, d, "format", k_add(k, log, "ltsv", "the route's format"));
		doc_add(list, d);
		doc_set(k->a, file, "parsers", list);
	}
}

bool
k_log_needs_aws(struct k8s *k, struct object *node)
{
	static const enum kind_id kinds[] = {K_to_cloudwatch, K_to_firehose, K_to_s3, K_to_opensearch};
	for (struct object *c = object_child(k->p, node, K_container, NULL); c; c = object_next(c)) {
		struct object *log = container_log(k->g, c);
		for (size_t i = 0; log && i < sizeof kinds / sizeof *kinds; i++)
			if (object_child(k->p, log, kinds[i], NULL))
				return true;
	}
	return false;
}

void
k_log(struct k8s *k, struct object *log)
{
	const char *tags = tags_of_route(k, log), *own = arena_printf(k->a, "%s-%s", k->g->compile->project_name->text, log->label->text);
	if (tags == NULL)
		return;
	struct ecs *e = k->l->ctx;
	struct doc *filters, *outputs;
	if (k->aws)
		lower_log(k->aws, log);
	route_sections(e, log, tags, own, &filters, &outputs);
	struct doc *d = k_object(k, RK_K_CONFIG_MAP, log, name_cut(k->a, arena_printf(k->a, "fluent-bit-%s", own), 63)), *data = doc_map(k->a, log->at), *file = doc_map(k->a, log->at),
		   *pipeline = doc_map(k->a, log->at);
	if (filters->count)
		doc_set(k->a, pipeline, "filters", lower_case(k, filters));
	doc_set(k->a, pipeline, "outputs", lower_case(k, outputs));
	add_parsers(k, log, file, own);
	doc_set(k->a, file, "pipeline", pipeline);
	if (outputs->count + filters->count == 0)
		return; /* to stdout alone: where the lines are already */
	doc_set(k->a, data, arena_printf(k->a, "%s.yaml", own), doc_yaml(k->a, log->at, file));
	doc_set(k->a, d, "data", data);
	lower_add(k->l, RK_K_CONFIG_MAP, name_cut(k->a, arena_printf(k->a, "fluent-bit-%s", own), 63), log, d);
}
