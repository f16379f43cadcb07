/*
 * How a service's version changes: rolling, by ECS's own shifts of traffic
 * with their hooks, or by CodeDeploy.
 *
 * Sources: ECS API, DeploymentConfiguration and DeploymentLifecycleHook; ECS
 * developer guide, Lambda lifecycle hooks; CodeDeploy API,
 * CreateDeploymentGroup; CodeDeploy user guide, AppSpec for ECS.
 */
#include "ecs.h"

#include <string.h>

/* ---- deployments of ECS itself ---- */

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

/* ---- hooks ---- */

/* The stages of a deployment, as ECS and as CodeDeploy call them. */
static const struct {
	const char *word, *ecs, *codedeploy;
} stages[] = {
	{"reconcile_service", "RECONCILE_SERVICE", NULL},
	{"pre_scale_up", "PRE_SCALE_UP", "BeforeInstall"},
	{"post_scale_up", "POST_SCALE_UP", "AfterInstall"},
	{"test_traffic_shift", "TEST_TRAFFIC_SHIFT", NULL},
	{"post_test_traffic_shift", "POST_TEST_TRAFFIC_SHIFT", "AfterAllowTestTraffic"},
	{"pre_production_traffic_shift", "PRE_PRODUCTION_TRAFFIC_SHIFT", "BeforeAllowTraffic"},
	{"production_traffic_shift", "PRODUCTION_TRAFFIC_SHIFT", NULL},
	{"post_production_traffic_shift", "POST_PRODUCTION_TRAFFIC_SHIFT", "AfterAllowTraffic"},
};

static size_t
stage_of(const struct value *v)
{
	size_t i = 0;
	while (!str_eqz(v->text, stages[i].word))
		i++;
	return i;
}

/* ECS calls the functions with a role of the service. */
static struct doc *
hooks_doc(struct ecs *e, struct object *node, struct object *deploy, struct resource **role)
{
	struct doc *list = doc_list(e->a, deploy->at), *statements = new_statements(e, node);
	const char *name = NULL;
	for (struct object *h = object_child(e->p, deploy, K_hook, NULL); h; h = object_next(h)) {
		const struct value *function = get(e->g, h, A_hook_lambda), *at = get(e->g, h, A_hook_stage);
		struct doc *hook = doc_map(e->a, h->at), *when = doc_list(e->a, at->origin), *functions = doc_list(e->a, function->origin);
		doc_add(functions, doc_value(e->l, function));
		doc_add(functions, of_f(e, function, "%.*s:*", (int)function->text.n, function->text.p));
		allow(e, statements, h->at, "lambda:InvokeFunction", functions);
		if (name == NULL)
			name = aws_name(e, RK_ROLE, arena_printf(e->a, "%s-hooks", node_name(e->g, node)));
		doc_set(e->a, hook, "hookTargetArn", doc_value(e->l, function));
		doc_set(e->a, hook, "roleArn", add_z(e, h, arena_printf(e->a, "arn:%s:iam::%.*s:role/%s", e->partition, (int)e->account.n, e->account.p, name), "the generated role"));
		for (const struct value *v = at->kind == V_LIST ? at->items : at; v; v = at->kind == V_LIST ? v->next : NULL)
			doc_add(when, of_z(e, v, stages[stage_of(v)].ecs));
		doc_set(e->a, hook, "lifecycleStages", when);
		doc_add(list, hook);
	}
	if (list->count == 0)
		return NULL;
	*role = make_role(e, node, "hooks", "ecs.amazonaws.com", arn(e, "ecs", "*"), statements);
	return list;
}

/* ---- the service's side ---- */

bool
by_codedeploy(struct ecs *e, struct object *node)
{
	struct object *bg = object_child(e->p, node, K_deploy_blue_green, NULL);
	const struct value *via = bg ? get(e->g, bg, A_deploy_blue_green_via) : NULL;
	return via && str_eqz(via->text, "codedeploy");
}

struct object *
shifting(struct ecs *e, struct object *node)
{
	static const enum kind_id kinds[] = {K_deploy_blue_green, K_deploy_canary, K_deploy_linear};
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		struct object *o = object_child(e->p, node, kinds[i], NULL);
		if (o)
			return o;
	}
	return NULL;
}

static struct doc *
deployment_doc(struct ecs *e, struct object *node)
{
	struct doc *d = doc_map(e->a, node->at);
	struct object *bg = object_child(e->p, node, K_deploy_blue_green, NULL), *again = object_child(e->p, node, K_deploy_recreate, NULL),
		      *rolling = object_child(e->p, node, K_deploy_rolling, NULL);
	if (bg) {
		const struct value *bake = get(e->g, bg, A_deploy_blue_green_bake);
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

/* CodeDeploy moves the traffic and starts the copies: ECS is told neither how nor when. */
static void
controller(struct ecs *e, struct object *node, struct doc *service, const char *type, const char *because)
{
	struct doc *d = doc_map(e->a, node->at);
	doc_set(e->a, d, "type", add_z(e, node, type, because));
	doc_set(e->a, service, "deploymentController", d);
}

void
lower_deployment(struct ecs *e, struct object *node, struct doc *service, resource_list *needs)
{
	struct object *moves = shifting(e, node);
	struct resource *role = NULL;
	if (by_codedeploy(e, node)) {
		doc_set(e->a, service, "availabilityZoneRebalancing", add_z(e, node, "DISABLED", "ECS rebalances what it deploys itself"));
		controller(e, node, service, "CODE_DEPLOY", "via = codedeploy");
		return;
	}
	struct doc *deployment = deployment_doc(e, node);
	if (moves)
		doc_set(e->a, deployment, "lifecycleHooks", hooks_doc(e, node, moves, &role));
	if (role)
		*VEC_PUSH(e->a, needs) = role;
	doc_set(e->a, service, "availabilityZoneRebalancing", rebalancing(e, node, deployment));
	controller(e, node, service, "ECS", "ECS itself deploys");
	doc_set(e->a, service, "deploymentConfiguration", deployment);
}

/* ---- CodeDeploy ---- */

static struct doc *
one_member(struct ecs *e, struct span at, const char *key, struct doc *value)
{
	struct doc *d = doc_map(e->a, at);
	doc_set(e->a, d, key, value);
	return d;
}

static struct doc *
one_item(struct ecs *e, struct span at, struct doc *item)
{
	struct doc *list = doc_list(e->a, at);
	doc_add(list, item);
	return list;
}

/* The two target groups and the listeners between which traffic moves. */
static struct doc *
traffic_doc(struct ecs *e, struct object *http, struct resource *service)
{
	struct doc *pair = doc_map(e->a, http->at), *groups = doc_list(e->a, http->at);
	const struct value *listener = http_listener(e, http), *test = get(e->g, e->ecs, A_ecs_test_listener);
	for (int i = 0; i < 2; i++)
		doc_add(groups, one_member(e, http->at, "name", add_z(e, http, aws_name(e, RK_TARGET_GROUP, arena_printf(e->a, "%s%s", service->name, i ? "-alt" : "")), "the generated target group")));
	doc_set(e->a, pair, "targetGroups", groups);
	doc_set(e->a, pair, "prodTrafficRoute", one_member(e, http->at, "listenerArns", one_item(e, http->at, doc_value(e->l, listener))));
	if (test)
		doc_set(e->a, pair, "testTrafficRoute", one_member(e, http->at, "listenerArns", one_item(e, http->at, doc_value(e->l, test))));
	return one_member(e, http->at, "targetGroupPairInfoList", one_item(e, http->at, pair));
}

static struct doc *
style_doc(struct ecs *e, struct object *bg)
{
	struct doc *d = doc_map(e->a, bg->at);
	doc_set(e->a, d, "deploymentType", add_z(e, bg, "BLUE_GREEN", "deploy blue_green"));
	doc_set(e->a, d, "deploymentOption", add_z(e, bg, "WITH_TRAFFIC_CONTROL", "CodeDeploy moves the traffic"));
	return d;
}

static struct doc *
blue_green_doc(struct ecs *e, struct object *bg)
{
	struct doc *d = doc_map(e->a, bg->at), *end = doc_map(e->a, bg->at), *ready = doc_map(e->a, bg->at);
	const struct value *bake = get(e->g, bg, A_deploy_blue_green_bake);
	doc_set(e->a, end, "action", add_z(e, bg, "TERMINATE", "the old copies stop after the bake"));
	doc_set(e->a, end, "terminationWaitTimeInMinutes", of_int(e, bake, (bake->n + 59999) / 60000));
	doc_set(e->a, ready, "actionOnTimeout", add_z(e, bg, "CONTINUE_DEPLOYMENT", "nobody has to press a button"));
	doc_set(e->a, d, "terminateBlueInstancesOnDeploymentSuccess", end);
	doc_set(e->a, d, "deploymentReadyOption", ready);
	return d;
}

static void
rollback_docs(struct ecs *e, struct object *bg, struct doc *group)
{
	struct doc *back = doc_map(e->a, bg->at), *events = doc_list(e->a, bg->at), *alarms = doc_map(e->a, bg->at), *list = doc_list(e->a, bg->at);
	const struct value *names = get(e->g, bg, A_deploy_blue_green_rollback);
	doc_add(events, add_z(e, bg, "DEPLOYMENT_FAILURE", "a failed deployment goes back to the last good version"));
	if (names)
		doc_add(events, of_z(e, names, "DEPLOYMENT_STOP_ON_ALARM"));
	doc_set(e->a, back, "enabled", add_bool(e, bg, true, "a failed deployment goes back to the last good version"));
	doc_set(e->a, back, "events", events);
	doc_set(e->a, group, "autoRollbackConfiguration", back);
	if (names == NULL)
		return;
	for (const struct value *v = names->kind == V_LIST ? names->items : names; v; v = names->kind == V_LIST ? v->next : NULL)
		doc_add(list, one_member(e, v->origin, "name", doc_value(e->l, v)));
	doc_set(e->a, alarms, "enabled", doc_bool(e->a, names->origin, true));
	doc_set(e->a, alarms, "alarms", list);
	doc_set(e->a, group, "alarmConfiguration", alarms);
}

static void
add_hook(struct ecs *e, struct doc *hooks, struct object *h, const struct value *at)
{
	const char *event = stages[stage_of(at)].codedeploy;
	if (event == NULL) {
		struct diag *d = complain(e->g, D_E0181, at->origin, "a hook at %.*s cannot be done by CodeDeploy", (int)at->text.n, at->text.p);
		diag_hint(e->g->compile->diags, d, "It has pre_scale_up, post_scale_up, post_test_traffic_shift, pre_production_traffic_shift and post_production_traffic_shift.");
		return;
	}
	for (const struct doc *i = hooks->items; i; i = i->next) {
		if (!doc_get(i, event))
			continue;
		struct diag *d = complain(e->g, D_E0181, at->origin, "two hooks at %.*s cannot be done by CodeDeploy", (int)at->text.n, at->text.p);
		diag_note(e->g->compile->diags, d, i->origin, "the other is here");
		diag_hint(e->g->compile->diags, d, "An AppSpec names one function for each event: let one of them ask the other.");
		return;
	}
	doc_add(hooks, one_member(e, at->origin, event, doc_value(e->l, get(e->g, h, A_hook_lambda))));
}

/* What one deployment does, as CodeDeploy's AppSpec. */
static struct doc *
appspec_doc(struct ecs *e, struct object *node, struct object *bg, const struct doc *service)
{
	struct doc *spec = doc_map(e->a, bg->at), *target = doc_map(e->a, bg->at), *p = doc_map(e->a, bg->at), *lb = doc_map(e->a, bg->at), *hooks = doc_list(e->a, bg->at);
	const struct doc *from = doc_get(service, "loadBalancers")->items, *capacity = doc_get(service, "capacityProviderStrategy");
	doc_set(e->a, lb, "ContainerName", doc_string(e->a, node->at, doc_get(from, "containerName")->text));
	doc_set(e->a, lb, "ContainerPort", doc_int(e->a, node->at, doc_get(from, "containerPort")->number));
	doc_set(e->a, p, "TaskDefinition", doc_attr(e->a, node->at, doc_get(service, "taskDefinition")->address, "TaskDefinitionArn"));
	doc_set(e->a, p, "LoadBalancerInfo", lb);
	if (get(e->g, e->ecs, A_ecs_security_groups)) /* all of the network or nothing of it */
		doc_set(e->a, p, "NetworkConfiguration", network_of(e, false));
	if (capacity) {
		struct doc *list = doc_list(e->a, capacity->origin);
		for (const struct doc *c = capacity->items; c; c = c->next) {
			struct doc *one = doc_map(e->a, c->origin);
			doc_set(e->a, one, "CapacityProvider", doc_string(e->a, c->origin, doc_get(c, "capacityProvider")->text));
			doc_set(e->a, one, "Weight", doc_int(e->a, c->origin, doc_get(c, "weight")->number));
			doc_set(e->a, one, "Base", doc_int(e->a, c->origin, doc_get(c, "base")->number));
			doc_add(list, one);
		}
		doc_set(e->a, p, "CapacityProviderStrategy", list);
	}
	doc_set(e->a, target, "Type", add_z(e, bg, "AWS::ECS::Service", "what is deployed"));
	doc_set(e->a, target, "Properties", p);
	for (struct object *h = object_child(e->p, bg, K_hook, NULL); h; h = object_next(h)) {
		const struct value *at = get(e->g, h, A_hook_stage);
		for (const struct value *v = at->kind == V_LIST ? at->items : at; v; v = at->kind == V_LIST ? v->next : NULL)
			add_hook(e, hooks, h, v);
	}
	doc_set(e->a, spec, "version", add_z(e, bg, "0.0", "the only one there is"));
	doc_set(e->a, spec, "Resources", one_item(e, bg->at, one_member(e, bg->at, "TargetService", target)));
	if (hooks->count)
		doc_set(e->a, spec, "Hooks", hooks);
	return spec;
}

static struct resource *
codedeploy_role(struct ecs *e, struct object *node)
{
	struct resource *role = make_role(e, node, "codedeploy", "codedeploy.amazonaws.com", NULL, NULL);
	struct doc *d = doc_map(e->a, node->at);
	doc_set(e->a, d, "RoleName", doc_z(e->a, node->at, role->name));
	doc_set(e->a, d, "PolicyArn", add_f(e, node, "AWS's policy for this purpose", "arn:%s:iam::aws:policy/AWSCodeDeployRoleForECS", e->partition));
	resource_edge(e->l->out, lower_add(e->l, RK_ROLE_ATTACHMENT, role->name, node, d), role);
	return role;
}

void
lower_codedeploy(struct ecs *e, struct object *node, struct resource *service)
{
	struct object *bg = object_child(e->p, node, K_deploy_blue_green, NULL), *http = object_child(e->p, node, K_http, NULL);
	if (!by_codedeploy(e, node) || http == NULL || !doc_get(service->body, "loadBalancers"))
		return; /* or reported */
	struct doc *app = doc_map(e->a, bg->at), *group = doc_map(e->a, bg->at), *own = doc_map(e->a, bg->at), *run = doc_map(e->a, bg->at), *revision = doc_map(e->a, bg->at);
	struct resource *role = codedeploy_role(e, node);
	doc_set(e->a, app, "applicationName", add_z(e, bg, service->name, "the service's name"));
	doc_set(e->a, app, "computePlatform", add_z(e, bg, "ECS", "what it deploys to"));
	doc_set(e->a, app, "tags", tags_of(e, node, true));
	struct resource *a = lower_add(e->l, RK_CD_APPLICATION, service->name, node, app);
	doc_set(e->a, group, "applicationName", add_z(e, bg, service->name, "the service's name"));
	doc_set(e->a, group, "deploymentGroupName", add_z(e, bg, service->name, "the service's name"));
	doc_set(e->a, group, "deploymentConfigName", add_z(e, bg, "CodeDeployDefault.ECSAllAtOnce", "blue_green moves the traffic at once"));
	doc_set(e->a, group, "serviceRoleArn", role_arn(e, node, role));
	rollback_docs(e, bg, group);
	doc_set(e->a, group, "deploymentStyle", style_doc(e, bg));
	doc_set(e->a, group, "blueGreenDeploymentConfiguration", blue_green_doc(e, bg));
	doc_set(e->a, group, "loadBalancerInfo", traffic_doc(e, http, service));
	doc_set(e->a, own, "serviceName", add_z(e, bg, service->name, "the service"));
	doc_set(e->a, own, "clusterName", of_z(e, e->cluster, e->cluster_name));
	doc_set(e->a, group, "ecsServices", one_item(e, bg->at, own));
	doc_set(e->a, group, "tags", tags_of(e, node, true));
	struct resource *g = lower_add(e->l, RK_CD_GROUP, service->name, node, group);
	doc_set(e->a, run, "applicationName", doc_z(e->a, bg->at, service->name));
	doc_set(e->a, run, "deploymentGroupName", doc_z(e->a, bg->at, service->name));
	doc_set(e->a, revision, "revisionType", add_z(e, bg, "AppSpecContent", "the AppSpec travels in the request"));
	doc_set(e->a, revision, "appSpecContent", one_member(e, bg->at, "content", doc_json(e->a, bg->at, appspec_doc(e, node, bg, service->body))));
	doc_set(e->a, run, "revision", revision);
	struct resource *d = lower_add(e->l, RK_CD_DEPLOYMENT, service->name, node, run);
	resource_edge(e->l->out, g, a);
	resource_edge(e->l->out, g, role);
	resource_edge(e->l->out, g, service);
	resource_edge(e->l->out, d, g);
}
