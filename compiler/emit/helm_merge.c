/*
 * One object of all stages as one template: what is equal is written out, what
 * differs becomes a hole, and so does what is decided outside the program
 * (images, counts, hosts).
 *
 * Maps are merged by key, lists by the keys that the platform compares them
 * by, else item by item where they are of one length; a list that cannot be
 * merged is one value as a whole.
 */
#include "helm_merge.h"

#include <string.h>

static struct template *merge(struct merger *m, const struct doc **d);

/* ---- presence ---- */

/* Is the row present where, of the parents that are, some lack it? */
static bool
is_partial(const struct merger *m, const struct doc **parent, const struct doc **d)
{
	for (unsigned i = 0; i < m->c->n; i++)
		if (parent[i] && d[i] == NULL)
			return true;
	return false;
}

static const struct doc **
presence_row(struct chart *c, const struct doc **parent, const struct doc **child)
{
	const struct doc **row = chart_row(c);
	for (unsigned i = 0; i < c->n; i++)
		row[i] = parent == NULL || parent[i] ? doc_bool(c->a, NO_SPAN, child[i] != NULL) : NULL;
	return row;
}

/* A variable that some stages have: its value, whose absence says that it is left out. NULL when it is no such variable. */
static struct template *
merge_variable(struct merger *m, const struct doc **d)
{
	const struct doc **value = chart_row(m->c);
	if (!m_in_list(m, m->trail.n - 1, "env"))
		return NULL;
	for (unsigned i = 0; i < m->c->n; i++) {
		value[i] = d[i] && d[i]->count == 2 ? doc_get(d[i], "value") : NULL;
		if (d[i] && (value[i] == NULL || value[i]->kind != DOC_STRING))
			return NULL;
	}
	struct template *t = m_template(m, TEMPLATE_MAP);
	struct hole *h = chart_hole(m->c, m_values_path(m, NULL), HOLE_STRING, value, true);
	m_add(t, m_literal(m, doc_get(m_first(m, d), "name")))->key = STR("name");
	m_add(t, m_hole(m, h))->key = STR("value");
	t->guard = h;
	return t;
}

/* The template of what is not in all stages: one value whose absence says so, or a switch, the neighbour's where that agrees. */
static struct template *
merge_partial(struct merger *m, const struct doc **parent, const struct doc **d, struct hole *neighbour)
{
	const struct doc **row = presence_row(m->c, parent, d), **text = m_settle(m, d);
	bool scalar = true, known = m_object_name(m, text) || m_is_namespace(m, text) || m_has_external(m, d);
	for (unsigned i = 0; i < m->c->n; i++)
		scalar &= d[i] == NULL || (m_is_scalar(d[i]) && d[i]->kind != DOC_ATTR);
	if (neighbour) {
		unsigned i = 0;
		while (i < m->c->n && doc_equal(neighbour->value[i], row[i]))
			i++;
		if (i < m->c->n)
			neighbour = NULL;
	}
	if (neighbour == NULL && scalar && !known) {
		const char *name = m_owned_path(m);
		struct hole *h = m_scalar_hole(m, name ? name : m_values_path(m, NULL), text, true);
		struct template *t = m_hole(m, h);
		t->guard = h;
		return t;
	}
	struct template *t = neighbour ? NULL : merge_variable(m, d);
	if (t)
		return t;
	t = merge(m, d);
	if (t->kind == TEMPLATE_HOLE && t->hole->type == HOLE_ANY && !neighbour) {
		t->hole->optional = true;
		t->guard = t->hole;
		return t;
	}
	t->guard = neighbour ? neighbour : chart_hole(m->c, m_values_path(m, SWITCH), HOLE_BOOL, row, false);
	return t;
}

static struct template *
merge_child(struct merger *m, const struct doc **parent, const struct doc **d, const struct template *before)
{
	struct hole *neighbour = before && before->guard && before->guard->type == HOLE_BOOL && !before->guard->optional ? before->guard : NULL;
	return is_partial(m, parent, d) ? merge_partial(m, parent, d, neighbour) : merge(m, d);
}

/* ---- maps and lists ---- */

struct row {
	struct str id;
	const struct doc **d;
};
typedef VEC(struct row) row_list;

/* What tells members or items apart. */
typedef struct str row_id(struct merger *m, const struct doc *d, const char *keys);

static void
add_rows(struct merger *m, row_list *rows, const struct doc *of, unsigned stage, row_id *id, const char *keys)
{
	size_t at = 0;
	for (const struct doc *i = of->items; i; i = i->next) {
		struct str name = id(m, i, keys);
		size_t k = at;
		while (k < rows->n && !str_eq(rows->v[k].id, name))
			k++;
		for (size_t before = 0; k == rows->n && before < at; before++)
			if (str_eq(rows->v[before].id, name))
				k = before;
		if (k == rows->n || !str_eq(rows->v[k].id, name)) {
			VEC_PUSH(m->c->a, rows);
			memmove(&rows->v[at + 1], &rows->v[at], (rows->n - 1 - at) * sizeof *rows->v);
			rows->v[at] = (struct row){name, chart_row(m->c)};
			k = at;
		}
		rows->v[k].d[stage] = i;
		at = k + 1;
	}
}

/* Rows of the members or items, in an order that keeps each stage's where that can be: the longest says most about it. */
static void
collect_rows(struct merger *m, row_list *rows, const struct doc **d, row_id *id, const char *keys)
{
	bool *done = arena_array(m->c->a, m->c->n, sizeof *done);
	for (;;) {
		unsigned longest = m->c->n;
		for (unsigned s = 0; s < m->c->n; s++)
			if (d[s] && !done[s] && (longest == m->c->n || d[s]->count > d[longest]->count))
				longest = s;
		if (longest == m->c->n)
			return;
		add_rows(m, rows, d[longest], longest, id, keys);
		done[longest] = true;
	}
}

static struct str
member_id(struct merger *m, const struct doc *d, const char *keys)
{
	(void)m;
	(void)keys;
	return d->key;
}

static struct str
item_id(struct merger *m, const struct doc *d, const char *keys)
{
	struct buf b = {0};
	for (const char *k = keys; *k; k += strcspn(k, ","), k += *k == ',') {
		const struct doc *v = d->kind == DOC_MAP ? doc_get(d, arena_strz(m->c->a, (struct str){k, strcspn(k, ",")})) : NULL;
		if (v && v->kind == DOC_STRING)
			buf_adds(&b, v->text);
		else if (v && v->kind == DOC_INT)
			buf_addf(&b, "%lld", (long long)v->number);
		if (k[strcspn(k, ",")])
			buf_addc(&b, '-');
	}
	struct str id = arena_str(m->c->a, buf_str(&b));
	buf_free(&b);
	return id;
}

/* Does each stage have its items, once each, in the order of the rows? */
static bool
keeps_order(const struct merger *m, const row_list *rows, const struct doc **d)
{
	for (unsigned s = 0; s < m->c->n; s++) {
		const struct doc *next = d[s] ? d[s]->items : NULL;
		for (size_t i = 0; i < rows->n; i++) {
			if (rows->v[i].d[s] == NULL)
				continue;
			if (rows->v[i].d[s] != next)
				return false;
			next = next->next;
		}
		if (next)
			return false;
	}
	return true;
}

/* Characters that stand as they are in JSON and that YAML takes for something else, or for nothing. */
static bool
is_kept_by_json(struct str s)
{
	for (size_t i = 0; i < s.n;) {
		const unsigned char *u = (const unsigned char *)s.p + i;
		size_t len = utf8_len(s.p + i, s.n - i);
		if (len == 0 || u[0] == 0x7F || (len == 2 && u[0] == 0xC2 && u[1] < 0xA0) || (len == 3 && u[0] == 0xEF && ((u[1] == 0xBB && u[2] == 0xBF) || (u[1] == 0xBF && u[2] >= 0xBE))))
			return false;
		i += len;
	}
	return true;
}

static void
check_whole(struct merger *m, const struct doc *d)
{
	if (!is_kept_by_json(d->text) && m->c->problem == NULL)
		m->c->problem = arena_printf(m->c->a, "%s of %s differs between stages as a whole and holds control characters, which Helm does not give back", m_shape_path(m), m->o->any->address);
	for (const struct doc *i = d->items; i; i = i->next)
		check_whole(m, i);
}

/* The whole of it is one value. */
static struct template *
merge_whole(struct merger *m, const struct doc **d)
{
	for (unsigned i = 0; i < m->c->n; i++)
		if (d[i])
			check_whole(m, d[i]);
	return m_hole(m, chart_hole(m->c, m_values_path(m, ""), HOLE_ANY, d, false));
}

/* An empty one beside one with members cannot be told by switches. */
static bool
some_empty(const struct merger *m, const struct doc **d)
{
	for (unsigned i = 0; i < m->c->n; i++)
		if (d[i] && d[i]->items == NULL)
			return true;
	return false;
}

static struct template *
merge_map(struct merger *m, const struct doc **d)
{
	row_list rows = {0};
	struct template *t = m_template(m, TEMPLATE_MAP), *before = NULL;
	collect_rows(m, &rows, d, member_id, "");
	for (size_t i = 0; i < rows.n; i++) {
		m_enter(m, rows.v[i].id, TOKEN_MEMBER);
		before = m_add(t, merge_child(m, d, rows.v[i].d, before));
		before->key = rows.v[i].id;
		m_leave(m);
	}
	return t;
}

/* "- " needs something that is always there: move it to the front. */
static bool
begin_firmly(struct template *t)
{
	struct template *before = NULL, *i = t->items;
	if (t->kind != TEMPLATE_MAP)
		return true;
	while (i && i->guard) {
		before = i;
		i = i->next;
	}
	if (i == NULL || before == NULL)
		return i != NULL;
	before->next = i->next;
	if (t->last == i)
		t->last = before;
	i->next = t->items;
	t->items = i;
	return true;
}

static struct template *
merge_keyed(struct merger *m, const struct doc **d, const char *keys)
{
	row_list rows = {0};
	struct template *t = m_template(m, TEMPLATE_LIST), *before = NULL;
	collect_rows(m, &rows, d, item_id, keys);
	if (!keeps_order(m, &rows, d))
		return NULL;
	for (size_t i = 0; i < rows.n; i++) {
		m_enter(m, rows.v[i].id, TOKEN_ITEM);
		before = m_add(t, merge_child(m, d, rows.v[i].d, before));
		m_leave(m);
		if (!begin_firmly(before))
			return NULL;
	}
	return t;
}

static bool
one_length(const struct merger *m, const struct doc **d)
{
	const struct doc *first = m_first(m, d);
	for (unsigned i = 0; i < m->c->n; i++)
		if (d[i] && d[i]->count != first->count)
			return false;
	return true;
}

static bool
of_maps(const struct merger *m, const struct doc **d)
{
	for (unsigned i = 0; i < m->c->n; i++)
		for (const struct doc *x = d[i] ? d[i]->items : NULL; x; x = x->next)
			if (x->kind != DOC_MAP || x->items == NULL)
				return false;
	return true;
}

/* Item by item. */
static struct template *
merge_paired(struct merger *m, const struct doc **d)
{
	const struct doc **at = chart_row(m->c), **row;
	unsigned n = m->c->n, count = m_first(m, d)->count;
	struct template *t = m_template(m, TEMPLATE_LIST);
	for (unsigned s = 0; s < n; s++)
		at[s] = d[s] ? d[s]->items : NULL;
	for (unsigned i = 0; i < count; i++) {
		row = chart_row(m->c);
		for (unsigned s = 0; s < n; s++) {
			row[s] = at[s];
			at[s] = at[s] ? at[s]->next : NULL;
		}
		m_enter(m, count > 1 ? str_of(arena_printf(m->c->a, "%u", i)) : STR(""), TOKEN_INDEX);
		bool firm = begin_firmly(m_add(t, merge(m, row)));
		m_leave(m);
		if (!firm)
			return NULL;
	}
	return t;
}

static struct template *
merge_list(struct merger *m, const struct doc **d)
{
	struct template *t = NULL;
	if (of_maps(m, d)) {
		const char *keys = shape_list_keys(m->o->any->kind, str_of(m_shape_path(m)));
		if (keys && *keys)
			t = merge_keyed(m, d, keys);
		if (t == NULL && one_length(m, d))
			t = merge_paired(m, d);
	}
	if (t == NULL && m_all_equal(m, d))
		return m_literal(m, m_first(m, d));
	return t ? t : merge_whole(m, d);
}

/* ---- anything ---- */

static struct template *
merge(struct merger *m, const struct doc **d)
{
	const char *name = m_owned_path(m);
	const struct doc *first = m_first(m, d);
	if (name && !m_is_scalar(first))
		return m_hole(m, chart_hole(m->c, name, HOLE_ANY, d, false));
	if (name) {
		struct hole *h = m_named_hole(m, name, m_settle(m, d));
		h->fallback = resource_is(m->o->any, RK_K_JOB) ? m->o->any->stem : NULL;
		return m_hole(m, h);
	}
	if (m_is_image(m))
		return m_image(m, d);
	if (!m_is_scalar(first) && m_all_are(m, d, first->kind)) {
		if (some_empty(m, d))
			return m_all_equal(m, d) ? m_literal(m, first) : merge_whole(m, d);
		return first->kind == DOC_MAP ? merge_map(m, d) : merge_list(m, d);
	}
	for (unsigned i = 0; i < m->c->n; i++)
		if (d[i] && !m_is_scalar(d[i]))
			return merge_whole(m, d);
	return m_scalar(m, d);
}

/* ---- one object ---- */

static unsigned
containers_in(const struct doc *d)
{
	unsigned n = 0;
	for (const struct doc *i = d->items; i; i = i->next) {
		bool list = i->kind == DOC_LIST && (str_eqz(i->key, "containers") || str_eqz(i->key, "initContainers"));
		n += list ? i->count : i->kind == DOC_MAP ? containers_in(i) : 0;
	}
	return n;
}

void
chart_name(struct chart *c, struct chart_object *o)
{
	struct merger m = {.c = c, .o = o};
	const struct doc **name = chart_row(c);
	for (unsigned i = 0; i < c->n; i++)
		name[i] = o->body[i] ? doc_find(o->body[i], STR("metadata.name")) : NULL;
	if (m_all_equal(&m, name) || m_object_name(&m, name) || resource_is(o->any, RK_K_JOB))
		return;
	m_enter(&m, STR("name"), TOKEN_MEMBER);
	*VEC_PUSH(c->a, &c->names) = chart_hole(c, o->own_name ? arena_printf(c->a, "%s.name", o->place) : m_values_path(&m, NULL), HOLE_STRING, name, false);
}

void
chart_merge(struct chart *c, struct chart_object *o)
{
	struct merger m = {.c = c, .o = o};
	bool partial = false;
	m.one_container = true;
	for (unsigned i = 0; i < c->n; i++) {
		partial |= o->body[i] == NULL;
		m.one_container &= o->body[i] == NULL || containers_in(o->body[i]) == 1;
	}
	if (partial)
		o->guard = chart_hole(c, m_values_path(&m, SWITCH), HOLE_BOOL, presence_row(c, NULL, o->body), false);
	o->root = merge_map(&m, o->body);
}
