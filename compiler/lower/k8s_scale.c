/*
 * Scaling: the cluster's own autoscaler for CPU and memory; KEDA as soon as
 * anything else is asked for, and then for all of it, since a count has one
 * owner. Sources: Kubernetes 1.36 API, autoscaling/v2; KEDA 2.20, ScaledObject
 * and the scalers named here.
 */
#include "k8s.h"

#include "ecs.h"

#include "berth/cron.h"

#include <inttypes.h>
#include <string.h>

enum { POLLING_S = 30, COOLDOWN_S = 300, PERIOD_S = 60, WINDOW_S = 300 };

static bool
is_resource(const struct object *c)
{
	return !c->gone && (c->kind == K_scale_cpu || c->kind == K_scale_memory);
}

/* What needs more than the cluster itself has. */
static bool
is_metric(const struct object *c)
{
	return !c->gone && (c->kind == K_scale_queue || c->kind == K_scale_prometheus || c->kind == K_scale_datadog || c->kind == K_scale_cloudwatch || c->kind == K_scale_schedule);
}

bool
k_autoscaled(struct k8s *k, struct object *node)
{
	const struct value *count = get(k->g, node, A_service_count);
	for (struct object *c = node->children; c; c = c->next)
		if ((is_resource(c) || is_metric(c)) && count && count->kind == V_RANGE)
			return true;
	return false;
}

static enum attr_id
cooldown_of(enum kind_id kind)
{
	switch (kind) {
	case K_scale_cpu: return A_scale_cpu_cooldown;
	case K_scale_memory: return A_scale_memory_cooldown;
	case K_scale_queue: return A_scale_queue_cooldown;
	case K_scale_prometheus: return A_scale_prometheus_cooldown;
	case K_scale_datadog: return A_scale_datadog_cooldown;
	default: return A_scale_cloudwatch_cooldown;
	}
}

/* ---- the cluster's own ---- */

static struct doc *
metric_doc(struct k8s *k, struct object *s)
{
	bool cpu = s->kind == K_scale_cpu;
	const struct value *v = get(k->g, s, cpu ? A_scale_cpu_target : A_scale_memory_target);
	struct doc *d = doc_map(k->a, s->at), *r = doc_map(k->a, s->at), *t = doc_map(k->a, s->at);
	doc_set(k->a, d, "type", k_add(k, s, "Resource", "scale cpu or memory"));
	doc_set(k->a, r, "name", k_add(k, s, cpu ? "cpu" : "memory", "scale cpu or memory"));
	doc_set(k->a, t, "type", k_add(k, s, "Utilization", "a share of what is requested"));
	doc_set(k->a, t, "averageUtilization", k_of_int(k, v, v->n / 1000));
	doc_set(k->a, r, "target", t);
	doc_set(k->a, d, "resource", r);
	return d;
}

static struct doc *
rules_doc(struct k8s *k, struct object *s, bool up)
{
	struct object *own = object_child(k->p, s, up ? K_up : K_down, NULL);
	const struct value *cooldown = up ? NULL : get(k->g, s, cooldown_of(s->kind)); /* going up at once is what a backlog needs */
	const struct value *window = own ? get(k->g, own, up ? A_up_window : A_down_window) : NULL;
	struct doc *d = doc_map(k->a, s->at);
	if (window == NULL)
		window = cooldown;
	doc_set(k->a, d, "stabilizationWindowSeconds",
		window ? k_of_int(k, window, window->n / 1000) : k_int(k, s, up ? 0 : 300, up ? "copies are added at once" : "and taken away slowly"));
	if (own) {
		const struct value *by = get(k->g, own, up ? A_up_by : A_down_by), *every = get(k->g, own, up ? A_up_every : A_down_every);
		struct doc *list = doc_list(k->a, own->at), *p = doc_map(k->a, own->at);
		doc_set(k->a, p, "type", k_of(k, by, by->kind == V_PERCENT ? "Percent" : "Pods"));
		doc_set(k->a, p, "value", k_of_int(k, by, by->kind == V_PERCENT ? by->n / 1000 : by->n));
		doc_set(k->a, p, "periodSeconds", k_of_int(k, every, every->n / 1000));
		doc_add(list, p);
		doc_set(k->a, d, "policies", list);
	}
	return d;
}

/* The count has one autoscaler, so how fast it may move is said once: by the block that says it, else by the first. */
static struct object *
speaker(struct k8s *k, struct object *node, enum kind_id which, struct object *first)
{
	for (struct object *c = node->children; c; c = c->next)
		if ((is_resource(c) || is_metric(c)) && object_child(k->p, c, which, NULL))
			return c;
	return first;
}

static struct doc *
behavior_doc(struct k8s *k, struct object *node, struct object *first)
{
	struct doc *d = doc_map(k->a, node->at);
	doc_set(k->a, d, "scaleUp", rules_doc(k, speaker(k, node, K_up, first), true));
	doc_set(k->a, d, "scaleDown", rules_doc(k, speaker(k, node, K_down, first), false));
	return d;
}

/* CPU and memory alone: the cluster's own autoscaler. */
static void
make_autoscaler(struct k8s *k, struct object *node, const char *name, struct resource *deployment)
{
	const struct value *count = get(k->g, node, A_service_count);
	struct doc *d = k_object(k, RK_K_HPA, node, name), *spec = doc_map(k->a, node->at), *metrics = doc_list(k->a, node->at);
	struct object *first = NULL;
	for (struct object *c = node->children; c; c = c->next) {
		if (!is_resource(c))
			continue;
		doc_add(metrics, metric_doc(k, c));
		if (first == NULL)
			first = c;
	}
	doc_set(k->a, spec, "scaleTargetRef", k_target(k, node, name));
	doc_set(k->a, spec, "minReplicas", k_of_int(k, count, count->items->n));
	doc_set(k->a, spec, "maxReplicas", k_of_int(k, count, count->items->next->n));
	doc_set(k->a, spec, "metrics", metrics);
	doc_set(k->a, spec, "behavior", behavior_doc(k, node, first));
	doc_set(k->a, d, "spec", spec);
	resource_edge(k->l->out, lower_add(k->l, RK_K_HPA, name, node, d), deployment);
}

/* ---- KEDA ---- */

/* Every value of a trigger is text. */
static void
put(struct k8s *k, struct doc *m, struct object *s, const char *key, const char *text, const char *because)
{
	doc_set(k->a, m, key, k_add(k, s, text, because));
}

static void
resource_trigger(struct k8s *k, struct object *s, struct doc *t, struct doc *m)
{
	const struct value *v = get(k->g, s, s->kind == K_scale_cpu ? A_scale_cpu_target : A_scale_memory_target);
	doc_set(k->a, t, "type", k_add(k, s, s->kind == K_scale_cpu ? "cpu" : "memory", "scale cpu or memory"));
	doc_set(k->a, t, "metricType", k_add(k, s, "Utilization", "a share of what is requested"));
	doc_set(k->a, m, "value", k_of(k, v, arena_printf(k->a, "%" PRId64, v->n / 1000)));
}

const char *
k_number(struct k8s *k, const struct value *v)
{
	if (v->kind == V_NUMBER) {
		int64_t n = v->n < 0 ? -v->n : v->n;
		char *text = arena_printf(k->a, "%s%" PRId64 ".%06d", v->n < 0 ? "-" : "", n / 1000000, (int)(n % 1000000)), *end = text + strlen(text);
		while (end[-1] == '0')
			*--end = '\0';
		if (end[-1] == '.')
			end[-1] = '\0';
		return text;
	}
	if (v->kind == V_DURATION)
		return arena_printf(k->a, "%" PRId64, (v->n + 999) / 1000);
	if (v->kind == V_PERCENT)
		return arena_printf(k->a, "%" PRId64, v->n / 1000);
	return arena_printf(k->a, "%" PRId64, v->n);
}

const struct value *
k_prometheus(struct k8s *k, struct object *o, enum attr_id server, const char *who)
{
	const struct value *v = get(k->g, o, server);
	if (v == NULL) {
		struct diag *d = complain(k->g, D_E0170, o->at, "%s does not say its server", who);
		diag_hint(k->g->compile->diags, d, "Add server = \"http://prometheus.monitoring:9090\", or give the output \"prometheus_url\" in the stage's outputs file.");
	}
	return v;
}

static void
prometheus_trigger(struct k8s *k, struct object *s, struct doc *t, struct doc *m)
{
	const struct value *server = k_prometheus(k, s, A_scale_prometheus_server, "scale prometheus"), *target = get(k->g, s, A_scale_prometheus_target);
	doc_set(k->a, t, "type", k_add(k, s, "prometheus", "scale prometheus"));
	doc_set(k->a, t, "metricType", k_add(k, s, "Value", "the metric itself is kept at the target, not a share for each copy"));
	doc_set(k->a, m, "serverAddress", doc_value(k->l, server));
	doc_set(k->a, m, "query", doc_value(k->l, get(k->g, s, A_scale_prometheus_query)));
	doc_set(k->a, m, "threshold", k_of(k, target, k_number(k, target)));
	put(k, m, s, "ignoreNullValues", "false", "lost data must not look like nothing to do");
}

/* host:port of redis://host:port/0, or NULL after a report. */
static const char *
redis_address(struct k8s *k, struct object *s, const struct value *url)
{
	const char *text = url && url->kind == V_STRING ? arena_strz(k->a, url->text) : NULL, *host = text ? strstr(text, "://") : NULL;
	if (host == NULL || strchr(host, '@')) {
		struct diag *d = complain(k->g, D_E0181, url ? url->origin : s->at, "scale queue needs the host and port of the Redis server on kubernetes");
		diag_hint(k->g->compile->diags, d, "KEDA connects by itself: redis { url = \"redis://redis.shop:6379\" }, without a password in it.");
		return NULL;
	}
	host += 3;
	struct str address = {host, strcspn(host, "/?")};
	return arena_printf(k->a, "%.*s%s", (int)address.n, address.p, memchr(address.p, ':', address.n) ? "" : ":6379");
}

static void
redis_trigger(struct k8s *k, struct object *s, struct object *q, int64_t per, const struct value *from, struct doc *t, struct doc *m)
{
	struct object *redis = object_child(k->p, q, K_redis, NULL);
	const struct value *list = redis ? get(k->g, redis, A_redis_list) : NULL, *db = redis ? get(k->g, redis, A_redis_db) : NULL;
	struct str engine = get_text(k->g, q, A_queue_engine);
	const char *address = redis_address(k, s, redis ? get(k->g, redis, A_redis_url) : NULL);
	const char *name = str_eqz(engine, "sidekiq") ? arena_printf(k->a, "queue:%s", q->label->text) : str_eqz(engine, "laravel") ? arena_printf(k->a, "queues:%s", q->label->text) : q->label->text;
	doc_set(k->a, t, "type", k_add(k, s, "redis", "the queue is a Redis list"));
	if (address)
		doc_set(k->a, m, "address", k_of(k, get(k->g, redis, A_redis_url), address));
	doc_set(k->a, m, "listName", list ? doc_value(k->l, list) : k_add(k, s, name, "as the queue's engine names its lists"));
	doc_set(k->a, m, "listLength", k_of(k, from, arena_printf(k->a, "%" PRId64, per)));
	const struct value *url = redis ? get(k->g, redis, A_redis_url) : NULL;
	const char *path = address ? strchr(strstr(arena_strz(k->a, url->text), "://") + 3, '/') : NULL;
	if (db)
		doc_set(k->a, m, "databaseIndex", k_of(k, db, arena_printf(k->a, "%" PRId64, db->n)));
	else if (path && path[1] >= '0' && path[1] <= '9')
		doc_set(k->a, m, "databaseIndex", k_of(k, url, arena_strz(k->a, (struct str){path + 1, strspn(path + 1, "0123456789")})));
	if (address && str_starts(url->text, "rediss:"))
		doc_set(k->a, m, "enableTLS", k_of(k, url, "true"));
}

/* KEDA reads metrics of AWS as the identity of its own operator. */
static struct resource *
authentication(struct k8s *k, struct object *node, const char *name)
{
	struct doc *d = k_object(k, RK_K_TRIGGER_AUTHENTICATION, node, name), *spec = doc_map(k->a, node->at), *identity = doc_map(k->a, node->at);
	doc_set(k->a, identity, "provider", k_add(k, node, "aws", "KEDA's own identity reads the metric"));
	doc_set(k->a, spec, "podIdentity", identity);
	doc_set(k->a, d, "spec", spec);
	return lower_add(k->l, RK_K_TRIGGER_AUTHENTICATION, name, node, d);
}

static void
sqs_trigger(struct k8s *k, struct object *s, const struct queue_ref *q, int64_t per, const struct value *from, struct doc *t, struct doc *m)
{
	doc_set(k->a, t, "type", k_add(k, s, "aws-sqs-queue", "scale queue"));
	put(k, m, s, "queueURL", q->url, "the queue's address");
	put(k, m, s, "awsRegion", arena_strz(k->a, k->aws->region), "the stage's region");
	doc_set(k->a, m, "queueLength", k_of(k, from, arena_printf(k->a, "%" PRId64, per)));
	put(k, m, s, "scaleOnInFlight", "true", "a copy is not taken away from the message it works on");
}

static void
cloudwatch_trigger(struct k8s *k, struct object *s, struct doc *t, struct doc *m)
{
	static const char *const stats[][2] = {{"average", "Average"}, {"maximum", "Maximum"}, {"minimum", "Minimum"}, {"sum", "Sum"}};
	const struct value *target = get(k->g, s, A_scale_cloudwatch_target), *statistic = get(k->g, s, A_scale_cloudwatch_statistic);
	struct object *dims = object_child(k->p, s, K_dimensions, NULL);
	struct buf names = {0}, values = {0};
	for (struct entry *x = dims ? dims->entries : NULL; x; x = x->next) {
		const struct value *v = entry_value(k->p, dims, x);
		buf_addf(&names, "%s%.*s", names.n ? ";" : "", (int)x->key.n, x->key.p);
		buf_addf(&values, "%s%.*s", values.n ? ";" : "", v ? (int)v->text.n : 0, v ? v->text.p : "");
	}
	doc_set(k->a, t, "type", k_add(k, s, "aws-cloudwatch", "scale cloudwatch"));
	doc_set(k->a, t, "metricType", k_add(k, s, "Value", "the metric itself is kept at the target, not a share for each copy"));
	doc_set(k->a, m, "namespace", doc_value(k->l, get(k->g, s, A_scale_cloudwatch_namespace)));
	doc_set(k->a, m, "metricName", doc_value(k->l, get(k->g, s, A_scale_cloudwatch_metric)));
	if (names.n) {
		put(k, m, dims, "dimensionName", arena_strz(k->a, buf_str(&names)), "the metric's dimensions");
		put(k, m, dims, "dimensionValue", arena_strz(k->a, buf_str(&values)), "the metric's dimensions");
	}
	buf_free(&names);
	buf_free(&values);
	doc_set(k->a, m, "targetMetricValue", k_of(k, target, k_number(k, target)));
	put(k, m, s, "minMetricValue", "0", "what counts when there is no data");
	for (size_t i = 0; i < sizeof stats / sizeof *stats; i++)
		if (str_eqz(statistic->text, stats[i][0]))
			doc_set(k->a, m, "metricStat", k_of(k, statistic, stats[i][1]));
	put(k, m, s, "metricStatPeriod", arena_printf(k->a, "%d", PERIOD_S), "a data point a minute");
	put(k, m, s, "metricCollectionTime", arena_printf(k->a, "%d", WINDOW_S), "the last five minutes are looked at");
	put(k, m, s, "awsRegion", arena_strz(k->a, k->aws->region), "the stage's region");
}

/* ---- by the clock ---- */

/* One of the two blocks whose instants bound KEDA's window. */
struct edge_of_window {
	struct object *s;
	const struct value *cron, *count;
	struct cron parsed;
	const struct zone *zone;
	struct cron_out out;
};

static bool
read_edge(struct k8s *k, struct object *s, struct edge_of_window *w)
{
	const char *why;
	size_t at, len;
	w->s = s;
	w->cron = get(k->g, s, A_scale_schedule_cron);
	w->count = get(k->g, s, A_scale_schedule_count);
	w->zone = scale_zone(k->g, s);
	if (w->zone == NULL || cron_parse(k->a, w->cron->text, &w->parsed, &why, &at, &len) != CRON_OK)
		return false; /* reported */
	cron_translate(k->a, &w->parsed, w->zone, CRON_CRONJOB, false, &w->out);
	if (w->out.error == CRON_OK && w->out.count == 1)
		return true;
	struct diag *d = complain(k->g, D_E0133, w->cron->origin, "the bounds cannot change at these instants: %s", w->out.error == CRON_OK ? "one expression cannot say them" : w->out.why ? w->out.why : cron_error_word(w->out.error));
	diag_hint(k->g->compile->diags, d, "Move it out of the hours in which the clock changes.");
	return false;
}

/* KEDA takes the window as open when the end comes before the start; that is so only when the two take turns. */
static bool
take_turns(const struct edge_of_window *a, const struct edge_of_window *b)
{
	enum { YEARS = 5 };
	const int64_t begin = 1767225600, end = begin + YEARS * (int64_t)31622400; /* from 2026-01-01 */
	int64_t at = begin, x, y, last = 0;
	while (at < end) {
		x = cron_next(&a->parsed, a->zone, at);
		y = cron_next(&b->parsed, b->zone, at);
		if (x < 0 || y < 0 || x == y)
			return false;
		int64_t which = x < y ? 1 : 2;
		if (which == last)
			return false;
		last = which;
		at = x < y ? x : y;
	}
	return true;
}

static int64_t
low_of(const struct value *count)
{
	return count->kind == V_RANGE ? count->items->n : count->n;
}

static int64_t
high_of(const struct value *count)
{
	return count->kind == V_RANGE ? count->items->next->n : count->n;
}

static void
refuse_clock(struct k8s *k, struct object *s, const char *what, const char *hint)
{
	struct diag *d = complain(k->g, D_E0181, s->at, "%s cannot be done on kubernetes", what);
	diag_hint(k->g->compile->diags, d, "%s", hint);
}

/* Two `scale schedule` blocks that take turns are a window in which the floor is higher. Returns the lower floor's value, or NULL. */
static const struct value *
clock_trigger(struct k8s *k, struct object *node, struct doc *triggers)
{
	struct edge_of_window w[2];
	size_t n = 0;
	struct object *first = NULL;
	for (struct object *s = node->children; s; s = s->next) {
		if (s->gone || s->kind != K_scale_schedule)
			continue;
		if (first == NULL)
			first = s;
		if (n < 2 && !read_edge(k, s, &w[n]))
			return NULL;
		n++;
	}
	const struct value *count = get(k->g, node, A_service_count);
	if (n == 0)
		return NULL;
	if (n != 2 || low_of(w[0].count) == low_of(w[1].count)) {
		refuse_clock(k, first, "scale schedule with other than two blocks of different floors", "KEDA's cron scaler knows a window with a higher floor: say when it begins and when it ends.");
		return NULL;
	}
	if (high_of(w[0].count) != high_of(count) || high_of(w[1].count) != high_of(count)) {
		refuse_clock(k, first, "scale schedule with an upper bound of its own", "KEDA's cron scaler moves the floor only: give both blocks the upper bound of count.");
		return NULL;
	}
	if (strcmp(w[0].out.zone, w[1].out.zone) != 0 || !take_turns(&w[0], &w[1])) {
		refuse_clock(k, first, "scale schedule whose two instants do not take turns", "KEDA's cron scaler takes the window as open when its end comes before its next start: give both blocks the same days and zone.");
		return NULL;
	}
	const struct edge_of_window *up = low_of(w[0].count) > low_of(w[1].count) ? &w[0] : &w[1], *down = up == w ? &w[1] : &w[0];
	struct doc *t = doc_map(k->a, up->s->at), *m = doc_map(k->a, up->s->at);
	doc_set(k->a, t, "type", k_add(k, up->s, "cron", "scale schedule"));
	doc_set(k->a, m, "timezone", doc_z(k->a, up->cron->origin, up->out.zone));
	doc_set(k->a, m, "start", doc_z(k->a, up->cron->origin, up->out.expr[0]));
	doc_set(k->a, m, "end", doc_z(k->a, down->cron->origin, down->out.expr[0]));
	doc_set(k->a, m, "desiredReplicas", k_of(k, up->count, arena_printf(k->a, "%" PRId64, low_of(up->count))));
	doc_set(k->a, t, "metadata", m);
	doc_add(triggers, t);
	return down->count;
}

/* ---- one service ---- */

/* True when it asks AWS. */
static bool
fill_trigger(struct k8s *k, struct object *s, struct doc *t, struct doc *m)
{
	const struct value *from;
	struct queue_ref q = {0};
	if (is_resource(s)) {
		resource_trigger(k, s, t, m);
		return false;
	}
	if (s->kind == K_scale_prometheus) {
		prometheus_trigger(k, s, t, m);
		return false;
	}
	if (s->kind == K_scale_cloudwatch) {
		cloudwatch_trigger(k, s, t, m);
		return true;
	}
	struct object *queue = get(k->g, s, A_scale_queue_queue)->object;
	int64_t per = per_copy(k->g, s, &from);
	if (per == 0)
		return false;
	if (k->aws)
		queue_of(k->aws, queue, &q);
	if (q.sqs)
		sqs_trigger(k, s, &q, per, from, t, m);
	else
		redis_trigger(k, s, queue, per, from, t, m);
	return q.sqs;
}

static struct doc *
advanced_doc(struct k8s *k, struct object *node, struct object *first)
{
	struct doc *d = doc_map(k->a, node->at), *config = doc_map(k->a, node->at);
	doc_set(k->a, config, "behavior", behavior_doc(k, node, first));
	doc_set(k->a, d, "horizontalPodAutoscalerConfig", config);
	return d;
}

static void
make_scaled_object(struct k8s *k, struct object *node, const char *name, struct resource *deployment)
{
	const struct value *count = get(k->g, node, A_service_count);
	struct object *kubernetes = object_child(k->p, k->p->stage_object, K_kubernetes, NULL), *first = NULL;
	const struct value *metrics = get(k->g, kubernetes, A_kubernetes_metrics);
	const char *own = name_cut(k->a, name, resource_kind_get(RK_K_SCALED_OBJECT)->name_max);
	struct doc *d = k_object(k, RK_K_SCALED_OBJECT, node, own), *spec = doc_map(k->a, node->at), *triggers = doc_list(k->a, node->at);
	struct resource *identity = NULL;
	for (struct object *c = node->children; c; c = c->next) {
		if (!is_resource(c) && !is_metric(c))
			continue;
		struct doc *t = doc_map(k->a, c->at), *m = doc_map(k->a, c->at);
		if (c->kind == K_scale_schedule && metrics && str_eqz(metrics->text, "keda"))
			continue; /* two of them are one trigger, below */
		if (metrics == NULL || !str_eqz(metrics->text, "keda")) {
			if (!is_metric(c))
				continue;
			struct diag *g = complain(k->g, D_E0170, c->at, "stage \"%s\" does not say its metrics, which scale %s needs", k->p->stage->name->text, kind_row(c->kind)->variant);
			diag_hint(k->g->compile->diags, g, "Write kubernetes { metrics = keda } in the stage.");
			return;
		}
		if (c->kind == K_scale_datadog) {
			struct diag *g = complain(k->g, D_E0181, c->at, "scale datadog with metrics = keda cannot be done on kubernetes");
			diag_hint(k->g->compile->diags, g, "The WatermarkPodAutoscaler reads metrics of Datadog: kubernetes { metrics = wpa }.");
			continue;
		}
		if (fill_trigger(k, c, t, m)) {
			struct doc *a = doc_map(k->a, c->at);
			if (identity == NULL)
				identity = authentication(k, node, own);
			doc_set(k->a, a, "name", k_add(k, c, own, "who reads the metric"));
			doc_set(k->a, t, "authenticationRef", a);
		}
		doc_set(k->a, t, "metadata", m);
		doc_add(triggers, t);
		if (first == NULL || (is_metric(c) && is_resource(first)))
			first = c;
	}
	const struct value *floor = clock_trigger(k, node, triggers), *cooldown = first ? get(k->g, first, cooldown_of(first->kind)) : NULL;
	doc_set(k->a, spec, "scaleTargetRef", k_target(k, node, name));
	doc_set(k->a, spec, "pollingInterval", k_int(k, node, POLLING_S, "KEDA's default, written out"));
	doc_set(k->a, spec, "cooldownPeriod", cooldown ? k_of_int(k, cooldown, cooldown->n / 1000) : k_int(k, node, COOLDOWN_S, "KEDA's default, written out: the wait before the last copy goes"));
	doc_set(k->a, spec, "minReplicaCount", floor ? k_of_int(k, floor, low_of(floor)) : k_of_int(k, count, count->items->n));
	doc_set(k->a, spec, "maxReplicaCount", k_of_int(k, count, count->items->next->n));
	if (first)
		doc_set(k->a, spec, "advanced", advanced_doc(k, node, first));
	doc_set(k->a, spec, "triggers", triggers);
	doc_set(k->a, d, "spec", spec);
	struct resource *r = lower_add(k->l, RK_K_SCALED_OBJECT, own, node, d);
	resource_edge(k->l->out, r, deployment);
	if (identity)
		resource_edge(k->l->out, r, identity);
}

void
k_scale(struct k8s *k, struct object *node, const char *name, struct resource *deployment)
{
	bool metric = false;
	if (!k_autoscaled(k, node))
		return;
	for (struct object *c = node->children; c; c = c->next)
		metric |= is_metric(c);
	const struct value *count = get(k->g, node, A_service_count);
	if (!metric && count->items->n == 0) {
		struct diag *d = complain(k->g, D_E0181, count->origin, "count from 0 by CPU or memory alone cannot be done on kubernetes");
		diag_hint(k->g->compile->diags, d, "Without a copy there is nothing to measure: begin at 1, or scale by a queue or a metric too.");
		return;
	}
	const struct value *metrics = get(k->g, object_child(k->p, k->p->stage_object, K_kubernetes, NULL), A_kubernetes_metrics);
	if (metric && metrics && str_eqz(metrics->text, "wpa"))
		k_watermark(k, node, name, deployment);
	else if (metric)
		make_scaled_object(k, node, name, deployment);
	else
		make_autoscaler(k, node, name, deployment);
}
