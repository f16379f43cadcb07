/*
 * Small documents that the ECS lowering is made of. What a person wrote keeps
 * its place and its value; what berth adds says why.
 */
#include "ecs.h"

#include <string.h>

static struct doc *
with_reason(struct doc *d, const char *because)
{
	d->because = because;
	return d;
}

struct doc *
add_z(struct ecs *e, struct object *o, const char *text, const char *because)
{
	return with_reason(doc_z(e->a, o->at, text), because);
}

struct doc *
add_f(struct ecs *e, struct object *o, const char *because, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct buf b = {0};
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	struct doc *d = doc_string(e->a, o->at, arena_str(e->a, buf_str(&b)));
	buf_free(&b);
	return with_reason(d, because);
}

struct doc *
add_int(struct ecs *e, struct object *o, int64_t n, const char *because)
{
	return with_reason(doc_int(e->a, o->at, n), because);
}

struct doc *
add_bool(struct ecs *e, struct object *o, bool b, const char *because)
{
	return with_reason(doc_bool(e->a, o->at, b), because);
}

static struct doc *
with_value(struct doc *d, const struct value *v)
{
	d->value = v;
	return d;
}

struct doc *
of_int(struct ecs *e, const struct value *v, int64_t n)
{
	return with_value(doc_int(e->a, v->origin, n), v);
}

struct doc *
of_z(struct ecs *e, const struct value *v, const char *text)
{
	return with_value(doc_z(e->a, v->origin, text), v);
}

struct doc *
of_f(struct ecs *e, const struct value *v, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct buf b = {0};
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	struct doc *d = doc_string(e->a, v->origin, arena_str(e->a, buf_str(&b)));
	buf_free(&b);
	return with_value(d, v);
}

struct doc *
of_list(struct ecs *e, const struct value *v)
{
	if (v == NULL)
		return NULL;
	struct doc *list = with_value(doc_list(e->a, v->origin), v);
	if (v->kind != V_LIST)
		return doc_add(list, doc_value(e->l, v)), list;
	for (const struct value *i = v->items; i; i = i->next)
		doc_add(list, doc_value(e->l, i));
	return list;
}

static void
add_tag(struct ecs *e, struct doc *list, bool capital, struct doc *key, struct doc *value)
{
	struct doc *tag = doc_map(e->a, value->origin);
	doc_set(e->a, tag, capital ? "Key" : "key", key);
	doc_set(e->a, tag, capital ? "Value" : "value", value);
	doc_add(list, tag);
}

static void
add_tags_of(struct ecs *e, struct doc *list, bool capital, struct object *owner)
{
	struct object *tags = owner ? object_child(e->p, owner, K_project_tags, NULL) : NULL;
	for (struct entry *t = tags ? tags->entries : NULL; t; t = t->next) {
		const struct value *v = entry_value(e->p, tags, t);
		if (v && v->kind == V_STRING)
			add_tag(e, list, capital, doc_string(e->a, t->key_at, t->key), doc_value(e->l, v));
	}
}

struct doc *
tags_of(struct ecs *e, struct object *node, bool capital)
{
	struct doc *list = with_reason(doc_list(e->a, node->at), "tags of the project and the stage");
	add_tag(e, list, capital, add_z(e, node, "project", "every resource"),
		add_z(e, e->p->project_object, e->g->compile->project_name->text, "the project's name"));
	add_tag(e, list, capital, add_z(e, node, "stage", "every resource"), add_z(e, e->stage, e->p->stage->name->text, "the stage's name"));
	add_tags_of(e, list, capital, e->p->project_object);
	add_tags_of(e, list, capital, e->stage);
	return list;
}

struct doc *
network_of(struct ecs *e, bool lower_case)
{
	const struct value *subnets = get(e->g, e->ecs, A_ecs_subnets), *groups = get(e->g, e->ecs, A_ecs_security_groups);
	struct doc *net = doc_map(e->a, e->ecs->at), *vpc = doc_map(e->a, e->ecs->at);
	doc_set(e->a, vpc, lower_case ? "subnets" : "Subnets", of_list(e, subnets));
	if (groups)
		doc_set(e->a, vpc, lower_case ? "securityGroups" : "SecurityGroups", of_list(e, groups));
	const struct value *public_ip = get(e->g, e->ecs, A_ecs_public_ip);
	doc_set(e->a, vpc, lower_case ? "assignPublicIp" : "AssignPublicIp", of_z(e, public_ip, public_ip->n ? "ENABLED" : "DISABLED"));
	doc_set(e->a, net, lower_case ? "awsvpcConfiguration" : "AwsvpcConfiguration", vpc);
	return net;
}

const char *
arn(struct ecs *e, const char *service, const char *resource)
{
	return arena_printf(e->a, "arn:%s:%s:%.*s:%.*s:%s", e->partition, service, (int)e->region.n, e->region.p, (int)e->account.n,
			    e->account.p, resource);
}

const char *
aws_name(struct ecs *e, int kind, const char *whole)
{
	return name_cut(e->a, whole, resource_kind_get(kind)->name_max);
}
