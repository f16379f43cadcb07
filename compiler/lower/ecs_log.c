/*
 * Log routes on ECS. A route to CloudWatch alone is the awslogs driver; any
 * other runs through a FireLens router: Fluent Bit beside the workload, whose
 * configuration travels inside the task definition, so that a revision is
 * whole in itself and a rollback rolls it back too.
 *
 * Sources: ECS developer guide, "Using FireLens"; aws-for-fluent-bit,
 * troubleshooting guide; Fluent Bit documentation of the filters named here.
 */
#include "ecs.h"

#include <string.h>

enum { ROUTER_STOP_S = 60, ROUTER_RETENTION_DAYS = 14 };

/* ---- log groups ---- */

static struct resource *
make_group(struct ecs *e, struct object *log, struct doc *name, struct doc *days)
{
	const char *text = arena_strz(e->a, name->text);
	struct resource *known = resource_find(e->l->out, arena_printf(e->a, "aws.logs.LogGroup/%s", text));
	if (known)
		return known;
	struct doc *d = doc_map(e->a, name->origin), *r = doc_map(e->a, name->origin), *tags = doc_map(e->a, log->at);
	doc_set(e->a, d, "logGroupName", name);
	doc_set(e->a, tags, "project", doc_z(e->a, e->p->project_object->at, e->g->compile->project_name->text));
	doc_set(e->a, tags, "stage", doc_z(e->a, e->stage->at, e->p->stage->name->text));
	doc_set(e->a, d, "tags", tags);
	struct resource *group = lower_add(e->l, RK_LOG_GROUP, text, log, d);
	doc_set(e->a, r, "logGroupName", doc_string(e->a, name->origin, name->text));
	doc_set(e->a, r, "retentionInDays", days);
	resource_edge(e->l->out, lower_add(e->l, RK_LOG_RETENTION, text, log, r), group);
	return group;
}

/* Where the router's own messages go: never through itself. */
static struct resource *
router_group(struct ecs *e, struct object *log)
{
	struct doc *name = add_f(e, log, "the router's own messages, never through itself", "/%s/%s/log-router", e->prefix, log->label->text);
	return make_group(e, log, name, add_int(e, log, ROUTER_RETENTION_DAYS, "the router's own messages are kept for two weeks"));
}

/* ---- drivers ---- */

static void
awslogs(struct task *t, struct doc *def, struct object *at, struct doc *group, const char *stream)
{
	struct ecs *e = t->e;
	struct doc *config = doc_map(e->a, at->at), *o = doc_map(e->a, at->at);
	doc_set(e->a, config, "logDriver", add_z(e, at, "awslogs", "CloudWatch needs no router"));
	doc_set(e->a, o, "awslogs-group", group);
	doc_set(e->a, o, "awslogs-region", doc_string(e->a, get_span(e->g, e->stage, A_stage_region), e->region));
	doc_set(e->a, o, "awslogs-stream-prefix", add_z(e, at, stream, "the workload's name"));
	doc_set(e->a, o, "mode", add_z(e, at, "non-blocking", "the application must not hang when CloudWatch is slow; AWS's default differs by account"));
	doc_set(e->a, o, "max-buffer-size", add_z(e, at, "25m", "what non-blocking mode keeps before it drops lines"));
	doc_set(e->a, config, "options", o);
	doc_set(e->a, def, "logConfiguration", config);
	const char *name = arena_strz(e->a, group->text);
	allow(e, t->exec, at->at, "logs:CreateLogStream logs:PutLogEvents", doc_z(e->a, at->at, arn(e, "logs", arena_printf(e->a, "log-group:%s:*", name))));
}

void
container_logging(struct task *t, struct object *c, struct doc *def)
{
	struct ecs *e = t->e;
	struct object *log = container_log(e->g, c);
	if (log == NULL)
		return;
	lower_log(e, log);
	if (!log_needs_router(e->g, log)) {
		get(e->g, log, A_log_format); /* CloudWatch reads JSON by itself */
		struct object *to = object_child(e->p, log, K_to_cloudwatch, NULL);
		const struct value *group = to ? get(e->g, to, A_to_cloudwatch_group) : NULL;
		if (group)
			awslogs(t, def, c, doc_value(e->l, group), t->node->label->text);
		struct resource *r = group ? resource_find(e->l->out, arena_printf(e->a, "aws.logs.LogGroup/%.*s", (int)group->text.n, group->text.p)) : NULL;
		if (r)
			*VEC_PUSH(e->a, &t->needs) = r;
		return;
	}
	depend(e, c, def, "log-router", "HEALTHY", "no line is written before the router takes lines, and it stops after its last");
	struct doc *config = doc_map(e->a, c->at), *o = doc_map(e->a, c->at);
	const struct value *buffer = get(e->g, log, A_log_buffer);
	doc_set(e->a, config, "logDriver", add_z(e, c, "awsfirelens", "the route needs the router"));
	doc_set(e->a, o, "log-driver-buffer-limit", of_f(e, buffer, "%lld", (long long)buffer->n));
	doc_set(e->a, config, "options", o);
	doc_set(e->a, def, "logConfiguration", config);
}

/* ---- the router ---- */

/* The configuration travels with the revision. */
static void
router_variable(struct ecs *e, struct object *log, struct doc *env, const char *name, struct str text, const char *because)
{
	struct doc *pair = doc_map(e->a, log->at), *value = doc_string(e->a, log->at, text);
	value->because = because;
	doc_set(e->a, pair, "name", add_z(e, log, name, "the configuration travels with the revision"));
	doc_set(e->a, pair, "value", value);
	doc_add(env, pair);
}

static struct doc *
router_start(struct ecs *e, struct object *node, const log_list *logs, struct doc *def)
{
	struct object *log = logs->v[0];
	struct doc *env = doc_list(e->a, log->at), *entry = doc_list(e->a, log->at), *command = doc_list(e->a, log->at);
	struct str parsers = router_parsers(e, node, logs);
	router_variable(e, log, env, "FLUENT_BIT_CONFIG", router_config(e, node, logs), "the log route as a Fluent Bit configuration");
	if (parsers.n)
		router_variable(e, log, env, "FLUENT_BIT_PARSERS", parsers, "what the route reads lines with");
	doc_add(entry, add_z(e, log, "/bin/sh", "writes the configuration, then becomes Fluent Bit"));
	doc_add(entry, doc_z(e->a, log->at, "-c"));
	doc_add(command, add_f(e, log, "ECS writes fluent-bit.conf, which includes the route",
			       "printf '%%s' \"$FLUENT_BIT_CONFIG\" > " CONFIG_PATH "%s && exec /fluent-bit/bin/fluent-bit -c /fluent-bit/etc/fluent-bit.conf",
			       parsers.n ? " && printf '%s' \"$FLUENT_BIT_PARSERS\" > " PARSERS_PATH : ""));
	doc_set(e->a, def, "entryPoint", entry);
	doc_set(e->a, def, "command", command);
	doc_set(e->a, def, "environment", env);
	return def;
}

static struct doc *
router_health(struct ecs *e, struct object *log)
{
	struct doc *h = doc_map(e->a, log->at), *command = doc_list(e->a, log->at);
	doc_add(command, add_z(e, log, "CMD-SHELL", "asks the router, not its destination: an outage there must not stop the fleet"));
	doc_add(command, doc_z(e->a, log->at, "curl -f http://127.0.0.1:2020/api/v1/uptime || exit 1"));
	doc_set(e->a, h, "command", command);
	doc_set(e->a, h, "interval", add_int(e, log, 5, "the workload waits for the first good answer"));
	doc_set(e->a, h, "timeout", add_int(e, log, 3, "a local request"));
	doc_set(e->a, h, "retries", add_int(e, log, 3, "ECS's default"));
	doc_set(e->a, h, "startPeriod", add_int(e, log, 15, "the router starts within seconds"));
	return h;
}

struct doc *
router_container(struct task *t)
{
	struct ecs *e = t->e;
	log_list logs = {0};
	routed_logs(e, t->node, &logs);
	if (logs.n == 0)
		return NULL;
	struct object *log = logs.v[0]; /* its router serves the others too */
	for (size_t i = 0; i < logs.n; i++)
		lower_log(e, logs.v[i]);
	struct object *r = object_implied(e->p, log, K_router);
	const struct value *cpu = get(e->g, r, A_router_cpu), *memory = get(e->g, r, A_router_memory),
			   *essential = get(e->g, r, A_router_essential);
	struct doc *d = doc_map(e->a, log->at), *fire = doc_map(e->a, log->at), *options = doc_map(e->a, log->at);
	doc_set(e->a, d, "name", add_z(e, log, "log-router", "the route's router"));
	doc_set(e->a, d, "image", doc_value(e->l, get(e->g, r, A_router_image)));
	if (cpu)
		doc_set(e->a, d, "cpu", of_int(e, cpu, cpu->n * 1024 / 1000));
	doc_set(e->a, d, "memory", of_int(e, memory, memory->n >> 20));
	doc_set(e->a, d, "essential", doc_bool(e->a, essential->origin, essential->n != 0));
	doc_set(e->a, d, "user", add_z(e, log, "0", "FireLens runs its router as root"));
	router_start(e, t->node, &logs, d);
	doc_set(e->a, d, "secrets", router_secrets(t, &logs));
	doc_set(e->a, fire, "type", add_z(e, log, "fluentbit", "the router is Fluent Bit"));
	doc_set(e->a, options, "enable-ecs-log-metadata", add_z(e, log, "true", "records name their task"));
	doc_set(e->a, options, "config-file-type", add_z(e, log, "file", "Fargate takes a file only"));
	doc_set(e->a, options, "config-file-value", add_z(e, log, CONFIG_PATH, "written by the router's start command"));
	doc_set(e->a, fire, "options", options);
	doc_set(e->a, d, "firelensConfiguration", fire);
	doc_set(e->a, d, "healthCheck", router_health(e, log));
	doc_set(e->a, d, "stopTimeout", add_int(e, log, ROUTER_STOP_S, "longer than its grace of 30 s, so that it can flush"));
	struct resource *group = router_group(e, log);
	awslogs(t, d, log, doc_z(e->a, log->at, group->name), t->node->label->text);
	*VEC_PUSH(e->a, &t->needs) = group;
	for (size_t i = 0; i < logs.n; i++) {
		router_permissions(t, logs.v[i]);
		for (struct object *o = logs.v[i]->children; o; o = o->next) {
			if (!is_destination(o) || o->kind != K_to_firehose)
				continue;
			struct str s = get_text(e->g, o, A_to_firehose_stream);
			struct resource *stream = resource_find(e->l->out, arena_printf(e->a, "aws.firehose.DeliveryStream/%.*s", (int)s.n, s.p));
			if (stream)
				*VEC_PUSH(e->a, &t->needs) = stream;
		}
	}
	return d;
}

/* ---- destinations ---- */

static struct doc *
s3_statements(struct ecs *e, struct object *o, const struct value *bucket)
{
	struct doc *list = new_statements(e, o), *resources = doc_list(e->a, bucket->origin);
	const char *b = arena_printf(e->a, "arn:%s:s3:::%.*s", e->partition, (int)bucket->text.n, bucket->text.p);
	doc_add(resources, of_z(e, bucket, b));
	doc_add(resources, of_f(e, bucket, "%s/*", b));
	allow(e, list, o->at, "s3:AbortMultipartUpload s3:GetBucketLocation s3:GetObject s3:ListBucket s3:ListBucketMultipartUploads s3:PutObject", resources);
	return list;
}

static const char *
compression(struct str word)
{
	return str_eqz(word, "gzip") ? "GZIP" : str_eqz(word, "zip") ? "ZIP" : str_eqz(word, "snappy") ? "Snappy" : "UNCOMPRESSED";
}

static void
make_stream(struct ecs *e, struct object *log, struct object *o)
{
	const struct value *stream = get(e->g, o, A_to_firehose_stream), *bucket = get(e->g, o, A_to_firehose_bucket);
	if (stream == NULL || get_bool(e->g, o, A_to_firehose_existing))
		return;
	if (bucket == NULL) {
		struct diag *d = complain(e->g, D_E0107, o->at, "to firehose needs bucket");
		diag_hint(e->g->compile->diags, d, "Add bucket = \"…\", or existing = true for a stream that someone else owns.");
		return;
	}
	struct resource *role = make_role(e, log, "firehose", "firehose.amazonaws.com",
					  arn(e, "firehose", arena_printf(e->a, "deliverystream/%.*s", (int)stream->text.n, stream->text.p)), s3_statements(e, o, bucket));
	struct doc *d = doc_map(e->a, o->at), *s3 = doc_map(e->a, o->at), *hints = doc_map(e->a, o->at);
	const struct value *prefix = get(e->g, o, A_to_firehose_prefix), *buffer = get(e->g, o, A_to_firehose_buffer),
			   *flush = get(e->g, o, A_to_firehose_flush), *compress = get(e->g, o, A_to_firehose_compress);
	doc_set(e->a, d, "DeliveryStreamName", doc_value(e->l, stream));
	doc_set(e->a, d, "DeliveryStreamType", add_z(e, o, "DirectPut", "the router writes to it"));
	doc_set(e->a, s3, "RoleARN", role_arn(e, log, role));
	doc_set(e->a, s3, "BucketARN", of_f(e, bucket, "arn:%s:s3:::%.*s", e->partition, (int)bucket->text.n, bucket->text.p));
	doc_set(e->a, s3, "Prefix", doc_value(e->l, prefix));
	doc_set(e->a, s3, "ErrorOutputPrefix", of_f(e, prefix, "errors/%.*s!{firehose:error-output-type}/", (int)prefix->text.n, prefix->text.p));
	doc_set(e->a, hints, "SizeInMBs", of_int(e, buffer, buffer->n >> 20));
	doc_set(e->a, hints, "IntervalInSeconds", of_int(e, flush, flush->n / 1000));
	doc_set(e->a, s3, "BufferingHints", hints);
	doc_set(e->a, s3, "CompressionFormat", of_z(e, compress, compression(compress->text)));
	doc_set(e->a, d, "ExtendedS3DestinationConfiguration", s3);
	doc_set(e->a, d, "Tags", tags_of(e, log, true));
	resource_edge(e->l->out, lower_add(e->l, RK_DELIVERY_STREAM, arena_strz(e->a, stream->text), log, d), role);
}

void
lower_log(struct ecs *e, struct object *log)
{
	if (log->used)
		return;
	log->used = true;
	for (struct object *o = log->children; o; o = o->next) {
		if (!is_destination(o))
			continue;
		if (o->kind == K_to_firehose) {
			make_stream(e, log, o);
		} else if (o->kind == K_to_cloudwatch && !get_bool(e->g, o, A_to_cloudwatch_existing)) {
			const struct value *group = get(e->g, o, A_to_cloudwatch_group), *keep = get(e->g, o, A_to_cloudwatch_retention);
			if (group && keep)
				make_group(e, log, doc_value(e->l, group), of_int(e, keep, keep->n / 86400000));
		}
	}
}
