/*
 * The values of a chart: a tree of names, values.yaml with what all stages
 * have in common, a file for each stage with the rest, and the schema that
 * refuses every name that is not there.
 */
#include "helm.h"

#include "text.h"

#include <string.h>

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

void
add_camel(struct buf *b, struct str s)
{
	bool up = false;
	for (size_t i = 0, written = 0; i < s.n; i++) {
		char c = s.p[i];
		if (!is_alnum(c)) {
			up = written > 0;
			continue;
		}
		if (up && c >= 'a' && c <= 'z')
			c = (char)(c - 32);
		else if (written == 0 && c >= 'A' && c <= 'Z')
			c = (char)(c + 32);
		buf_addc(b, c);
		up = false;
		written++;
	}
}

/* ---- the tree ---- */

const struct doc **
chart_row(struct chart *c)
{
	return arena_array(c->a, c->n, sizeof(const struct doc *));
}

static struct chart_value *
child(struct chart *c, struct chart_value *e, struct str text)
{
	const struct name *name = name_get(c->words, text.p, text.n);
	struct chart_value *v;
	if (e->items == NULL)
		map_init(&e->by_name, c->a);
	else if ((v = map_get(&e->by_name, name)) != NULL)
		return v;
	v = NEW(c->a, struct chart_value);
	v->name = name_str(name);
	*(e->last ? &e->last->next : &e->items) = v;
	e->last = v;
	map_put(&e->by_name, name, v);
	return v;
}

/* Can one value serve both? It is completed where one of them has none. */
static bool
join(struct chart *c, struct hole *h, enum hole_type type, const struct doc **value, bool optional)
{
	if (h->type != type || h->optional != optional)
		return false;
	for (unsigned i = 0; i < c->n; i++)
		if ((optional || (h->value[i] && value[i])) && !doc_equal(h->value[i], value[i]))
			return false;
	for (unsigned i = 0; i < c->n; i++)
		if (h->value[i] == NULL)
			h->value[i] = value[i];
	return true;
}

struct hole *
chart_hole(struct chart *c, const char *path, enum hole_type type, const struct doc **value, bool optional)
{
	struct chart_value *e = &c->values;
	struct buf own = {0};
	for (const char *p = path; *p; p += strcspn(p, "."), p += *p == '.') {
		struct str part = {p, strcspn(p, ".")}, name = part;
		bool last = p[part.n] == '\0';
		for (unsigned number = 2;; number++) {
			struct chart_value *next = child(c, e, name);
			bool fits = !last ? next->hole == NULL : next->hole ? join(c, next->hole, type, value, optional) : next->items == NULL;
			if (fits) {
				e = next;
				break;
			}
			name = str_of(arena_printf(c->a, "%.*s%u", (int)part.n, part.p, number));
		}
		buf_addf(&own, "%s%.*s", own.n ? "." : "", (int)e->name.n, e->name.p);
	}
	if (e->hole == NULL) {
		e->hole = NEW(c->a, struct hole);
		*e->hole = (struct hole){.path = arena_strz(c->a, buf_str(&own)), .type = type, .value = value, .optional = optional};
	}
	buf_free(&own);
	return e->hole;
}

bool
hole_common(const struct chart *c, const struct hole *h)
{
	for (unsigned i = 0; i < c->n; i++)
		if (h->value[i] == NULL || !doc_equal(h->value[i], h->value[0]))
			return false;
	return !h->by_stage;
}

void
add_operand(struct buf *b, const struct hole *h)
{
	bool plain = true;
	for (const char *p = h->path; *p; p++)
		plain &= *p == '.' ? !(p[1] >= '0' && p[1] <= '9') : is_alnum(*p) || *p == '_';
	if (plain && !(h->path[0] >= '0' && h->path[0] <= '9')) {
		buf_addf(b, ".Values.%s", h->path);
		return;
	}
	buf_addz(b, "(index .Values");
	for (const char *p = h->path; *p; p += strcspn(p, "."), p += *p == '.')
		buf_addf(b, " \"%.*s\"", (int)strcspn(p, "."), p);
	buf_addc(b, ')');
}

/* ---- the files ---- */

/* Has the stage's file (or, for stage n, values.yaml) anything of it to say? */
static bool
has(const struct chart *c, const struct chart_value *e, unsigned stage)
{
	if (e->hole)
		return stage == c->n || (e->hole->value[stage] && !hole_common(c, e->hole));
	for (const struct chart_value *i = e->items; i; i = i->next)
		if (has(c, i, stage))
			return true;
	return false;
}

static void
add_leaf(struct chart *c, struct buf *b, const struct hole *h, unsigned stage, unsigned indent)
{
	const struct doc *d = stage < c->n ? h->value[stage] : hole_common(c, h) ? h->value[0] : NULL;
	if (d == NULL) {
		buf_addz(b, h->type == HOLE_SECRET ? " null # from the SOPS file: -f secrets://…\n" : h->required ? " null # CI gives it\n" : " null # by stage\n");
		return;
	}
	buf_addc(b, yaml_is_block(d) ? '\n' : ' ');
	yaml_add(b, d, yaml_is_block(d) && d->kind == DOC_LIST ? indent : indent + 2);
	if (!yaml_is_block(d))
		buf_addc(b, '\n');
}

static void
add_entries(struct chart *c, struct buf *b, const struct chart_value *e, unsigned stage, unsigned indent)
{
	for (const struct chart_value *i = e->items; i; i = i->next) {
		if (!has(c, i, stage))
			continue;
		if (i->comment && stage == c->n)
			buf_addf(b, "\n# %s\n", i->comment);
		buf_pad(b, ' ', indent);
		yaml_add_key(b, i->name);
		buf_addc(b, ':');
		if (i->hole) {
			add_leaf(c, b, i->hole, stage, indent);
			continue;
		}
		buf_addc(b, '\n');
		add_entries(c, b, i, stage, indent + 2);
	}
}

struct str
chart_values(struct chart *c, unsigned stage)
{
	struct buf b = {0};
	if (stage == c->n)
		buf_addf(&b, "# Values of %s that all stages share; the others stand in values-STAGE.yaml.\n# Written by berth from the program: what is changed here is lost.\n", c->name);
	else
		buf_addf(&b, "# Values of stage %s of %s.\n", c->stages[stage].head->stage, c->name);
	add_entries(c, &b, &c->values, stage, 0);
	struct str out = arena_str(c->a, buf_str(&b));
	buf_free(&b);
	return out;
}

/* ---- the schema ---- */

static const char *
json_type(const struct doc *d)
{
	switch (d->kind) {
	case DOC_BOOL: return "boolean";
	case DOC_INT: return "integer";
	case DOC_NUMBER: return "number";
	case DOC_LIST: return "array";
	case DOC_MAP: return "object";
	default: return "string";
	}
}

static void
add_type(struct chart *c, struct doc *types, const char *type)
{
	for (const struct doc *i = types->items; i; i = i->next)
		if (str_eqz(i->text, type))
			return;
	doc_add(types, doc_z(c->a, NO_SPAN, type));
}

static struct doc *
leaf_schema(struct chart *c, const struct hole *h)
{
	struct doc *d = doc_map(c->a, NO_SPAN), *types = doc_list(c->a, NO_SPAN);
	for (unsigned i = 0; i < c->n; i++)
		if (h->value[i])
			add_type(c, types, json_type(h->value[i]));
	if (types->count == 0)
		add_type(c, types, "string");
	if (!hole_common(c, h))
		add_type(c, types, "null");
	doc_set(c->a, d, "type", types->count == 1 ? doc_string(c->a, NO_SPAN, types->items->text) : types);
	return d;
}

static struct doc *
entry_schema(struct chart *c, const struct chart_value *e)
{
	if (e->hole)
		return leaf_schema(c, e->hole);
	struct doc *d = doc_map(c->a, NO_SPAN), *members = doc_map(c->a, NO_SPAN);
	doc_set(c->a, d, "type", doc_z(c->a, NO_SPAN, "object"));
	doc_set(c->a, d, "additionalProperties", doc_bool(c->a, NO_SPAN, false));
	for (const struct chart_value *i = e->items; i; i = i->next)
		doc_append(members, i->name, entry_schema(c, i));
	doc_set(c->a, d, "properties", members);
	return d;
}

struct str
chart_schema(struct chart *c)
{
	struct doc *d = doc_map(c->a, NO_SPAN), *whole = entry_schema(c, &c->values), *global = doc_map(c->a, NO_SPAN);
	struct buf b = {0};
	doc_set(c->a, d, "$schema", doc_z(c->a, NO_SPAN, "http://json-schema.org/draft-07/schema#"));
	doc_set(c->a, d, "title", doc_f(c->a, NO_SPAN, "Values of %s", c->name));
	for (struct doc *m = whole->items, *next; m; m = next) {
		next = m->next;
		m->next = NULL;
		doc_append(d, m->key, m);
	}
	doc_set(c->a, global, "type", doc_z(c->a, NO_SPAN, "object"));
	doc_set(c->a, doc_get(d, "properties"), "global", global); /* Helm itself adds it */
	json_write(d, &b);
	struct str out = arena_str(c->a, buf_str(&b));
	buf_free(&b);
	return out;
}
