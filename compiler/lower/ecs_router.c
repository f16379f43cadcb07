/*
 * A log route as a Fluent Bit configuration, in the classic syntax that
 * FireLens includes. Lines are joined first, then read into fields, then left
 * out, redacted and added to; then copies are tagged for destinations with
 * `when`; then every destination takes what has its tag.
 *
 * Sources: Fluent Bit documentation (classic mode) of the filters and outputs
 * named here; aws-for-fluent-bit, use cases; Amazon ECS developer guide,
 * "Using FireLens".
 */
#include "ecs.h"

#include <string.h>

enum { GRACE_S = 30, RETRIES = 10 };

#define LINES "*-firelens-*" /* NAME-firelens-TASK: never berth's own tags */

bool
is_destination(const struct object *o)
{
	return !o->gone && strcmp(kind_row(o->kind)->name, "to") == 0;
}

/* Fluent Bit would take ${…} for a variable, and a line end for the end of the value. */
static bool
plain_value(struct ecs *e, const struct value *v)
{
	if (memchr(v->text.p, '\n', v->text.n) == NULL && (v->text.n < 2 || strstr(arena_strz(e->a, v->text), "${") == NULL))
		return true;
	struct diag *d = complain(e->g, D_E0181, v->origin, "\"${\" and line ends cannot be part of a log route on ecs");
	diag_hint(e->g->compile->diags, d, "Fluent Bit takes ${NAME} for a variable of its environment.");
	return false;
}

/* A route on its way to a configuration: filters, then outputs, each a map in the order of its keys. */
struct config {
	struct ecs *e;
	struct object *log;
	const char *lines;   /* the tags of the route's lines: a pattern, or with `cluster` a regular expression */
	const char *own;     /* what the names of its tags and parsers begin with */
	const char *key;     /* the variable of the router that holds Datadog's key */
	bool regex;          /* `lines` is a regular expression */
	bool cluster;        /* beside the routes of others, on the nodes of a cluster */
	struct doc *filters, *outputs;
};

static struct doc *
section(struct config *c, struct doc *list, struct object *at, const char *name, const char *match)
{
	struct doc *d = doc_map(c->e->a, at->at);
	doc_set(c->e->a, d, "Name", doc_z(c->e->a, at->at, name));
	doc_set(c->e->a, d, c->regex && match == c->lines ? "Match_Regex" : "Match", doc_z(c->e->a, at->at, match));
	doc_add(list, d);
	return d;
}

static struct doc *
filter(struct config *c, struct object *at, const char *name, const char *match)
{
	return section(c, c->filters, at, name, match);
}

static void
put(struct config *c, struct doc *section_doc, const char *key, const char *text)
{
	doc_set(c->e->a, section_doc, key, doc_z(c->e->a, section_doc->origin, text));
}

/* Key and value, when the setting is there. */
static void
put_setting(struct config *c, struct doc *section_doc, const char *key, struct object *o, enum attr_id a)
{
	const struct value *v = get(c->e->g, o, a);
	if (v && v->kind == V_INT)
		doc_set(c->e->a, section_doc, key, of_f(c->e, v, "%lld", (long long)v->n));
	else if (v && (v->kind == V_WORD || (v->kind == V_STRING && plain_value(c->e, v))))
		doc_set(c->e->a, section_doc, key, of_f(c->e, v, "%.*s", (int)v->text.n, v->text.p));
}

/* ---- filters ---- */

/* A field and the pattern of its whole value. */
static struct doc *
whole(struct config *c, struct entry *x, const struct value *v)
{
	return of_f(c->e, v, "%.*s ^(?:%.*s)$", (int)x->key.n, x->key.p, (int)v->text.n, v->text.p);
}

static void
match_fields(struct config *c, enum kind_id kind, const char *verb)
{
	struct object *o = object_child(c->e->p, c->log, kind, NULL);
	for (struct entry *x = o ? o->entries : NULL; x; x = x->next) {
		const struct value *v = entry_value(c->e->p, o, x);
		if (v && v->kind == V_STRING && plain_value(c->e, v))
			doc_set(c->e->a, filter(c, o, "grep", c->lines), verb, whole(c, x, v));
	}
}

static void
set_fields(struct config *c, enum kind_id kind, bool only_existing)
{
	struct object *o = object_child(c->e->p, c->log, kind, NULL);
	for (struct entry *x = o ? o->entries : NULL; x; x = x->next) {
		const struct value *v = entry_value(c->e->p, o, x);
		if (v == NULL || v->kind != V_STRING || !plain_value(c->e, v))
			continue;
		struct doc *d = filter(c, o, "modify", c->lines);
		if (only_existing)
			doc_set(c->e->a, d, "Condition", doc_f(c->e->a, x->key_at, "Key_exists %.*s", (int)x->key.n, x->key.p));
		doc_set(c->e->a, d, "Set", of_f(c->e, v, "%.*s %.*s", (int)x->key.n, x->key.p, (int)v->text.n, v->text.p));
	}
}

static void
sample_lines(struct config *c)
{
	const struct value *v = get(c->e->g, c->log, A_log_sample);
	if (v == NULL || v->n >= 100000)
		return;
	struct doc *d = filter(c, c->log, "lua", c->lines);
	put(c, d, "call", "sample");
	doc_set(c->e->a, d, "code", of_f(c->e, v, "math.randomseed(os.time()) function sample(tag, time, record) if math.random() < %lld / 100000 then return 0, time, record end return -1, time, record end", (long long)v->n));
}

/* Does the route have its own pattern for the first line of a record? */
static const struct value *
own_start(struct ecs *e, struct object *log)
{
	struct object *m = object_child(e->p, log, K_multiline, NULL);
	return m ? get(e->g, m, A_multiline_start) : NULL;
}

static void
join_lines(struct config *c)
{
	struct str known = get_text(c->e->g, c->log, A_log_multiline);
	if (known.n == 0 && own_start(c->e, c->log) == NULL)
		return;
	struct doc *d = filter(c, c->log, "multiline", c->lines);
	put(c, d, "multiline.key_content", "log");
	put(c, d, "multiline.parser", known.n ? arena_strz(c->e->a, known) : c->own);
	put(c, d, "buffer", "On");
}

static void
read_fields(struct config *c)
{
	struct str format = get_text(c->e->g, c->log, A_log_format);
	if (format.n == 0 || str_eqz(format, "text"))
		return;
	struct doc *d = filter(c, c->log, "parser", c->lines);
	put(c, d, "Key_Name", "log");
	put(c, d, "Parser", str_eqz(format, "ltsv") ? arena_printf(c->e->a, "%s-ltsv", c->own) : arena_strz(c->e->a, format));
	put(c, d, "Reserve_Data", "On");
}

static void
add_parsers(struct config *c, struct buf *b)
{
	const struct value *start = own_start(c->e, c->log);
	if (start && (memchr(start->text.p, '"', start->text.n) || !plain_value(c->e, start))) {
		struct diag *d = complain(c->e->g, D_E0181, start->origin, "a pattern with a quote cannot be done on ecs");
		diag_hint(c->e->g->compile->diags, d, "Fluent Bit quotes the patterns of multiline rules; write \\x22 for a quote.");
	} else if (start) {
		buf_addf(b, "%s[MULTILINE_PARSER]\n    name %s\n    type regex\n    flush_timeout 1000\n"
			    "    rule \"start_state\" \"/%.*s/\" \"cont\"\n    rule \"cont\" \"/^(?!%.*s)/\" \"cont\"\n",
			 b->n ? "\n" : "", c->own, (int)start->text.n, start->text.p, (int)start->text.n, start->text.p);
	}
	if (str_eqz(get_text(c->e->g, c->log, A_log_format), "ltsv"))
		buf_addf(b, "%s[PARSER]\n    Name %s-ltsv\n    Format ltsv\n", b->n ? "\n" : "", c->own);
}

/* ---- destinations ---- */

static const char *
region_of(struct ecs *e)
{
	return arena_strz(e->a, e->region);
}

static void
to_s3(struct config *c, struct object *o, struct doc *d)
{
	struct str prefix = get_text(c->e->g, o, A_to_s3_prefix);
	bool gzip = str_eqz(get_text(c->e->g, o, A_to_s3_compress), "gzip");
	get(c->e->g, o, A_to_s3_existing); /* berth makes no buckets */
	put(c, d, "region", region_of(c->e));
	put_setting(c, d, "bucket", o, A_to_s3_bucket);
	/* no disk outlives a task: small objects, put whole */
	put(c, d, "use_put_object", "On");
	put(c, d, "total_file_size", "10M");
	put(c, d, "upload_timeout", "1m");
	put(c, d, "store_dir", "/tmp/fluent-bit/s3");
	put(c, d, "s3_key_format", arena_printf(c->e->a, "/%.*s%%Y/%%m/%%d/%%H/%s-%%M%%S-$UUID%s", (int)prefix.n, prefix.p, c->log->label->text, gzip ? ".json.gz" : ".json"));
	if (gzip)
		put(c, d, "compression", "gzip");
}

static void
to_opensearch(struct config *c, struct object *o, struct doc *d)
{
	struct str host = get_text(c->e->g, o, A_to_opensearch_host);
	put_setting(c, d, "Host", o, A_to_opensearch_host);
	put(c, d, "Port", "443");
	put(c, d, "tls", "On");
	put(c, d, "Suppress_Type_Name", "On");
	put(c, d, "Generate_ID", "On");
	put_setting(c, d, "Index", o, A_to_opensearch_index);
	if (!str_ends(host, ".amazonaws.com"))
		return;
	put(c, d, "AWS_Auth", "On");
	put(c, d, "AWS_Region", region_of(c->e));
	put(c, d, "AWS_Service_Name", str_ends(host, ".aoss.amazonaws.com") ? "aoss" : "es");
}

static void
to_loki(struct config *c, struct object *o, struct doc *d)
{
	struct object *labels = object_child(c->e->p, o, K_labels, NULL);
	struct buf b = {0};
	put_setting(c, d, "host", o, A_to_loki_host);
	put_setting(c, d, "port", o, A_to_loki_port);
	buf_addf(&b, "route=%s", c->log->label->text);
	for (struct entry *x = labels ? labels->entries : NULL; x; x = x->next) {
		const struct value *v = entry_value(c->e->p, labels, x);
		if (v && v->kind == V_STRING && plain_value(c->e, v))
			buf_addf(&b, ", %.*s=%.*s", (int)x->key.n, x->key.p, (int)v->text.n, v->text.p);
	}
	put(c, d, "labels", arena_strz(c->e->a, buf_str(&b)));
	buf_free(&b);
}

static void
to_kafka(struct config *c, struct object *o, struct doc *d)
{
	const struct value *v = get(c->e->g, o, A_to_kafka_brokers);
	struct buf b = {0};
	for (const struct value *i = v->kind == V_LIST ? v->items : v; i; i = v->kind == V_LIST ? i->next : NULL)
		buf_addf(&b, "%s%.*s", b.n ? "," : "", (int)i->text.n, i->text.p);
	doc_set(c->e->a, d, "Brokers", of_z(c->e, v, arena_strz(c->e->a, buf_str(&b))));
	buf_free(&b);
	put(c, d, "Format", "json");
	put_setting(c, d, "Topics", o, A_to_kafka_topic);
}

static void
to_datadog(struct config *c, struct object *o, struct doc *d)
{
	struct str site = get_text(c->e->g, o, A_to_datadog_site);
	put(c, d, "Host", arena_printf(c->e->a, "http-intake.logs.%.*s", (int)site.n, site.p));
	put(c, d, "TLS", "On");
	put(c, d, "compress", "gzip");
	put(c, d, "provider", "ecs");
	put(c, d, "apikey", arena_printf(c->e->a, "${%s}", c->key));
	put_setting(c, d, "dd_service", o, A_to_datadog_service);
	put(c, d, "dd_source", c->log->label->text);
	put(c, d, "dd_tags", arena_printf(c->e->a, "project:%s,env:%s", c->e->g->compile->project_name->text, c->e->p->stage->name->text));
}

static const char *
plugin(enum kind_id k)
{
	switch (k) {
	case K_to_firehose: return "kinesis_firehose";
	case K_to_cloudwatch: return "cloudwatch_logs";
	case K_to_s3: return "s3";
	case K_to_datadog: return "datadog";
	case K_to_opensearch: return "opensearch";
	case K_to_loki: return "loki";
	case K_to_kafka: return "kafka";
	case K_to_http: return "http";
	default: return "stdout";
	}
}

static void
add_output(struct config *c, struct object *o, const char *match)
{
	struct doc *d = section(c, c->outputs, o, plugin(o->kind), match);
	switch (o->kind) {
	case K_to_firehose:
		put(c, d, "region", region_of(c->e));
		put_setting(c, d, "delivery_stream", o, A_to_firehose_stream);
		break;
	case K_to_cloudwatch:
		put(c, d, "region", region_of(c->e));
		put_setting(c, d, "log_group_name", o, A_to_cloudwatch_group);
		put(c, d, "log_stream_prefix", c->cluster ? "pod/" : "task/");
		put(c, d, "auto_create_group", "Off");
		break;
	case K_to_s3: to_s3(c, o, d); break;
	case K_to_datadog: to_datadog(c, o, d); break;
	case K_to_opensearch: to_opensearch(c, o, d); break;
	case K_to_loki: to_loki(c, o, d); break;
	case K_to_kafka: to_kafka(c, o, d); break;
	case K_to_http:
		put_setting(c, d, "Host", o, A_to_http_host);
		put_setting(c, d, "Port", o, A_to_http_port);
		put_setting(c, d, "URI", o, A_to_http_path);
		put(c, d, "tls", get_int(c->e->g, o, A_to_http_port) == 80 ? "Off" : "On");
		put(c, d, "Format", "json_lines");
		put(c, d, "json_date_format", "iso8601");
		break;
	default: put(c, d, "Format", "json_lines"); return;
	}
	put(c, d, "Retry_Limit", arena_printf(c->e->a, "%d", RETRIES));
}

/* A destination with `when` gets copies under a tag of its own; several fields must all match. */
static const char *
tag_copies(struct config *c, struct object *o, unsigned number)
{
	struct object *when = object_child(c->e->p, o, K_when, NULL);
	const char *tag = NULL;
	for (struct entry *x = when ? when->entries : NULL; x; x = x->next) {
		const struct value *v = entry_value(c->e->p, when, x);
		if (v == NULL || v->kind != V_STRING || !plain_value(c->e, v))
			continue;
		if (tag) {
			doc_set(c->e->a, filter(c, when, "grep", tag), "Regex", whole(c, x, v));
			continue;
		}
		tag = arena_printf(c->e->a, "%s-%u", c->own, number);
		struct doc *d = filter(c, when, "rewrite_tag", c->lines);
		doc_set(c->e->a, d, "Rule", of_f(c->e, v, "$%.*s ^(?:%.*s)$ %s true", (int)x->key.n, x->key.p, (int)v->text.n, v->text.p, tag));
		put(c, d, "Emitter_Name", tag);
		put(c, d, "Emitter_Mem_Buf_Limit", "10M");
	}
	return tag ? tag : c->lines;
}

/* ---- the classic syntax ---- */

static void
add_sections(struct buf *b, const char *title, const struct doc *list)
{
	for (const struct doc *d = list->items; d; d = d->next) {
		buf_addf(b, "%s[%s]\n", b->n ? "\n" : "", title);
		for (const struct doc *m = d->items; m; m = m->next)
			buf_addf(b, "    %.*s %.*s\n", (int)m->key.n, m->key.p, (int)m->text.n, m->text.p);
	}
}

static void
fill(struct config *c)
{
	unsigned number = 0;
	c->filters = doc_list(c->e->a, c->log->at);
	c->outputs = doc_list(c->e->a, c->log->at);
	join_lines(c);
	read_fields(c);
	match_fields(c, K_drop, "Exclude");
	match_fields(c, K_keep, "Regex");
	sample_lines(c);
	set_fields(c, K_redact, true);
	set_fields(c, K_add, false);
	for (struct object *o = c->log->children; o; o = o->next)
		if (is_destination(o) && !(c->cluster && o->kind == K_to_stdout)) /* an agent that reads what it writes would never end */
			add_output(c, o, tag_copies(c, o, ++number));
}

void
route_sections(struct ecs *e, struct object *log, const char *tags, const char *own, struct doc **filters, struct doc **outputs)
{
	struct config c = {.e = e, .log = log, .lines = tags, .own = own, .regex = true, .cluster = true};
	fill(&c);
	*filters = c.filters;
	*outputs = c.outputs;
}

/* ---- the routes of one workload ---- */

void
routed_logs(struct ecs *e, struct object *node, log_list *out)
{
	for (struct object *c = object_child(e->p, node, K_container, NULL); c; c = object_next(c)) {
		struct object *log = container_log(e->g, c);
		bool known = log == NULL || !log_needs_router(e->g, log);
		for (size_t i = 0; i < out->n && !known; i++)
			known = out->v[i] == log;
		if (!known)
			*VEC_PUSH(e->a, out) = log;
	}
}

/* One route takes all that is written; several take the lines of their containers. */
static struct config
config_of(struct ecs *e, struct object *node, const log_list *logs, size_t i)
{
	struct config c = {.e = e, .log = logs->v[i], .lines = LINES, .own = "berth", .key = "DATADOG_API_KEY"};
	if (logs->n == 1)
		return c;
	struct buf names = {0};
	for (struct object *o = object_child(e->p, node, K_container, NULL); o; o = object_next(o))
		if (container_log(e->g, o) == c.log)
			buf_addf(&names, "%s%s", names.n ? "|" : "", o->label->text);
	c.lines = arena_printf(e->a, "^(?:%.*s)-firelens-", (int)names.n, names.p);
	c.own = arena_printf(e->a, "berth-%s", c.log->label->text);
	c.key = arena_printf(e->a, "DATADOG_API_KEY_%zu", i + 1);
	c.regex = true;
	buf_free(&names);
	return c;
}

struct str
router_parsers(struct ecs *e, struct object *node, const log_list *logs)
{
	struct buf b = {0};
	for (size_t i = 0; i < logs->n; i++) {
		struct config c = config_of(e, node, logs, i);
		add_parsers(&c, &b);
	}
	struct str out = arena_str(e->a, buf_str(&b));
	buf_free(&b);
	return out;
}

struct str
router_config(struct ecs *e, struct object *node, const log_list *logs)
{
	struct buf b = {0}, outputs = {0};
	buf_addf(&b, "[SERVICE]\n    Flush 1\n    Grace %d\n    HTTP_Server On\n    HTTP_Listen 127.0.0.1\n    HTTP_Port 2020\n"
		     "    Parsers_File /fluent-bit/parsers/parsers.conf\n", GRACE_S);
	if (router_parsers(e, node, logs).n)
		buf_addz(&b, "    Parsers_File " PARSERS_PATH "\n");
	for (size_t i = 0; i < logs->n; i++) {
		struct config c = config_of(e, node, logs, i);
		fill(&c);
		add_sections(&b, "FILTER", c.filters);
		add_sections(&outputs, "OUTPUT", c.outputs);
	}
	buf_addc(&b, '\n');
	buf_adds(&b, buf_str(&outputs));
	struct str out = arena_str(e->a, buf_str(&b));
	buf_free(&b);
	buf_free(&outputs);
	return out;
}

/* ---- what the router needs ---- */

struct doc *
router_secrets(struct task *t, const log_list *logs)
{
	struct ecs *e = t->e;
	struct doc *list = doc_list(e->a, logs->v[0]->at);
	for (size_t i = 0; i < logs->n; i++) {
		struct config c = config_of(e, t->node, logs, i);
		struct object *o = object_child(e->p, c.log, K_to_datadog, NULL);
		const struct value *key = o ? get(e->g, o, A_to_datadog_api_key) : NULL;
		struct doc *from = key ? secret_ref(e, key) : NULL;
		if (from == NULL)
			continue;
		struct doc *pair = doc_map(e->a, key->origin);
		doc_set(e->a, pair, "name", add_z(e, c.log, c.key, "the route's configuration names it"));
		doc_set(e->a, pair, "valueFrom", from);
		doc_add(list, pair);
		allow_secret(t, key);
	}
	return list->count ? list : NULL;
}

/* The domain of search-NAME-HASH.REGION.es.amazonaws.com; NULL for other hosts. */
static const char *
domain_of(struct ecs *e, struct str host)
{
	const char *text = arena_strz(e->a, host), *dot = strchr(text, '.'), *start = text, *hash;
	if (dot == NULL || !str_ends(host, ".es.amazonaws.com"))
		return NULL;
	if (strncmp(start, "search-", 7) == 0)
		start += 7;
	else if (strncmp(start, "vpc-", 4) == 0)
		start += 4;
	struct str first = {start, (size_t)(dot - start)};
	hash = arena_strz(e->a, first);
	hash = strrchr(hash, '-');
	return hash ? arena_strz(e->a, (struct str){start, first.n - strlen(hash)}) : NULL;
}

void
router_permissions(struct task *t, struct object *log)
{
	struct ecs *e = t->e;
	for (struct object *o = log->children; o; o = o->next) {
		if (!is_destination(o))
			continue;
		if (o->kind == K_to_firehose) {
			struct str s = get_text(e->g, o, A_to_firehose_stream);
			allow(e, t->allow, o->at, "firehose:PutRecordBatch",
			      doc_z(e->a, o->at, arn(e, "firehose", arena_printf(e->a, "deliverystream/%.*s", (int)s.n, s.p))));
		} else if (o->kind == K_to_cloudwatch) {
			struct str s = get_text(e->g, o, A_to_cloudwatch_group);
			allow(e, t->allow, o->at, "logs:CreateLogStream logs:PutLogEvents logs:DescribeLogStreams",
			      doc_z(e->a, o->at, arn(e, "logs", arena_printf(e->a, "log-group:%.*s:*", (int)s.n, s.p))));
		} else if (o->kind == K_to_s3) {
			struct str bucket = get_text(e->g, o, A_to_s3_bucket), prefix = get_text(e->g, o, A_to_s3_prefix);
			allow(e, t->allow, o->at, "s3:PutObject",
			      doc_f(e->a, o->at, "arn:%s:s3:::%.*s/%.*s*", e->partition, (int)bucket.n, bucket.p, (int)prefix.n, prefix.p));
		} else if (o->kind == K_to_opensearch) {
			const char *domain = domain_of(e, get_text(e->g, o, A_to_opensearch_host));
			if (domain)
				allow(e, t->allow, o->at, "es:ESHttpPost es:ESHttpPut", doc_z(e->a, o->at, arn(e, "es", arena_printf(e->a, "domain/%s/*", domain))));
		}
	}
}
