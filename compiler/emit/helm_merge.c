/*
 * One object of all stages as one template: what is equal is written out, what
 * differs becomes a hole, and so does what is decided outside the program
 * (images, counts, hosts).
 *
 * Maps are merged by key, lists by the keys that the platform compares them
 * by, else item by item where they are of one length; a list that cannot be
 * merged is one value as a whole.
 */
#include "helm.h"

#include "forms.h"
#include "text.h"

#include <string.h>

#define SWITCH "enabled"

enum { DOUBLE_BITS = 53 };

struct token {
	struct str text;
	enum { TOKEN_MEMBER, TOKEN_ITEM, TOKEN_INDEX } kind;
};

struct merger {
	struct chart *c;
	const struct chart_object *o;
	VEC(struct token) trail;
	bool one_container;
	VEC(struct hole *) own; /* of the object */
};

/* What somebody else than the program may decide, with the name of its value. */
static const struct {
	int kind;
	const char *path, *name;
} owned[] = {
	{RK_K_DEPLOYMENT, "spec.replicas", "replicas"},
	{RK_K_STATEFUL_SET, "spec.replicas", "replicas"},
	{RK_K_ROLLOUT, "spec.replicas", "replicas"},
	{RK_K_HPA, "spec.minReplicas", "minReplicas"},
	{RK_K_HPA, "spec.maxReplicas", "maxReplicas"},
	{RK_K_SCALED_OBJECT, "spec.minReplicaCount", "minReplicas"},
	{RK_K_SCALED_OBJECT, "spec.maxReplicaCount", "maxReplicas"},
	{RK_K_INGRESS, "spec.rules[].host", "host"},
	{RK_K_INGRESS, "spec.tls[].hosts", "hosts"},
	{RK_K_HTTP_ROUTE, "spec.hostnames", "hosts"},
	{RK_K_GRPC_ROUTE, "spec.hostnames", "hosts"},
	{RK_K_JOB, "metadata.name", "jobName"}, /* it holds the image's hash */
};

static struct template *merge(struct merger *m, const struct doc **d);

/* ---- where we are ---- */

static void
enter(struct merger *m, struct str text, int kind)
{
	*VEC_PUSH(m->c->a, &m->trail) = (struct token){text, kind};
}

static void
leave(struct merger *m)
{
	m->trail.n--;
}

/* spec.rules[].host: the place in the shape. */
static const char *
shape_path(struct merger *m)
{
	struct buf b = {0};
	for (size_t i = 0; i < m->trail.n; i++) {
		const struct token *t = &m->trail.v[i];
		if (t->kind == TOKEN_MEMBER && b.n > 0)
			buf_addc(&b, '.');
		buf_adds(&b, t->kind == TOKEN_MEMBER ? t->text : STR("[]"));
	}
	const char *path = arena_strz(m->c->a, buf_str(&b));
	buf_free(&b);
	return path;
}

static bool
in_list(struct merger *m, size_t i, const char *list)
{
	return i > 0 && m->trail.v[i].kind == TOKEN_ITEM && str_eqz(m->trail.v[i - 1].text, list);
}

/* Words of the platform's that say nothing to a reader of values. */
static bool
is_frame(struct merger *m, size_t i)
{
	static const char *const frames[] = {"spec", "template", "metadata", "jobTemplate", "data", "containers", "initContainers"};
	const struct token *t = &m->trail.v[i];
	for (size_t f = 0; t->kind == TOKEN_MEMBER && f < sizeof frames / sizeof *frames; f++)
		if (str_eqz(t->text, frames[f]))
			return true;
	if (in_list(m, i, "containers") || in_list(m, i, "initContainers")) { /* the only one, or the one that is called as the workload */
		struct buf b = {0};
		if (m->one_container)
			return true;
		add_camel(&b, t->text);
		bool own = str_eqz(buf_str(&b), m->o->place);
		buf_free(&b);
		return own;
	}
	return i + 1 == m->trail.n && i > 0 && in_list(m, i - 1, "env") && str_eqz(t->text, "value");
}

static void
add_token(struct merger *m, struct buf *b, size_t i)
{
	const struct token *t = &m->trail.v[i];
	struct str text = t->text;
	size_t from = b->n;
	for (size_t at = text.n; t->kind == TOKEN_MEMBER && at > 0; at--) { /* group of alb.ingress.kubernetes.io/group */
		if (text.p[at - 1] == '/') {
			text = (struct str){text.p + at, text.n - at};
			break;
		}
	}
	if (t->kind == TOKEN_INDEX) {
		buf_adds(b, text);
		return;
	}
	buf_addc(b, '.');
	if (in_list(m, i, "env")) {
		for (size_t at = 0; at < text.n; at++)
			buf_addc(b, text.p[at] == '.' || text.p[at] == '-' ? '_' : text.p[at]);
	} else {
		add_camel(b, text);
	}
	if (b->n == from + 1)
		buf_addc(b, 'x'); /* a name without a letter */
}

/* The value's name for the place, with `last` behind it when that is not NULL; "" for a place that is one value as a whole. */
static const char *
values_path(struct merger *m, const char *last)
{
	struct buf b = {0};
	bool whole = last && (strcmp(last, SWITCH) == 0 || *last == '\0'); /* it says of what */
	buf_addz(&b, m->o->place);
	if (*m->o->part)
		buf_addf(&b, ".%s", m->o->part);
	for (size_t i = 0; i < m->trail.n; i++)
		if (!is_frame(m, i) || (whole && i + 1 == m->trail.n))
			add_token(m, &b, i);
	if (last && *last)
		buf_addf(&b, ".%s", last);
	else if (b.n == strlen(m->o->place))
		buf_addz(&b, ".value");
	const char *path = arena_strz(m->c->a, buf_str(&b));
	buf_free(&b);
	return path;
}

/* The value's name for what somebody else may decide, or NULL. */
static const char *
owned_path(struct merger *m)
{
	const char *path = NULL;
	for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) {
		if (!resource_is(m->o->any, owned[i].kind))
			continue;
		if (path == NULL)
			path = shape_path(m);
		if (strcmp(owned[i].path, path) == 0)
			return arena_printf(m->c->a, "%s.%s", m->o->place, owned[i].name);
	}
	return NULL;
}

static bool
is_image(struct merger *m)
{
	size_t n = m->trail.n;
	return n > 1 && str_eqz(m->trail.v[n - 1].text, "image") && (in_list(m, n - 2, "containers") || in_list(m, n - 2, "initContainers"));
}

/* ---- rows of documents ---- */

static const struct doc *
first_of(const struct merger *m, const struct doc **d)
{
	unsigned i = 0;
	while (i < m->c->n && d[i] == NULL)
		i++;
	if (i == m->c->n)
		bug("an empty row");
	return d[i];
}

static bool
all_equal(const struct merger *m, const struct doc **d)
{
	const struct doc *first = first_of(m, d);
	for (unsigned i = 0; i < m->c->n; i++)
		if (d[i] && !doc_equal(d[i], first))
			return false;
	return true;
}

static bool
all_are(const struct merger *m, const struct doc **d, enum doc_kind kind)
{
	for (unsigned i = 0; i < m->c->n; i++)
		if (d[i] && d[i]->kind != kind)
			return false;
	return true;
}

static bool
is_scalar(const struct doc *d)
{
	return d->kind != DOC_LIST && d->kind != DOC_MAP;
}

/* Text in its last form, as strings; what is known later stays. */
static const struct doc **
settle(struct merger *m, const struct doc **d)
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

static struct template *
template_new(struct merger *m, enum template_kind kind)
{
	struct template *t = NEW(m->c->a, struct template);
	t->kind = kind;
	return t;
}

static struct template *
template_add(struct template *to, struct template *t)
{
	*(to->last ? &to->last->next : &to->items) = t;
	to->last = t;
	return t;
}

static struct template *
literal(struct merger *m, const struct doc *d)
{
	struct template *t = template_new(m, TEMPLATE_LITERAL);
	t->doc = d;
	return t;
}

static struct template *
literal_text(struct merger *m, struct str s)
{
	return literal(m, doc_string(m->c->a, NO_SPAN, arena_str(m->c->a, s)));
}

static struct template *
hole_template(struct merger *m, struct hole *h)
{
	struct template *t = template_new(m, TEMPLATE_HOLE);
	t->hole = h;
	return t;
}

/* ---- scalars ---- */

static enum hole_type
type_of(const struct merger *m, const struct doc **d)
{
	const struct doc *first = first_of(m, d);
	if (!all_are(m, d, first->kind))
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

static struct hole *
scalar_hole(struct merger *m, const char *path, const struct doc **d, bool optional)
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

static struct hole *
named_hole(struct merger *m, const char *path, const struct doc **d)
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
		struct hole *h = scalar_hole(m, path, said, true);
		h->param = scalar_hole(m, given_by, given, false);
		return h;
	}
	struct hole *h = scalar_hole(m, param ? given_by : path, d, false);
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

static bool
has_external(const struct merger *m, const struct doc **d)
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

static struct hole *
name_of_object(const struct merger *m, const struct doc **d)
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

static bool
is_namespace(const struct merger *m, const struct doc **d)
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
		template_add(t, literal_text(m, first));
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
	template_add(t, literal_text(m, (struct str){first.p, head}));
	template_add(t, hole_template(m, scalar_hole(m, values_path(m, word_before(m, first, head, number)), row, false)));
	template_add(t, literal_text(m, (struct str){first.p + first.n - tail, tail}));
}

/* Text whose lines pair off; NULL where it is one value as a whole. */
static struct template *
merge_lines(struct merger *m, const struct doc **d)
{
	unsigned n = m->c->n;
	const struct doc *first = first_of(m, d);
	for (unsigned i = 0; i < n; i++)
		if (d[i] && (d[i]->kind != DOC_STRING || !yaml_is_literal(d[i]->text) || count_lines(d[i]->text) != count_lines(first->text) ||
			     str_ends(d[i]->text, "\n") != str_ends(first->text, "\n")))
			return NULL;
	struct template *t = template_new(m, TEMPLATE_LINES);
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
			template_add(t, literal_text(m, STR("\n")));
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

static struct template *
merge_image(struct merger *m, const struct doc **d)
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
		const struct doc **text = settle(m, d);
		return hole_template(m, has_external(m, d) ? external_hole(m, values_path(m, NULL), d) : scalar_hole(m, values_path(m, NULL), text, false));
	}
	struct template *t = template_new(m, TEMPLATE_IMAGE);
	for (unsigned at = 0; at < 3; at++) {
		if (!used[at])
			continue;
		if (*before[at])
			template_add(t, literal_text(m, str_of(before[at])));
		const char *path = values_path(m, names[at]);
		template_add(t, hole_template(m, has_external(m, row[at]) ? external_hole(m, path, row[at]) : named_hole(m, path, row[at])));
	}
	return t;
}

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
	if (!in_list(m, m->trail.n - 1, "env"))
		return NULL;
	for (unsigned i = 0; i < m->c->n; i++) {
		value[i] = d[i] && d[i]->count == 2 ? doc_get(d[i], "value") : NULL;
		if (d[i] && (value[i] == NULL || value[i]->kind != DOC_STRING))
			return NULL;
	}
	struct template *t = template_new(m, TEMPLATE_MAP);
	struct hole *h = chart_hole(m->c, values_path(m, NULL), HOLE_STRING, value, true);
	template_add(t, literal(m, doc_get(first_of(m, d), "name")))->key = STR("name");
	template_add(t, hole_template(m, h))->key = STR("value");
	t->guard = h;
	return t;
}

/* The template of what is not in all stages: one value whose absence says so, or a switch, the neighbour's where that agrees. */
static struct template *
merge_partial(struct merger *m, const struct doc **parent, const struct doc **d, struct hole *neighbour)
{
	const struct doc **row = presence_row(m->c, parent, d), **text = settle(m, d);
	bool scalar = true, known = name_of_object(m, text) || is_namespace(m, text) || has_external(m, d);
	for (unsigned i = 0; i < m->c->n; i++)
		scalar &= d[i] == NULL || (is_scalar(d[i]) && d[i]->kind != DOC_ATTR);
	if (neighbour) {
		unsigned i = 0;
		while (i < m->c->n && doc_equal(neighbour->value[i], row[i]))
			i++;
		if (i < m->c->n)
			neighbour = NULL;
	}
	if (neighbour == NULL && scalar && !known) {
		const char *name = owned_path(m);
		struct hole *h = scalar_hole(m, name ? name : values_path(m, NULL), text, true);
		struct template *t = hole_template(m, h);
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
	t->guard = neighbour ? neighbour : chart_hole(m->c, values_path(m, SWITCH), HOLE_BOOL, row, false);
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
		m->c->problem = arena_printf(m->c->a, "%s of %s differs between stages as a whole and holds control characters, which Helm does not give back", shape_path(m), m->o->any->address);
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
	return hole_template(m, chart_hole(m->c, values_path(m, ""), HOLE_ANY, d, false));
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
	struct template *t = template_new(m, TEMPLATE_MAP), *before = NULL;
	collect_rows(m, &rows, d, member_id, "");
	for (size_t i = 0; i < rows.n; i++) {
		enter(m, rows.v[i].id, TOKEN_MEMBER);
		before = template_add(t, merge_child(m, d, rows.v[i].d, before));
		before->key = rows.v[i].id;
		leave(m);
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
	struct template *t = template_new(m, TEMPLATE_LIST), *before = NULL;
	collect_rows(m, &rows, d, item_id, keys);
	if (!keeps_order(m, &rows, d))
		return NULL;
	for (size_t i = 0; i < rows.n; i++) {
		enter(m, rows.v[i].id, TOKEN_ITEM);
		before = template_add(t, merge_child(m, d, rows.v[i].d, before));
		leave(m);
		if (!begin_firmly(before))
			return NULL;
	}
	return t;
}

static bool
one_length(const struct merger *m, const struct doc **d)
{
	const struct doc *first = first_of(m, d);
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
	unsigned n = m->c->n, count = first_of(m, d)->count;
	struct template *t = template_new(m, TEMPLATE_LIST);
	for (unsigned s = 0; s < n; s++)
		at[s] = d[s] ? d[s]->items : NULL;
	for (unsigned i = 0; i < count; i++) {
		row = chart_row(m->c);
		for (unsigned s = 0; s < n; s++) {
			row[s] = at[s];
			at[s] = at[s] ? at[s]->next : NULL;
		}
		enter(m, count > 1 ? str_of(arena_printf(m->c->a, "%u", i)) : STR(""), TOKEN_INDEX);
		bool firm = begin_firmly(template_add(t, merge(m, row)));
		leave(m);
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
		const char *keys = shape_list_keys(m->o->any->kind, str_of(shape_path(m)));
		if (keys && *keys)
			t = merge_keyed(m, d, keys);
		if (t == NULL && one_length(m, d))
			t = merge_paired(m, d);
	}
	if (t == NULL && all_equal(m, d))
		return literal(m, first_of(m, d));
	return t ? t : merge_whole(m, d);
}

/* ---- anything ---- */

static struct template *
merge_scalar(struct merger *m, const struct doc **whole)
{
	const struct doc **d = settle(m, whole), *first = first_of(m, d);
	struct template *t = NULL;
	if (first->kind == DOC_ATTR && strcmp(first->address, "sops") == 0)
		return hole_template(m, secret_hole(m, first));
	if (has_external(m, d))
		return hole_template(m, external_hole(m, values_path(m, NULL), d));
	if (is_namespace(m, d))
		return template_new(m, TEMPLATE_NAMESPACE);
	struct hole *name = name_of_object(m, d);
	if (name)
		return hole_template(m, name);
	if (all_equal(m, d))
		return literal(m, first);
	if (all_are(m, d, DOC_STRING))
		t = merge_lines(m, d);
	if (t)
		return t;
	name = named_hole(m, values_path(m, NULL), d);
	if (str_eqz(m->trail.v[m->trail.n - 1].text, "app.kubernetes.io/name"))
		*VEC_PUSH(m->c->a, &m->c->names) = name; /* the labels beside it follow */
	return hole_template(m, name);
}

static struct template *
merge(struct merger *m, const struct doc **d)
{
	const char *name = owned_path(m);
	const struct doc *first = first_of(m, d);
	if (name && !is_scalar(first))
		return hole_template(m, chart_hole(m->c, name, HOLE_ANY, d, false));
	if (name) {
		struct hole *h = named_hole(m, name, settle(m, d));
		h->fallback = resource_is(m->o->any, RK_K_JOB) ? m->o->any->stem : NULL;
		return hole_template(m, h);
	}
	if (is_image(m))
		return merge_image(m, d);
	if (!is_scalar(first) && all_are(m, d, first->kind)) {
		if (some_empty(m, d))
			return all_equal(m, d) ? literal(m, first) : merge_whole(m, d);
		return first->kind == DOC_MAP ? merge_map(m, d) : merge_list(m, d);
	}
	for (unsigned i = 0; i < m->c->n; i++)
		if (d[i] && !is_scalar(d[i]))
			return merge_whole(m, d);
	return merge_scalar(m, d);
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
	if (all_equal(&m, name) || name_of_object(&m, name) || resource_is(o->any, RK_K_JOB))
		return;
	enter(&m, STR("name"), TOKEN_MEMBER);
	*VEC_PUSH(c->a, &c->names) = chart_hole(c, o->own_name ? arena_printf(c->a, "%s.name", o->place) : values_path(&m, NULL), HOLE_STRING, name, false);
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
		o->guard = chart_hole(c, values_path(&m, SWITCH), HOLE_BOOL, presence_row(c, NULL, o->body), false);
	o->root = merge_map(&m, o->body);
}
