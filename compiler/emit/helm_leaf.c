/*
 * Scalars of all stages as parts of a template: written out where they are
 * equal, else a hole; texts of several lines line by line, images in their
 * parts.
 */
#include "helm_merge.h"

#include "text.h"

#include <string.h>

enum { DOUBLE_BITS = 53 };

/* ---- rows of documents ---- */

const struct doc *
m_first(const struct merger *m, const struct doc **d)
{
	unsigned i = 0;
	while (i < m->c->n && d[i] == NULL)
		i++;
	if (i == m->c->n)
		bug("an empty row");
	return d[i];
}

bool
m_all_equal(const struct merger *m, const struct doc **d)
{
	const struct doc *first = m_first(m, d);
	for (unsigned i = 0; i < m->c->n; i++)
		if (d[i] && !doc_equal(d[i], first))
			return false;
	return true;
}

bool
m_all_are(const struct merger *m, const struct doc **d, enum doc_kind kind)
{
	for (unsigned i = 0; i < m->c->n; i++)
		if (d[i] && d[i]->kind != kind)
			return false;
	return true;
}

bool
m_is_scalar(const struct doc *d)
{
	return d->kind != DOC_LIST && d->kind != DOC_MAP;
}

/* Text in its last form, as strings; what is known later stays. */
const struct doc **
m_settle(struct merger *m, const struct doc **d)
{
	const struct doc **row = chart_row(m->c);
	for (unsigned i = 0; i < m->c->n; i++) {
		row[i] = d[i];
		if (d[i] == NULL || (d[i]->kind != DOC_TEXT && d[i]->kind != DOC_JSON && d[i]->kind != DOC_YAML))
			continue;
		struct buf b = {0};
		text_add_doc(&b, d[i], NULL);
		struct doc *s = doc_string(m->c->a, d[i]->origin, arena_str(m->c->a, buf_str(&b)));
		s->value = d[i]->value;
		row[i] = s;
		buf_free(&b);
	}
	return row;
}

/* ---- templates ---- */

struct template *
m_template(struct merger *m, enum template_kind kind)
{
	struct template *t = NEW(m->c->a, struct template);
	t->kind = kind;
	return t;
}

struct template *
m_add(struct template *to, struct template *t)
{
	*(to->last ? &to->last->next : &to->items) = t;
	to->last = t;
	return t;
}

struct template *
m_literal(struct merger *m, const struct doc *d)
{
	struct template *t = m_template(m, TEMPLATE_LITERAL);
	t->doc = d;
	return t;
}

static struct template *
literal_text(struct merger *m, struct str s)
{
	return m_literal(m, doc_string(m->c->a, NO_SPAN, arena_str(m->c->a, s)));
}

struct template *
m_hole(struct merger *m, struct hole *h)
{
	struct template *t = m_template(m, TEMPLATE_HOLE);
	t->hole = h;
	return t;
}

/* ---- scalars ---- */

static enum hole_type
type_of(const struct merger *m, const struct doc **d)
{
	const struct doc *first = m_first(m, d);
	if (!m_all_are(m, d, first->kind))
		return HOLE_ANY;
	switch (first->kind) {
	case DOC_BOOL: return HOLE_BOOL;
	case DOC_NUMBER: return HOLE_NUMBER;
	case DOC_STRING: return HOLE_STRING;
	case DOC_INT:
		for (unsigned i = 0; i < m->c->n; i++)
			if (d[i] && (d[i]->number > (int64_t)1 << DOUBLE_BITS || d[i]->number < -((int64_t)1 << DOUBLE_BITS)))
				return HOLE_RAW;
		return HOLE_INT;
	default: return HOLE_ANY;
	}
}

struct hole *
m_scalar_hole(struct merger *m, const char *path, const struct doc **d, bool optional)
{
	enum hole_type type = type_of(m, d);
	const struct doc **row = chart_row(m->c);
	for (unsigned i = 0; i < m->c->n; i++)
		row[i] = d[i] && type == HOLE_RAW ? doc_f(m->c->a, d[i]->origin, "%lld", (long long)d[i]->number) : d[i];
	return chart_hole(m->c, path, type, row, optional);
}

/* The project's parameter that gives these values unchanged, to all stages or (not *all) to some; NULL where none or several do. */
static const char *
param_of(const struct merger *m, const struct doc **d, bool *all)
{
	const char *name = NULL;
	*all = true;
	for (unsigned i = 0; i < m->c->n; i++) {
		if (d[i] == NULL)
			continue;
		*all &= d[i]->param != NULL;
		if (name && d[i]->param && strcmp(name, d[i]->param) != 0)
			return NULL;
		name = d[i]->param ? d[i]->param : name;
	}
	return name;
}

/* Does it come from the very settings that the hole comes from? (a container's memory: asked for, and the limit) */
static bool
one_setting(const struct merger *m, const struct hole *h, const struct doc **d)
{
	for (unsigned i = 0; i < m->c->n; i++)
		if (d[i] && (h->value[i] == NULL || d[i]->value == NULL || d[i]->value != h->value[i]->value || !doc_equal(d[i], h->value[i])))
			return false;
	return true;
}

struct hole *
m_named_hole(struct merger *m, const char *path, const struct doc **d)
{
	bool all;
	const char *param = param_of(m, d, &all), *given_by = param ? arena_printf(m->c->a, "params.%s", param) : NULL;
	for (size_t i = 0; i < m->own.n && !(param && all); i++)
		if (one_setting(m, m->own.v[i], d))
			return m->own.v[i];
	if (param && !all) { /* what the stages say for themselves, and the parameter for the rest */
		const struct doc **said = chart_row(m->c), **given = chart_row(m->c);
		for (unsigned i = 0; i < m->c->n; i++)
			*(d[i] && d[i]->param ? &given[i] : &said[i]) = d[i];
		struct hole *h = m_scalar_hole(m, path, said, true);
		h->param = m_scalar_hole(m, given_by, given, false);
		return h;
	}
	struct hole *h = m_scalar_hole(m, param ? given_by : path, d, false);
	*VEC_PUSH(m->c->a, &m->own) = h;
	return h;
}

/* What CI gives: with its first value, where the program says one. */
static struct hole *
external_hole(struct merger *m, const char *path, const struct doc **d)
{
	const struct doc **row = chart_row(m->c);
	for (unsigned i = 0; i < m->c->n; i++)
		row[i] = d[i] && d[i]->kind == DOC_ATTR ? d[i]->items : d[i];
	struct hole *h = chart_hole(m->c, path, HOLE_STRING, row, false);
	h->required = arena_printf(m->c->a, "%s is given by CI: --set-string %s=…", h->path, h->path);
	return h;
}

bool
m_has_external(const struct merger *m, const struct doc **d)
{
	for (unsigned i = 0; i < m->c->n; i++)
		if (d[i] && d[i]->kind == DOC_ATTR && strcmp(d[i]->address, "external") == 0)
			return true;
	return false;
}

static struct hole *
secret_hole(struct merger *m, const struct doc *d)
{
	const char *text = arena_strz(m->c->a, d->text), *key = strrchr(text, '#') + 1;
	struct hole *h = chart_hole(m->c, key, HOLE_SECRET, chart_row(m->c), false);
	h->required = arena_printf(m->c->a, "%s comes from the stage's SOPS file: -f secrets://FILE", key);
	return h;
}

struct hole *
m_object_name(const struct merger *m, const struct doc **d)
{
	for (size_t n = 0; n < m->c->names.n; n++) {
		struct hole *h = m->c->names.v[n];
		unsigned i = 0;
		while (i < m->c->n && (d[i] == NULL || doc_equal(d[i], h->value[i])))
			i++;
		if (i == m->c->n)
			return h;
	}
	return NULL;
}

bool
m_is_namespace(const struct merger *m, const struct doc **d)
{
	if (m->trail.n == 0 || !str_eqz(m->trail.v[m->trail.n - 1].text, "namespace"))
		return false;
	for (unsigned i = 0; i < m->c->n; i++)
		if (d[i] && (d[i]->kind != DOC_STRING || !str_eqz(d[i]->text, m->c->stages[i].head->namespace)))
			return false;
	return true;
}

/* ---- text of several lines ---- */

static bool
is_token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || strchr("_.-/:@", c) || (unsigned char)c >= 0x80;
}

static struct str
line_at(struct str s, size_t from)
{
	const char *end = memchr(s.p + from, '\n', s.n - from);
	return (struct str){s.p + from, end ? (size_t)(end - s.p) - from : s.n - from};
}

static size_t
count_lines(struct str s)
{
	size_t n = 0;
	for (size_t i = 0; i < s.n; i++)
		n += s.p[i] == '\n';
	return n;
}

/* The word before the hole: its name. */
static const char *
word_before(struct merger *m, struct str line, size_t at, size_t number)
{
	size_t end = at;
	struct buf b = {0};
	while (end > 0 && strchr(" :=\"'({[", line.p[end - 1]))
		end--;
	size_t from = end;
	while (from > 0 && is_token_char(line.p[from - 1]) && !strchr("/:@.", line.p[from - 1]))
		from--;
	add_camel(&b, (struct str){line.p + from, end - from});
	if (b.n == 0)
		buf_addf(&b, "line%zu", number);
	const char *word = arena_strz(m->c->a, buf_str(&b));
	buf_free(&b);
	return word;
}

/* One line of all stages: what they begin and end with, and between it the words that differ. */
static void
merge_line(struct merger *m, struct template *t, const struct str *line, size_t number)
{
	unsigned n = m->c->n, base = 0;
	while (line[base].p == NULL)
		base++;
	struct str first = line[base];
	size_t head = first.n, tail = first.n;
	for (unsigned i = base + 1; i < n; i++) {
		if (line[i].p == NULL)
			continue;
		size_t k = 0;
		while (k < head && k < line[i].n && line[i].p[k] == first.p[k])
			k++;
		head = k;
		for (k = 0; k < tail && k < line[i].n && line[i].p[line[i].n - 1 - k] == first.p[first.n - 1 - k];)
			k++;
		tail = k;
	}
	size_t shortest = first.n, longest = first.n;
	for (unsigned i = 0; i < n; i++) {
		if (line[i].p && line[i].n < shortest)
			shortest = line[i].n;
		if (line[i].n > longest)
			longest = line[i].n;
	}
	if (head == longest) { /* all are one */
		m_add(t, literal_text(m, first));
		return;
	}
	while (head > 0 && is_token_char(first.p[head - 1]))
		head--;
	if (tail > shortest - head)
		tail = shortest - head;
	while (tail > 0 && is_token_char(first.p[first.n - tail]))
		tail--;
	const struct doc **row = chart_row(m->c);
	for (unsigned i = 0; i < n; i++)
		if (line[i].p)
			row[i] = doc_string(m->c->a, NO_SPAN, arena_str(m->c->a, (struct str){line[i].p + head, line[i].n - head - tail}));
	m_add(t, literal_text(m, (struct str){first.p, head}));
	m_add(t, m_hole(m, m_scalar_hole(m, m_values_path(m, word_before(m, first, head, number)), row, false)));
	m_add(t, literal_text(m, (struct str){first.p + first.n - tail, tail}));
}

/* Text whose lines pair off; NULL where it is one value as a whole. */
static struct template *
merge_lines(struct merger *m, const struct doc **d)
{
	unsigned n = m->c->n;
	const struct doc *first = m_first(m, d);
	for (unsigned i = 0; i < n; i++)
		if (d[i] && (d[i]->kind != DOC_STRING || !yaml_is_literal(d[i]->text) || count_lines(d[i]->text) != count_lines(first->text) ||
			     str_ends(d[i]->text, "\n") != str_ends(first->text, "\n")))
			return NULL;
	struct template *t = m_template(m, TEMPLATE_LINES);
	size_t *at = arena_array(m->c->a, n, sizeof *at), lines = count_lines(first->text) + !str_ends(first->text, "\n");
	struct str *line = arena_array(m->c->a, n, sizeof *line);
	for (size_t number = 1; number <= lines; number++) {
		for (unsigned i = 0; i < n; i++) {
			if (d[i] == NULL)
				continue;
			line[i] = line_at(d[i]->text, at[i]);
			at[i] += line[i].n + 1;
		}
		merge_line(m, t, line, number);
		if (number < lines || str_ends(first->text, "\n"))
			m_add(t, literal_text(m, STR("\n")));
	}
	return t;
}

/* ---- images ---- */

static bool
is_image_text(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!is_token_char(s.p[i]) || (unsigned char)s.p[i] >= 0x80)
			return false;
	return s.n > 0;
}

/* The image in its parts: name, tag, digest; false where it cannot be taken apart. */
static bool
image_parts(struct merger *m, const struct doc *d, const struct doc *part[3])
{
	struct arena *a = m->c->a;
	part[0] = part[1] = part[2] = NULL;
	if (d->kind == DOC_TEXT) {
		unsigned at = 0;
		for (const struct doc *i = d->items; i; i = i->next) {
			if (i->kind == DOC_STRING && str_eqz(i->text, ":"))
				at = 1;
			else if (i->kind == DOC_STRING && str_eqz(i->text, "@"))
				at = 2;
			else
				part[at] = i;
		}
	} else if (d->kind == DOC_STRING) {
		struct str name = d->text, rest;
		for (unsigned at = 2; at > 0; at--) {
			size_t i = name.n;
			while (i > 0 && name.p[i - 1] != (at == 2 ? '@' : ':') && !(at == 1 && name.p[i - 1] == '/'))
				i--;
			if (i == 0 || name.p[i - 1] == '/')
				continue;
			rest = (struct str){name.p + i, name.n - i};
			name.n = i - 1;
			part[at] = doc_string(a, d->origin, arena_str(a, rest));
		}
		part[0] = doc_string(a, d->origin, arena_str(a, name));
	}
	for (unsigned at = 0; at < 3; at++)
		if (part[at] && part[at]->kind != DOC_ATTR && (part[at]->kind != DOC_STRING || !is_image_text(part[at]->text)))
			return false;
	return part[0] != NULL;
}

struct template *
m_image(struct merger *m, const struct doc **d)
{
	static const char *const names[] = {"repository", "tag", "digest"}, *const before[] = {"", ":", "@"};
	unsigned n = m->c->n;
	const struct doc **row[3] = {chart_row(m->c), chart_row(m->c), chart_row(m->c)}, *part[3];
	bool used[3] = {false}, whole = false;
	for (unsigned i = 0, seen = 0; i < n; i++) {
		if (d[i] == NULL)
			continue;
		whole |= !image_parts(m, d[i], part);
		for (unsigned at = 0; at < 3; at++) {
			whole |= seen && used[at] != (part[at] != NULL);
			used[at] = part[at] != NULL;
			row[at][i] = part[at];
		}
		seen++;
	}
	if (whole) {
		const struct doc **text = m_settle(m, d);
		return m_hole(m, m_has_external(m, d) ? external_hole(m, m_values_path(m, NULL), d) : m_scalar_hole(m, m_values_path(m, NULL), text, false));
	}
	struct template *t = m_template(m, TEMPLATE_IMAGE);
	for (unsigned at = 0; at < 3; at++) {
		if (!used[at])
			continue;
		if (*before[at])
			m_add(t, literal_text(m, str_of(before[at])));
		const char *path = m_values_path(m, names[at]);
		m_add(t, m_hole(m, m_has_external(m, row[at]) ? external_hole(m, path, row[at]) : m_named_hole(m, path, row[at])));
	}
	return t;
}

/* ---- any of them ---- */

struct template *
m_scalar(struct merger *m, const struct doc **whole)
{
	const struct doc **d = m_settle(m, whole), *first = m_first(m, d);
	struct template *t = NULL;
	if (first->kind == DOC_ATTR && strcmp(first->address, "sops") == 0)
		return m_hole(m, secret_hole(m, first));
	if (m_has_external(m, d))
		return m_hole(m, external_hole(m, m_values_path(m, NULL), d));
	if (m_is_namespace(m, d))
		return m_template(m, TEMPLATE_NAMESPACE);
	struct hole *name = m_object_name(m, d);
	if (name)
		return m_hole(m, name);
	if (m_all_equal(m, d))
		return m_literal(m, first);
	if (m_all_are(m, d, DOC_STRING))
		t = merge_lines(m, d);
	if (t)
		return t;
	name = m_named_hole(m, m_values_path(m, NULL), d);
	if (str_eqz(m->trail.v[m->trail.n - 1].text, "app.kubernetes.io/name"))
		*VEC_PUSH(m->c->a, &m->c->names) = name; /* the labels beside it follow */
	return m_hole(m, name);
}
