/*
 * HTTP traffic: target groups, the listener's rule, and what native blue/green
 * needs. Sources: ELBv2 API, CreateTargetGroup, CreateRule; ECS developer
 * guide, Application Load Balancer resources for blue/green deployments.
 */
#include "ecs.h"

#include <string.h>

enum { GRACE_DEFAULT_S = 60, DEREGISTRATION_DEFAULT_S = 30, PRIORITY_BAND = 25000 };

static struct resource *
make_target_group(struct ecs *e, struct object *node, struct object *http, const char *whole, int64_t port, struct span port_at)
{
	const char *name = aws_name(e, RK_TARGET_GROUP, whole);
	struct doc *d = doc_map(e->a, http->at), *matcher = doc_map(e->a, http->at), *p = doc_int(e->a, port_at, port);
	const struct value *health = get(e->g, http, A_http_health), *every = get(e->g, http, A_http_health_every),
			   *timeout = get(e->g, http, A_http_health_timeout), *vpc = get(e->g, e->ecs, A_ecs_vpc);
	doc_set(e->a, d, "Name", add_z(e, node, name, "the prefix and the service's name"));
	doc_set(e->a, d, "Protocol", add_z(e, http, "HTTP", "the load balancer ends TLS"));
	const struct value *protocol = get(e->g, http, A_http_protocol);
	bool grpc = str_eqz(protocol->text, "grpc");
	doc_set(e->a, d, "ProtocolVersion", of_z(e, protocol, grpc ? "GRPC" : str_eqz(protocol->text, "http2") ? "HTTP2" : "HTTP1"));
	doc_set(e->a, d, "Port", p);
	doc_set(e->a, d, "VpcId", doc_value(e->l, vpc));
	doc_set(e->a, d, "TargetType", add_z(e, http, "ip", "tasks have addresses of their own"));
	doc_set(e->a, d, "HealthCheckEnabled", add_bool(e, http, true, "always for addresses"));
	doc_set(e->a, d, "HealthCheckPath", health ? doc_value(e->l, health) : add_z(e, http, grpc ? "/grpc.health.v1.Health/Check" : "/", grpc ? "gRPC's own health service" : "the load balancer's default"));
	doc_set(e->a, d, "HealthCheckIntervalSeconds", of_int(e, every, every->n / 1000));
	doc_set(e->a, d, "HealthCheckTimeoutSeconds", of_int(e, timeout, timeout->n / 1000));
	doc_set(e->a, d, "HealthyThresholdCount", add_int(e, http, 2, "a new copy serves after two good answers"));
	doc_set(e->a, d, "UnhealthyThresholdCount", add_int(e, http, 3, "three bad answers in a row"));
	if (grpc)
		doc_set(e->a, matcher, "GrpcCode", add_z(e, http, "0", "the health service answers OK"));
	else
		doc_set(e->a, matcher, "HttpCode", add_z(e, http, "200-399", "redirects count as healthy"));
	doc_set(e->a, d, "Matcher", matcher);
	doc_set(e->a, d, "Tags", tags_of(e, node, true));
	return lower_add(e->l, RK_TARGET_GROUP, name, node, d);
}

static void
group_attribute(struct ecs *e, struct doc *list, struct span at, const char *key, struct doc *value)
{
	struct doc *a = doc_map(e->a, at);
	doc_set(e->a, a, "Key", doc_z(e->a, at, key));
	doc_set(e->a, a, "Value", value);
	doc_add(list, a);
}

static void
group_attributes(struct ecs *e, struct object *node, struct object *http, struct resource *group)
{
	struct doc *d = doc_map(e->a, http->at), *list = doc_list(e->a, http->at), *a = doc_map(e->a, http->at);
	const struct value *drain = get(e->g, http, A_http_drain), *sticky = get(e->g, http, A_http_sticky);
	doc_set(e->a, d, "TargetGroupArn", doc_attr(e->a, http->at, group->address, "TargetGroupArn"));
	doc_set(e->a, a, "Key", add_z(e, http, "deregistration_delay.timeout_seconds", "open requests finish before the task is stopped"));
	doc_set(e->a, a, "Value", drain ? of_f(e, drain, "%lld", (long long)(drain->n / 1000))
					: add_f(e, http, "berth's default; the platform's is 300 s at every deployment", "%d", DEREGISTRATION_DEFAULT_S));
	doc_add(list, a);
	if (sticky) {
		group_attribute(e, list, sticky->origin, "stickiness.enabled", of_z(e, sticky, "true"));
		group_attribute(e, list, sticky->origin, "stickiness.type", of_z(e, sticky, "lb_cookie"));
		group_attribute(e, list, sticky->origin, "stickiness.lb_cookie.duration_seconds", of_f(e, sticky, "%lld", (long long)(sticky->n / 1000)));
	}
	doc_set(e->a, d, "Attributes", list);
	struct resource *r = lower_add(e->l, RK_TARGET_GROUP_ATTRIBUTES, group->name, node, d);
	resource_edge(e->l->out, r, group);
}

static void
add_condition(struct ecs *e, struct doc *conditions, const char *field, const char *config, const struct value *v)
{
	if (v == NULL)
		return;
	struct doc *c = doc_map(e->a, v->origin), *inner = doc_map(e->a, v->origin);
	doc_set(e->a, c, "Field", doc_z(e->a, v->origin, field));
	doc_set(e->a, inner, "Values", of_list(e, v));
	doc_set(e->a, c, config, inner);
	doc_add(conditions, c);
}

/* Each header is a condition of its own. */
static void
add_headers(struct ecs *e, struct doc *conditions, struct object *http)
{
	struct object *headers = object_child(e->p, http, K_headers, NULL);
	for (struct entry *x = headers ? headers->entries : NULL; x; x = x->next) {
		const struct value *v = entry_value(e->p, headers, x);
		struct doc *c = doc_map(e->a, x->key_at), *inner = doc_map(e->a, x->key_at);
		doc_set(e->a, c, "Field", doc_z(e->a, x->key_at, "http-header"));
		doc_set(e->a, inner, "HttpHeaderName", doc_string(e->a, x->key_at, x->key));
		doc_set(e->a, inner, "Values", of_list(e, v));
		doc_set(e->a, c, "HttpHeaderConfig", inner);
		doc_add(conditions, c);
	}
}

/* Source: ELBv2 quotas, condition values per rule. */
static void
check_conditions(struct ecs *e, struct object *http, const struct doc *conditions)
{
	enum { VALUES_MAX = 5 };
	uint32_t n = 0;
	for (const struct doc *c = conditions->items; c; c = c->next)
		for (const struct doc *m = c->items; m; m = m->next)
			if (m->kind == DOC_MAP)
				n += doc_get(m, "Values")->count;
	if (n <= VALUES_MAX)
		return;
	struct diag *d = complain(e->g, D_E0181, http->at, "a rule with %u hosts, paths, methods and headers cannot be done on ecs", n);
	diag_hint(e->g->compile->diags, d, "A load balancer rule holds at most %d values together; use patterns such as /api/* and *.example.com.", VALUES_MAX);
}

/* A path of slash star alone matches everything: no condition. */
static const struct value *
real_paths(const struct value *v)
{
	if (v && v->kind == V_LIST && v->count == 1)
		return str_eqz(v->items->text, "/*") ? NULL : v;
	return v && v->kind == V_STRING && str_eqz(v->text, "/*") ? NULL : v;
}

/*
 * A rule's place: from a hash of its name, so that it does not move when
 * another service comes, with rules that name a path before rules that do not.
 */
static int64_t
default_priority(const char *name, bool specific)
{
	return 1 + str_hash(str_of(name)) % (PRIORITY_BAND - 1) + (specific ? 0 : PRIORITY_BAND);
}

static void
check_priority(struct ecs *e, struct object *node, struct object *http, const struct doc *listener, int64_t priority)
{
	for (struct resource *r = e->l->out->first; r; r = r->next) {
		if (r->kind != resource_kind_get(RK_LISTENER_RULE))
			continue;
		struct doc *p = doc_get(r->body, "Priority");
		if (p == NULL || p->number != priority || !doc_equal(doc_get(r->body, "ListenerArn"), listener))
			continue;
		struct diag *d = complain(e->g, D_E0156, http->at, "the rules of %s and %s would both have priority %lld", object_path(e->a, node),
					  r->declaration, (long long)priority);
		diag_note(e->g->compile->diags, d, r->origin, "the other is here");
		diag_hint(e->g->compile->diags, d, "Give one of them its own: http { priority = %lld }", (long long)(priority > 1 ? priority - 1 : 2));
	}
}

/* `moves`: whoever deploys owns the weights after the first time. */
static struct doc *
forward_action(struct ecs *e, struct object *http, struct resource *group, struct resource *alternate, bool moves)
{
	struct doc *list = doc_list(e->a, http->at), *action = doc_map(e->a, http->at);
	doc_set(e->a, action, "Type", doc_z(e->a, http->at, "forward"));
	if (!moves) {
		doc_set(e->a, action, "TargetGroupArn", doc_attr(e->a, http->at, group->address, "TargetGroupArn"));
	} else {
		struct doc *config = doc_map(e->a, http->at), *groups = doc_list(e->a, http->at);
		for (int i = 0; i < (alternate ? 2 : 1); i++) {
			struct doc *g = doc_map(e->a, http->at);
			doc_set(e->a, g, "TargetGroupArn", doc_attr(e->a, http->at, i ? alternate->address : group->address, "TargetGroupArn"));
			doc_set(e->a, g, "Weight", add_int(e, http, i ? 0 : 1, "the first weights; each deployment moves them"));
			doc_add(groups, g);
		}
		doc_set(e->a, config, "TargetGroups", groups);
		doc_set(e->a, action, "ForwardConfig", config);
	}
	doc_add(list, action);
	return list;
}

const struct value *
http_listener(struct ecs *e, struct object *http)
{
	const struct value *own = get(e->g, http, A_http_listener);
	return own ? own : get(e->g, e->ecs, A_ecs_listener);
}

static struct resource *
make_rule(struct ecs *e, struct object *node, struct object *http, const char *name, const struct value *other_listener, struct resource *group,
	  struct resource *alternate)
{
	const struct value *listener = other_listener ? other_listener : http_listener(e, http), *host = get(e->g, http, A_http_host),
			   *path = get(e->g, http, A_http_path), *paths = get(e->g, http, A_http_paths), *own = get(e->g, http, A_http_priority);
	if (listener == NULL || get(e->g, e->ecs, A_ecs_vpc) == NULL) {
		const char *what = listener ? "vpc" : "listener";
		struct diag *d = complain(e->g, D_E0170, http->at, "stage \"%s\" does not say its %s, which http needs", e->p->stage->name->text, what);
		diag_hint(e->g->compile->diags, d, "Write ecs { %s = … } in the stage, or give the output \"%s\" in its outputs file.", what, listener ? "vpc_id" : "listener_arn");
		return NULL;
	}
	paths = real_paths(paths);
	path = real_paths(path);
	struct doc *d = doc_map(e->a, http->at), *conditions = doc_list(e->a, http->at);
	doc_set(e->a, d, "ListenerArn", doc_value(e->l, listener));
	add_condition(e, conditions, "host-header", "HostHeaderConfig", host);
	add_condition(e, conditions, "path-pattern", "PathPatternConfig", path ? path : paths);
	add_condition(e, conditions, "http-request-method", "HttpRequestMethodConfig", get(e->g, http, A_http_methods));
	add_headers(e, conditions, http);
	check_conditions(e, http, conditions);
	if (conditions->count == 0)
		add_condition(e, conditions, "path-pattern", "PathPatternConfig",
			      &(struct value){.kind = V_STRING, .text = STR("/*"), .origin = http->at});
	bool specific = path || paths || get(e->g, http, A_http_methods) || object_child(e->p, http, K_headers, NULL);
	int64_t priority = own ? own->n : default_priority(name, specific);
	check_priority(e, node, http, doc_get(d, "ListenerArn"), priority);
	doc_set(e->a, d, "Conditions", conditions);
	doc_set(e->a, d, "Priority", own ? of_int(e, own, priority) : add_int(e, http, priority, "from the service's name, so that it does not move"));
	doc_set(e->a, d, "Actions", forward_action(e, http, group, alternate, shifting(e, node) != NULL));
	doc_set(e->a, d, "Tags", tags_of(e, node, true));
	struct resource *rule = lower_add(e->l, RK_LISTENER_RULE, name, node, d);
	resource_edge(e->l->out, rule, group);
	if (alternate)
		resource_edge(e->l->out, rule, alternate);
	return rule;
}

/* The role with which ECS moves the listener rule's weights. */
static struct resource *
traffic_role(struct ecs *e, struct object *node)
{
	struct resource *role = make_role(e, node, "traffic", "ecs.amazonaws.com", arn(e, "ecs", "*"), NULL);
	struct doc *d = doc_map(e->a, node->at);
	doc_set(e->a, d, "RoleName", doc_z(e->a, node->at, role->name));
	doc_set(e->a, d, "PolicyArn", add_f(e, node, "AWS's policy for this purpose", "arn:%s:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers", e->partition));
	struct resource *attached = lower_add(e->l, RK_ROLE_ATTACHMENT, role->name, node, d);
	resource_edge(e->l->out, attached, role);
	return role;
}

static int64_t
grace_seconds(struct ecs *e, struct object *node, const struct value **from)
{
	*from = get(e->g, node, A_service_grace);
	return *from ? ((*from)->n + 999) / 1000 : GRACE_DEFAULT_S;
}

static void
finish_service(struct ecs *e, struct object *node, struct object *http, struct object *c, struct doc *service, struct doc *lb, int64_t port, struct span at)
{
	struct doc *list = doc_list(e->a, http->at);
	const struct value *from;
	int64_t grace = grace_seconds(e, node, &from);
	doc_set(e->a, lb, "containerName", doc_z(e->a, c->at, c->label->text));
	doc_set(e->a, lb, "containerPort", doc_int(e->a, at, port));
	doc_add(list, lb);
	doc_set(e->a, service, "loadBalancers", list);
	doc_set(e->a, service, "healthCheckGracePeriodSeconds",
		from ? of_int(e, from, grace) : add_int(e, node, grace, "berth's default; the platform's is 0, which kills slow starters in a loop"));
}

/* A target group that someone else owns: it has its own rule and health check. */
static void
use_existing(struct ecs *e, struct object *node, struct object *http, const struct value *arn_value, struct doc *service)
{
	struct object *c, *moves = shifting(e, node);
	int64_t port;
	struct span at;
	if (moves) {
		struct diag *d = complain(e->g, D_E0181, moves->at, "deploy %s with an existing target group cannot be done on ecs", kind_row(moves->kind)->variant);
		diag_hint(e->g->compile->diags, d, "It needs two target groups and their rule: leave target_group out and berth makes them, or use deploy rolling.");
		return;
	}
	if (!node_port(e->g, node, &c, &port, &at))
		return;
	struct doc *lb = doc_map(e->a, http->at);
	doc_set(e->a, lb, "targetGroupArn", doc_value(e->l, arn_value));
	finish_service(e, node, http, c, service, lb, port, at);
}

void
lower_http(struct ecs *e, struct object *node, const char *name, struct doc *service, resource_list *needs)
{
	struct object *http = object_child(e->p, node, K_http, NULL), *c = NULL, *moves = shifting(e, node);
	int64_t port = 0;
	struct span at = NO_SPAN;
	if (http == NULL) {
		if (moves) {
			struct diag *d = complain(e->g, D_E0181, moves->at, "deploy %s without http cannot be done on ecs", kind_row(moves->kind)->variant);
			diag_hint(e->g->compile->diags, d, "There is no traffic to move; use deploy rolling.");
		}
		return;
	}
	const struct value *existing = get(e->g, http, A_http_target_group);
	if (existing) {
		use_existing(e, node, http, existing, service);
		return;
	}
	if (!node_port(e->g, node, &c, &port, &at))
		return;
	struct resource *group = make_target_group(e, node, http, name, port, at), *alternate = NULL;
	group_attributes(e, node, http, group);
	if (moves) {
		alternate = make_target_group(e, node, http, arena_printf(e->a, "%s-alt", name), port, at);
		group_attributes(e, node, http, alternate);
	}
	bool native = moves && !by_codedeploy(e, node);
	struct resource *rule = make_rule(e, node, http, name, NULL, group, native ? alternate : NULL);
	if (rule == NULL)
		return;
	const struct value *test_at = moves ? get(e->g, e->ecs, A_ecs_test_listener) : NULL;
	struct resource *test = test_at ? make_rule(e, node, http, arena_printf(e->a, "%s-test", name), test_at, group, native ? alternate : NULL) : NULL;
	struct doc *lb = doc_map(e->a, http->at);
	doc_set(e->a, lb, "targetGroupArn", doc_attr(e->a, http->at, group->address, "TargetGroupArn"));
	finish_service(e, node, http, c, service, lb, port, at);
	if (test)
		*VEC_PUSH(e->a, needs) = test;
	if (native) {
		struct resource *role = traffic_role(e, node);
		struct doc *more = doc_map(e->a, moves->at);
		doc_set(e->a, more, "alternateTargetGroupArn", doc_attr(e->a, moves->at, alternate->address, "TargetGroupArn"));
		doc_set(e->a, more, "productionListenerRule", doc_attr(e->a, moves->at, rule->address, "RuleArn"));
		if (test)
			doc_set(e->a, more, "testListenerRule", doc_attr(e->a, moves->at, test->address, "RuleArn"));
		doc_set(e->a, more, "roleArn", role_arn(e, node, role));
		doc_set(e->a, lb, "advancedConfiguration", more);
		*VEC_PUSH(e->a, needs) = role;
	}
	if (moves && !native)
		*VEC_PUSH(e->a, needs) = alternate;
	*VEC_PUSH(e->a, needs) = rule;
	*VEC_PUSH(e->a, needs) = group;
}
