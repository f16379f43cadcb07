/*
 * Deployments that move traffic, by Argo Rollouts: the Deployment holds the
 * pods' template, a Rollout runs them and shifts the traffic between two
 * Services. Sources: Argo Rollouts 1.9, specification, traffic management with
 * ALB and nginx, migrating by workloadRef.
 */
#include "k8s.h"

#include <inttypes.h>
#include <string.h>

struct object *
k_shifting(struct k8s *k, struct object *node)
{
	static const enum kind_id kinds[] = {K_deploy_blue_green, K_deploy_canary, K_deploy_linear};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct object *o = node->kind == K_service ? object_child(k->p, node, kinds[i], NULL) : NULL;
		if (o)
			return o;
	}
	return NULL;
}

struct doc *
k_target(struct k8s *k, struct object *node, const char *name)
{
	struct doc *d = doc_map(k->a, node->at);
	bool rollout = k_shifting(k, node) != NULL;
	doc_set(k->a, d, "apiVersion", k_add(k, node, rollout ? "argoproj.io/v1alpha1" : "apps/v1", "what scales"));
	doc_set(k->a, d, "kind", k_add(k, node, rollout ? "Rollout" : k_keeps(k, node) ? "StatefulSet" : "Deployment", "what scales"));
	doc_set(k->a, d, "name", k_add(k, node, name, "what scales"));
	return d;
}

/* ---- steps ---- */

static void
add_step(struct k8s *k, struct doc *steps, const struct value *share, int64_t thousandths, const struct value *pause)
{
	struct doc *weight = doc_map(k->a, share->origin), *wait = doc_map(k->a, pause->origin), *duration = doc_map(k->a, pause->origin);
	if (thousandths % 1000) {
		struct diag *d = complain(k->g, D_E0181, share->origin, "a share of less than a whole percent cannot be done on kubernetes");
		diag_hint(k->g->compile->diags, d, "Argo Rollouts counts in whole percent (setWeight).");
	}
	doc_set(k->a, weight, "setWeight", k_of_int(k, share, thousandths / 1000));
	doc_add(steps, weight);
	if (pause->n == 0)
		return;
	doc_set(k->a, duration, "duration", k_of(k, pause, arena_printf(k->a, "%" PRId64 "s", (pause->n + 999) / 1000)));
	doc_set(k->a, wait, "pause", duration);
	doc_add(steps, wait);
}

static struct doc *
steps_doc(struct k8s *k, struct object *o)
{
	struct doc *steps = doc_list(k->a, o->at);
	if (o->kind == K_deploy_canary) {
		const struct value *weights = get(k->g, o, A_deploy_canary_weights), *pause = get(k->g, o, A_deploy_canary_pause);
		for (const struct value *v = weights->kind == V_LIST ? weights->items : weights; v; v = weights->kind == V_LIST ? v->next : NULL)
			add_step(k, steps, v, v->n, pause);
		return steps;
	}
	const struct value *step = get(k->g, o, A_deploy_linear_step), *pause = get(k->g, o, A_deploy_linear_pause);
	for (int64_t share = step->n; share < 100000; share += step->n)
		add_step(k, steps, step, share, pause);
	return steps;
}

/* ---- analysis ---- */

/* What the answer must be; a query without an answer is a bad one. Source: Argo Rollouts, analysis, Prometheus. */
static struct doc *
condition_doc(struct k8s *k, struct object *a)
{
	const struct value *max = get(k->g, a, A_analysis_max), *min = get(k->g, a, A_analysis_min), *any = max ? max : min;
	struct buf b = {0};
	if (any == NULL) {
		struct diag *d = complain(k->g, D_E0170, a->at, "analysis \"%s\" says neither max nor min", a->label->text);
		diag_hint(k->g->compile->diags, d, "Write max = 0.01: the largest good answer.");
		return NULL;
	}
	buf_addz(&b, "len(result) > 0");
	if (max)
		buf_addf(&b, " && result[0] <= %s", k_number(k, max));
	if (min)
		buf_addf(&b, " && result[0] >= %s", k_number(k, min));
	struct doc *d = k_of(k, any, arena_strz(k->a, buf_str(&b)));
	buf_free(&b);
	return d;
}

/* `times`: how often in all; 0: as long as the version takes over. */
static struct resource *
make_analysis(struct k8s *k, struct object *node, const char *name, struct object *a, int64_t times)
{
	enum { ERRORS = 4 };
	const char *own = arena_printf(k->a, "%s-%s", name_cut(k->a, name, 180), a->label->text);
	struct doc *d = k_object(k, RK_K_ANALYSIS, node, own), *spec = doc_map(k->a, a->at), *metrics = doc_list(k->a, a->at), *m = doc_map(k->a, a->at), *provider = doc_map(k->a, a->at),
		   *prometheus = doc_map(k->a, a->at);
	const struct value *every = get(k->g, a, A_analysis_every), *failures = get(k->g, a, A_analysis_failures), *query = get(k->g, a, A_analysis_query), *server = k_prometheus(k, a, A_analysis_server, object_words(k->a, a));
	if (query->kind == V_STRING && strstr(arena_strz(k->a, query->text), "{{")) {
		struct diag *g = complain(k->g, D_E0181, query->origin, "a query with {{ cannot be done on kubernetes");
		diag_hint(k->g->compile->diags, g, "Argo Rollouts takes it for an argument: put a space between the braces.");
	}
	doc_set(k->a, m, "name", doc_z(k->a, a->at, a->label->text));
	doc_set(k->a, m, "interval", k_of(k, every, arena_printf(k->a, "%" PRId64 "s", (every->n + 999) / 1000)));
	if (times > 0)
		doc_set(k->a, m, "count", k_int(k, a, times, "as long as the old copies are kept"));
	doc_set(k->a, m, "failureLimit", k_of_int(k, failures, failures->n));
	doc_set(k->a, m, "consecutiveErrorLimit", k_int(k, a, ERRORS, "Argo's default, written out: a server that does not answer"));
	doc_set(k->a, m, "successCondition", condition_doc(k, a));
	doc_set(k->a, prometheus, "address", doc_value(k->l, server));
	doc_set(k->a, prometheus, "query", doc_value(k->l, query));
	doc_set(k->a, provider, "prometheus", prometheus);
	doc_set(k->a, m, "provider", provider);
	doc_add(metrics, m);
	doc_set(k->a, spec, "metrics", metrics);
	doc_set(k->a, d, "spec", spec);
	return lower_add(k->l, RK_K_ANALYSIS, own, node, d);
}

/* The analyses of a deployment: {templates: […]}, or NULL; the Rollout comes after them. */
static struct doc *
analysis_doc(struct k8s *k, struct object *node, const char *name, struct object *o, const struct value *bake)
{
	struct doc *list = doc_list(k->a, o->at), *d = doc_map(k->a, o->at);
	for (struct object *a = object_child(k->p, o, K_analysis, NULL); a; a = object_next(a)) {
		const struct value *every = get(k->g, a, A_analysis_every);
		int64_t times = bake ? bake->n / every->n : 0;
		struct doc *t = doc_map(k->a, a->at);
		struct resource *r = make_analysis(k, node, name, a, bake && times < 1 ? 1 : times);
		k_need(k, r);
		doc_set(k->a, t, "templateName", doc_z(k->a, a->at, r->name));
		doc_add(list, t);
	}
	if (list->count == 0)
		return NULL;
	doc_set(k->a, d, "templates", list);
	if (bake == NULL)
		doc_set(k->a, d, "startingStep", k_int(k, o, 1, "once the new version has traffic"));
	return d;
}

/* ---- the two ways ---- */

static struct doc *
traffic_doc(struct k8s *k, struct object *o, const char *name, int64_t port, struct span port_at, struct str ingress)
{
	struct doc *d = doc_map(k->a, o->at), *how = doc_map(k->a, o->at);
	if (str_eqz(ingress, "alb")) {
		doc_set(k->a, how, "ingress", k_add(k, o, name, "the service's Ingress"));
		struct doc *p = doc_int(k->a, port_at, port);
		doc_set(k->a, how, "servicePort", p);
		doc_set(k->a, d, "alb", how);
	} else {
		doc_set(k->a, how, "stableIngress", k_add(k, o, name, "the service's Ingress"));
		doc_set(k->a, d, "nginx", how);
	}
	return d;
}

static struct doc *
canary_doc(struct k8s *k, struct object *o, const char *name, const char *stable, const char *other, int64_t port, struct span port_at, struct str ingress)
{
	struct doc *d = doc_map(k->a, o->at);
	doc_set(k->a, d, "stableService", k_add(k, o, stable, "the version that serves"));
	doc_set(k->a, d, "canaryService", k_add(k, o, other, "the version that comes"));
	doc_set(k->a, d, "trafficRouting", traffic_doc(k, o, name, port, port_at, ingress));
	doc_set(k->a, d, "steps", steps_doc(k, o));
	doc_set(k->a, d, "analysis", analysis_doc(k, o->parent, name, o, NULL));
	doc_set(k->a, d, "maxSurge", k_add(k, o, "25%", "new copies start before old ones stop"));
	doc_set(k->a, d, "maxUnavailable", k_int(k, o, 0, "new copies start before old ones stop"));
	return d;
}

static struct doc *
blue_green_doc(struct k8s *k, struct object *o, const char *name, const char *stable, const char *other)
{
	struct doc *d = doc_map(k->a, o->at);
	const struct value *bake = get(k->g, o, A_deploy_blue_green_bake);
	doc_set(k->a, d, "activeService", k_add(k, o, stable, "the version that serves"));
	doc_set(k->a, d, "previewService", k_add(k, o, other, "the version that comes"));
	doc_set(k->a, d, "autoPromotionEnabled", k_bool(k, o, true, "nobody has to press a button"));
	doc_set(k->a, d, "postPromotionAnalysis", analysis_doc(k, o->parent, name, o, bake));
	doc_set(k->a, d, "scaleDownDelaySeconds", k_of_int(k, bake, (bake->n + 999) / 1000));
	return d;
}

/* What the stage and the service must say; NULL after a report. */
static const struct value *
ready(struct k8s *k, struct object *node, struct object *o)
{
	struct object *kubernetes = object_child(k->p, k->p->stage_object, K_kubernetes, NULL), *http = object_child(k->p, node, K_http, NULL);
	const struct value *rollouts = get(k->g, kubernetes, A_kubernetes_rollouts), *ingress = get(k->g, kubernetes, A_kubernetes_ingress);
	struct diag *d;
	if (rollouts == NULL) {
		d = complain(k->g, D_E0170, o->at, "stage \"%s\" does not say its rollouts, which deploy %s needs", k->p->stage->name->text, kind_row(o->kind)->variant);
		diag_hint(k->g->compile->diags, d, "Write kubernetes { rollouts = argo } in the stage, where Argo Rollouts runs.");
	} else if (http == NULL || get(k->g, http, A_http_target_group)) {
		d = complain(k->g, D_E0181, o->at, "deploy %s without an Ingress of its own cannot be done on kubernetes", kind_row(o->kind)->variant);
		diag_hint(k->g->compile->diags, d, "There is no traffic that berth could move; use deploy rolling.");
	} else if (ingress && str_eqz(ingress->text, "gateway") && o->kind != K_deploy_blue_green) {
		d = complain(k->g, D_E0181, o->at, "deploy %s with ingress = gateway cannot be done on kubernetes", kind_row(o->kind)->variant);
		diag_hint(k->g->compile->diags, d, "Argo Rollouts shifts the weights of alb and nginx by itself; deploy blue_green works with any.");
	} else {
		return ingress;
	}
	return NULL;
}

void
k_rollout(struct k8s *k, struct object *node, const char *name, struct resource *deployment, struct resource *stable, struct resource *other)
{
	struct object *o = k_shifting(k, node), *c;
	const struct value *ingress = o ? ready(k, node, o) : NULL;
	int64_t port;
	struct span at;
	if (ingress == NULL || stable == NULL || other == NULL || !node_port(k->g, node, &c, &port, &at))
		return; /* or reported */
	struct doc *d = k_object(k, RK_K_ROLLOUT, node, name), *spec = doc_map(k->a, node->at), *ref = doc_map(k->a, node->at), *strategy = doc_map(k->a, node->at);
	const struct value *count = get(k->g, node, A_service_count);
	if (count && count->kind != V_EXTERNAL && !k_autoscaled(k, node))
		doc_set(k->a, spec, "replicas", k_of_int(k, count, count->kind == V_RANGE ? count->items->n : count->n));
	doc_set(k->a, spec, "revisionHistoryLimit", k_int(k, node, 10, "Argo's default, written out"));
	doc_set(k->a, spec, "progressDeadlineSeconds", k_int(k, node, 600, "Argo's default, written out"));
	doc_set(k->a, spec, "progressDeadlineAbort", k_bool(k, node, true, "a version that does not start goes back by itself"));
	doc_set(k->a, ref, "apiVersion", k_add(k, node, "apps/v1", "the Deployment holds the template"));
	doc_set(k->a, ref, "kind", k_add(k, node, "Deployment", "the Deployment holds the template"));
	doc_set(k->a, ref, "name", k_add(k, node, name, "the Deployment holds the template"));
	doc_set(k->a, ref, "scaleDown", k_add(k, node, "onsuccess", "a Deployment that ran before goes when the Rollout serves"));
	doc_set(k->a, spec, "workloadRef", ref);
	if (o->kind == K_deploy_blue_green)
		doc_set(k->a, strategy, "blueGreen", blue_green_doc(k, o, name, stable->name, other->name));
	else
		doc_set(k->a, strategy, "canary", canary_doc(k, o, name, stable->name, other->name, port, at, ingress->text));
	doc_set(k->a, spec, "strategy", strategy);
	doc_set(k->a, d, "spec", spec);
	struct resource *r = lower_add(k->l, RK_K_ROLLOUT, name, node, d);
	resource_edge(k->l->out, r, deployment);
	resource_edge(k->l->out, r, stable);
	resource_edge(k->l->out, r, other);
	k_wait(k, r);
}

/* ---- leaders ---- */

static struct doc *
rule_doc(struct k8s *k, struct object *leader, const char *verbs, const char *name)
{
	struct doc *d = doc_map(k->a, leader->at), *groups = doc_list(k->a, leader->at), *resources = doc_list(k->a, leader->at), *list = doc_list(k->a, leader->at), *names = doc_list(k->a, leader->at);
	doc_add(groups, doc_z(k->a, leader->at, "coordination.k8s.io"));
	doc_add(resources, doc_z(k->a, leader->at, "leases"));
	for (const char *w = verbs; *w; w += strcspn(w, " "), w += *w == ' ')
		doc_add(list, doc_string(k->a, leader->at, (struct str){w, strcspn(w, " ")}));
	doc_set(k->a, d, "apiGroups", groups);
	doc_set(k->a, d, "resources", resources);
	if (name) {
		doc_add(names, k_add(k, leader, name, "this lease and no other"));
		doc_set(k->a, d, "resourceNames", names);
	}
	doc_set(k->a, d, "verbs", list);
	return d;
}

static void
variable(struct k8s *k, struct doc *env, struct object *leader, const char *name, struct doc *value, const char *field)
{
	struct doc *d = doc_map(k->a, leader->at);
	doc_set(k->a, d, "name", k_add(k, leader, name, "what the election needs to know"));
	if (field) {
		struct doc *from = doc_map(k->a, leader->at), *ref = doc_map(k->a, leader->at);
		doc_set(k->a, ref, "apiVersion", k_add(k, leader, "v1", "the API's default, written out"));
		doc_set(k->a, ref, "fieldPath", k_add(k, leader, field, "who votes"));
		doc_set(k->a, from, "fieldRef", ref);
		doc_set(k->a, d, "valueFrom", from);
	} else {
		doc_set(k->a, d, "value", value);
	}
	for (const struct doc *i = env->items; i; i = i->next)
		if (str_eqz(doc_get(i, "name")->text, name))
			return; /* the program has its own */
	doc_add(env, d);
}

void
k_leader_env(struct k8s *k, struct object *node, const char *name, struct doc *env)
{
	struct object *leader = node->kind == K_service ? object_child(k->p, node, K_leader, NULL) : NULL;
	if (leader == NULL)
		return;
	const struct value *lease = get(k->g, leader, A_leader_lease);
	variable(k, env, leader, "LEASE_NAME", k_add(k, leader, name, "the lease that the copies vote on"), NULL);
	variable(k, env, leader, "LEASE_DURATION_SECONDS", k_of(k, lease, arena_printf(k->a, "%" PRId64, (lease->n + 999) / 1000)), NULL);
	variable(k, env, leader, "POD_NAME", NULL, "metadata.name");
	variable(k, env, leader, "POD_NAMESPACE", NULL, "metadata.namespace");
}

void
k_leader(struct k8s *k, struct object *node, const char *name, struct resource *account)
{
	struct object *leader = object_child(k->p, node, K_leader, NULL);
	if (leader == NULL)
		return;
	struct doc *role = k_object(k, RK_K_ROLE, node, name), *rules = doc_list(k->a, leader->at), *binding = k_object(k, RK_K_ROLE_BINDING, node, name), *ref = doc_map(k->a, leader->at),
		   *subjects = doc_list(k->a, leader->at), *subject = doc_map(k->a, leader->at);
	doc_add(rules, rule_doc(k, leader, "create", NULL)); /* a creation has no name to limit it by */
	doc_add(rules, rule_doc(k, leader, "get update patch", name));
	doc_set(k->a, role, "rules", rules);
	doc_set(k->a, ref, "apiGroup", k_add(k, leader, "rbac.authorization.k8s.io", "the role above"));
	doc_set(k->a, ref, "kind", k_add(k, leader, "Role", "the role above"));
	doc_set(k->a, ref, "name", k_add(k, leader, name, "the role above"));
	doc_set(k->a, binding, "roleRef", ref);
	doc_set(k->a, subject, "kind", k_add(k, leader, "ServiceAccount", "the workload's account"));
	doc_set(k->a, subject, "name", k_add(k, leader, account->name, "the workload's account"));
	doc_set(k->a, subject, "namespace", doc_value(k->l, k->ns));
	doc_add(subjects, subject);
	doc_set(k->a, binding, "subjects", subjects);
	struct resource *r = lower_add(k->l, RK_K_ROLE, name, node, role), *b = lower_add(k->l, RK_K_ROLE_BINDING, name, node, binding);
	resource_edge(k->l->out, b, r);
	resource_edge(k->l->out, b, account);
	k_need(k, b);
}
