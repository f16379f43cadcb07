/*
 * One stage to ECS: what the stage must say, then each workload. Sources: ECS
 * API, CreateService; ECS developer guide, blue/green deployments.
 */
#include "ecs.h"

#include <string.h>

/* ---- what the stage says ---- */

static const struct value *
need(struct ecs *e, struct object *o, enum attr_id a)
{
	const struct value *v = get(e->g, o, a);
	if (v)
		return v;
	const struct value *raw = object_peek(e->p, o, a);
	e->bad = true;
	if (raw && (raw->kind == V_ERROR || raw->kind == V_UNKNOWN))
		return NULL;
	const struct attr_row *row = attr_row(a);
	struct diag *d = complain(e->g, D_E0170, e->stage->at, "stage \"%s\" does not say its %s", e->p->stage->name->text, row->name);
	bool outer = o == e->stage;
	diag_hint(e->g->compile->diags, d, "Write %s%s%s in the stage, or give the output \"%.*s\" in its outputs file.", outer ? "" : "ecs { ", row->example,
		  outer ? "" : " }", (int)strcspn(row->outputs ? row->outputs : row->name, " "), row->outputs ? row->outputs : row->name);
	return NULL;
}

static const char *
last_part(struct arena *a, struct str s)
{
	for (size_t i = s.n; i > 0; i--)
		if (s.p[i - 1] == '/')
			return arena_strz(a, (struct str){s.p + i, s.n - i});
	return arena_strz(a, s);
}

static void
check_account(struct ecs *e, const struct value *v)
{
	bool good = v->text.n == 12;
	for (size_t i = 0; good && i < 12; i++)
		good = v->text.p[i] >= '0' && v->text.p[i] <= '9';
	if (good)
		return;
	struct diag *d = complain(e->g, D_E0155, v->origin, "\"%.*s\" is not an AWS account", (int)v->text.n, v->text.p);
	diag_hint(e->g->compile->diags, d, "An account is 12 digits in quotes.");
	e->bad = true;
}

bool
aws_context(struct ecs *e, struct lower *l)
{
	*e = (struct ecs){.l = l, .g = l->g, .a = l->arena, .p = l->g->program};
	e->stage = e->p->stage_object;
	e->ecs = object_child(e->p, e->stage, K_ecs, NULL);
	e->schedules = object_child(e->p, e->stage, K_schedules, NULL);
	map_init(&e->tasks, e->a);
	const struct value *region = need(e, e->stage, A_stage_region), *account = need(e, e->stage, A_stage_account);
	if (e->bad)
		return false;
	e->region = region->text;
	e->account = account->text;
	check_account(e, account);
	e->partition = aws_partition(e->region);
	struct str prefix = get_text(e->g, e->stage, A_stage_prefix);
	e->prefix = prefix.n > 0 ? arena_strz(e->a, prefix) : e->g->compile->project_name->text;
	return !e->bad;
}

/* Where tasks run. */
static void
read_cluster(struct ecs *e)
{
	e->cluster = need(e, e->ecs, A_ecs_cluster);
	need(e, e->ecs, A_ecs_subnets);
	if (e->cluster)
		e->cluster_name = last_part(e->a, e->cluster->text);
}

/* ---- services ---- */

/* A count that someone else owns later, an autoscaler or a person, is given at creation only. */
static struct doc *
count_doc(struct ecs *e, struct object *node)
{
	const struct value *v = get(e->g, node, A_service_count), *first = v;
	if (v == NULL)
		return NULL;
	if (v->kind == V_EXTERNAL || v->kind == V_RANGE)
		first = v->items;
	struct doc *d = first ? of_int(e, v, first->n) : add_int(e, node, 0, "someone else owns the count and has not said it");
	d->first_only = v->kind == V_EXTERNAL || v->kind == V_RANGE;
	return d;
}

/* The share of copies on spare capacity; the first copy stays on demand unless all of them may go. */
static struct doc *
capacity_doc(struct ecs *e, struct object *node)
{
	const struct value *spot = get(e->g, node, A_service_spot), *stage = get(e->g, e->ecs, A_ecs_capacity);
	bool all = spot == NULL && stage && str_eqz(stage->text, "fargate_spot");
	int64_t share = spot ? spot->n : all ? 100000 : 0, rest = 100000 - share, a = share, b = rest;
	if (share == 0)
		return NULL;
	while (b) {
		int64_t c = a % b;
		a = b;
		b = c;
	}
	if (rest / a > 1000 || share / a > 1000) {
		struct diag *d = complain(e->g, D_E0105, spot->origin, "the share cannot be said in weights up to 1000");
		diag_hint(e->g->compile->diags, d, "Use a whole percentage (ECS API, CapacityProviderStrategyItem).");
	}
	const struct value *from = spot ? spot : stage;
	struct doc *list = doc_list(e->a, from->origin), *d = doc_map(e->a, from->origin);
	if (rest > 0) {
		struct doc *on_demand = doc_map(e->a, from->origin);
		doc_set(e->a, on_demand, "capacityProvider", of_z(e, from, "FARGATE"));
		doc_set(e->a, on_demand, "weight", of_int(e, from, rest / a));
		doc_set(e->a, on_demand, "base", add_int(e, node, 1, "one copy stays when AWS takes the spare capacity back"));
		doc_add(list, on_demand);
	}
	doc_set(e->a, d, "capacityProvider", of_z(e, from, "FARGATE_SPOT"));
	doc_set(e->a, d, "weight", of_int(e, from, share / a));
	doc_set(e->a, d, "base", add_int(e, node, 0, "the platform's default, written out"));
	doc_add(list, d);
	return list;
}

/* A name in the stage's Cloud Map namespace, where every copy has an A record while it is healthy. */
static void
lower_discovery(struct ecs *e, struct object *node, struct doc *service, resource_list *needs)
{
	enum { TTL_S = 15, COPIES_MAX = 1000 };
	struct object *o = object_child(e->p, node, K_discovery, NULL);
	const struct value *ns = o ? get(e->g, e->ecs, A_ecs_namespace) : NULL, *own = o ? get(e->g, o, A_discovery_name) : NULL;
	if (o == NULL)
		return;
	if (ns == NULL) {
		struct diag *d = complain(e->g, D_E0170, o->at, "stage \"%s\" does not say its namespace, which discovery needs", e->p->stage->name->text);
		diag_hint(e->g->compile->diags, d, "Write ecs { namespace = \"ns-…\" } in the stage, or give the output \"cloud_map_namespace_id\" in its outputs file.");
		return;
	}
	const struct value *count = get(e->g, node, A_service_count);
	int64_t most = count && count->kind == V_RANGE ? count->items->next->n : count && count->kind == V_INT ? count->n : 0;
	if (most > COPIES_MAX) {
		struct diag *d = complain(e->g, D_E0105, count->origin, "a service that is found by name has at most %d copies", COPIES_MAX);
		diag_hint(e->g->compile->diags, d, "The limit is Cloud Map's (ECS quotas, tasks per service with service discovery).");
	}
	struct doc *d = doc_map(e->a, o->at), *dns = doc_map(e->a, o->at), *records = doc_list(e->a, o->at), *record = doc_map(e->a, o->at), *health = doc_map(e->a, o->at),
		   *list = doc_list(e->a, o->at), *registry = doc_map(e->a, o->at);
	struct doc *name = own ? doc_value(e->l, own) : add_z(e, node, node->label->text, "the service's own name");
	doc_set(e->a, d, "Name", name);
	doc_set(e->a, d, "NamespaceId", doc_value(e->l, ns));
	doc_set(e->a, record, "Type", add_z(e, o, "A", "tasks have addresses of their own"));
	doc_set(e->a, record, "TTL", add_int(e, o, TTL_S, "how long clients keep the address of a copy that is gone"));
	doc_add(records, record);
	doc_set(e->a, dns, "RoutingPolicy", add_z(e, o, "MULTIVALUE", "up to eight healthy copies an answer"));
	doc_set(e->a, dns, "DnsRecords", records);
	doc_set(e->a, d, "DnsConfig", dns);
	doc_set(e->a, health, "FailureThreshold", add_int(e, o, 1, "ECS says which copies are healthy"));
	doc_set(e->a, d, "HealthCheckCustomConfig", health);
	doc_set(e->a, d, "Tags", tags_of(e, node, true));
	struct resource *r = lower_add(e->l, RK_DISCOVERY, arena_printf(e->a, "%.*s.%.*s", (int)name->text.n, name->text.p, (int)ns->text.n, ns->text.p), node, d);
	doc_set(e->a, registry, "registryArn", doc_attr(e->a, o->at, r->address, "Arn"));
	doc_add(list, registry);
	doc_set(e->a, service, "serviceRegistries", list);
	*VEC_PUSH(e->a, needs) = r;
}

void
lower_service(struct ecs *e, struct object *node)
{
	struct task *own = NEW(e->a, struct task);
	resource_list needs = {0};
	make_task(e, node, own);
	map_put(&e->tasks, node, own);
	struct task t = *own;
	const char *name = aws_name(e, RK_SERVICE, node_name(e->g, node));
	struct doc *d = doc_map(e->a, node->at);
	doc_set(e->a, d, "serviceName", add_z(e, node, name, "the prefix and the service's name"));
	doc_set(e->a, d, "cluster", doc_value(e->l, e->cluster));
	struct doc *revision = doc_attr(e->a, node->at, t.definition->address, "TaskDefinitionArn");
	revision->because = "the revision that this run registers";
	doc_set(e->a, d, "taskDefinition", revision);
	doc_set(e->a, d, "desiredCount", count_doc(e, node));
	struct doc *capacity = capacity_doc(e, node);
	if (capacity)
		doc_set(e->a, d, "capacityProviderStrategy", capacity);
	else
		doc_set(e->a, d, "launchType", add_z(e, node, "FARGATE", "berth runs tasks on Fargate"));
	doc_set(e->a, d, "platformVersion", add_z(e, node, "LATEST", "Fargate's default, written out"));
	lower_deployment(e, node, d, &needs);
	doc_set(e->a, d, "networkConfiguration", network_of(e, true));
	lower_http(e, node, name, d, &needs);
	lower_discovery(e, node, d, &needs);
	if (t.shell)
		doc_set(e->a, d, "enableExecuteCommand", doc_bool(e->a, get_span(e->g, node, A_service_exec), true));
	doc_set(e->a, d, "enableECSManagedTags", add_bool(e, node, true, "costs can be told apart"));
	doc_set(e->a, d, "propagateTags", add_z(e, node, "SERVICE", "costs can be told apart"));
	doc_set(e->a, d, "tags", tags_of(e, node, false));
	struct resource *service = lower_add(e->l, RK_SERVICE, name, node, d);
	resource_edge(e->l->out, service, t.definition);
	for (size_t i = 0; i < needs.n; i++)
		resource_edge(e->l->out, service, needs.v[i]);
	lower_codedeploy(e, node, service);
	lower_scaling(e, node, name, service);
}

/* ---- one stage ---- */

struct doc *
aws_attribute(void *ctx, const struct value *v)
{
	return queue_attribute(ctx, v);
}

static void
one_queue(struct ecs *e, struct object *q)
{
	lower_queue(e, q);
}

void
lower_ecs(struct lower *l)
{
	struct ecs *e = NEW(l->arena, struct ecs);
	bool any = false, tasks = false;
	for (size_t i = 0; i < l->g->nodes.n; i++) {
		struct object *n = l->g->nodes.v[i];
		bool own = n->kind != K_log && node_target(l->g, n) == TARGET_ECS;
		any |= own && (n->kind != K_queue || l->g->target == TARGET_ECS || str_eqz(get_text(l->g, n, A_queue_engine), "sqs"));
		tasks |= own && n->kind != K_queue;
	}
	if (!any || !aws_context(e, l))
		return;
	if (tasks)
		read_cluster(e);
	if (e->bad)
		return;
	l->attribute = aws_attribute;
	l->ctx = e;
	/* what others refer to comes first */
	static void (*const steps[])(struct ecs *, struct object *) = {one_queue, lower_service, lower_job, lower_schedule};
	static const enum kind_id kinds[] = {K_queue, K_service, K_job, K_schedule};
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
		for (size_t i = 0; i < l->g->nodes.n; i++)
			if (l->g->nodes.v[i]->kind == kinds[k] && node_target(l->g, l->g->nodes.v[i]) == TARGET_ECS)
				steps[k](e, l->g->nodes.v[i]);
	l->attribute = NULL;
}
