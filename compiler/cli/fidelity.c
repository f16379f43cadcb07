/*
 * What each platform makes of each word, from the rows of the vocabulary: the
 * whole table, or what of it a program uses that is not the same on both.
 */
#include "berth/cli.h"

#include <string.h>

enum { NAME_WIDTH = 30, WORD_WIDTH = 14, HOW_INDENT = 4 };

static const char *
kind_words(struct arena *a, enum kind_id k)
{
	const struct kind_row *row = kind_row(k);
	const char *name = strcmp(row->name, "*") == 0 ? "NAME" : row->name;
	return row->variant ? arena_printf(a, "%s %s", name, row->variant) : name;
}

static void
add_row(struct arena *a, const char *name, const enum fidelity *fid, const char *const *how, struct buf *out)
{
	buf_addf(out, "%-*s", NAME_WIDTH, name);
	for (int t = 0; t < TARGET_COUNT; t++)
		buf_addf(out, " %-*s", t + 1 < TARGET_COUNT ? WORD_WIDTH : 0, fidelity_word(fid[t]));
	buf_addc(out, '\n');
	for (int t = 0; t < TARGET_COUNT; t++)
		if (how[t])
			wrap_text(arena_printf(a, "%s: %s", target_word((enum target)t), how[t]), HOW_INDENT, out);
}

void
fidelity_table(struct arena *a, const struct schema *s, struct buf *out)
{
	buf_addf(out, "%-*s", NAME_WIDTH, "");
	for (int t = 0; t < TARGET_COUNT; t++)
		buf_addf(out, " %-*s", t + 1 < TARGET_COUNT ? WORD_WIDTH : 0, target_word((enum target)t));
	buf_addc(out, '\n');
	for (int k = 0; k < K_COUNT; k++) {
		const struct kind_row *row = kind_row((enum kind_id)k);
		const char *name = kind_words(a, (enum kind_id)k);
		add_row(a, name, row->fid, row->how, out);
		for (unsigned i = 0; i < kind_attr_count(s, (enum kind_id)k); i++) {
			const struct attr_row *r = attr_row(kind_first_attr(s, (enum kind_id)k) + i);
			add_row(a, arena_printf(a, "  %s.%s", name, r->name), r->fid, r->how, out);
		}
	}
}

/* ---- what a program uses ---- */

struct used {
	bool attr[A_COUNT], kind[K_COUNT], target[TARGET_COUNT];
};

static void
walk(const struct schema *s, const struct object *o, struct used *u)
{
	u->kind[o->kind] = true;
	for (unsigned i = 0; i < kind_attr_count(s, o->kind); i++)
		if (o->slots[i].top)
			u->attr[kind_first_attr(s, o->kind) + i] = true;
	for (const struct object *c = o->children; c; c = c->next)
		if (!c->gone && c->parts)
			walk(s, c, u);
}

static bool
differs(const enum fidelity *fid)
{
	for (int t = 0; t < TARGET_COUNT; t++)
		if (fid[t] != FID_EXACT)
			return true;
	return false;
}

void
fidelity_used(struct arena *a, struct graph *const *graphs, size_t n, struct buf *out)
{
	struct used *u = NEW(a, struct used);
	unsigned exact = 0, all = 0;
	const struct schema *s = n ? graphs[0]->compile->schema : NULL;
	struct buf rows = {0};
	for (size_t i = 0; i < n; i++) {
		u->target[graphs[i]->target] = true;
		for (size_t k = 0; k < graphs[i]->nodes.n; k++)
			walk(s, graphs[i]->nodes.v[k], u);
	}
	if (!u->target[TARGET_ECS] || !u->target[TARGET_K8S])
		return;
	for (int k = 0; k < K_COUNT; k++) {
		const struct kind_row *row = kind_row((enum kind_id)k);
		if (u->kind[k] && differs(row->fid))
			add_row(a, kind_words(a, (enum kind_id)k), row->fid, row->how, &rows);
		for (unsigned i = 0; u->kind[k] && i < kind_attr_count(s, (enum kind_id)k); i++) {
			const struct attr_row *r = attr_row(kind_first_attr(s, (enum kind_id)k) + i);
			if (!u->attr[kind_first_attr(s, (enum kind_id)k) + i])
				continue;
			all++;
			exact += !differs(r->fid);
			if (differs(r->fid))
				add_row(a, arena_printf(a, "%s.%s", kind_words(a, (enum kind_id)k), r->name), r->fid, r->how, &rows);
		}
	}
	buf_addf(out, "both platforms: %u of the %u settings used mean exactly the same on each%s\n", exact, all, rows.n ? "; not so, or not everywhere:" : "");
	buf_adds(out, buf_str(&rows));
	buf_free(&rows);
}
