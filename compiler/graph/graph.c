/*
 * The graph of one stage: what is deployed, what refers to what, and readers
 * that lowering and checks share.
 */
#include "graph_internal.h"

#include <string.h>

const char *
edge_word(enum edge_kind k)
{
	switch (k) {
	case EDGE_LOGS_TO: return "logs to";
	case EDGE_CONSUMES: return "consumes";
	case EDGE_PRODUCES: return "produces";
	case EDGE_READS: return "reads";
	case EDGE_RUNS: return "runs";
	case EDGE_DEAD_LETTERS: return "dead letters";
	}
	return "";
}

/* ---- building ---- */

static void
add_edge(struct graph *g, enum edge_kind kind, struct object *from, const struct value *v)
{
	if (v->kind == V_LIST) {
		for (const struct value *i = v->items; i; i = i->next)
			add_edge(g, kind, from, i);
		return;
	}
	if (v->kind != V_OBJECT || v->object == from)
		return;
	struct object *to = v->object;
	if (to->kind != K_queue && to->kind != K_log && to->kind != K_service)
		return;
	for (size_t i = g->edges.n; i-- > 0 && g->edges.v[i].from == from;)
		if (g->edges.v[i].to == to && g->edges.v[i].kind == kind)
			return;
	to->referenced = true;
	if (!map_get(&g->first_edge, from))
		map_put(&g->first_edge, from, (void *)(uintptr_t)(g->edges.n + 1));
	*VEC_PUSH(g->arena, &g->edges) = (struct graph_edge){kind, from, to, v->origin};
}

static enum edge_kind
edge_of(enum attr_id a)
{
	switch (a) {
	case A_container_log: return EDGE_LOGS_TO;
	case A_service_consumes: return EDGE_CONSUMES;
	case A_service_produces: return EDGE_PRODUCES;
	case A_schedule_run: return EDGE_RUNS;
	case A_schedule_dead_letter:
	case A_dead_letter_queue: return EDGE_DEAD_LETTERS;
	default: return EDGE_READS;
	}
}

static void
collect_attr_values(struct graph *g, struct object *node, const struct value *v)
{
	if (v->kind == V_ATTR) {
		struct value o = *v;
		o.kind = V_OBJECT;
		o.items = NULL;
		add_edge(g, EDGE_READS, node, &o);
	} else if (v->kind == V_TEXT) {
		for (const struct value *i = v->items; i; i = i->next)
			collect_attr_values(g, node, i);
	}
}

static void
collect_edges(struct graph *g, struct object *node, struct object *o)
{
	const struct schema *s = g->compile->schema;
	unsigned n = kind_attr_count(s, o->kind);
	for (unsigned i = 0; i < n; i++) {
		const struct value *v = o->slots[i].value;
		if (v && (v->kind == V_OBJECT || v->kind == V_LIST))
			add_edge(g, edge_of(kind_first_attr(s, o->kind) + i), node, v);
	}
	for (const struct entry *e = o->entries; e; e = e->next)
		if (e->slot.value)
			collect_attr_values(g, node, e->slot.value);
	for (struct object *c = o->children; c; c = c->next)
		if (!c->gone)
			collect_edges(g, node, c);
}

static bool
is_node(enum kind_id k)
{
	return k == K_service || k == K_job || k == K_schedule || k == K_queue || k == K_log;
}

static void
collect_nodes(struct graph *g, struct object *o)
{
	for (; o; o = o->next) {
		if (o->gone)
			continue;
		if (o->kind == K_component)
			collect_nodes(g, o->children);
		else if (is_node(o->kind))
			*VEC_PUSH(g->arena, &g->nodes) = o;
	}
}

struct graph *
graph_build(struct program *p)
{
	struct graph *g = NEW(p->arena, struct graph);
	g->program = p;
	g->compile = p->compile;
	g->arena = p->arena;
	const struct value *platform = object_get(p, p->stage_object, A_stage_platform);
	g->targeted = platform && platform->kind == V_WORD;
	g->target = g->targeted && str_eqz(platform->text, "kubernetes") ? TARGET_K8S : TARGET_ECS;
	map_init(&g->first_edge, g->arena);
	collect_nodes(g, p->root->children);
	for (size_t i = 0; i < g->nodes.n; i++)
		collect_edges(g, g->nodes.v[i], g->nodes.v[i]);
	return g;
}

const struct graph_edge *
node_edges(const struct graph *g, const struct object *node, size_t *n)
{
	uintptr_t first = (uintptr_t)map_get(&g->first_edge, node);
	*n = 0;
	if (first == 0)
		return NULL;
	while (first - 1 + *n < g->edges.n && g->edges.v[first - 1 + *n].from == node)
		++*n;
	return &g->edges.v[first - 1];
}

/* ---- reading ---- */

const struct value *
get(struct graph *g, struct object *o, enum attr_id a)
{
	const struct value *v = object_get(g->program, o, a);
	return v == NULL || v->kind == V_NONE || v->kind == V_ERROR || v->kind == V_UNKNOWN ? NULL : v;
}

int64_t
get_int(struct graph *g, struct object *o, enum attr_id a)
{
	const struct value *v = get(g, o, a);
	return v ? v->n : 0;
}

bool
get_bool(struct graph *g, struct object *o, enum attr_id a)
{
	const struct value *v = get(g, o, a);
	return v && v->kind == V_BOOL && v->n;
}

struct str
get_text(struct graph *g, struct object *o, enum attr_id a)
{
	const struct value *v = get(g, o, a);
	return v && (v->kind == V_STRING || v->kind == V_WORD) ? v->text : STR("");
}

struct span
get_span(struct graph *g, struct object *o, enum attr_id a)
{
	const struct value *v = object_peek(g->program, o, a);
	return v && !span_none(v->origin) ? v->origin : o->at;
}

struct diag *
complain(struct graph *g, enum diag_code code, struct span at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct buf b = {0};
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	uint32_t before = g->compile->diags->stage;
	g->compile->diags->stage = UINT32_C(1) << g->program->stage->number;
	struct diag *d = diag_add(g->compile->diags, code, at, "%.*s", (int)b.n, b.p);
	g->compile->diags->stage = before;
	buf_free(&b);
	return d;
}

enum target
node_target(struct graph *g, struct object *node)
{
	enum attr_id a = node->kind == K_service ? A_service_platform : node->kind == K_job ? A_job_platform : A_schedule_platform;
	if (node->kind != K_service && node->kind != K_job && node->kind != K_schedule)
		return node->kind == K_log ? g->target : TARGET_ECS;
	const struct value *v = get(g, node, a);
	if (v == NULL)
		return g->target;
	return str_eqz(v->text, "kubernetes") ? TARGET_K8S : TARGET_ECS;
}

static const char *
stage_prefix(struct graph *g, enum target t)
{
	struct str own = get_text(g, g->program->stage_object, A_stage_prefix);
	if (own.n > 0)
		return arena_printf(g->arena, "%.*s-", (int)own.n, own.p);
	if (t == TARGET_K8S || g->compile->project_name == NULL)
		return "";
	return arena_printf(g->arena, "%s-", g->compile->project_name->text);
}

const char *
node_name(struct graph *g, struct object *node)
{
	static const struct {
		enum kind_id kind;
		enum attr_id name;
	} rows[] = {{K_service, A_service_name}, {K_job, A_job_name}, {K_schedule, A_schedule_name}, {K_queue, A_queue_name}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (node->kind != rows[i].kind)
			continue;
		struct str own = get_text(g, node, rows[i].name);
		if (own.n > 0)
			return arena_strz(g->arena, own);
	}
	return arena_printf(g->arena, "%s%s", stage_prefix(g, node_target(g, node)), node->label ? node->label->text : "");
}

const char *
name_cut(struct arena *a, const char *whole, int max)
{
	size_t n = strlen(whole);
	if (n <= (size_t)max)
		return whole;
	char hex[65];
	sha256_hex(str_of(whole), hex);
	int keep = max - 9;
	while (keep > 1 && (whole[keep - 1] == '-' || whole[keep - 1] == '.'))
		keep--;
	return arena_printf(a, "%.*s-%.8s", keep, whole, hex);
}

/* ---- schedules ---- */

static bool
read_every(struct graph *g, struct object *s, const struct value *every, struct timetable *out)
{
	size_t n = every->n % 60000 == 0 ? cron_every(g->arena, (int)(every->n / 60000), out->cron) : 0;
	if (n == 0) {
		struct buf b = {0};
		show_duration(&b, every->n);
		struct diag *d = complain(g, D_E0135, every->origin, "an interval of %.*s does not fit into the day without a rest",
					  (int)b.n, b.p);
		diag_hint(g->compile->diags, d, "Intervals that work include 5m, 10m, 15m, 20m, 30m, 1h, 2h, 3h, 4h, 6h, 8h and 12h.");
		buf_free(&b);
		return false;
	}
	(void)s;
	out->count = n;
	out->zone = zone_find(STR("UTC"));
	out->at = every->origin;
	return true;
}

static const struct zone *
zone_setting(struct graph *g, struct object *o, enum attr_id a, const char *what, struct span at)
{
	const struct value *v = object_get(g->program, o, a);
	if (v == NULL && g->program->project_object)
		v = object_get(g->program, g->program->project_object, A_project_timezone);
	if (v && (v->kind == V_ERROR || v->kind == V_UNKNOWN))
		return NULL;
	if (v == NULL) {
		struct diag *d = complain(g, D_E0130, at, "%s has no time zone", what);
		diag_hint(g->compile->diags, d, "Add timezone = \"Asia/Tokyo\" here, or to the project.");
		return NULL;
	}
	const struct zone *z = zone_find(v->text);
	if (z)
		return z;
	struct diag *d = complain(g, D_E0131, v->origin, "there is no time zone \"%.*s\"", (int)v->text.n, v->text.p);
	struct nearest best = nearest_to(v->text);
	const char *name;
	for (size_t i = 0; (name = zone_each(i)) != NULL; i++)
		nearest_try(&best, str_of(name));
	if (best.word.p)
		diag_hint(g->compile->diags, d, "Did you mean \"%.*s\"?", (int)best.word.n, best.word.p);
	else
		diag_hint(g->compile->diags, d, "Zones are IANA names such as Europe/Berlin; UTC is one too.");
	return NULL;
}

const struct zone *
node_zone(struct graph *g, struct object *s)
{
	struct span at = get_span(g, s, get(g, s, A_schedule_at) ? A_schedule_at : A_schedule_cron);
	return zone_setting(g, s, A_schedule_timezone, object_words(g->arena, s), at);
}

const struct zone *
scale_zone(struct graph *g, struct object *s)
{
	return zone_setting(g, s, A_scale_schedule_timezone, "scale schedule", get_span(g, s, A_scale_schedule_cron));
}

bool
node_timetable(struct graph *g, struct object *s, struct timetable *out)
{
	const struct value *every = get(g, s, A_schedule_every), *cron = get(g, s, A_schedule_cron);
	memset(out, 0, sizeof *out);
	if (every && every->kind == V_DURATION)
		return read_every(g, s, every, out);
	if (cron == NULL || cron->kind != V_STRING)
		return false;
	const char *why;
	size_t at, len;
	if (cron_parse(g->arena, cron->text, &out->cron[0], &why, &at, &len) != CRON_OK)
		return false;
	out->zone = node_zone(g, s);
	out->at = cron->origin;
	out->count = 1;
	out->accept_dst = get(g, s, A_schedule_on_dst) != NULL;
	return out->zone != NULL;
}

/* ---- containers ---- */

bool
container_is_early(struct graph *g, struct object *container)
{
	return get_bool(g, container, A_container_sidecar) || get_bool(g, container, A_container_init);
}

struct object *
container_log(struct graph *g, struct object *container)
{
	const struct value *v = get(g, container, A_container_log);
	return v && v->kind == V_OBJECT ? v->object : NULL;
}

/* CloudWatch alone, line by line, needs no router: the awslogs driver does it. */
bool
log_needs_router(struct graph *g, struct object *log)
{
	struct program *p = g->program;
	if (object_peek(p, log, A_log_multiline) || object_child(p, log, K_multiline, NULL) || object_peek(p, log, A_log_sample) || object_child(p, log, K_drop, NULL) || object_child(p, log, K_keep, NULL) || object_child(p, log, K_redact, NULL) ||
	    object_child(p, log, K_add, NULL))
		return true;
	for (struct object *c = log->children; c; c = c->next)
		if (!c->gone && c->kind != K_to_cloudwatch && strcmp(kind_row(c->kind)->name, "to") == 0)
			return true;
	return false;
}

struct object *
node_router(struct graph *g, struct object *node)
{
	for (struct object *c = object_child(g->program, node, K_container, NULL); c; c = object_next(c)) {
		struct object *log = container_log(g, c);
		if (log && log_needs_router(g, log))
			return log;
	}
	return NULL;
}

struct size
node_size(struct graph *g, struct object *node)
{
	struct size sum = {0, 0};
	for (struct object *c = object_child(g->program, node, K_container, NULL); c; c = object_next(c)) {
		sum.cpu += get_int(g, c, A_container_cpu);
		sum.bytes += get_int(g, c, A_container_memory);
	}
	struct object *log = node_target(g, node) == TARGET_ECS ? node_router(g, node) : NULL;
	if (log) {
		struct object *r = object_implied(g->program, log, K_router);
		sum.cpu += get_int(g, r, A_router_cpu);
		sum.bytes += get_int(g, r, A_router_memory);
	}
	return sum;
}

/* One row for each CPU value; memory from min to max in steps. Source: ECS task size table. */
static const struct {
	int cpu, min, max, step;
} sizes[] = {{256, 512, 2048, 512}, {512, 1024, 4096, 1024}, {1024, 2048, 8192, 1024}, {2048, 4096, 16384, 1024},
	     {4096, 8192, 30720, 1024}, {8192, 16384, 61440, 4096}, {16384, 32768, 122880, 8192}};

bool
fargate_size(struct size need, int *cpu, int *memory)
{
	int64_t units = (need.cpu * 1024 + 999) / 1000, mib = (need.bytes + (1 << 20) - 1) >> 20;
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		if (sizes[i].cpu < units || sizes[i].max < mib)
			continue;
		for (int m = sizes[i].min; m <= sizes[i].max; m += sizes[i].step) {
			if (m < mib || (sizes[i].cpu == 256 && m == 1536))
				continue;
			*cpu = sizes[i].cpu;
			*memory = m;
			return true;
		}
	}
	return false;
}

/* The container's `port`, or one of its named ports; `want` = 0 takes any. */
static const struct value *
port_of(struct graph *g, struct object *c, int64_t want, bool named)
{
	if (!named) {
		const struct value *v = get(g, c, A_container_port);
		return v && (want == 0 || v->n == want) ? v : NULL;
	}
	for (struct object *o = object_child(g->program, c, K_port, NULL); o; o = object_next(o)) {
		const struct value *v = get(g, o, A_port_number);
		if (v && (want == 0 || v->n == want) && !str_eqz(get_text(g, o, A_port_protocol), "udp"))
			return v;
	}
	return NULL;
}

/* Traffic goes to the one `port`; only where there is none do named ports count. */
bool
node_port(struct graph *g, struct object *node, struct object **container, int64_t *port, struct span *at)
{
	struct object *http = node->kind == K_service ? object_child(g->program, node, K_http, NULL) : NULL;
	const struct value *v = http ? get(g, http, A_http_port) : NULL;
	int64_t want = 0;
	if (v)
		want = v->kind == V_OBJECT ? get_int(g, v->object, A_port_number) : v->n;
	for (int named = 0; named < 2; named++) {
		unsigned found = 0;
		for (struct object *c = object_child(g->program, node, K_container, NULL); c; c = object_next(c)) {
			const struct value *p = port_of(g, c, want, named);
			if (p == NULL)
				continue;
			*container = c;
			*port = p->n;
			*at = p->origin;
			found++;
		}
		if (found > 0)
			return found == 1;
	}
	return false;
}

/* ---- pictures ---- */

static void
quote(struct buf *out, const char *text)
{
	buf_addc(out, '"');
	for (; *text; text++) {
		if (*text == '"')
			buf_addc(out, '\\');
		buf_addc(out, *text);
	}
	buf_addc(out, '"');
}

void
graph_dot(const struct graph *g, struct buf *out)
{
	static const char *const shapes[] = {[K_service] = "box", [K_job] = "note", [K_schedule] = "hexagon", [K_queue] = "cds",
					     [K_log] = "folder"};
	buf_addz(out, "digraph ");
	quote(out, g->program->stage->name->text);
	buf_addz(out, " {\n\trankdir = LR\n");
	for (size_t i = 0; i < g->nodes.n; i++) {
		buf_addc(out, '\t');
		quote(out, object_path(g->arena, g->nodes.v[i]));
		buf_addf(out, " [shape = %s]\n", shapes[g->nodes.v[i]->kind]);
	}
	for (size_t i = 0; i < g->edges.n; i++) {
		const struct graph_edge *e = &g->edges.v[i];
		buf_addc(out, '\t');
		quote(out, object_path(g->arena, e->from));
		buf_addz(out, " -> ");
		quote(out, object_path(g->arena, e->to));
		buf_addf(out, " [label = \"%s\"]\n", edge_word(e->kind));
	}
	buf_addz(out, "}\n");
}

static size_t
node_index(const struct graph *g, const struct object *o)
{
	for (size_t i = 0; i < g->nodes.n; i++)
		if (g->nodes.v[i] == o)
			return i;
	return 0;
}

void
graph_mermaid(const struct graph *g, struct buf *out)
{
	buf_addz(out, "flowchart LR\n");
	for (size_t i = 0; i < g->nodes.n; i++)
		buf_addf(out, "  n%zu[\"%s\"]\n", i, object_path(g->arena, g->nodes.v[i]));
	for (size_t i = 0; i < g->edges.n; i++)
		buf_addf(out, "  n%zu -->|%s| n%zu\n", node_index(g, g->edges.v[i].from), edge_word(g->edges.v[i].kind),
			 node_index(g, g->edges.v[i].to));
}
