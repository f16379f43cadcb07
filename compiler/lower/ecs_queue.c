/*
 * Queues: SQS with its dead letters, and what workloads that use one get: the
 * address in their environment, and the actions they need on it. Queues kept
 * in Redis are models of names only; nothing is made for them.
 *
 * Sources: SQS API, CreateQueue and SetQueueAttributes; SQS developer guide,
 * dead-letter queues, least-privilege policies.
 */
#include "ecs.h"

#include <string.h>

enum { SOURCES_MAX = 10 }; /* of a redrive permission by queue */

/* ---- names ---- */

static const char *
queue_name(struct ecs *e, const char *whole, bool fifo)
{
	int max = resource_kind_get(RK_QUEUE)->name_max - (fifo ? 5 : 0);
	size_t n = strlen(whole);
	if (fifo && n > 5 && strcmp(whole + n - 5, ".fifo") == 0)
		whole = arena_strz(e->a, (struct str){whole, n - 5});
	return arena_printf(e->a, "%s%s", name_cut(e->a, whole, max), fifo ? ".fifo" : "");
}

static const char *
url_of(struct ecs *e, const char *region, const char *account, const char *name)
{
	return arena_printf(e->a, "https://sqs.%s.%s/%s/%s", region, str_starts(str_of(region), "cn-") ? "amazonaws.com.cn" : "amazonaws.com", account, name);
}

/* The parts of text between `c`: at most n, in order. Returns how many there are. */
static size_t
split(struct arena *a, struct str text, char c, const char **part, size_t n)
{
	size_t count = 0;
	for (size_t from = 0, i = 0; i <= text.n; i++) {
		if (i < text.n && text.p[i] != c)
			continue;
		if (count < n)
			part[count] = arena_strz(a, (struct str){text.p + from, i - from});
		count++;
		from = i + 1;
	}
	return count;
}

static void
elsewhere(struct ecs *e, const struct value *v, const char *what)
{
	struct diag *d = complain(e->g, D_E0155, v->origin, "\"%.*s\" is in another %s than the stage", (int)v->text.n, v->text.p, what);
	diag_hint(e->g->compile->diags, d, "The stage is in %.*s; tasks, schedules and alarms reach queues of their own region.", (int)e->region.n, e->region.p);
}

/* A name, an address or an ARN. */
static void
read_existing(struct ecs *e, const struct value *v, struct queue_ref *out)
{
	const char *part[6];
	const char *region = arena_strz(e->a, e->region), *account = arena_strz(e->a, e->account), *name = arena_strz(e->a, v->text);
	if (str_starts(v->text, "arn:") && split(e->a, v->text, ':', part, 6) == 6) {
		if (strcmp(part[1], e->partition) != 0)
			elsewhere(e, v, "partition");
		region = part[3];
		account = part[4];
		name = part[5];
	} else if (str_starts(v->text, "https://sqs.") && split(e->a, v->text, '/', part, 6) == 5) {
		const char *host[3];
		split(e->a, str_of(part[2]), '.', host, 3);
		region = host[1];
		account = part[3];
		name = part[4];
	}
	if (!str_eqz(e->region, region))
		elsewhere(e, v, "region");
	out->name = name;
	out->url = url_of(e, region, account, name);
	out->arn = arena_printf(e->a, "arn:%s:sqs:%s:%s:%s", e->partition, region, account, name);
	out->fifo = str_ends(str_of(name), ".fifo");
	out->existing = true;
}

void
queue_of(struct ecs *e, struct object *q, struct queue_ref *out)
{
	const struct value *existing = get(e->g, q, A_queue_existing);
	*out = (struct queue_ref){.sqs = str_eqz(get_text(e->g, q, A_queue_engine), "sqs")};
	if (!out->sqs)
		return;
	if (existing) {
		read_existing(e, existing, out);
		return;
	}
	out->fifo = get_bool(e->g, q, A_queue_fifo);
	out->name = queue_name(e, node_name(e->g, q), out->fifo);
	out->url = url_of(e, arena_strz(e->a, e->region), arena_strz(e->a, e->account), out->name);
	out->arn = arn(e, "sqs", out->name);
}

struct doc *
queue_attribute(struct ecs *e, const struct value *v)
{
	struct queue_ref q;
	queue_of(e, v->object, &q);
	if (q.sqs)
		return of_z(e, v, str_eqz(v->text, "arn") ? q.arn : q.url);
	struct object *redis = object_child(e->p, v->object, K_redis, NULL);
	const struct value *url = redis ? get(e->g, redis, A_redis_url) : NULL;
	if (url && url->kind == V_STRING && str_eqz(v->text, "url"))
		return doc_value(e->l, url);
	struct diag *d = complain(e->g, D_E0181, v->origin, "a queue kept in Redis has no %.*s that can stand in the environment", (int)v->text.n, v->text.p);
	diag_hint(e->g->compile->diags, d, url && url->kind == V_SECRET ? "Its address is a secret: give it in secrets { }." : "Say where it is: redis { url = \"…\" }");
	return NULL;
}

/* ---- SQS ---- */

static void
seconds(struct ecs *e, struct object *q, struct doc *attributes, const char *key, enum attr_id a)
{
	const struct value *v = get(e->g, q, a);
	if (v)
		doc_set(e->a, attributes, key, of_f(e, v, "%lld", (long long)(v->n / 1000)));
}

static void
encryption(struct ecs *e, struct object *q, struct doc *attributes)
{
	const struct value *v = get(e->g, q, A_queue_encrypt);
	if (v && v->kind == V_STRING)
		doc_set(e->a, attributes, "KmsMasterKeyId", doc_value(e->l, v));
	else if (v)
		doc_set(e->a, attributes, "SqsManagedSseEnabled", of_z(e, v, v->n ? "true" : "false"));
	else
		doc_set(e->a, attributes, "SqsManagedSseEnabled", add_z(e, q, "true", "SQS's own default, written out"));
}

/* EventBridge puts what a rule could not deliver into the queue only when the queue's own policy lets it. */
static void
allow_rules(struct ecs *e, struct object *q, struct doc *statements, const char *arn_text)
{
	struct doc *rules = doc_list(e->a, q->at);
	for (size_t i = 0; q->referenced && i < e->g->edges.n; i++) {
		const struct graph_edge *x = &e->g->edges.v[i];
		if (x->kind == EDGE_DEAD_LETTERS && x->to == q && x->from->kind == K_schedule && schedule_way(e->g, x->from) == CRON_RULE)
			doc_add(rules, doc_z(e->a, x->at, arn(e, "events", arena_printf(e->a, "rule/%s*", aws_name(e, RK_RULE, node_name(e->g, x->from))))));
	}
	if (rules->count == 0)
		return;
	struct doc *s = doc_map(e->a, q->at), *principal = doc_map(e->a, q->at), *op = doc_map(e->a, q->at), *condition_doc = doc_map(e->a, q->at);
	doc_set(e->a, s, "Sid", doc_z(e->a, q->at, "StartsOfRules"));
	doc_set(e->a, s, "Effect", doc_z(e->a, q->at, "Allow"));
	doc_set(e->a, principal, "Service", doc_z(e->a, q->at, "events.amazonaws.com"));
	doc_set(e->a, s, "Principal", principal);
	doc_set(e->a, s, "Action", doc_z(e->a, q->at, "sqs:SendMessage"));
	doc_set(e->a, s, "Resource", doc_z(e->a, q->at, arn_text));
	doc_set(e->a, op, "aws:SourceArn", rules);
	doc_set(e->a, condition_doc, "ArnLike", op);
	doc_set(e->a, s, "Condition", condition_doc);
	doc_add(statements, s);
}

/* Nobody speaks to the queue in clear text. */
static struct doc *
queue_policy(struct ecs *e, struct object *q, const char *arn_text)
{
	struct doc *p = doc_map(e->a, q->at), *list = doc_list(e->a, q->at), *s = doc_map(e->a, q->at);
	doc_set(e->a, p, "Version", doc_z(e->a, q->at, "2012-10-17"));
	doc_set(e->a, s, "Sid", doc_z(e->a, q->at, "TlsOnly"));
	doc_set(e->a, s, "Effect", doc_z(e->a, q->at, "Deny"));
	doc_set(e->a, s, "Principal", doc_z(e->a, q->at, "*"));
	doc_set(e->a, s, "Action", doc_z(e->a, q->at, "sqs:*"));
	doc_set(e->a, s, "Resource", doc_z(e->a, q->at, arn_text));
	condition(e, s, q->at, "Bool", "aws:SecureTransport", "false");
	doc_add(list, s);
	allow_rules(e, q, list, arn_text);
	doc_set(e->a, p, "Statement", list);
	struct doc *d = doc_json(e->a, q->at, p);
	d->because = "nobody speaks to the queue in clear text";
	return d;
}

static struct doc *
queue_tags(struct ecs *e, struct object *q)
{
	struct doc *map = doc_map(e->a, q->at);
	for (const struct doc *t = tags_of(e, q, false)->items; t; t = t->next) {
		struct doc *v = doc_get(t, "value");
		struct doc *copy = doc_string(e->a, v->origin, v->text);
		copy->because = v->because;
		if (!doc_get(map, arena_strz(e->a, doc_get(t, "key")->text)))
			doc_sets(e->a, map, doc_get(t, "key")->text, copy);
	}
	return map;
}

static struct doc *
common(struct ecs *e, struct object *q, struct doc *body, const char *name, const char *because, bool fifo)
{
	struct doc *attributes = doc_map(e->a, q->at);
	doc_set(e->a, body, "QueueName", add_z(e, q, name, because));
	if (fifo)
		doc_set(e->a, attributes, "FifoQueue", add_z(e, q, "true", "fifo = true"));
	return attributes;
}

/* Who may move messages here: the queues whose dead letters these are. */
static void
allow_redrive(struct ecs *e, struct object *q, struct doc *attributes, struct doc *sources)
{
	struct doc *p = doc_map(e->a, q->at);
	doc_set(e->a, p, "redrivePermission", doc_z(e->a, q->at, "byQueue"));
	doc_set(e->a, p, "sourceQueueArns", sources);
	doc_set(e->a, attributes, "RedriveAllowPolicy", doc_json(e->a, q->at, p));
}

static struct resource *
make_dead_letters(struct ecs *e, struct object *q, struct object *dead, const struct queue_ref *source, struct queue_ref *out)
{
	struct doc *body = doc_map(e->a, dead->at), *sources = doc_list(e->a, dead->at);
	const char *whole = arena_printf(e->a, "%s-dead", node_name(e->g, q));
	*out = (struct queue_ref){.sqs = true, .fifo = source->fifo, .name = queue_name(e, whole, source->fifo)};
	out->arn = arn(e, "sqs", out->name);
	struct doc *attributes = common(e, q, body, out->name, "the queue's name, for its dead letters", source->fifo);
	seconds(e, dead, attributes, "MessageRetentionPeriod", A_dead_letter_retention);
	encryption(e, q, attributes);
	doc_add(sources, doc_z(e->a, dead->at, source->arn));
	allow_redrive(e, q, attributes, sources);
	doc_set(e->a, attributes, "Policy", queue_policy(e, q, out->arn));
	doc_set(e->a, body, "Attributes", attributes);
	doc_set(e->a, body, "tags", queue_tags(e, q));
	return lower_add(e->l, RK_QUEUE, out->name, q, body);
}

/* Queues that name `q` as the place of their dead letters. */
static struct doc *
sources_of(struct ecs *e, struct object *q)
{
	struct doc *list = doc_list(e->a, q->at);
	for (size_t i = 0; q->referenced && i < e->g->edges.n; i++) {
		const struct graph_edge *x = &e->g->edges.v[i];
		struct queue_ref source;
		if (x->kind != EDGE_DEAD_LETTERS || x->to != q || x->from->kind != K_queue)
			continue;
		queue_of(e, x->from, &source);
		if (source.sqs)
			doc_add(list, doc_z(e->a, x->at, source.arn));
	}
	if (list->count > SOURCES_MAX) {
		struct diag *d = complain(e->g, D_E0181, q->at, "the dead letters of %u queues cannot go to one queue", list->count);
		diag_hint(e->g->compile->diags, d, "SQS names at most %d sources (SQS API, RedriveAllowPolicy); let some have their own dead letters.", SOURCES_MAX);
	}
	return list;
}

static void
redrive(struct ecs *e, struct object *dead, struct doc *attributes, const char *arn_text)
{
	struct doc *p = doc_map(e->a, dead->at);
	const struct value *after = get(e->g, dead, A_dead_letter_after);
	doc_set(e->a, p, "deadLetterTargetArn", doc_z(e->a, dead->at, arn_text));
	doc_set(e->a, p, "maxReceiveCount", of_int(e, after, after->n));
	doc_set(e->a, attributes, "RedrivePolicy", doc_json(e->a, dead->at, p));
}

static void
lower_sqs(struct ecs *e, struct object *q, const struct queue_ref *self)
{
	struct object *dead = object_child(e->p, q, K_dead_letter, NULL);
	const struct value *to = dead ? get(e->g, dead, A_dead_letter_queue) : NULL, *size = get(e->g, q, A_queue_max_size);
	struct resource *letters = NULL;
	struct doc *body = doc_map(e->a, q->at), *attributes = common(e, q, body, self->name, "the prefix and the queue's name", self->fifo), *sources;
	seconds(e, q, attributes, "VisibilityTimeout", A_queue_visibility);
	seconds(e, q, attributes, "MessageRetentionPeriod", A_queue_retention);
	seconds(e, q, attributes, "DelaySeconds", A_queue_delay);
	seconds(e, q, attributes, "ReceiveMessageWaitTimeSeconds", A_queue_wait);
	if (size)
		doc_set(e->a, attributes, "MaximumMessageSize", of_f(e, size, "%lld", (long long)size->n));
	encryption(e, q, attributes);
	if (dead && to) {
		struct queue_ref target;
		queue_of(e, to->object, &target);
		get(e->g, dead, A_dead_letter_retention); /* the named queue has its own */
		redrive(e, dead, attributes, target.arn);
		letters = target.existing ? NULL : lower_queue(e, to->object);
	} else if (dead) {
		struct queue_ref own;
		letters = make_dead_letters(e, q, dead, self, &own);
		redrive(e, dead, attributes, own.arn);
	}
	sources = sources_of(e, q);
	if (sources->count)
		allow_redrive(e, q, attributes, sources);
	doc_set(e->a, attributes, "Policy", queue_policy(e, q, self->arn));
	doc_set(e->a, body, "Attributes", attributes);
	doc_set(e->a, body, "tags", queue_tags(e, q));
	struct resource *r = lower_add(e->l, RK_QUEUE, self->name, q, body);
	if (letters)
		resource_edge(e->l->out, r, letters);
}

struct resource *
lower_queue(struct ecs *e, struct object *q)
{
	struct queue_ref self;
	queue_of(e, q, &self);
	struct object *redis = object_child(e->p, q, K_redis, NULL);
	if (!self.sqs && redis) { /* a model of names: nothing is made */
		get(e->g, redis, A_redis_url);
		get(e->g, redis, A_redis_list);
		get(e->g, redis, A_redis_db);
	}
	if (!self.sqs || self.existing)
		return NULL;
	const char *address = arena_printf(e->a, "aws.sqs.Queue/%s", self.name);
	struct resource *known = resource_find(e->l->out, address);
	if (known && strcmp(known->declaration, object_path(e->a, q)) == 0)
		return known;
	lower_sqs(e, q, &self);
	return resource_find(e->l->out, address);
}

/* ---- who uses them ---- */

static bool
uses(struct ecs *e, struct object *node, struct object *q, enum edge_kind kind)
{
	size_t n;
	const struct graph_edge *x = node_edges(e->g, node, &n);
	for (size_t i = 0; i < n; i++)
		if (x[i].to == q && x[i].kind == kind)
			return true;
	return false;
}

/* The key that a customer chose, or NULL. */
static const struct value *
own_key(struct ecs *e, struct object *q)
{
	const struct value *v = get(e->g, q, A_queue_encrypt);
	return v && v->kind == V_STRING ? v : NULL;
}

void
allow_queues(struct task *t)
{
	struct ecs *e = t->e;
	if (t->node->kind == K_service) { /* the edges below are these */
		get(e->g, t->node, A_service_consumes);
		get(e->g, t->node, A_service_produces);
	}
	size_t n;
	const struct graph_edge *edges = node_edges(e->g, t->node, &n);
	for (size_t i = 0; i < n; i++) {
		const struct graph_edge *x = &edges[i];
		struct queue_ref q;
		if (x->to->kind != K_queue || x->kind == EDGE_DEAD_LETTERS)
			continue;
		queue_of(e, x->to, &q);
		bool consumes = x->kind == EDGE_CONSUMES;
		/* who only reads the address sends: it says neither */
		bool only_reads = x->kind == EDGE_READS && !uses(e, t->node, x->to, EDGE_CONSUMES) && !uses(e, t->node, x->to, EDGE_PRODUCES);
		if (!q.sqs || (x->kind == EDGE_READS && !only_reads))
			continue;
		struct doc *resource = doc_z(e->a, x->at, q.arn);
		const struct value *key = own_key(e, x->to);
		allow(e, t->allow, x->at, consumes ? "sqs:ReceiveMessage sqs:DeleteMessage sqs:ChangeMessageVisibility sqs:GetQueueAttributes sqs:GetQueueUrl"
						   : "sqs:SendMessage sqs:GetQueueAttributes sqs:GetQueueUrl", resource);
		if (key)
			allow(e, t->allow, x->at, consumes ? "kms:Decrypt" : "kms:GenerateDataKey kms:Decrypt", doc_value(e->l, key));
		struct resource *made = resource_find(e->l->out, arena_printf(e->a, "aws.sqs.Queue/%s", q.name));
		if (made)
			*VEC_PUSH(e->a, &t->needs) = made;
	}
}

static bool
mentions(const struct value *v, const struct object *q)
{
	if (v == NULL)
		return false;
	if (v->kind == V_ATTR)
		return v->object == q;
	if (v->kind == V_TEXT)
		for (const struct value *i = v->items; i; i = i->next)
			if (mentions(i, q))
				return true;
	return false;
}

/* JOBS_QUEUE_URL for every queue of `consumes` and `produces` that the container does not name itself. */
void
queue_env(struct ecs *e, struct object *node, struct object *env, struct doc *list)
{
	size_t n;
	const struct graph_edge *edges = node_edges(e->g, node, &n);
	for (size_t i = 0; i < n; i++) {
		const struct graph_edge *x = &edges[i];
		struct queue_ref q;
		bool named = false;
		if (x->kind != EDGE_CONSUMES && x->kind != EDGE_PRODUCES)
			continue;
		queue_of(e, x->to, &q);
		for (struct entry *own = env ? env->entries : NULL; own; own = own->next)
			named |= mentions(own->slot.value, x->to);
		if (!q.sqs || named || x->to->label == NULL)
			continue;
		struct buf b = {0};
		for (const char *c = x->to->label->text; *c; c++)
			buf_addc(&b, *c == '-' ? '_' : *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c);
		buf_addz(&b, "_QUEUE_URL");
		struct str name = arena_str(e->a, buf_str(&b));
		buf_free(&b);
		for (struct entry *own = env ? env->entries : NULL; own; own = own->next)
			named |= str_eq(own->key, name);
		for (const struct doc *d = list->items; d; d = d->next)
			named |= str_eq(doc_get(d, "name")->text, name);
		if (named)
			continue;
		struct doc *pair = doc_map(e->a, x->at), *url = doc_z(e->a, x->at, q.url);
		url->because = "the workload consumes from or produces to this queue";
		doc_set(e->a, pair, "name", doc_string(e->a, x->at, name));
		doc_set(e->a, pair, "value", url);
		doc_add(list, pair);
	}
}
