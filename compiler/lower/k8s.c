/*
 * One stage to Kubernetes: each service becomes a Deployment with its account,
 * Service, disruption budget and autoscaler, each schedule a CronJob. Sources:
 * Kubernetes 1.36 API, apps/v1, core/v1, policy/v1, autoscaling/v2.
 */
#include "k8s.h"

#include "ecs.h"

#include <inttypes.h>
#include <string.h>

struct resource *
k_account(struct k8s *k, struct object *node, const char *name)
{
	struct doc *d = k_object(k, RK_K_SERVICE_ACCOUNT, node, name);
	doc_set(k->a, doc_get(d, "metadata"), "annotations", k_role_note(k, node, name));
	doc_set(k->a, d, "automountServiceAccountToken", k_bool(k, node, false, "the workload does not talk to the cluster"));
	return lower_add(k->l, RK_K_SERVICE_ACCOUNT, name, node, d);
}

static int64_t
most(const struct value *count)
{
	return count == NULL ? 1 : count->kind == V_RANGE ? count->items->next->n : count->kind == V_INT ? count->n : 1;
}

/* ---- deployment ---- */

static struct doc *
percent(struct k8s *k, const struct value *v, int64_t n)
{
	return k_of(k, v, arena_printf(k->a, "%" PRId64 "%%", n / 1000));
}

static struct doc *
strategy_doc(struct k8s *k, struct object *node)
{
	struct object *again = object_child(k->p, node, K_deploy_recreate, NULL), *rolling = object_child(k->p, node, K_deploy_rolling, NULL);
	struct doc *d = doc_map(k->a, node->at), *r = doc_map(k->a, node->at);
	if (again) {
		doc_set(k->a, d, "type", k_add(k, again, "Recreate", "never two versions at once"));
		return d;
	}
	const struct value *h = rolling ? get(k->g, rolling, A_deploy_rolling_healthy) : NULL;
	doc_set(k->a, d, "type", k_add(k, rolling ? rolling : node, "RollingUpdate", "deploy rolling"));
	if (h && h->kind == V_RANGE) {
		doc_set(k->a, r, "maxSurge", percent(k, h, h->items->next->n - 100000));
		doc_set(k->a, r, "maxUnavailable", percent(k, h, 100000 - h->items->n));
	} else {
		doc_set(k->a, r, "maxSurge", k_add(k, node, "25%", "new copies start before old ones stop"));
		doc_set(k->a, r, "maxUnavailable", k_add(k, node, "0%", "new copies start before old ones stop"));
	}
	doc_set(k->a, d, "rollingUpdate", r);
	return d;
}

static struct resource *
make_deployment(struct k8s *k, struct object *node, const char *name, struct resource *account)
{
	struct doc *d = k_object(k, RK_K_DEPLOYMENT, node, name), *spec = doc_map(k->a, node->at), *selector = doc_map(k->a, node->at);
	const struct value *count = get(k->g, node, A_service_count);
	/* under a Rollout none is said: a service that changes over keeps its copies until the Rollout has its own */
	if (!k_shifting(k, node) && count && count->kind != V_EXTERNAL && !k_autoscaled(k, node))
		doc_set(k->a, spec, "replicas", k_of_int(k, count, count->kind == V_RANGE ? count->items->n : count->n));
	doc_set(k->a, spec, "revisionHistoryLimit", k_int(k, node, 10, "the API's default, written out"));
	doc_set(k->a, spec, "progressDeadlineSeconds", k_int(k, node, 600, "the API's default, written out"));
	doc_set(k->a, spec, "minReadySeconds", k_int(k, node, 5, "a copy that dies at once does not count as ready"));
	doc_set(k->a, spec, "strategy", strategy_doc(k, node));
	doc_set(k->a, selector, "matchLabels", k_selector(k, node, name));
	doc_set(k->a, spec, "selector", selector);
	doc_set(k->a, spec, "template", k_pod(k, node, name, account->name, false));
	doc_set(k->a, d, "spec", spec);
	struct resource *r = lower_add(k->l, RK_K_DEPLOYMENT, name, node, d);
	resource_edge(k->l->out, r, account);
	k_wait(k, r);
	return r;
}

/* Copies with names and disks of their own. Source: Kubernetes 1.36 API, apps/v1, StatefulSet. */
static struct resource *
make_stateful_set(struct k8s *k, struct object *node, const char *name, struct resource *account, struct resource *copies)
{
	struct doc *d = k_object(k, RK_K_STATEFUL_SET, node, name), *spec = doc_map(k->a, node->at), *selector = doc_map(k->a, node->at), *update = doc_map(k->a, node->at), *claims = doc_map(k->a, node->at);
	const struct value *count = get(k->g, node, A_service_count);
	struct object *rolling = object_child(k->p, node, K_deploy_rolling, NULL), *again = object_child(k->p, node, K_deploy_recreate, NULL), *shifting = k_shifting(k, node);
	const struct value *h = rolling ? get(k->g, rolling, A_deploy_rolling_healthy) : NULL;
	if (shifting || (again && most(count) > 1) || (h && h->kind == V_RANGE && h->items->next->n > 100000)) {
		struct diag *g = complain(k->g, D_E0181, shifting ? shifting->at : again ? again->at : h->origin, "copies with disks of their own are replaced one after the other on kubernetes");
		diag_hint(k->g->compile->diags, g, "A new copy takes over the old one's disk: write deploy rolling { healthy = 50%%..100%% }, or leave deploy out.");
	}
	if (count && count->kind != V_EXTERNAL && !k_autoscaled(k, node))
		doc_set(k->a, spec, "replicas", k_of_int(k, count, count->kind == V_RANGE ? count->items->n : count->n));
	doc_set(k->a, spec, "revisionHistoryLimit", k_int(k, node, 10, "the API's default, written out"));
	doc_set(k->a, spec, "minReadySeconds", k_int(k, node, 5, "a copy that dies at once does not count as ready"));
	doc_set(k->a, spec, "serviceName", k_add(k, node, copies->name, "each copy has a name of its own in it"));
	doc_set(k->a, spec, "podManagementPolicy", k_add(k, node, "Parallel", "copies do not wait for each other when they start or stop"));
	doc_set(k->a, update, "type", k_add(k, node, "RollingUpdate", "one after the other"));
	doc_set(k->a, spec, "updateStrategy", update);
	doc_set(k->a, claims, "whenDeleted", k_add(k, node, "Retain", "keep: the disks stay"));
	doc_set(k->a, claims, "whenScaled", k_add(k, node, "Retain", "keep: the disks stay"));
	doc_set(k->a, spec, "persistentVolumeClaimRetentionPolicy", claims);
	doc_set(k->a, selector, "matchLabels", k_selector(k, node, name));
	doc_set(k->a, spec, "selector", selector);
	doc_set(k->a, spec, "template", k_pod(k, node, name, account->name, false));
	doc_set(k->a, spec, "volumeClaimTemplates", k_claims(k, node));
	doc_set(k->a, d, "spec", spec);
	struct resource *r = lower_add(k->l, RK_K_STATEFUL_SET, name, node, d);
	resource_edge(k->l->out, r, account);
	resource_edge(k->l->out, r, copies);
	k_wait(k, r);
	return r;
}

/* The names of the copies: a Service without an address of its own. */
static struct resource *
make_copies(struct k8s *k, struct object *node, const char *name)
{
	const char *own = arena_printf(k->a, "%s-copies", name_cut(k->a, name, 56));
	struct doc *d = k_object(k, RK_K_SERVICE, node, own), *spec = doc_map(k->a, node->at);
	doc_set(k->a, spec, "type", k_add(k, node, "ClusterIP", "reachable inside the cluster"));
	doc_set(k->a, spec, "clusterIP", k_add(k, node, "None", "each copy is found by its own name"));
	doc_set(k->a, spec, "selector", k_selector(k, node, name));
	doc_set(k->a, d, "spec", spec);
	return lower_add(k->l, RK_K_SERVICE, own, node, d);
}

/* ---- Service ---- */

static void
add_service_port(struct k8s *k, struct doc *list, const struct value *v, const char *name, const char *protocol)
{
	struct doc *p = doc_map(k->a, v->origin);
	doc_set(k->a, p, "name", doc_z(k->a, v->origin, name));
	doc_set(k->a, p, "port", k_of_int(k, v, v->n));
	doc_set(k->a, p, "targetPort", doc_z(k->a, v->origin, name));
	doc_set(k->a, p, "protocol", doc_z(k->a, v->origin, protocol));
	doc_add(list, p);
}

static struct resource *
make_service(struct k8s *k, struct object *node, const char *name, const char *suffix)
{
	struct object *discovery = object_child(k->p, node, K_discovery, NULL);
	const struct value *own = discovery ? get(k->g, discovery, A_discovery_name) : NULL;
	const char *known = own ? arena_strz(k->a, own->text) : name;
	if (*suffix)
		known = arena_printf(k->a, "%s%s", name_cut(k->a, known, 63 - (int)strlen(suffix)), suffix);
	struct doc *d = k_object(k, RK_K_SERVICE, node, known), *spec = doc_map(k->a, node->at), *ports = doc_list(k->a, node->at);
	for (struct object *c = object_child(k->p, node, K_container, NULL); c; c = object_next(c)) {
		if (get_bool(k->g, c, A_container_init))
			continue; /* gone when the pod serves */
		const struct value *v = get(k->g, c, A_container_port);
		if (v)
			add_service_port(k, ports, v, k_port_name(k, c), "TCP");
		for (struct object *p = object_child(k->p, c, K_port, NULL); p; p = object_next(p)) {
			v = get(k->g, p, A_port_number);
			if (v)
				add_service_port(k, ports, v, p->label->text, str_eqz(get_text(k->g, p, A_port_protocol), "udp") ? "UDP" : "TCP");
		}
	}
	lower_unique(k->l, ports, "name", "ports of the Service", "`port = N` is called http: give the ports of the workload names of their own, port NAME { number = N }.");
	doc_set(k->a, spec, "type", k_add(k, node, "ClusterIP", "reachable inside the cluster"));
	doc_set(k->a, spec, "selector", k_selector(k, node, name));
	doc_set(k->a, spec, "ports", ports);
	doc_set(k->a, d, "spec", spec);
	return lower_add(k->l, RK_K_SERVICE, known, node, d);
}

/* ---- disruption ---- */

static void
make_budget(struct k8s *k, struct object *node, const char *name, struct resource *deployment)
{
	struct object *own = object_child(k->p, node, K_disruption, NULL);
	const struct value *unavailable = own ? get(k->g, own, A_disruption_unavailable) : NULL;
	if (most(get(k->g, node, A_service_count)) < 2 && own == NULL)
		return; /* there is nothing to keep while the only copy moves */
	struct doc *d = k_object(k, RK_K_PDB, node, name), *spec = doc_map(k->a, node->at), *selector = doc_map(k->a, node->at);
	if (unavailable && unavailable->kind == V_PERCENT && unavailable->n < 1000) {
		struct diag *g = complain(k->g, D_E0181, unavailable->origin, "a budget of less than a whole percent cannot be done on kubernetes");
		diag_hint(k->g->compile->diags, g, "It would let no copy go, and every node drain would hang: 1%% is the least.");
	}
	if (unavailable && unavailable->kind == V_PERCENT)
		doc_set(k->a, spec, "maxUnavailable", percent(k, unavailable, unavailable->n));
	else
		doc_set(k->a, spec, "maxUnavailable", unavailable ? k_of_int(k, unavailable, unavailable->n) : k_int(k, node, 1, "a node drain takes one copy at a time"));
	doc_set(k->a, spec, "unhealthyPodEvictionPolicy", k_add(k, node, "AlwaysAllow", "broken copies must not block a node drain"));
	doc_set(k->a, selector, "matchLabels", k_selector(k, node, name));
	doc_set(k->a, spec, "selector", selector);
	doc_set(k->a, d, "spec", spec);
	resource_edge(k->l->out, lower_add(k->l, RK_K_PDB, name, node, d), deployment);
}

static void
lower_one(struct k8s *k, struct object *node)
{
	const char *name = name_cut(k->a, node_name(k->g, node), k_keeps(k, node) ? resource_kind_get(RK_K_STATEFUL_SET)->name_max : 63);
	struct resource *account = k_account(k, node, name);
	k_leader(k, node, name, account);
	struct resource *deployment = k_keeps(k, node) ? make_stateful_set(k, node, name, account, make_copies(k, node, name)) : make_deployment(k, node, name, account);
	if (k_has_ports(k, node)) {
		struct resource *service = make_service(k, node, name, ""), *other = NULL;
		struct object *shifting = k_shifting(k, node);
		resource_edge(k->l->out, deployment, service);
		if (shifting)
			other = make_service(k, node, name, shifting->kind == K_deploy_blue_green ? "-preview" : "-canary");
		k_http(k, node, name, service);
		k_rollout(k, node, name, deployment, service, other);
	}
	k_network(k, node, name);
	make_budget(k, node, name, deployment);
	k_scale(k, node, name, deployment);
}

/* Queues kept in Redis are models of names: what scales by them reads these, and nothing is made of them. */
static void
read_models(struct k8s *k)
{
	static const enum attr_id all[] = {A_redis_url, A_redis_list, A_redis_db};
	for (size_t i = 0; i < k->g->nodes.n; i++) {
		struct object *redis = k->g->nodes.v[i]->kind == K_queue ? object_child(k->p, k->g->nodes.v[i], K_redis, NULL) : NULL;
		for (size_t a = 0; redis && a < sizeof all / sizeof *all; a++)
			get(k->g, redis, all[a]);
	}
}

void
lower_k8s(struct lower *l)
{
	struct k8s k = {.l = l, .g = l->g, .a = l->arena, .p = l->g->program};
	bool any = false;
	for (size_t i = 0; i < l->g->nodes.n; i++)
		any |= l->g->nodes.v[i]->kind != K_log && node_target(l->g, l->g->nodes.v[i]) == TARGET_K8S;
	if (l->g->target == TARGET_K8S)
		read_models(&k);
	any |= l->g->target == TARGET_K8S && program_first(l->g->program, K_manifest) != NULL;
	if (!any)
		return;
	struct object *stage = k.p->stage_object, *kubernetes = object_child(k.p, stage, K_kubernetes, NULL);
	k.ns = get(l->g, kubernetes, A_kubernetes_namespace);
	if (k.ns == NULL) {
		struct diag *d = complain(l->g, D_E0170, stage->at, "stage \"%s\" does not say its namespace", k.p->stage->name->text);
		diag_hint(l->g->compile->diags, d, "Write kubernetes { namespace = \"…\" } in the stage, or give the output \"namespace\" in its outputs file.");
		return;
	}
	struct ecs *aws = NEW(l->arena, struct ecs);
	*aws = (struct ecs){.l = l, .g = l->g, .a = l->arena, .p = k.p};
	if (k_needs_aws(&k)) {
		if (!aws_context(aws, l))
			return;
		k.aws = aws;
	}
	l->attribute = aws_attribute;
	l->ctx = aws;
	map_init(&k.files, l->arena);
	if (l->g->target == TARGET_K8S)
		for (struct object *m = program_first(k.p, K_manifest); m; m = object_next(m))
			k_manifest(l, m, k.ns);
	for (size_t i = 0; i < l->g->nodes.n; i++) {
		struct object *n = l->g->nodes.v[i];
		if (n->kind == K_service && node_target(l->g, n) == TARGET_K8S)
			lower_one(&k, n);
		else if (n->kind == K_schedule && node_target(l->g, n) == TARGET_K8S && !k_run_of(&k, n))
			k_schedule(&k, n);
		else if (n->kind == K_job && node_target(l->g, n) == TARGET_K8S)
			k_job(&k, n);
		else if (n->kind == K_log)
			k_log(&k, n);
	}
	for (size_t i = 0; i < l->g->nodes.n; i++) /* what runs a service's containers has its account too */
		if (node_target(l->g, l->g->nodes.v[i]) == TARGET_K8S && k_run_of(&k, l->g->nodes.v[i]))
			k_schedule(&k, l->g->nodes.v[i]);
	k_order_jobs(&k);
	l->attribute = NULL;
}
