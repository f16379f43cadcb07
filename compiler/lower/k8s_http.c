/*
 * HTTP traffic into the cluster: an Ingress for the AWS load balancer
 * controller or for nginx, a route of the Gateway API, or the binding of a
 * target group that exists. Where one of them cannot say what was asked, it is
 * refused.
 *
 * Sources: AWS Load Balancer Controller, Ingress annotations and
 * TargetGroupBinding; ingress-nginx, annotations; Gateway API v1, HTTPRoute and
 * GRPCRoute; Kubernetes 1.36 API, networking.k8s.io/v1.
 */
#include "k8s.h"

#include <inttypes.h>
#include <string.h>

#define ALB "alb.ingress.kubernetes.io/"
#define NGINX "nginx.ingress.kubernetes.io/"

enum { DEREGISTRATION_DEFAULT_S = 30, GROUP_ORDER_MAX = 1000, SPECIFIC_ORDER = 100, GENERAL_ORDER = 500 };

struct route {
	struct k8s *k;
	struct object *node, *http;
	const char *name, *service, *port; /* the Service and the name of its port */
	const struct value *hosts, *paths; /* text, list or NULL */
	struct str kind;                   /* alb, nginx, gateway */
	struct str protocol;               /* http, http2, grpc */
};

/* ---- refusals ---- */

static void
refuse(struct route *r, enum attr_id a, const char *hint)
{
	if (get(r->k->g, r->http, a) == NULL)
		return;
	struct diag *d = complain(r->k->g, D_E0181, get_span(r->k->g, r->http, a), "\"%s\" of http cannot be done with ingress = %.*s", attr_row(a)->name, (int)r->kind.n, r->kind.p);
	diag_hint(r->k->g->compile->diags, d, "%s", hint);
}

static void
refuse_headers(struct route *r, const char *hint)
{
	struct object *h = object_child(r->k->p, r->http, K_headers, NULL);
	if (h == NULL)
		return;
	struct diag *d = complain(r->k->g, D_E0181, h->at, "headers of http cannot be done with ingress = %.*s", (int)r->kind.n, r->kind.p);
	diag_hint(r->k->g->compile->diags, d, "%s", hint);
}

/* ---- small documents ---- */

static const struct value *
first_of(const struct value *v)
{
	return v && v->kind == V_LIST ? v->items : v;
}

static const struct value *
next_of(const struct value *list, const struct value *v)
{
	return list->kind == V_LIST ? v->next : NULL;
}

static void
note(struct route *r, struct doc *notes, const char *key, struct doc *value)
{
	doc_set(r->k->a, notes, key, value);
}

static struct doc *
of_seconds(struct route *r, const struct value *v)
{
	return k_of(r->k, v, arena_printf(r->k->a, "%" PRId64, (v->n + 999) / 1000));
}

static struct doc *
backend_doc(struct route *r)
{
	struct k8s *k = r->k;
	struct doc *d = doc_map(k->a, r->http->at), *s = doc_map(k->a, r->http->at), *p = doc_map(k->a, r->http->at);
	doc_set(k->a, p, "name", k_add(k, r->http, r->port, "the Service's port"));
	doc_set(k->a, s, "name", k_add(k, r->http, r->service, "the workload's Service"));
	doc_set(k->a, s, "port", p);
	doc_set(k->a, d, "service", s);
	return d;
}

/* ---- paths ---- */

static bool
has_pattern(struct str s)
{
	return memchr(s.p, '*', s.n) || memchr(s.p, '?', s.n);
}

/* "/api/" of a pattern that ends in its only star, or NULL. */
static const char *
prefix_of(struct route *r, struct str s)
{
	if (s.n < 2 || !str_ends(s, "/*") || has_pattern((struct str){s.p, s.n - 1}))
		return NULL;
	return arena_strz(r->k->a, (struct str){s.p, s.n > 2 ? s.n - 2 : 1});
}

static void
refuse_pattern(struct route *r, const struct value *v)
{
	struct diag *d = complain(r->k->g, D_E0181, v->origin, "path pattern \"%.*s\" cannot be done with ingress = %.*s", (int)v->text.n, v->text.p, (int)r->kind.n, r->kind.p);
	diag_hint(r->k->g->compile->diags, d, "It has whole paths and prefixes: \"/api\" and \"/api/*\".");
}

static struct doc *
path_doc(struct route *r, const struct value *v)
{
	struct k8s *k = r->k;
	struct doc *d = doc_map(k->a, r->http->at);
	bool alb = str_eqz(r->kind, "alb");
	const char *prefix = v ? prefix_of(r, v->text) : NULL;
	if (v && !alb && !prefix && has_pattern(v->text))
		refuse_pattern(r, v);
	doc_set(k->a, d, "path", v == NULL ? k_add(k, r->http, alb ? "/*" : "/", "every path") : !alb && prefix ? k_of(k, v, prefix) : doc_value(k->l, v));
	doc_set(k->a, d, "pathType", k_add(k, r->http, alb ? "ImplementationSpecific" : v && !prefix ? "Exact" : "Prefix", alb ? "patterns as the load balancer knows them" : "how the path is compared"));
	doc_set(k->a, d, "backend", backend_doc(r));
	return d;
}

static struct doc *
paths_doc(struct route *r)
{
	struct k8s *k = r->k;
	struct doc *list = doc_list(k->a, r->http->at), *d = doc_map(k->a, r->http->at);
	if (r->paths == NULL)
		doc_add(list, path_doc(r, NULL));
	for (const struct value *v = first_of(r->paths); v; v = next_of(r->paths, v))
		doc_add(list, path_doc(r, v));
	doc_set(k->a, d, "paths", list);
	return d;
}

static struct doc *
rules_doc(struct route *r)
{
	struct k8s *k = r->k;
	struct doc *list = doc_list(k->a, r->http->at);
	for (const struct value *v = first_of(r->hosts); v; v = next_of(r->hosts, v)) {
		struct doc *rule = doc_map(k->a, v->origin);
		doc_set(k->a, rule, "host", doc_value(k->l, v));
		doc_set(k->a, rule, "http", paths_doc(r));
		doc_add(list, rule);
	}
	if (r->hosts == NULL) {
		struct doc *rule = doc_map(k->a, r->http->at);
		doc_set(k->a, rule, "http", paths_doc(r));
		doc_add(list, rule);
	}
	return list;
}

/* ---- the load balancer controller ---- */

/* Methods and headers are conditions of the rule beside host and path. */
static struct doc *
conditions_doc(struct route *r)
{
	struct k8s *k = r->k;
	struct doc *list = doc_list(k->a, r->http->at);
	const struct value *methods = get(k->g, r->http, A_http_methods);
	if (methods) {
		struct doc *c = doc_map(k->a, methods->origin), *config = doc_map(k->a, methods->origin), *values = doc_list(k->a, methods->origin);
		for (const struct value *v = first_of(methods); v; v = next_of(methods, v))
			doc_add(values, doc_value(k->l, v));
		doc_set(k->a, config, "values", values);
		doc_set(k->a, c, "field", doc_z(k->a, methods->origin, "http-request-method"));
		doc_set(k->a, c, "httpRequestMethodConfig", config);
		doc_add(list, c);
	}
	struct object *headers = object_child(k->p, r->http, K_headers, NULL);
	for (struct entry *x = headers ? headers->entries : NULL; x; x = x->next) {
		struct doc *c = doc_map(k->a, x->key_at), *config = doc_map(k->a, x->key_at), *values = doc_list(k->a, x->key_at);
		doc_add(values, doc_value(k->l, entry_value(k->p, headers, x)));
		doc_set(k->a, config, "httpHeaderName", doc_string(k->a, x->key_at, x->key));
		doc_set(k->a, config, "values", values);
		doc_set(k->a, c, "field", doc_z(k->a, x->key_at, "http-header"));
		doc_set(k->a, c, "httpHeaderConfig", config);
		doc_add(list, c);
	}
	return list->count ? doc_json(k->a, list->origin, list) : NULL;
}

static struct doc *
group_attributes(struct route *r)
{
	struct k8s *k = r->k;
	const struct value *drain = get(k->g, r->http, A_http_drain), *sticky = get(k->g, r->http, A_http_sticky);
	const char *text = arena_printf(k->a, "deregistration_delay.timeout_seconds=%" PRId64, drain ? drain->n / 1000 : (int64_t)DEREGISTRATION_DEFAULT_S);
	if (sticky)
		text = arena_printf(k->a, "%s,stickiness.enabled=true,stickiness.type=lb_cookie,stickiness.lb_cookie.duration_seconds=%" PRId64, text, sticky->n / 1000);
	return drain ? k_of(k, drain, text) : k_add(k, r->http, text, "berth's default; the load balancer's is 300 s at every deployment");
}

static struct doc *
order_doc(struct route *r)
{
	struct k8s *k = r->k;
	const struct value *own = get(k->g, r->http, A_http_priority);
	bool specific = r->paths || get(k->g, r->http, A_http_methods) || object_child(k->p, r->http, K_headers, NULL);
	if (own && own->n > GROUP_ORDER_MAX) {
		struct diag *d = complain(k->g, D_E0105, own->origin, "the place of an Ingress in its group is at most %d", GROUP_ORDER_MAX);
		diag_hint(k->g->compile->diags, d, "The limit is the AWS load balancer controller's (group.order).");
	}
	return own ? k_of(k, own, arena_printf(k->a, "%" PRId64, own->n))
		   : k_add(k, r->http, arena_printf(k->a, "%d", specific ? SPECIFIC_ORDER : GENERAL_ORDER), "rules that name a path come before rules that do not");
}

static struct doc *
alb_notes(struct route *r)
{
	struct k8s *k = r->k;
	struct doc *n = doc_map(k->a, r->http->at);
	const struct value *internal = get(k->g, r->http, A_http_internal), *health = get(k->g, r->http, A_http_health), *protocol = get(k->g, r->http, A_http_protocol);
	bool grpc = str_eqz(r->protocol, "grpc");
	refuse(r, A_http_timeout, "The idle timeout is the load balancer's own, for all its rules.");
	note(r, n, ALB "scheme", internal && internal->n ? k_of(k, internal, "internal") : k_add(k, r->http, "internet-facing", "internal = true keeps it inside"));
	note(r, n, ALB "target-type", k_add(k, r->http, "ip", "pods have addresses of their own"));
	note(r, n, ALB "group.name", k_add(k, r->http, arena_printf(k->a, "%s-%s%s", k->g->compile->project_name->text, k->p->stage->name->text, internal && internal->n ? "-internal" : ""),
						"one load balancer for the stage, and one for what stays inside"));
	note(r, n, ALB "group.order", order_doc(r));
	note(r, n, ALB "listen-ports", k_add(k, r->http, "[{\"HTTP\": 80}, {\"HTTPS\": 443}]", "the certificate is found by the host's name"));
	note(r, n, ALB "ssl-redirect", k_add(k, r->http, "443", "nobody stays on plain HTTP"));
	note(r, n, ALB "backend-protocol-version", k_of(k, protocol, grpc ? "GRPC" : str_eqz(r->protocol, "http2") ? "HTTP2" : "HTTP1"));
	note(r, n, ALB "healthcheck-path", health ? doc_value(k->l, health) : k_add(k, r->http, grpc ? "/grpc.health.v1.Health/Check" : "/", "the load balancer's default"));
	note(r, n, ALB "healthcheck-interval-seconds", of_seconds(r, get(k->g, r->http, A_http_health_every)));
	note(r, n, ALB "healthcheck-timeout-seconds", of_seconds(r, get(k->g, r->http, A_http_health_timeout)));
	note(r, n, ALB "healthy-threshold-count", k_add(k, r->http, "2", "a new copy serves after two good answers"));
	note(r, n, ALB "unhealthy-threshold-count", k_add(k, r->http, "3", "three bad answers in a row"));
	note(r, n, ALB "success-codes", k_add(k, r->http, grpc ? "0" : "200-399", grpc ? "the health service answers OK" : "redirects count as healthy"));
	note(r, n, ALB "target-group-attributes", group_attributes(r));
	note(r, n, arena_printf(k->a, ALB "conditions.%s", r->service), conditions_doc(r));
	return n;
}

/* ---- nginx ---- */

static struct doc *
nginx_notes(struct route *r)
{
	struct k8s *k = r->k;
	struct doc *n = doc_map(k->a, r->http->at);
	const struct value *timeout = get(k->g, r->http, A_http_timeout), *sticky = get(k->g, r->http, A_http_sticky);
	refuse(r, A_http_methods, "nginx chooses by host and path; use ingress = alb or gateway.");
	refuse_headers(r, "nginx chooses by host and path; use ingress = alb or gateway.");
	refuse(r, A_http_priority, "The longest path wins; nothing else orders rules.");
	refuse(r, A_http_internal, "The controller decides where it listens.");
	refuse(r, A_http_drain, "nginx keeps open requests while the pod stops: give the container more drain.");
	if (str_eqz(r->protocol, "http2")) {
		struct diag *d = complain(k->g, D_E0181, get_span(k->g, r->http, A_http_protocol), "protocol = http2 cannot be done with ingress = nginx");
		diag_hint(k->g->compile->diags, d, "nginx speaks HTTP/1.1 or gRPC to pods.");
	}
	if (str_eqz(r->protocol, "grpc"))
		note(r, n, NGINX "backend-protocol", k_of(k, get(k->g, r->http, A_http_protocol), "GRPC"));
	if (timeout) {
		note(r, n, NGINX "proxy-read-timeout", of_seconds(r, timeout));
		note(r, n, NGINX "proxy-send-timeout", of_seconds(r, timeout));
	}
	if (sticky) {
		note(r, n, NGINX "affinity", k_of(k, sticky, "cookie"));
		note(r, n, NGINX "session-cookie-max-age", of_seconds(r, sticky));
	}
	return n->count ? n : NULL;
}

static struct resource *
make_ingress(struct route *r)
{
	struct k8s *k = r->k;
	struct doc *d = k_object(k, RK_K_INGRESS, r->node, r->name), *spec = doc_map(k->a, r->http->at);
	bool alb = str_eqz(r->kind, "alb");
	struct object *shifting = k_shifting(k, r->node);
	if (alb && shifting && shifting->kind != K_deploy_blue_green)
		r->port = "use-annotation"; /* Argo Rollouts writes the weights there */
	doc_set(k->a, doc_get(d, "metadata"), "annotations", alb ? alb_notes(r) : nginx_notes(r));
	doc_set(k->a, spec, "ingressClassName", k_add(k, r->http, alb ? "alb" : "nginx", "the stage's ingress"));
	doc_set(k->a, spec, "rules", rules_doc(r));
	doc_set(k->a, d, "spec", spec);
	return lower_add(k->l, RK_K_INGRESS, r->name, r->node, d);
}

/* ---- Gateway API ---- */

static struct doc *
gateway_match(struct route *r, const struct value *path, const struct value *method)
{
	struct k8s *k = r->k;
	struct doc *m = doc_map(k->a, r->http->at);
	struct object *headers = object_child(k->p, r->http, K_headers, NULL);
	if (path) {
		struct doc *p = doc_map(k->a, path->origin);
		const char *prefix = prefix_of(r, path->text);
		if (!prefix && has_pattern(path->text))
			refuse_pattern(r, path);
		doc_set(k->a, p, "type", k_of(k, path, prefix ? "PathPrefix" : "Exact"));
		doc_set(k->a, p, "value", prefix ? k_of(k, path, prefix) : doc_value(k->l, path));
		doc_set(k->a, m, "path", p);
	}
	if (method)
		doc_set(k->a, m, "method", doc_value(k->l, method));
	struct doc *list = doc_list(k->a, r->http->at);
	for (struct entry *x = headers ? headers->entries : NULL; x; x = x->next) {
		struct doc *h = doc_map(k->a, x->key_at), *v = doc_value(k->l, entry_value(k->p, headers, x));
		if (v && v->kind == DOC_STRING && has_pattern(v->text))
			refuse_headers(r, "The Gateway API compares whole header values here; patterns are for ingress = alb.");
		doc_set(k->a, h, "type", doc_z(k->a, x->key_at, "Exact"));
		doc_set(k->a, h, "name", doc_string(k->a, x->key_at, x->key));
		doc_set(k->a, h, "value", v);
		doc_add(list, h);
	}
	if (list->count)
		doc_set(k->a, m, "headers", list);
	return m;
}

/* Every path with every method. */
static struct doc *
gateway_matches(struct route *r)
{
	struct k8s *k = r->k;
	const struct value *methods = get(k->g, r->http, A_http_methods), *path = first_of(r->paths), *from = r->paths ? r->paths : methods;
	struct doc *list = doc_list(k->a, from ? from->origin : r->http->at);
	list->value = from;
	do {
		const struct value *method = first_of(methods);
		do {
			struct doc *m = gateway_match(r, path, method);
			if (m->count)
				doc_add(list, m);
			method = method ? next_of(methods, method) : NULL;
		} while (method);
		path = path ? next_of(r->paths, path) : NULL;
	} while (path);
	return list->count ? list : NULL;
}

static struct doc *
parents_doc(struct route *r, const struct value *gateway)
{
	struct k8s *k = r->k;
	struct doc *list = doc_list(k->a, gateway->origin), *d = doc_map(k->a, gateway->origin);
	const char *text = arena_strz(k->a, gateway->text), *slash = strchr(text, '/');
	doc_set(k->a, d, "name", k_of(k, gateway, slash ? slash + 1 : text));
	if (slash)
		doc_set(k->a, d, "namespace", k_of(k, gateway, arena_strz(k->a, (struct str){text, (size_t)(slash - text)})));
	doc_add(list, d);
	return list;
}

static struct resource *
make_gateway_route(struct route *r, int64_t port, struct span port_at)
{
	struct k8s *k = r->k;
	bool grpc = str_eqz(r->protocol, "grpc");
	int kind = grpc ? RK_K_GRPC_ROUTE : RK_K_HTTP_ROUTE;
	struct object *kubernetes = object_child(k->p, k->p->stage_object, K_kubernetes, NULL);
	const struct value *gateway = get(k->g, kubernetes, A_kubernetes_gateway), *timeout = get(k->g, r->http, A_http_timeout);
	if (gateway == NULL) {
		struct diag *g = complain(k->g, D_E0170, r->http->at, "stage \"%s\" does not say its gateway, which http needs", k->p->stage->name->text);
		diag_hint(k->g->compile->diags, g, "Write kubernetes { gateway = \"infra/public\" } in the stage.");
		return NULL;
	}
	static const enum attr_id others[] = {A_http_priority, A_http_sticky, A_http_drain, A_http_internal};
	for (size_t i = 0; i < sizeof others / sizeof *others; i++)
		refuse(r, others[i], "The Gateway API has no field for it; use ingress = alb.");
	struct doc *d = k_object(k, kind, r->node, r->name), *spec = doc_map(k->a, r->http->at), *rules = doc_list(k->a, r->http->at), *rule = doc_map(k->a, r->http->at),
		   *backends = doc_list(k->a, r->http->at), *backend = doc_map(k->a, r->http->at);
	doc_set(k->a, spec, "parentRefs", parents_doc(r, gateway));
	if (r->hosts) {
		struct doc *hosts = doc_list(k->a, r->hosts->origin);
		hosts->value = r->hosts;
		for (const struct value *v = first_of(r->hosts); v; v = next_of(r->hosts, v))
			doc_add(hosts, doc_value(k->l, v));
		doc_set(k->a, spec, "hostnames", hosts);
	}
	if (grpc && (r->paths || get(k->g, r->http, A_http_methods) || object_child(k->p, r->http, K_headers, NULL))) {
		struct diag *g = complain(k->g, D_E0181, r->http->at, "paths, methods and headers of gRPC cannot be done with ingress = gateway");
		diag_hint(k->g->compile->diags, g, "A GRPCRoute chooses by service and method of gRPC; route by host, or use ingress = alb.");
	} else if (!grpc) {
		doc_set(k->a, rule, "matches", gateway_matches(r));
	}
	doc_set(k->a, backend, "name", k_add(k, r->http, r->service, "the workload's Service"));
	struct doc *p = doc_int(k->a, port_at, port);
	doc_set(k->a, backend, "port", p);
	doc_add(backends, backend);
	doc_set(k->a, rule, "backendRefs", backends);
	if (timeout && !grpc) {
		struct doc *t = doc_map(k->a, timeout->origin);
		doc_set(k->a, t, "request", k_of(k, timeout, arena_printf(k->a, "%" PRId64 "s", (timeout->n + 999) / 1000)));
		doc_set(k->a, rule, "timeouts", t);
	} else if (timeout) {
		refuse(r, A_http_timeout, "A GRPCRoute has no timeout.");
	}
	doc_add(rules, rule);
	doc_set(k->a, spec, "rules", rules);
	doc_set(k->a, d, "spec", spec);
	return lower_add(k->l, kind, r->name, r->node, d);
}

/* ---- a target group that exists ---- */

static struct resource *
make_binding(struct route *r, const struct value *group)
{
	struct k8s *k = r->k;
	struct doc *d = k_object(k, RK_K_TARGET_GROUP_BINDING, r->node, r->name), *spec = doc_map(k->a, r->http->at), *ref = doc_map(k->a, r->http->at);
	doc_set(k->a, ref, "name", k_add(k, r->http, r->service, "the workload's Service"));
	doc_set(k->a, ref, "port", k_add(k, r->http, r->port, "the Service's port"));
	doc_set(k->a, spec, "serviceRef", ref);
	doc_set(k->a, spec, "targetGroupARN", doc_value(k->l, group));
	doc_set(k->a, spec, "targetType", k_add(k, r->http, "ip", "pods have addresses of their own"));
	doc_set(k->a, d, "spec", spec);
	return lower_add(k->l, RK_K_TARGET_GROUP_BINDING, r->name, r->node, d);
}

/* Hosts and paths that no Ingress and no route takes. */
static void
check_route(struct route *r)
{
	for (const struct value *v = first_of(r->hosts); v; v = next_of(r->hosts, v)) {
		struct str s = v->text;
		if (str_starts(s, "*."))
			s = (struct str){s.p + 2, s.n - 2};
		bool good = s.n > 0 && s.p[0] != '.' && s.p[0] != '-' && s.p[s.n - 1] != '.' && s.p[s.n - 1] != '-';
		for (size_t i = 0; i < s.n; i++)
			good &= (s.p[i] >= 'a' && s.p[i] <= 'z') || (s.p[i] >= '0' && s.p[i] <= '9') || s.p[i] == '-' || s.p[i] == '.';
		if (good)
			continue;
		struct diag *d = complain(r->k->g, D_E0181, v->origin, "host \"%.*s\" cannot be done on kubernetes", (int)v->text.n, v->text.p);
		diag_hint(r->k->g->compile->diags, d, "It takes whole names in lower case, and *. before one: \"*.example.com\".");
	}
	for (const struct value *v = first_of(r->paths); v; v = next_of(r->paths, v)) {
		if (v->text.n > 0 && v->text.p[0] == '/' && !strstr(arena_strz(r->k->a, v->text), "//"))
			continue;
		struct diag *d = complain(r->k->g, D_E0181, v->origin, "path \"%.*s\" cannot be done on kubernetes", (int)v->text.n, v->text.p);
		diag_hint(r->k->g->compile->diags, d, "A path begins with / and has no empty parts.");
	}
	if (str_eqz(r->kind, "gateway") && str_eqz(r->protocol, "http2")) {
		struct diag *d = complain(r->k->g, D_E0181, get_span(r->k->g, r->http, A_http_protocol), "protocol = http2 cannot be done with ingress = gateway");
		diag_hint(r->k->g->compile->diags, d, "A gateway speaks HTTP/1.1 or gRPC to pods; use ingress = alb.");
	}
}

/* What the Service calls the port. */
static const char *
port_name(struct k8s *k, struct object *c, int64_t port)
{
	for (struct object *p = object_child(k->p, c, K_port, NULL); p; p = object_next(p)) {
		const struct value *v = get(k->g, p, A_port_number);
		if (v && v->n == port)
			return p->label->text;
	}
	return k_port_name(k, c);
}

void
k_http(struct k8s *k, struct object *node, const char *name, struct resource *service)
{
	struct object *http = object_child(k->p, node, K_http, NULL), *kubernetes = object_child(k->p, k->p->stage_object, K_kubernetes, NULL), *c;
	int64_t port;
	struct span at;
	if (http == NULL || service == NULL || !node_port(k->g, node, &c, &port, &at))
		return;
	const struct value *kind = get(k->g, kubernetes, A_kubernetes_ingress), *group = get(k->g, http, A_http_target_group);
	if (kind == NULL && group == NULL) {
		struct diag *d = complain(k->g, D_E0170, http->at, "stage \"%s\" does not say its ingress, which http needs", k->p->stage->name->text);
		diag_hint(k->g->compile->diags, d, "Write kubernetes { ingress = alb } in the stage; nginx and gateway are the others.");
		return;
	}
	struct route r = {.k = k, .node = node, .http = http, .name = name, .service = service->name, .port = port_name(k, c, port), .kind = kind ? kind->text : STR("alb")};
	if (group == NULL) { /* a target group that exists has its own rules */
		const struct value *path = get(k->g, http, A_http_path);
		r.hosts = get(k->g, http, A_http_host);
		r.paths = path ? path : get(k->g, http, A_http_paths);
		r.protocol = get_text(k->g, http, A_http_protocol);
		check_route(&r);
	}
	struct resource *made = group ? make_binding(&r, group) : str_eqz(r.kind, "gateway") ? make_gateway_route(&r, port, at) : make_ingress(&r);
	if (made)
		resource_edge(k->l->out, made, service);
}
