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

static void
section(struct buf *b, const char *title, const char *name, const char *match)
{
	buf_addf(b, "%s[%s]\n    Name %s\n    Match %s\n", b->n ? "\n" : "", title, name, match);
}

/* `    Key value`, when the setting is there. */
static void
line(struct ecs *e, struct buf *b, const char *key, struct object *o, enum attr_id a)
{
	const struct value *v = get(e->g, o, a);
	if (v && v->kind == V_INT)
		buf_addf(b, "    %s %lld\n", key, (long long)v->n);
	else if (v && (v->kind == V_WORD || (v->kind == V_STRING && plain_value(e, v))))
		buf_addf(b, "    %s %.*s\n", key, (int)v->text.n, v->text.p);
}

/* ---- filters ---- */

static void
match_fields(struct ecs *e, struct object *log, enum kind_id kind, const char *verb, struct buf *b)
{
	struct object *o = object_child(e->p, log, kind, NULL);
	for (struct entry *x = o ? o->entries : NULL; x; x = x->next) {
		const struct value *v = entry_value(e->p, o, x);
		if (v == NULL || v->kind != V_STRING || !plain_value(e, v))
			continue;
		section(b, "FILTER", "grep", LINES);
		buf_addf(b, "    %s %.*s ^(?:%.*s)$\n", verb, (int)x->key.n, x->key.p, (int)v->text.n, v->text.p);
	}
}

static void
set_fields(struct ecs *e, struct object *log, enum kind_id kind, bool only_existing, struct buf *b)
{
	struct object *o = object_child(e->p, log, kind, NULL);
	for (struct entry *x = o ? o->entries : NULL; x; x = x->next) {
		const struct value *v = entry_value(e->p, o, x);
		if (v == NULL || v->kind != V_STRING || !plain_value(e, v))
			continue;
		section(b, "FILTER", "modify", LINES);
		if (only_existing)
			buf_addf(b, "    Condition Key_exists %.*s\n", (int)x->key.n, x->key.p);
		buf_addf(b, "    Set %.*s %.*s\n", (int)x->key.n, x->key.p, (int)v->text.n, v->text.p);
	}
}

static void
sample_lines(struct ecs *e, struct object *log, struct buf *b)
{
	const struct value *v = get(e->g, log, A_log_sample);
	if (v == NULL || v->n >= 100000)
		return;
	section(b, "FILTER", "lua", LINES);
	buf_addf(b, "    call sample\n    code math.randomseed(os.time()) function sample(tag, time, record) if math.random() < %lld / 100000 then return 0, time, record end return -1, time, record end\n",
		 (long long)v->n);
}

/* Does the route have its own pattern for the first line of a record? */
static const struct value *
own_start(struct ecs *e, struct object *log)
{
	struct object *m = object_child(e->p, log, K_multiline, NULL);
	return m ? get(e->g, m, A_multiline_start) : NULL;
}

static void
join_lines(struct ecs *e, struct object *log, struct buf *b)
{
	struct str known = get_text(e->g, log, A_log_multiline);
	if (known.n == 0 && own_start(e, log) == NULL)
		return;
	section(b, "FILTER", "multiline", LINES);
	buf_addf(b, "    multiline.key_content log\n    multiline.parser %.*s\n    buffer On\n", known.n ? (int)known.n : 5, known.n ? known.p : "berth");
}

static void
read_fields(struct ecs *e, struct object *log, struct buf *b)
{
	struct str format = get_text(e->g, log, A_log_format);
	if (format.n == 0 || str_eqz(format, "text"))
		return;
	section(b, "FILTER", "parser", LINES);
	buf_addf(b, "    Key_Name log\n    Parser %s%.*s\n    Reserve_Data On\n", str_eqz(format, "ltsv") ? "berth-" : "", (int)format.n, format.p);
}

struct str
router_parsers(struct ecs *e, struct object *log)
{
	struct buf b = {0};
	const struct value *start = own_start(e, log);
	if (start && (memchr(start->text.p, '"', start->text.n) || !plain_value(e, start))) {
		struct diag *d = complain(e->g, D_E0181, start->origin, "a pattern with a quote cannot be done on ecs");
		diag_hint(e->g->compile->diags, d, "Fluent Bit quotes the patterns of multiline rules; write \\x22 for a quote.");
	} else if (start) {
		buf_addf(&b, "[MULTILINE_PARSER]\n    name berth\n    type regex\n    flush_timeout 1000\n"
			     "    rule \"start_state\" \"/%.*s/\" \"cont\"\n    rule \"cont\" \"/^(?!%.*s)/\" \"cont\"\n",
			 (int)start->text.n, start->text.p, (int)start->text.n, start->text.p);
	}
	if (str_eqz(get_text(e->g, log, A_log_format), "ltsv"))
		buf_addf(&b, "%s[PARSER]\n    Name berth-ltsv\n    Format ltsv\n", b.n ? "\n" : "");
	struct str out = arena_str(e->a, buf_str(&b));
	buf_free(&b);
	return out;
}

/* ---- destinations ---- */

static const char *
region_of(struct ecs *e)
{
	return arena_strz(e->a, e->region);
}

static void
to_s3(struct ecs *e, struct object *log, struct object *o, struct buf *b)
{
	struct str prefix = get_text(e->g, o, A_to_s3_prefix);
	bool gzip = str_eqz(get_text(e->g, o, A_to_s3_compress), "gzip");
	get(e->g, o, A_to_s3_existing); /* berth makes no buckets */
	buf_addf(b, "    region %s\n", region_of(e));
	line(e, b, "bucket", o, A_to_s3_bucket);
	/* no disk outlives a task: small objects, put whole */
	buf_addf(b, "    use_put_object On\n    total_file_size 10M\n    upload_timeout 1m\n    store_dir /tmp/fluent-bit/s3\n    s3_key_format /%.*s%%Y/%%m/%%d/%%H/%s-%%M%%S-$UUID%s\n",
		 (int)prefix.n, prefix.p, log->label->text, gzip ? ".json.gz" : ".json");
	if (gzip)
		buf_addz(b, "    compression gzip\n");
}

static void
to_opensearch(struct ecs *e, struct object *o, struct buf *b)
{
	struct str host = get_text(e->g, o, A_to_opensearch_host);
	line(e, b, "Host", o, A_to_opensearch_host);
	buf_addz(b, "    Port 443\n    tls On\n    Suppress_Type_Name On\n    Generate_ID On\n");
	line(e, b, "Index", o, A_to_opensearch_index);
	if (str_ends(host, ".amazonaws.com"))
		buf_addf(b, "    AWS_Auth On\n    AWS_Region %s\n    AWS_Service_Name %s\n", region_of(e), str_ends(host, ".aoss.amazonaws.com") ? "aoss" : "es");
}

static void
to_loki(struct ecs *e, struct object *log, struct object *o, struct buf *b)
{
	struct object *labels = object_child(e->p, o, K_labels, NULL);
	line(e, b, "host", o, A_to_loki_host);
	line(e, b, "port", o, A_to_loki_port);
	buf_addf(b, "    labels route=%s", log->label->text);
	for (struct entry *x = labels ? labels->entries : NULL; x; x = x->next) {
		const struct value *v = entry_value(e->p, labels, x);
		if (v && v->kind == V_STRING && plain_value(e, v))
			buf_addf(b, ", %.*s=%.*s", (int)x->key.n, x->key.p, (int)v->text.n, v->text.p);
	}
	buf_addz(b, "\n");
}

static void
to_kafka(struct ecs *e, struct object *o, struct buf *b)
{
	const struct value *v = get(e->g, o, A_to_kafka_brokers);
	buf_addz(b, "    Brokers ");
	for (const struct value *i = v->kind == V_LIST ? v->items : v; i; i = v->kind == V_LIST ? i->next : NULL)
		buf_addf(b, "%s%.*s", i == v || i == v->items ? "" : ",", (int)i->text.n, i->text.p);
	buf_addz(b, "\n    Format json\n");
	line(e, b, "Topics", o, A_to_kafka_topic);
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
write_output(struct ecs *e, struct object *log, struct object *o, const char *match, struct buf *b)
{
	section(b, "OUTPUT", plugin(o->kind), match);
	switch (o->kind) {
	case K_to_firehose:
		buf_addf(b, "    region %s\n", region_of(e));
		line(e, b, "delivery_stream", o, A_to_firehose_stream);
		break;
	case K_to_cloudwatch:
		buf_addf(b, "    region %s\n", region_of(e));
		line(e, b, "log_group_name", o, A_to_cloudwatch_group);
		buf_addz(b, "    log_stream_prefix task/\n    auto_create_group Off\n");
		break;
	case K_to_s3: to_s3(e, log, o, b); break;
	case K_to_datadog:
		buf_addf(b, "    Host http-intake.logs.%.*s\n    TLS On\n    compress gzip\n    provider ecs\n    apikey ${DATADOG_API_KEY}\n",
			 (int)get_text(e->g, o, A_to_datadog_site).n, get_text(e->g, o, A_to_datadog_site).p);
		line(e, b, "dd_service", o, A_to_datadog_service);
		buf_addf(b, "    dd_source %s\n    dd_tags project:%s,env:%s\n", log->label->text, e->g->compile->project_name->text, e->p->stage->name->text);
		break;
	case K_to_opensearch: to_opensearch(e, o, b); break;
	case K_to_loki: to_loki(e, log, o, b); break;
	case K_to_kafka: to_kafka(e, o, b); break;
	case K_to_http:
		line(e, b, "Host", o, A_to_http_host);
		line(e, b, "Port", o, A_to_http_port);
		line(e, b, "URI", o, A_to_http_path);
		buf_addf(b, "    tls %s\n    Format json_lines\n    json_date_format iso8601\n", get_int(e->g, o, A_to_http_port) == 80 ? "Off" : "On");
		break;
	default: buf_addz(b, "    Format json_lines\n"); return;
	}
	buf_addf(b, "    Retry_Limit %d\n", RETRIES);
}

/* A destination with `when` gets copies under a tag of its own; several fields must all match. */
static const char *
tag_copies(struct ecs *e, struct object *o, unsigned number, struct buf *b)
{
	struct object *when = object_child(e->p, o, K_when, NULL);
	const char *tag = NULL;
	for (struct entry *x = when ? when->entries : NULL; x; x = x->next) {
		const struct value *v = entry_value(e->p, when, x);
		if (v == NULL || v->kind != V_STRING || !plain_value(e, v))
			continue;
		if (tag == NULL) {
			tag = arena_printf(e->a, "berth-%u", number);
			section(b, "FILTER", "rewrite_tag", LINES);
			buf_addf(b, "    Rule $%.*s ^(?:%.*s)$ %s true\n    Emitter_Name %s\n    Emitter_Mem_Buf_Limit 10M\n", (int)x->key.n, x->key.p, (int)v->text.n,
				 v->text.p, tag, tag);
		} else {
			section(b, "FILTER", "grep", tag);
			buf_addf(b, "    Regex %.*s ^(?:%.*s)$\n", (int)x->key.n, x->key.p, (int)v->text.n, v->text.p);
		}
	}
	return tag ? tag : LINES;
}

struct str
router_config(struct ecs *e, struct object *log)
{
	struct buf b = {0}, outputs = {0};
	unsigned number = 0;
	buf_addf(&b, "[SERVICE]\n    Flush 1\n    Grace %d\n    HTTP_Server On\n    HTTP_Listen 127.0.0.1\n    HTTP_Port 2020\n"
		     "    Parsers_File /fluent-bit/parsers/parsers.conf\n", GRACE_S);
	if (router_parsers(e, log).n)
		buf_addz(&b, "    Parsers_File " PARSERS_PATH "\n");
	join_lines(e, log, &b);
	read_fields(e, log, &b);
	match_fields(e, log, K_drop, "Exclude", &b);
	match_fields(e, log, K_keep, "Regex", &b);
	sample_lines(e, log, &b);
	set_fields(e, log, K_redact, true, &b);
	set_fields(e, log, K_add, false, &b);
	for (struct object *o = log->children; o; o = o->next)
		if (is_destination(o))
			write_output(e, log, o, tag_copies(e, o, ++number, &b), &outputs);
	buf_addc(&b, '\n');
	buf_adds(&b, buf_str(&outputs));
	struct str out = arena_str(e->a, buf_str(&b));
	buf_free(&b);
	buf_free(&outputs);
	return out;
}

/* ---- what the router needs ---- */

struct doc *
router_secrets(struct task *t, struct object *log)
{
	struct ecs *e = t->e;
	struct object *o = object_child(e->p, log, K_to_datadog, NULL);
	const struct value *key = o ? get(e->g, o, A_to_datadog_api_key) : NULL;
	struct doc *from = key ? secret_ref(e, key) : NULL;
	if (from == NULL)
		return NULL;
	struct doc *list = doc_list(e->a, key->origin), *pair = doc_map(e->a, key->origin);
	doc_set(e->a, pair, "name", add_z(e, log, "DATADOG_API_KEY", "the route's configuration names it"));
	doc_set(e->a, pair, "valueFrom", from);
	doc_add(list, pair);
	allow_secret(t, key);
	return list;
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
