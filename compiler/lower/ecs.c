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
	e->partition = str_starts(e->region, "cn-") ? "aws-cn" : str_starts(e->region, "us-gov-") ? "aws-us-gov" : "aws";
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

static struct doc *
count_doc(struct ecs *e, struct object *node)
{
	const struct value *v = get(e->g, node, A_service_count);
	if (v && v->kind == V_EXTERNAL)
		return NULL;
	for (struct object *c = node->children; c; c = c->next)
		if (!c->gone && strcmp(kind_row(c->kind)->name, "scale") == 0 && v && v->kind == V_RANGE)
			return NULL; /* the autoscaler owns it; its minimum raises the first count */
	return v ? of_int(e, v, v->kind == V_RANGE ? v->items->n : v->n) : NULL;
}

void
lower_service(struct ecs *e, struct object *node)
{
	struct task t;
	struct resource *needs[4];
	size_t need_count = 0;
	make_task(e, node, &t);
	const char *name = aws_name(e, RK_SERVICE, node_name(e->g, node));
	struct doc *d = doc_map(e->a, node->at), *deployment = deployment_doc(e, node), *controller = doc_map(e->a, node->at);
	doc_set(e->a, d, "serviceName", add_z(e, node, name, "the prefix and the service's name"));
	doc_set(e->a, d, "cluster", doc_value(e->l, e->cluster));
	struct doc *revision = doc_attr(e->a, node->at, t.definition->address, "TaskDefinitionArn");
	revision->because = "the revision that this run registers";
	doc_set(e->a, d, "taskDefinition", revision);
	doc_set(e->a, d, "desiredCount", count_doc(e, node));
	doc_set(e->a, d, "launchType", add_z(e, node, "FARGATE", "berth runs tasks on Fargate"));
	doc_set(e->a, d, "platformVersion", add_z(e, node, "LATEST", "Fargate's default, written out"));
	doc_set(e->a, d, "availabilityZoneRebalancing", rebalancing(e, node, deployment));
	doc_set(e->a, controller, "type", add_z(e, node, "ECS", "ECS itself deploys"));
	doc_set(e->a, d, "deploymentController", controller);
	doc_set(e->a, d, "deploymentConfiguration", deployment);
	doc_set(e->a, d, "networkConfiguration", network_of(e, true));
	lower_http(e, node, name, d, needs, &need_count);
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

void
lower_ecs(struct lower *l)
{
	struct ecs e = {.l = l, .g = l->g, .a = l->arena, .p = l->g->program};
	bool any = false;
	for (size_t i = 0; i < l->g->nodes.n; i++) {
		struct object *n = l->g->nodes.v[i];
		any |= n->kind != K_log && n->kind != K_queue && node_target(l->g, n) == TARGET_ECS;
	}
	if (!any)
		return;
	e.stage = e.p->stage_object;
	e.ecs = object_child(e.p, e.stage, K_ecs, NULL);
	e.schedules = object_child(e.p, e.stage, K_schedules, NULL);
	read_stage(&e);
	if (e.bad)
		return;
	for (size_t i = 0; i < l->g->nodes.n; i++) {
		struct object *n = l->g->nodes.v[i];
		if (n->kind == K_service && node_target(l->g, n) == TARGET_ECS)
			lower_service(&e, n);
		else if (n->kind == K_schedule && node_target(l->g, n) == TARGET_ECS)
			lower_schedule(&e, n);
	}
}
