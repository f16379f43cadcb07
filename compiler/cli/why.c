/*
 * why: where a value comes from. A value of a resource leads to the setting it
 * was made of, and that to its layers; what nobody wrote says its reason.
 */
#include "berth/cli.h"

#include <stdio.h>
#include <string.h>

struct answer {
	struct session *s;
	struct graph *g;
	struct buf out;
	bool found;
};

/* ---- the layers of a setting ---- */

static const char *
layer_words(struct arena *a, const struct layer *l)
{
	int cond = ((l->rank % 4) + 4) % 4, depth = (cond - l->rank) / 4;
	const char *how = cond == 2 ? "in" : cond == 1 ? "if" : "own";
	if (depth > 0)
		return arena_printf(a, "from%s%s", cond ? ", " : "", cond ? how : "");
	return how;
}

static void
show_layers(struct answer *w, const struct slot *slot, struct span fallback)
{
	struct sources *src = w->s->compile->sources;
	for (const struct layer *l = slot->top; l; l = l->below) {
		struct place at = sources_place(src, l->stmt->at);
		struct str line = sources_line(src, l->stmt->at.file, at.line);
		while (line.n > 0 && (*line.p == ' ' || *line.p == '\t'))
			line = (struct str){line.p + 1, line.n - 1};
		buf_addf(&w->out, "  %-44.*s %s:%u:%u  %s%s\n", (int)(line.n > 60 ? 60 : line.n), line.p, at.path, at.line, at.column,
			 layer_words(w->s->arena, l), l == slot->top ? "" : ", overridden");
	}
	if (slot->top == NULL) {
		struct place at = sources_place(src, fallback);
		buf_addf(&w->out, "  %-44s %s:%u:%u\n", slot->why ? slot->why : "not written", at.path, at.line, at.column);
	}
}

/* The slot that holds this very value, anywhere below the object. */
static const struct slot *
find_slot(struct graph *g, struct object *o, const struct value *v, struct object **owner)
{
	unsigned n = o->kind == K_component || o->kind == K_COUNT ? 0 : kind_attr_count(g->compile->schema, o->kind);
	for (unsigned i = 0; i < n; i++) {
		const struct value *have = o->slots[i].value;
		*owner = o;
		if (have == v)
			return &o->slots[i];
		for (const struct value *x = have && have->kind == V_LIST ? have->items : NULL; x; x = x->next)
			if (x == v)
				return &o->slots[i];
	}
	for (struct entry *e = o->entries; e; e = e->next) {
		*owner = o;
		if (e->slot.value == v)
			return &e->slot;
	}
	for (struct object *c = o->children; c; c = c->next) {
		const struct slot *s = find_slot(g, c, v, owner);
		if (s)
			return s;
	}
	return NULL;
}

/* ---- a path into a resource ---- */

static void
show_doc(struct answer *w, const struct resource *r, const struct doc *d, const char *path)
{
	struct sources *src = w->s->compile->sources;
	struct buf value = {0};
	json_write_compact(d, &value);
	if (value.n > 400)
		value.n = 400;
	buf_addf(&w->out, "%s%s%s%s%s = %.*s   (stage %s)\n", w->found ? "\n" : "", r->address, *path ? " " : "", path, "", (int)value.n, value.p,
		 w->g->program->stage->name->text);
	buf_free(&value);
	w->found = true;
	struct object *owner;
	const struct slot *slot = d->value ? find_slot(w->g, w->g->program->root, d->value, &owner) : NULL;
	if (slot && !span_none(d->origin)) {
		show_layers(w, slot, d->origin);
		return;
	}
	struct place at = sources_place(src, d->origin);
	buf_addf(&w->out, "  %-44s %s:%u:%u\n", d->because ? d->because : "made from this declaration", at.path, at.line, at.column);
}

static void
look_in_resource(struct answer *w, struct resources *rs, const char *what)
{
	struct resource *best = NULL;
	for (struct resource *r = rs->first; r; r = r->next) {
		size_t n = strlen(r->address);
		if (strncmp(what, r->address, n) == 0 && (what[n] == '\0' || what[n] == '.' || what[n] == ':' || what[n] == '[') &&
		    (best == NULL || n > strlen(best->address)))
			best = r;
	}
	if (best == NULL)
		return;
	const char *path = what + strlen(best->address);
	if (*path == '.' || *path == ':')
		path++;
	const struct doc *d = *path ? doc_find(best->body, str_of(path)) : best->body;
	if (d)
		show_doc(w, best, d, path);
}

/* ---- a setting of a declaration ---- */

static struct object *
child_by_words(struct graph *g, struct object *o, struct str kind, struct str label)
{
	object_child(g->program, o, K_COUNT - 1, NULL); /* expands it */
	for (struct object *c = o->children; c; c = c->next) {
		const struct kind_row *row = kind_row(c->kind);
		if (c->gone || c->kind == K_component || !str_eqz(kind, row->name))
			continue;
		if ((c->label && str_eq(label, name_str(c->label))) || (row->variant && str_eqz(label, row->variant)) || (!c->label && !row->variant))
			return c;
	}
	return NULL;
}

static struct str
cut_part(struct str *path)
{
	const char *dot = path->n ? memchr(path->p, '.', path->n) : NULL;
	struct str part = {path->p, dot ? (size_t)(dot - path->p) : path->n};
	*path = dot ? (struct str){dot + 1, path->n - part.n - 1} : (struct str){path->p + path->n, 0};
	return part;
}

static void
show_setting(struct answer *w, struct object *o, const char *what, struct str name)
{
	struct program *p = w->g->program;
	const struct name *n = name_find(p->compile->names, name.p, name.n);
	const struct slot *slot = NULL;
	const struct value *v = NULL;
	if (kind_row(o->kind)->map) {
		for (struct entry *e = o->entries; e; e = e->next)
			if (str_eq(e->key, name)) {
				v = entry_value(p, o, e);
				slot = &e->slot;
			}
	} else if (n) {
		int a = schema_attr(p->compile->schema, o->kind, n);
		if (a >= 0) {
			v = object_get(p, o, (enum attr_id)a);
			slot = object_slot(p, o, (enum attr_id)a);
		}
	}
	if (slot == NULL)
		return;
	struct buf value = {0};
	if (v)
		value_show(v, &value);
	else
		buf_addz(&value, "none");
	buf_addf(&w->out, "%s%s = %.*s   (stage %s)\n", w->found ? "\n" : "", what, (int)value.n, value.p, p->stage->name->text);
	buf_free(&value);
	w->found = true;
	show_layers(w, slot, v ? v->origin : o->at);
}

static void
look_in_program(struct answer *w, const char *what)
{
	struct program *p = w->g->program;
	struct str rest = str_of(what), kind = cut_part(&rest), label = cut_part(&rest);
	struct object *o = NULL;
	for (int k = schema_kind_by_word(kind, -1); k >= 0 && o == NULL; k = schema_kind_by_word(kind, k))
		for (struct object *x = program_first(p, (enum kind_id)k); x && o == NULL; x = object_next(x))
			if (x->label && str_eq(name_str(x->label), label))
				o = x;
	while (o && rest.n > 0) {
		struct str before = rest, part = cut_part(&rest), mark = rest, next = rest.n ? cut_part(&mark) : (struct str){"", 0};
		struct object *c = child_by_words(w->g, o, part, next);
		if (c == NULL) {
			show_setting(w, o, what, before);
			return;
		}
		if (c->label || kind_row(c->kind)->variant)
			rest = mark;
		o = c;
	}
}

static void
suggest(struct answer *w, struct resources *rs, const char *what)
{
	struct nearest best = nearest_to(str_of(what));
	struct resource *under = NULL;
	for (struct resource *r = rs->first; r; r = r->next) {
		nearest_try(&best, str_of(r->address));
		if (strncmp(what, r->address, strlen(r->address)) == 0)
			under = r;
	}
	if (under)
		say("%s has no %s in stage %s", under->address, what + strlen(under->address) + 1, w->g->program->stage->name->text);
	else if (best.word.p)
		say("there is no %s; did you mean %.*s?", what, (int)best.word.n, best.word.p);
	else
		say("there is no %s; addresses are in berth.json, such as %s", what, rs->first ? rs->first->address : "aws.ecs.Service/NAME");
}

int
cmd_why(struct cli *cli)
{
	if (cli->path_count == 0) {
		say("why needs an address; see berth help why");
		return EXIT_USAGE;
	}
	const char *what = cli->paths[0];
	struct cli rest = *cli;
	rest.paths++;
	rest.path_count--;
	struct session s;
	session_run(&s, &rest, false);
	int code = session_report(&s);
	struct answer w = {.s = &s};
	for (size_t i = 0; code == EXIT_FINE && i < s.count; i++) {
		w.g = s.graphs[i];
		look_in_program(&w, what);
		struct resources *rs = lower_stage(w.g);
		look_in_resource(&w, rs, what);
		if (!w.found && i + 1 == s.count) {
			suggest(&w, rs, what);
			code = EXIT_PROGRAM;
		}
	}
	if (w.found && !put_out(&w.out))
		code = EXIT_NO_OUTPUT;
	buf_free(&w.out);
	session_end(&s);
	return code;
}
