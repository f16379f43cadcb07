/*
 * Lowering of one stage: the two platforms, patches, order, and the check of
 * every document against its platform's shape.
 */
#include "berth/lower.h"

#include <string.h>

struct doc *
doc_value(struct lower *l, const struct value *v)
{
	if (v == NULL)
		return NULL;
	struct doc *d = NULL;
	struct buf b = {0};
	switch (v->kind) {
	case V_STRING:
	case V_WORD:
		d = doc_string(l->arena, v->origin, v->text);
		d->param = v->param;
		break;
	case V_ATTR:
		if (l->attribute == NULL)
			return NULL;
		d = l->attribute(l->ctx, v);
		if (d == NULL)
			return NULL;
		break;
	case V_TEXT:
		d = doc_new(l->arena, DOC_TEXT, v->origin);
		for (const struct value *i = v->items; i; i = i->next)
			doc_add(d, doc_value(l, i));
		break;
	case V_NONE:
	case V_ERROR:
	case V_UNKNOWN: return NULL;
	default:
		value_show(v, &b);
		d = doc_string(l->arena, v->origin, arena_str(l->arena, buf_str(&b)));
		buf_free(&b);
	}
	d->value = v;
	return d;
}

struct resource *
lower_add(struct lower *l, int kind, const char *name, struct object *declaration, struct doc *body)
{
	struct resource *clash = NULL;
	struct resource *r = resource_add(l->out, kind, name, object_path(l->arena, declaration), declaration->at, body, &clash);
	if (clash) {
		struct diag *d = complain(l->g, D_E0156, declaration->at, "two declarations would both be %s", r->address);
		diag_note(l->g->compile->diags, d, clash->origin, "the other is here");
		diag_hint(l->g->compile->diags, d, "Rename one of them.");
	}
	struct diags *diags = l->g->compile->diags;
	const char *cause = arena_printf(l->arena, "name of %s", r->declaration);
	if (r->kind->platform == RP_AWS && !resource_name_ok(r->kind, name) && !diag_again(diags, declaration->at, NULL, cause)) {
		struct diag *d = complain(l->g, D_E0155, declaration->at, "\"%s\" cannot be the name of %s", name, r->kind_name);
		diag_cause(diags, cause, d);
		diag_hint(diags, d, "Names are made of the prefix and the declaration's name, or of name = \"…\" (%s).", r->kind->source);
	}
	return r;
}

void
lower_unique(struct lower *l, const struct doc *list, const char *key, const char *what, const char *hint)
{
	for (const struct doc *a = list ? list->items : NULL; a; a = a->next) {
		for (const struct doc *b = a->next; b; b = b->next) {
			const struct doc *name = doc_get(b, key);
			if (!doc_equal(doc_get(a, key), name))
				continue;
			struct diag *d = complain(l->g, D_E0156, b->origin, "two %s would be called \"%.*s\"", what, (int)name->text.n, name->text.p);
			diag_note(l->g->compile->diags, d, a->origin, "the other comes from here");
			diag_hint(l->g->compile->diags, d, "%s", hint);
		}
	}
}

/* ---- patches ---- */

static struct doc *
patch_value(struct lower *l, const struct value *v)
{
	struct doc *d;
	switch (v->kind) {
	case V_INT: d = doc_int(l->arena, v->origin, v->n); break;
	case V_BOOL: d = doc_bool(l->arena, v->origin, v->n != 0); break;
	case V_LIST:
		d = doc_list(l->arena, v->origin);
		for (const struct value *i = v->items; i; i = i->next) {
			struct doc *item = patch_value(l, i);
			if (item)
				doc_add(d, item);
		}
		break;
	default: return doc_value(l, v);
	}
	d->value = v;
	return d;
}

/* Walk or make the maps of a.b.c; the last part is left in *key. NULL when the way ends in something else. */
static struct doc *
patch_parent(struct lower *l, struct doc *body, struct str path, struct span at, struct str *key)
{
	for (;;) {
		const char *dot = memchr(path.p, '.', path.n);
		*key = (struct str){path.p, dot ? (size_t)(dot - path.p) : path.n};
		if (dot == NULL)
			return body;
		const char *k = arena_strz(l->arena, *key);
		struct doc *next = NULL;
		if (body->kind == DOC_LIST) {
			for (struct doc *i = body->items; i && !next; i = i->next) {
				struct doc *name = i->kind == DOC_MAP ? doc_get(i, "name") : NULL;
				if (name && name->kind == DOC_STRING && str_eq(name->text, *key))
					next = i;
			}
			if (next == NULL)
				return NULL;
		} else if (body->kind == DOC_MAP) {
			next = doc_get(body, k);
			if (next == NULL)
				next = doc_set(l->arena, body, k, doc_map(l->arena, at));
		} else {
			return NULL;
		}
		body = next;
		path = (struct str){dot + 1, path.n - key->n - 1};
	}
}

static void
patch_one(struct lower *l, struct resource *r, struct object *patch, struct entry *e)
{
	struct diags *d = l->g->compile->diags;
	struct str stop, key;
	if (str_eqz(e->key, "reason"))
		return;
	const struct value *v = entry_value(l->g->program, patch, e);
	if (v == NULL || v->kind == V_ERROR)
		return;
	struct diag *g;
	if (!shape_has_path(r->kind, e->key, &stop)) {
		g = complain(l->g, D_E0183, e->key_at, "%s has no \"%.*s\" in \"%.*s\"", r->kind->kind, (int)stop.n, stop.p, (int)e->key.n,
			     e->key.p);
		diag_hint(d, g, "The path follows the platform's own schema; list items are named by their name.");
		return;
	}
	struct doc *parent = patch_parent(l, r->body, e->key, e->key_at, &key);
	struct doc *value = patch_value(l, v);
	if (parent == NULL || parent->kind != DOC_MAP || value == NULL) {
		complain(l->g, D_E0183, e->key_at, "\"%.*s\" leads to nothing that can be set", (int)e->key.n, e->key.p);
		return;
	}
	struct doc *old = doc_get(parent, arena_strz(l->arena, key));
	if (old == NULL) {
		doc_sets(l->arena, parent, key, value);
		return;
	}
	g = doc_equal(old, value) ? complain(l->g, D_E0183, e->key_at, "the patch changes nothing: \"%.*s\" is that already", (int)e->key.n, e->key.p)
				  : complain(l->g, D_E0183, e->key_at, "berth writes \"%.*s\" itself", (int)e->key.n, e->key.p);
	diag_note(d, g, old->origin, "it comes from here%s%s", old->because ? ": " : "", old->because ? old->because : "");
	diag_hint(d, g, "Change the setting instead.");
}

void
lower_patches(struct lower *l, struct object *declaration)
{
	for (struct object *p = object_child(l->g->program, declaration, K_patch, NULL); p; p = object_next(p)) {
		const char *path = object_path(l->arena, declaration);
		bool any = false;
		for (struct resource *r = l->out->first; r; r = r->next) {
			if (strcmp(r->declaration, path) != 0 || strcmp(r->kind->kind, p->label->text) != 0)
				continue;
			any = true;
			for (struct entry *e = p->entries; e; e = e->next)
				patch_one(l, r, p, e);
		}
		if (any)
			continue;
		struct diag *d = complain(l->g, D_E0183, p->at, "%s makes no %s in this stage", path, p->label->text);
		diag_hint(l->g->compile->diags, d, "Put the patch inside `in STAGE { }`, or name a kind that it makes.");
	}
}

/* ---- names and shapes ---- */

struct shape_ctx {
	struct lower *l;
	struct resource *r;
};

static void
report_shape(void *ctx, const char *path, const struct doc *at, const char *what)
{
	struct shape_ctx *c = ctx;
	if (at && at->value) { /* a setting as it was written: it is not berth's mistake */
		struct diag *d = complain(c->l->g, D_E0105, at->origin, "%s takes no such value: %s", c->r->kind->shape, what);
		diag_hint(c->l->g->compile->diags, d, "The limit is the platform's, for %s.", path);
		return;
	}
	complain(c->l->g, D_E0900, at ? at->origin : c->r->origin, "%s: %s: %s (a mistake of berth, please report it)", c->r->address, path, what);
}

/* Whoever needs a role needs what it permits: a task that starts too early is refused its image. */
static void
wait_for_permissions(struct resources *rs)
{
	static const int kinds[] = {RK_ROLE_POLICY, RK_ROLE_ATTACHMENT};
	for (struct resource *r = rs->first; r; r = r->next) {
		if (resource_is(r, RK_ROLE_POLICY) || resource_is(r, RK_ROLE_ATTACHMENT))
			continue;
		for (struct edge *e = r->edges; e; e = e->next) {
			for (size_t i = 0; resource_is(e->to, RK_ROLE) && i < sizeof kinds / sizeof *kinds; i++) {
				struct resource *p = resource_named(rs, kinds[i], e->to->name);
				if (p)
					resource_edge(rs, r, p);
			}
		}
	}
}

struct resources *
lower_stage(struct graph *g)
{
	struct lower *l = NEW(g->arena, struct lower);
	l->g = g;
	l->arena = g->arena;
	l->out = NEW(g->arena, struct resources);
	resources_init(l->out, g->arena);
	graph_forget_reads(g);
	lower_ecs(l);
	lower_k8s(l);
	for (size_t i = 0; i < g->nodes.n; i++)
		if (object_child(g->program, g->nodes.v[i], K_patch, NULL))
			lower_patches(l, g->nodes.v[i]);
	if (g->compile->diags->errors == 0)
		graph_check_read(g);
	wait_for_permissions(l->out);
	resources_order(l->out);
	if (g->compile->diags->errors > 0)
		return l->out;
	for (struct resource *r = l->out->first; r; r = r->next) {
		struct shape_ctx ctx = {l, r};
		if (r->kind->shape)
			shape_check(r->kind, r->body, report_shape, &ctx);
	}
	lower_limits(l, get_text(g, g->program->stage_object, A_stage_region));
	return l->out;
}
