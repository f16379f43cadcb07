/*
 * Documents against the platform's shapes: unknown members, types, missing
 * members, enumerations, bounds, patterns. The tables are generated; this file
 * only walks them. A finding is a mistake of berth's lowering.
 */
#include "berth/resource.h"

#include <inttypes.h>
#include <regex.h>
#include <string.h>

#define NO_LOW INT64_MIN
#define NO_HIGH INT64_MAX

enum shape_type { SHAPE_STRUCT, SHAPE_LIST, SHAPE_MAP, SHAPE_STRING, SHAPE_INT, SHAPE_NUMBER, SHAPE_BOOL, SHAPE_INT_OR_STRING, SHAPE_ANY };

struct shape_node {
	enum shape_type type;
	int64_t low, high;    /* of a number, a string's length or a list's size */
	const char *pattern;  /* POSIX ERE */
	int item;             /* LIST, MAP */
	int member, members;  /* STRUCT */
	int first_enum, enums;
	const char *keys;     /* LIST: members that tell items apart; "" for a set */
};
struct shape_member {
	const char *name;
	int node;
	bool required;
};
struct shape_root {
	int kind, node;
};
struct shape_replace {
	int kind;
	const char *path;
};

#include "berth/platform/shapes.def"

static const struct {
	int kind;
	const char *path;
	int64_t low, high;
	const char *source;
} bounds[] = {
#define BOUND(kind, path, low, high, source) {RK_##kind, path, low, high, source},
#include "berth/platform/bounds.def"
#undef BOUND
};

static int
kind_id(const struct resource_kind *kind)
{
	return (int)(kind - resource_kind_get(0));
}

static const struct shape_node *
root_of(const struct resource_kind *kind)
{
	for (size_t i = 0; i < sizeof shape_roots / sizeof *shape_roots; i++)
		if (shape_roots[i].kind == kind_id(kind))
			return &shape_nodes[shape_roots[i].node];
	bug("no shape for %s", kind->kind);
}

/* ---- checking ---- */

struct check {
	int kind;
	shape_report *report;
	void *ctx;
	unsigned found;
	const struct step *at;
};

/* How the check got where it is; written out only when there is something to say. */
struct step {
	const struct step *up;
	struct str name;
	unsigned index; /* of a list's item, whose name is empty */
	bool item;
};

/* a.b[0].c; without numbers a.b[].c */
static void
add_path(struct buf *b, const struct step *s, bool numbers)
{
	if (s == NULL)
		return;
	add_path(b, s->up, numbers);
	if (s->item) {
		buf_addc(b, '[');
		if (numbers)
			buf_addf(b, "%u", s->index);
		buf_addc(b, ']');
		return;
	}
	if (b->n > 0)
		buf_addc(b, '.');
	buf_adds(b, s->name);
}

static void
found(struct check *c, const struct doc *at, const char *fmt, ...) BERTH_PRINTF(3, 4);

static void
found(struct check *c, const struct doc *at, const char *fmt, ...)
{
	struct buf what = {0}, path = {0};
	va_list ap;
	va_start(ap, fmt);
	buf_vaddf(&what, fmt, ap);
	va_end(ap);
	buf_addc(&what, '\0');
	add_path(&path, c->at, true);
	buf_addc(&path, '\0');
	c->found++;
	c->report(c->ctx, path.p, at, what.p);
	buf_free(&what);
	buf_free(&path);
}

static bool
is_text(const struct doc *d)
{
	return d->kind == DOC_STRING || d->kind == DOC_ATTR || d->kind == DOC_TEXT || d->kind == DOC_JSON || d->kind == DOC_YAML;
}

/* The compiled form of a pattern of the tables, made once; NULL where it is no POSIX expression. */
static const regex_t *
compiled(const char *pattern)
{
	static struct {
		const char *pattern;
		bool good;
		regex_t re;
	} known[128];
	size_t i = 0;
	while (i < 128 && known[i].pattern && known[i].pattern != pattern)
		i++;
	if (i == 128)
		bug("more than %zu patterns in the tables", i);
	if (known[i].pattern == NULL) {
		known[i].good = regcomp(&known[i].re, pattern, REG_EXTENDED | REG_NOSUB) == 0;
		known[i].pattern = pattern;
	}
	return known[i].good ? &known[i].re : NULL;
}

bool
resource_name_ok(const struct resource_kind *kind, const char *name)
{
	const regex_t *re = kind->name_pattern ? compiled(kind->name_pattern) : NULL;
	return re == NULL || regexec(re, name, 0, NULL, 0) == 0;
}

static void
check_pattern(struct check *c, const char *pattern, const struct doc *d)
{
	const regex_t *re = compiled(pattern);
	struct buf text = {0};
	buf_adds(&text, d->text);
	buf_addc(&text, '\0');
	if (re && regexec(re, text.p, 0, NULL, 0) != 0)
		found(c, d, "\"%.*s\" does not match %s", d->text.n > 80 ? 80 : (int)d->text.n, d->text.p, pattern);
	buf_free(&text);
}

static void
check_string(struct check *c, const struct shape_node *n, const struct doc *d)
{
	if (!is_text(d)) {
		found(c, d, "is no text");
		return;
	}
	if (d->kind != DOC_STRING)
		return; /* known after creation, or JSON: no bounds to check */
	int64_t len = (int64_t)utf8_count(d->text);
	if (len < n->low || len > n->high)
		found(c, d, "has %" PRId64 " characters, allowed are %" PRId64 " to %" PRId64, len, n->low < 0 ? 0 : n->low, n->high);
	bool listed = n->enums == 0;
	for (int i = 0; i < n->enums; i++)
		listed |= str_eqz(d->text, shape_enums[n->first_enum + i]);
	if (!listed)
		found(c, d, "\"%.*s\" is none of the values allowed", (int)d->text.n, d->text.p);
	if (n->pattern)
		check_pattern(c, n->pattern, d);
}

static bool
stands_at(const struct check *c, const char *path)
{
	struct buf b = {0};
	add_path(&b, c->at, false);
	bool same = str_eqz(buf_str(&b), path);
	buf_free(&b);
	return same;
}

static void
check_number(struct check *c, const struct shape_node *n, const struct doc *d)
{
	bool whole = d->kind == DOC_INT;
	if (!whole && !(d->kind == DOC_NUMBER && n->type == SHAPE_NUMBER)) {
		found(c, d, "is no %s", n->type == SHAPE_INT ? "whole number" : "number");
		return;
	}
	int64_t low = n->low, high = n->high;
	for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
		if (bounds[i].kind == c->kind && stands_at(c, bounds[i].path)) {
			low = bounds[i].low;
			high = bounds[i].high;
		}
	}
	if (whole && (d->number < low || d->number > high))
		found(c, d, "is %" PRId64 ", allowed are %" PRId64 " to %" PRId64, d->number, low, high);
}

static void check_node(struct check *c, const struct shape_node *n, const struct doc *d);

static void
check_step(struct check *c, const struct shape_node *n, const struct doc *d, struct step step)
{
	step.up = c->at;
	c->at = &step;
	check_node(c, n, d);
	c->at = step.up;
}

static const struct shape_member *
member_of(const struct shape_node *n, struct str name)
{
	for (int i = 0; i < n->members; i++)
		if (str_eqz(name, shape_members[n->member + i].name))
			return &shape_members[n->member + i];
	return NULL;
}

static void
check_struct(struct check *c, const struct shape_node *n, const struct doc *d)
{
	if (d->kind != DOC_MAP) {
		found(c, d, "is no object");
		return;
	}
	for (const struct doc *m = d->items; m; m = m->next) {
		const struct shape_member *row = member_of(n, m->key);
		if (row)
			check_step(c, &shape_nodes[row->node], m, (struct step){.name = m->key});
		else
			found(c, m, "has no member \"%.*s\"", (int)m->key.n, m->key.p);
	}
	for (int i = 0; i < n->members; i++)
		if (shape_members[n->member + i].required && doc_get(d, shape_members[n->member + i].name) == NULL)
			found(c, d, "lacks \"%s\"", shape_members[n->member + i].name);
}

static void
check_items(struct check *c, const struct shape_node *n, const struct doc *d)
{
	bool map = n->type == SHAPE_MAP;
	if (d->kind != (map ? DOC_MAP : DOC_LIST)) {
		found(c, d, map ? "is no map" : "is no list");
		return;
	}
	if (d->count < n->low || d->count > n->high)
		found(c, d, "has %u items, allowed are %" PRId64 " to %" PRId64, d->count, n->low < 0 ? 0 : n->low, n->high);
	unsigned i = 0;
	for (const struct doc *m = d->items; m; m = m->next, i++)
		check_step(c, &shape_nodes[n->item], m, map ? (struct step){.name = m->key} : (struct step){.index = i, .item = true});
}

static void
check_node(struct check *c, const struct shape_node *n, const struct doc *d)
{
	switch (n->type) {
	case SHAPE_STRUCT: check_struct(c, n, d); break;
	case SHAPE_LIST:
	case SHAPE_MAP: check_items(c, n, d); break;
	case SHAPE_STRING: check_string(c, n, d); break;
	case SHAPE_INT:
	case SHAPE_NUMBER: check_number(c, n, d); break;
	case SHAPE_BOOL:
		if (d->kind != DOC_BOOL)
			found(c, d, "is neither true nor false");
		break;
	case SHAPE_INT_OR_STRING:
		if (d->kind != DOC_INT && !is_text(d))
			found(c, d, "is neither a whole number nor text");
		break;
	case SHAPE_ANY: break;
	}
}

unsigned
shape_check(const struct resource_kind *kind, const struct doc *body, shape_report *report, void *ctx)
{
	struct check c = {.kind = kind_id(kind), .report = report, .ctx = ctx};
	check_node(&c, root_of(kind), body);
	return c.found;
}

/* ---- paths ---- */

/* The next part of a path: a name, without a list selector behind it. */
static struct str
next_part(struct str *path)
{
	size_t n = 0;
	while (n < path->n && path->p[n] != '.' && path->p[n] != '[')
		n++;
	struct str part = {path->p, n};
	while (n < path->n && path->p[n] != '.')
		n++;
	*path = n < path->n ? (struct str){path->p + n + 1, path->n - n - 1} : (struct str){path->p + path->n, 0};
	return part;
}

/* Where the path leads; NULL with the part that is unknown. An item of a list may be named by its own part. */
static const struct shape_node *
follow(const struct resource_kind *kind, struct str path, struct str *stop)
{
	const struct shape_node *n = root_of(kind);
	while (path.n > 0) {
		struct str part = next_part(&path);
		*stop = part;
		if (n->type == SHAPE_LIST) {
			const struct shape_node *item = &shape_nodes[n->item];
			if (item->type == SHAPE_STRUCT && member_of(item, part)) {
				n = &shape_nodes[member_of(item, part)->node];
				continue;
			}
			n = item; /* the part names an item */
			continue;
		}
		if (n->type == SHAPE_MAP) {
			n = &shape_nodes[n->item];
			continue;
		}
		const struct shape_member *m = n->type == SHAPE_STRUCT ? member_of(n, part) : NULL;
		if (m == NULL)
			return n->type == SHAPE_ANY ? n : NULL;
		n = &shape_nodes[m->node];
	}
	return n;
}

bool
shape_has_path(const struct resource_kind *kind, struct str path, struct str *stop)
{
	return follow(kind, path, stop) != NULL;
}

const char *
shape_list_keys(const struct resource_kind *kind, struct str path)
{
	struct str stop;
	const struct shape_node *n = follow(kind, path, &stop);
	return n && n->type == SHAPE_LIST ? n->keys : NULL;
}

bool
shape_replaces(const struct resource_kind *kind, struct str path)
{
	for (size_t i = 0; i < sizeof shape_replaced / sizeof *shape_replaced; i++) {
		struct str row = str_of(shape_replaced[i].path), mine = path;
		if (shape_replaced[i].kind != kind_id(kind))
			continue;
		while (row.n > 0 && mine.n > 0) {
			struct str a = next_part(&row), b = next_part(&mine);
			if (a.n != b.n || text_distance(a, b, 0) != 0)
				break;
			if (row.n == 0)
				return true;
		}
	}
	return false;
}
