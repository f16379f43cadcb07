/*
 * Checks of one stage that need a whole workload or the platform's limits.
 * Each is a small function over one node; the list below runs them. They rely
 * on every setting being forced and change nothing. A value that was reported
 * or is unknown is passed over.
 */
#include "graph_internal.h"

#include <inttypes.h>
#include <string.h>

enum { FARGATE_STOP_MAX_MS = 120000 }; /* ECS API, ContainerDefinition.stopTimeout on Fargate */

static struct object *
first_container(struct graph *g, struct object *node)
{
	return object_child(g->program, node, K_container, NULL);
}

/* ---- containers ---- */

static void
check_image(struct graph *g, struct object *c)
{
	if (object_peek(g->program, c, A_container_tag) || object_peek(g->program, c, A_container_digest))
		return;
	const struct value *image = object_peek(g->program, c, A_container_image);
	if (image && image->kind == V_EXTERNAL)
		return;
	struct diag *d = complain(g, D_E0154, get_span(g, c, A_container_image), "%s has neither tag nor digest", object_words(g->arena, c));
	diag_hint(g->compile->diags, d, "Add tag = \"…\", or tag = param.tag and give it in CI.");
}

static void
check_sizes_written(struct graph *g, struct object *c)
{
	bool cpu = object_peek(g->program, c, A_container_cpu) != NULL, mem = object_peek(g->program, c, A_container_memory) != NULL;
	if (cpu && mem)
		return;
	struct diag *d = complain(g, D_E0159, c->at, "%s needs %s%s%s", object_words(g->arena, c), cpu ? "" : "cpu", !cpu && !mem ? " and " : "",
				  mem ? "" : "memory");
	diag_hint(g->compile->diags, d, "For example: cpu = 0.25vcpu and memory = 512MiB");
}

static void
check_env(struct graph *g, struct object *c)
{
	struct object *env = object_child(g->program, c, K_env, NULL), *secrets = object_child(g->program, c, K_secrets, NULL);
	if (env == NULL || secrets == NULL)
		return;
	for (struct entry *s = secrets->entries; s; s = s->next) {
		if (s->slot.value == NULL)
			continue;
		for (struct entry *e = env->entries; e; e = e->next) {
			if (!str_eq(e->key, s->key) || e->slot.value == NULL)
				continue;
			struct diag *d = complain(g, D_E0152, s->key_at, "\"%.*s\" of %s is both a variable and a secret", (int)s->key.n,
						  s->key.p, object_words(g->arena, c));
			diag_note(g->compile->diags, d, e->key_at, "the variable is here");
			diag_hint(g->compile->diags, d, "Remove one; in an override, `%.*s = none` takes it away.", (int)s->key.n, s->key.p);
		}
	}
}

static void
check_health(struct graph *g, struct object *c, enum kind_id kind)
{
	struct object *h = object_child(g->program, c, kind, NULL);
	if (h == NULL)
		return;
	bool health = kind == K_health;
	const struct value *http = object_peek(g->program, h, health ? A_health_http : A_startup_http);
	const struct value *command = object_peek(g->program, h, health ? A_health_command : A_startup_command);
	const struct value *grpc = object_peek(g->program, h, health ? A_health_grpc : A_startup_grpc);
	int n = (http != NULL) + (command != NULL) + (grpc != NULL);
	if (n != 1) {
		struct diag *d = complain(g, D_E0163, h->at, "%s of %s has %s", kind_row(kind)->name, object_words(g->arena, c),
					  n == 0 ? "nothing to check" : "several ways to check");
		diag_hint(g->compile->diags, d, "Give one of http = \"/up\", command = […] and grpc = PORT.");
		return;
	}
	int64_t port;
	struct span at;
	bool has_port = false;
	const struct value *p = object_peek(g->program, c, A_container_port);
	has_port = p || object_child(g->program, c, K_port, NULL);
	(void)port;
	(void)at;
	if (http && !has_port) {
		struct diag *d = complain(g, D_E0163, http->origin, "%s is checked over HTTP but has no port", object_words(g->arena, c));
		diag_hint(g->compile->diags, d, "Add port = 8080.");
	}
}

static void
check_drain(struct graph *g, struct object *node, struct object *c)
{
	const struct value *v = object_peek(g->program, c, A_container_drain);
	if (v == NULL || v->kind != V_DURATION || node_target(g, node) != TARGET_ECS || v->n <= FARGATE_STOP_MAX_MS)
		return;
	struct buf b = {0};
	show_duration(&b, v->n);
	struct diag *d = complain(g, D_E0151, v->origin, "drain of %s is %.*s, but Fargate kills after 2m", object_words(g->arena, c), (int)b.n, b.p);
	diag_hint(g->compile->diags, d, "The most that works is 2m (ECS API, stopTimeout on Fargate); let the worker give unfinished work back earlier.");
	buf_free(&b);
}

static void
check_ports(struct graph *g, struct object *node)
{
	struct seen {
		int64_t port;
		struct span at;
		struct object *c;
	};
	VEC(struct seen) all = {0};
	for (struct object *c = first_container(g, node); c; c = object_next(c)) {
		const struct value *v = object_peek(g->program, c, A_container_port);
		if (v && v->kind == V_INT)
			*VEC_PUSH(g->arena, &all) = (struct seen){v->n, v->origin, c};
		for (struct object *p = object_child(g->program, c, K_port, NULL); p; p = object_next(p)) {
			v = object_peek(g->program, p, A_port_number);
			if (v && v->kind == V_INT)
				*VEC_PUSH(g->arena, &all) = (struct seen){v->n, v->origin, c};
		}
	}
	for (size_t i = 0; i < all.n; i++) {
		for (size_t k = 0; k < i; k++) {
			if (all.v[i].port != all.v[k].port)
				continue;
			struct diag *d = complain(g, D_E0153, all.v[i].at, "port %" PRId64 " is used twice in %s", all.v[i].port, object_words(g->arena, node));
			diag_note(g->compile->diags, d, all.v[k].at, "%s has it already", object_words(g->arena, all.v[k].c));
			diag_hint(g->compile->diags, d, "All containers of a workload share one network interface.");
		}
	}
}

static void
check_containers(struct graph *g, struct object *node)
{
	bool main_one = false;
	for (struct object *c = first_container(g, node); c; c = object_next(c)) {
		if (!c->partial) {
			check_image(g, c);
			check_sizes_written(g, c);
		}
		check_env(g, c);
		check_health(g, c, K_health);
		check_health(g, c, K_startup);
		check_drain(g, node, c);
		const struct value *side = object_peek(g->program, c, A_container_sidecar), *init = object_peek(g->program, c, A_container_init);
		main_one |= !(side && side->n) && !(init && init->n);
	}
	if (!main_one && !g->compile->blocks_missing && !(node->kind == K_schedule && object_peek(g->program, node, A_schedule_run))) {
		struct diag *d = complain(g, D_E0157, node->at, "%s has no container that does its work", object_words(g->arena, node));
		diag_hint(g->compile->diags, d, "Add a block: container NAME { image = \"…\" }");
	}
	check_order(g, node);
	check_mounts(g, node);
	check_ports(g, node);
}

/* ---- sizes ---- */

static void
check_task_size(struct graph *g, struct object *node)
{
	int cpu, memory;
	struct size need = node_size(g, node);
	if (node_target(g, node) != TARGET_ECS || need.bytes == 0 || need.cpu == 0 || fargate_size(need, &cpu, &memory))
		return;
	struct buf b = {0};
	show_cpu(&b, need.cpu);
	buf_addz(&b, " and ");
	show_bytes(&b, need.bytes);
	struct diag *d = complain(g, D_E0150, node->at, "the containers of %s need %.*s together; no Fargate size has that much", object_words(g->arena, node),
				  (int)b.n, b.p);
	diag_hint(g->compile->diags, d, "The largest is 16vcpu with 120GiB (ECS task size table).");
	buf_free(&b);
}

/* ---- services ---- */

static void
count_bounds(const struct value *v, int64_t *lo, int64_t *hi)
{
	*lo = v->kind == V_RANGE ? v->items->n : v->n;
	*hi = v->kind == V_RANGE ? v->items->next->n : v->n;
}

/* The scheduler starts floor(max) and keeps ceil(min); one of the two must leave room (ECS DeploymentConfiguration). */
static void
check_rolling(struct graph *g, struct object *node)
{
	struct object *r = object_child(g->program, node, K_deploy_rolling, NULL);
	const struct value *h = r ? object_peek(g->program, r, A_deploy_rolling_healthy) : NULL;
	const struct value *count = object_peek(g->program, node, A_service_count);
	if (h == NULL || h->kind != V_RANGE || count == NULL || (count->kind != V_INT && count->kind != V_RANGE))
		return;
	int64_t lo = h->items->n, hi = h->items->next->n, n, most;
	count_bounds(count, &n, &most);
	if (n < 1)
		n = 1;
	bool starts = n * hi / 100000 > n, stops = (n * lo + 99999) / 100000 < n;
	if (node_target(g, node) == TARGET_K8S) { /* rounds the surge up, so any above 100 % is one copy */
		starts = hi > 100000;
		stops = n * (100000 - lo) / 100000 > 0;
	}
	if (starts || stops)
		return;
	struct diag *d = complain(g, D_E0158, h->origin, "a deployment of %s can never move with %" PRId64 " cop%s: none may start and none may stop",
				  object_words(g->arena, node), n, n == 1 ? "y" : "ies");
	diag_hint(g->compile->diags, d, "Write healthy = 100%%..200%%, or less than 100%% at least.");
}

static bool
scales(const struct object *c)
{
	return !c->gone && strcmp(kind_row(c->kind)->name, "scale") == 0 && c->kind != K_scale_schedule;
}

static void
check_scale(struct graph *g, struct object *node)
{
	const struct value *count = object_peek(g->program, node, A_service_count);
	if (count == NULL || count->kind == V_RANGE || count->kind == V_UNKNOWN || count->kind == V_ERROR || count->kind == V_EXTERNAL)
		return;
	/* a stage may fix the count of a service that scales elsewhere */
	struct slot *slot = object_slot(g->program, node, A_service_count);
	for (const struct layer *l = slot->top; l; l = l->below)
		if (l->rank % 4 != 0 || l->scope->instance)
			return;
	for (struct object *c = node->children; c; c = c->next) {
		if (!scales(c))
			continue;
		struct diag *d = complain(g, D_E0161, c->at, "%s scales, but its count is fixed", object_words(g->arena, node));
		diag_note(g->compile->diags, d, count->origin, "the count is set here");
		diag_hint(g->compile->diags, d, "Give the bounds as a range: count = 2..10");
		return;
	}
}

static void
check_http(struct graph *g, struct object *node)
{
	struct object *h = object_child(g->program, node, K_http, NULL), *c;
	int64_t port;
	struct span at;
	if (h == NULL || g->compile->blocks_missing || node_port(g, node, &c, &port, &at))
		return;
	for (c = first_container(g, node); c; c = object_next(c)) {
		const struct value *v = object_peek(g->program, c, A_container_port);
		if (v && (v->kind == V_UNKNOWN || v->kind == V_ERROR))
			return;
	}
	struct diag *d = complain(g, D_E0162, h->at, "it is not clear which port of %s the traffic goes to", object_words(g->arena, node));
	diag_hint(g->compile->diags, d, "Give the container one port, or say which: http { port = 8080 }");
}

/* ---- logs ---- */

/* CloudWatch Logs API, PutRetentionPolicy. */
static const int retention_days[] = {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653};

static void
check_retention(struct graph *g, struct object *to)
{
	const struct value *v = object_peek(g->program, to, A_to_cloudwatch_retention);
	if (v == NULL || v->kind != V_DURATION)
		return;
	int64_t days = v->n / 86400000, best = 1;
	for (size_t i = 0; i < sizeof retention_days / sizeof *retention_days; i++) {
		if (v->n % 86400000 == 0 && retention_days[i] == days)
			return;
		if (retention_days[i] <= days)
			best = retention_days[i];
	}
	size_t next = 0;
	while (next + 1 < sizeof retention_days / sizeof *retention_days && retention_days[next] <= best)
		next++;
	struct buf b = {0};
	show_duration(&b, v->n);
	struct diag *d = complain(g, D_E0160, v->origin, "CloudWatch keeps logs for fixed spans, and %.*s is none", (int)b.n, b.p);
	diag_hint(g->compile->diags, d, "The nearest are %" PRId64 "d and %dd.", best, retention_days[next]);
	buf_free(&b);
}

/* Lists that mean nothing when they are empty. */
static void
check_lists(struct graph *g, struct object *o)
{
	static const enum attr_id lists[] = {A_http_host, A_http_paths, A_http_methods, A_deploy_canary_weights, A_hook_stage, A_statement_actions, A_statement_on, A_to_kafka_brokers};
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		const struct value *v = attr_row(lists[i])->kind == o->kind ? get(g, o, lists[i]) : NULL;
		if (v == NULL || v->kind != V_LIST || v->count > 0)
			continue;
		struct diag *d = complain(g, D_E0105, v->origin, "\"%s\" of %s is an empty list", attr_row(lists[i])->name, object_words(g->arena, o));
		diag_hint(g->compile->diags, d, "For example: %s", attr_row(lists[i])->example);
	}
	for (struct object *c = o->children; c; c = c->next)
		if (!c->gone)
			check_lists(g, c);
}

static void
check_log(struct graph *g, struct object *log)
{
	bool any = false;
	for (struct object *c = log->children; c; c = c->next) {
		any |= !c->gone && strcmp(kind_row(c->kind)->name, "to") == 0;
		if (!c->gone && c->kind == K_to_cloudwatch)
			check_retention(g, c);
	}
	if (any)
		return;
	struct diag *d = complain(g, D_E0164, log->at, "log \"%s\" leads nowhere", log->label->text);
	diag_hint(g->compile->diags, d, "Add a destination: to cloudwatch { group = \"/%s\" }", log->label->text);
}

/* The router stops with the task: what the driver still holds then is gone. */
static void
check_short_task(struct graph *g, struct object *node)
{
	if (node_target(g, node) != TARGET_ECS)
		return;
	for (struct object *c = first_container(g, node); c; c = object_next(c)) {
		struct object *log = container_log(g, c);
		if (log == NULL || !log_needs_router(g, log))
			continue;
		struct diag *d = complain(g, D_E0165, c->at, "the last lines of a short %s can be lost behind the log router", kind_row(node->kind)->name);
		diag_note(g->compile->diags, d, log->at, "this route needs the router");
		diag_hint(g->compile->diags, d, "Give it a log with a plain `to cloudwatch` if each line counts.");
	}
}

/* ---- all ---- */

static void
check_node(struct graph *g, struct object *node)
{
	switch (node->kind) {
	case K_service:
		check_containers(g, node);
		check_task_size(g, node);
		check_rolling(g, node);
		check_consumes(g, node);
		check_scale(g, node);
		check_http(g, node);
		break;
	case K_job:
		check_containers(g, node);
		check_task_size(g, node);
		check_short_task(g, node);
		break;
	case K_schedule:
		check_containers(g, node);
		check_task_size(g, node);
		check_schedule(g, node);
		check_short_task(g, node);
		break;
	case K_log: check_log(g, node); break;
	case K_queue: check_queue(g, node); break;
	default: break;
	}
}

void
graph_check(struct graph *g)
{
	if (!g->targeted)
		return;
	for (size_t i = 0; i < g->nodes.n; i++) {
		check_node(g, g->nodes.v[i]);
		check_lists(g, g->nodes.v[i]);
	}
	check_refused(g);
}

/* ---- names over all stages ---- */

struct owner {
	struct graph *g;
	struct object *node;
};

/* What a name must be unique in: platform, account, region, cluster or namespace. Empty when not known. */
static const char *
place_of(struct graph *g, struct object *node)
{
	struct program *p = g->program;
	if (node_target(g, node) == TARGET_K8S) {
		struct object *k = object_child(p, p->stage_object, K_kubernetes, NULL);
		struct str ns = get_text(g, k, A_kubernetes_namespace), region = get_text(g, p->stage_object, A_stage_region);
		/* clusters have no name in the language: stages of one namespace name are told apart by their outputs file */
		struct str out = get_text(g, p->stage_object, A_stage_outputs);
		return arena_printf(g->arena, "k8s/%.*s/%.*s/%.*s", (int)region.n, region.p, (int)out.n, out.p, (int)ns.n, ns.p);
	}
	struct str account = get_text(g, p->stage_object, A_stage_account), region = get_text(g, p->stage_object, A_stage_region);
	if (account.n == 0 || region.n == 0)
		return NULL;
	return arena_printf(g->arena, "aws/%.*s/%.*s", (int)account.n, account.p, (int)region.n, region.p);
}

void
graph_check_names(struct graph **graphs, size_t n)
{
	if (n == 0)
		return;
	struct arena *a = arena_new();
	struct names *keys = names_new(a);
	struct map owners;
	map_init(&owners, a);
	for (size_t i = 0; i < n; i++) {
		struct graph *g = graphs[i];
		for (size_t k = 0; k < g->nodes.n; k++) {
			struct object *node = g->nodes.v[k];
			const char *place = node->kind == K_log ? NULL : place_of(g, node);
			if (place == NULL)
				continue;
			const char *name = node_name(g, node);
			const struct name *key = name_getz(keys, arena_printf(a, "%s/%s/%s", place, kind_row(node->kind)->name, name));
			struct owner *first = map_get(&owners, key);
			if (first == NULL) {
				first = NEW(a, struct owner);
				*first = (struct owner){g, node};
				map_put(&owners, key, first);
				continue;
			}
			struct diag *d = complain(g, D_E0156, node->at, "%s \"%s\" of stage %s and of stage %s would both be %s", kind_row(node->kind)->name,
						  node->label->text, first->g->program->stage->name->text, g->program->stage->name->text, name);
			if (first->node->stmt != node->stmt)
				diag_note(g->compile->diags, d, first->node->at, "the other is here");
			const char *own = arena_printf(a, "%s-%s", g->compile->project_name ? g->compile->project_name->text : "x", g->program->stage->name->text);
			if (node_target(g, node) == TARGET_K8S)
				diag_hint(g->compile->diags, d, "Give one of the stages its own namespace: kubernetes { namespace = \"%s\" }; or, for two clusters, each its outputs file.", own);
			else
				diag_hint(g->compile->diags, d, "Give one of the stages its own prefix: prefix = \"%s\"", own);
		}
	}
	arena_free(a);
}
