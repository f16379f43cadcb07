/*
 * What a platform refuses, and what this release does not build yet. Both are
 * columns of the vocabulary: this file only walks what was written.
 */
#include "graph_internal.h"

#include <string.h>

struct written {
	struct graph *g;
	enum fidelity wanted; /* report rows that say this */
	unsigned found;
};

static void
found(struct written *w, enum target t, struct span at, const char *what, const char *how)
{
	w->found++;
	if (w->wanted == FID_UNBUILT) {
		struct diag *d = complain(w->g, D_E0180, at, "%s is not yet built for %s", what, target_word(t));
		diag_hint(w->g->compile->diags, d, "%s", how ? how : "check accepts it; compile refuses rather than leave it out in silence.");
	} else {
		struct diag *d = complain(w->g, D_E0181, at, "%s cannot be done on %s", what, target_word(t));
		diag_hint(w->g->compile->diags, d, "%s", how ? how : "Remove it, or say it only in stages of the other platform.");
	}
}

static void
walk_written(struct written *w, enum target t, struct object *o)
{
	struct graph *g = w->g;
	const struct schema *s = g->compile->schema;
	const struct kind_row *row = kind_row(o->kind);
	if (row->fid[t] == w->wanted) {
		const char *name = row->variant ? arena_printf(g->arena, "%s %s", row->name, row->variant) : row->name;
		found(w, t, o->at, arena_printf(g->arena, "\"%s\"", name), row->how[t]);
		return;
	}
	for (unsigned i = 0; i < kind_attr_count(s, o->kind); i++) {
		const struct attr_row *a = attr_row(kind_first_attr(s, o->kind) + i);
		if (o->slots[i].top && o->slots[i].value && a->fid[t] == w->wanted)
			found(w, t, o->slots[i].top->stmt->key_at, arena_printf(g->arena, "\"%s\" of %s", a->name, row->name), a->how[t]);
	}
	for (struct object *c = o->children; c; c = c->next)
		if (!c->gone && c->parts) /* `ecs`, `kubernetes` and `schedules` exist unwritten too */
			walk_written(w, t, c);
}

static void
walk_all(struct written *w)
{
	struct graph *g = w->g;
	for (size_t i = 0; i < g->nodes.n; i++) {
		struct object *node = g->nodes.v[i];
		if (node->kind != K_log || node->referenced) /* a route that nothing takes makes nothing */
			walk_written(w, node_target(g, node), node);
	}
}

void
check_refused(struct graph *g)
{
	struct written w = {g, FID_REFUSED, 0};
	walk_all(&w);
}

unsigned
graph_check_built(struct graph *g)
{
	struct written w = {g, FID_UNBUILT, 0};
	walk_all(&w);
	walk_written(&w, g->target, g->program->stage_object);
	for (struct object *m = program_first(g->program, K_manifest); m; m = object_next(m))
		walk_written(&w, g->target, m);
	return w.found;
}

/* ---- nothing vanishes ---- */

static void
forget(struct graph *g, struct object *o)
{
	for (unsigned i = 0; i < kind_attr_count(g->compile->schema, o->kind); i++)
		o->slots[i].used = false;
	for (struct entry *e = o->entries; e; e = e->next)
		e->slot.used = false;
	for (struct object *c = o->children; c; c = c->next)
		forget(g, c);
}

void
graph_forget_reads(struct graph *g)
{
	for (size_t i = 0; i < g->nodes.n; i++)
		forget(g, g->nodes.v[i]);
}

/* `was` speaks to the plan, `reason` to the reader, `platform` chose the lowering. */
static bool
speaks_to_others(const struct attr_row *a)
{
	return strcmp(a->name, "was") == 0 || strcmp(a->name, "reason") == 0 || strcmp(a->name, "platform") == 0;
}

/* A stage that fixes the count turns scaling off: what the other stages scale by stands idle there. */
static bool
stands_idle(struct graph *g, struct object *c)
{
	if (strcmp(kind_row(c->kind)->name, "scale") != 0)
		return false;
	const struct value *count = object_peek(g->program, c->parent, A_service_count);
	return count == NULL || count->kind != V_RANGE;
}

static void
check_read(struct graph *g, enum target t, struct object *o)
{
	const struct schema *s = g->compile->schema;
	for (unsigned i = 0; i < kind_attr_count(s, o->kind); i++) {
		const struct attr_row *a = attr_row(kind_first_attr(s, o->kind) + i);
		const struct slot *slot = &o->slots[i];
		if (slot->used || slot->top == NULL || slot->value == NULL || slot->value->kind == V_NONE || speaks_to_others(a))
			continue;
		struct diag *d = complain(g, D_E0182, slot->top->stmt->key_at, "\"%s\" of %s changes nothing on %s", a->name, object_words(g->arena, o), target_word(t));
		diag_hint(g->compile->diags, d, "What it needs beside it is missing, or another setting has taken its place; remove it, or see berth explain %s.%s.",
			  kind_row(o->kind)->name, a->name);
	}
	for (struct entry *e = o->entries; e; e = e->next)
		if (!e->slot.used && e->slot.top && o->kind != K_patch)
			complain(g, D_E0182, e->key_at, "\"%s\" in %s changes nothing on %s", arena_strz(g->arena, e->key), object_words(g->arena, o), target_word(t));
	for (struct object *c = o->children; c; c = c->next)
		if (!c->gone && c->parts && !stands_idle(g, c))
			check_read(g, t, c);
}

void
graph_check_read(struct graph *g)
{
	for (size_t i = 0; i < g->nodes.n; i++)
		if (g->nodes.v[i]->kind != K_log || g->nodes.v[i]->referenced)
			check_read(g, node_target(g, g->nodes.v[i]), g->nodes.v[i]);
}
