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

static void
read_stage(struct ecs *e)
{
	const struct value *region = need(e, e->stage, A_stage_region), *account = need(e, e->stage, A_stage_account);
	e->cluster = need(e, e->ecs, A_ecs_cluster);
	need(e, e->ecs, A_ecs_subnets);
	if (e->bad)
		return;
	e->region = region->text;
	e->account = account->text;
	check_account(e, account);
	e->partition = aws_partition(e->region);
	e->cluster_name = last_part(e->a, e->cluster->text);
	struct str prefix = get_text(e->g, e->stage, A_stage_prefix);
	e->prefix = prefix.n > 0 ? arena_strz(e->a, prefix) : e->g->compile->project_name->text;
}

/* ---- services ---- */

static struct doc *
alarms_doc(struct ecs *e, const struct value *names)
{
	if (names == NULL)
		return NULL;
	struct doc *d = doc_map(e->a, names->origin);
	doc_set(e->a, d, "alarmNames", of_list(e, names));
	doc_set(e->a, d, "enable", doc_bool(e->a, names->origin, true));
	doc_set(e->a, d, "rollback", doc_bool(e->a, names->origin, true));
	return d;
}

static struct doc *
breaker_doc(struct ecs *e, struct object *node)
{
	struct doc *d = doc_map(e->a, node->at);
	doc_set(e->a, d, "enable", add_bool(e, node, true, "a version that does not start must not be tried for ever"));
	doc_set(e->a, d, "rollback", add_bool(e, node, true, "a failed deployment goes back to the last good version"));
	return d;
}

static void
percents(struct ecs *e, struct doc *d, struct object *node, struct object *rolling)
{
	const struct value *h = rolling ? get(e->g, rolling, A_deploy_rolling_healthy) : NULL;
	if (h && h->kind == V_RANGE) {
		doc_set(e->a, d, "maximumPercent", of_int(e, h, h->items->next->n / 1000));
		doc_set(e->a, d, "minimumHealthyPercent", of_int(e, h, (h->items->n + 999) / 1000));
	} else {
		doc_set(e->a, d, "maximumPercent", add_int(e, node, 200, "new copies start before old ones stop"));
		doc_set(e->a, d, "minimumHealthyPercent", add_int(e, node, 100, "new copies start before old ones stop"));
	}
}

/* canary: one step and a pause, then the rest. linear: equal steps. False for other deployments. */
static bool
shift_doc(struct ecs *e, struct object *node, struct doc *d)
{
	struct object *canary = object_child(e->p, node, K_deploy_canary, NULL), *linear = object_child(e->p, node, K_deploy_linear, NULL);
	struct object *o = canary ? canary : linear;
	if (o == NULL)
		return false;
	const struct value *pause = get(e->g, o, canary ? A_deploy_canary_pause : A_deploy_linear_pause), *share = get(e->g, o, canary ? A_deploy_canary_weights : A_deploy_linear_step);
	const struct value *one = share->kind == V_LIST ? share->items : share;
	percents(e, d, node, NULL);
	if (share->kind == V_LIST && share->count != 1) {
		struct diag *g = complain(e->g, D_E0181, share->origin, "a canary of %u steps cannot be done on ecs", share->count);
		diag_hint(e->g->compile->diags, g, "ECS has one canary step (ECS API, CanaryConfiguration): weights = [10%%]; deploy linear moves in equal steps.");
		return true;
	}
	struct doc *config = doc_map(e->a, o->at), *percent = doc_new(e->a, DOC_NUMBER, one->origin);
	percent->number = one->n * 1000;
	percent->value = one;
	doc_set(e->a, d, "strategy", add_z(e, o, canary ? "CANARY" : "LINEAR", canary ? "deploy canary" : "deploy linear"));
	doc_set(e->a, d, "bakeTimeInMinutes", add_int(e, o, 0, "the pauses have shown it already"));
	doc_set(e->a, config, canary ? "canaryPercent" : "stepPercent", percent);
	doc_set(e->a, config, canary ? "canaryBakeTimeInMinutes" : "stepBakeTimeInMinutes", of_int(e, pause, (pause->n + 59999) / 60000));
	doc_set(e->a, d, canary ? "canaryConfiguration" : "linearConfiguration", config);
	doc_set(e->a, d, "alarms", alarms_doc(e, get(e->g, o, canary ? A_deploy_canary_rollback : A_deploy_linear_rollback)));
	return true;
}

static struct doc *
deployment_doc(struct ecs *e, struct object *node)
{
	struct doc *d = doc_map(e->a, node->at);
	struct object *bg = object_child(e->p, node, K_deploy_blue_green, NULL), *again = object_child(e->p, node, K_deploy_recreate, NULL),
		      *rolling = object_child(e->p, node, K_deploy_rolling, NULL);
	if (bg) {
		const struct value *bake = get(e->g, bg, A_deploy_blue_green_bake), *via = get(e->g, bg, A_deploy_blue_green_via);
		if (via && str_eqz(via->text, "codedeploy")) {
			struct diag *g = complain(e->g, D_E0180, via->origin, "via = codedeploy is not yet built for ecs");
			diag_hint(e->g->compile->diags, g, "Native blue/green needs no CodeDeploy: remove the line.");
		}
		doc_set(e->a, d, "strategy", add_z(e, bg, "BLUE_GREEN", "deploy blue_green"));
		doc_set(e->a, d, "bakeTimeInMinutes", of_int(e, bake, (bake->n + 59999) / 60000));
		percents(e, d, node, NULL);
		doc_set(e->a, d, "alarms", alarms_doc(e, get(e->g, bg, A_deploy_blue_green_rollback)));
		return d;
	}
	if (shift_doc(e, node, d))
		return d;
	doc_set(e->a, d, "strategy", add_z(e, rolling ? rolling : again ? again : node, "ROLLING", again ? "deploy recreate" : "deploy rolling"));
	if (again) {
		doc_set(e->a, d, "maximumPercent", add_int(e, again, 100, "never two versions at once"));
		doc_set(e->a, d, "minimumHealthyPercent", add_int(e, again, 0, "the old copies stop first"));
	} else {
		percents(e, d, node, rolling);
	}
	doc_set(e->a, d, "deploymentCircuitBreaker", breaker_doc(e, node));
	doc_set(e->a, d, "alarms", alarms_doc(e, rolling ? get(e->g, rolling, A_deploy_rolling_rollback) : NULL));
	return d;
}

/* Rebalancing starts a copy elsewhere before it stops one: it needs room above 100 %. */
static struct doc *
rebalancing(struct ecs *e, struct object *node, struct doc *deployment)
{
	bool room = doc_get(deployment, "maximumPercent")->number > 100;
	return add_z(e, node, room ? "ENABLED" : "DISABLED",
		     room ? "copies are spread over zones again after an outage" : "rebalancing needs room for a copy more");
}

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

void
lower_service(struct ecs *e, struct object *node)
{
	struct task *own = NEW(e->a, struct task);
	struct resource *needs[4];
	size_t need_count = 0;
	make_task(e, node, own);
	map_put(&e->tasks, node, own);
	struct task t = *own;
	const char *name = aws_name(e, RK_SERVICE, node_name(e->g, node));
	struct doc *d = doc_map(e->a, node->at), *deployment = deployment_doc(e, node), *controller = doc_map(e->a, node->at);
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
	doc_set(e->a, d, "availabilityZoneRebalancing", rebalancing(e, node, deployment));
	doc_set(e->a, controller, "type", add_z(e, node, "ECS", "ECS itself deploys"));
	doc_set(e->a, d, "deploymentController", controller);
	doc_set(e->a, d, "deploymentConfiguration", deployment);
	doc_set(e->a, d, "networkConfiguration", network_of(e, true));
	lower_http(e, node, name, d, needs, &need_count);
	if (t.shell)
		doc_set(e->a, d, "enableExecuteCommand", doc_bool(e->a, get_span(e->g, node, A_service_exec), true));
	doc_set(e->a, d, "enableECSManagedTags", add_bool(e, node, true, "costs can be told apart"));
	doc_set(e->a, d, "propagateTags", add_z(e, node, "SERVICE", "costs can be told apart"));
	doc_set(e->a, d, "tags", tags_of(e, node, false));
	struct resource *service = lower_add(e->l, RK_SERVICE, name, node, d);
	resource_edge(e->l->out, service, t.definition);
	for (size_t i = 0; i < need_count; i++)
		resource_edge(e->l->out, service, needs[i]);
	lower_scaling(e, node, name, service);
}

/* ---- one stage ---- */

static struct doc *
attribute(void *ctx, const struct value *v)
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
	struct ecs e = {.l = l, .g = l->g, .a = l->arena, .p = l->g->program};
	bool any = false;
	for (size_t i = 0; i < l->g->nodes.n; i++) {
		struct object *n = l->g->nodes.v[i];
		any |= n->kind != K_log && node_target(l->g, n) == TARGET_ECS;
	}
	if (!any)
		return;
	e.stage = e.p->stage_object;
	e.ecs = object_child(e.p, e.stage, K_ecs, NULL);
	e.schedules = object_child(e.p, e.stage, K_schedules, NULL);
	read_stage(&e);
	if (e.bad)
		return;
	map_init(&e.tasks, e.a);
	l->attribute = attribute;
	l->ctx = &e;
	/* what others refer to comes first */
	static void (*const steps[])(struct ecs *, struct object *) = {one_queue, lower_service, lower_job, lower_schedule};
	static const enum kind_id kinds[] = {K_queue, K_service, K_job, K_schedule};
	for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++)
		for (size_t i = 0; i < l->g->nodes.n; i++)
			if (l->g->nodes.v[i]->kind == kinds[k] && node_target(l->g, l->g->nodes.v[i]) == TARGET_ECS)
				steps[k](&e, l->g->nodes.v[i]);
	l->attribute = NULL;
}
