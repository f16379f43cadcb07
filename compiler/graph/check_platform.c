/*
 * What a platform refuses, and what this release does not build yet. Both are
 * columns of the vocabulary: this file only walks what was written.
 */
#include "graph_internal.h"

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
