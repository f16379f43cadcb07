/*
 * Document trees and resources: making, finding, comparing, ordering. Knows
 * the kinds of platform/kinds.def but none of their shapes.
 */
#include "berth/resource.h"

#include <stdlib.h>
#include <inttypes.h>
#include <string.h>

enum { MILLION = 1000000 };

static const struct resource_kind kinds[RK_COUNT + 1] = {
#define RESOURCE(id, ...) {__VA_ARGS__},
#include "berth/platform/kinds.def"
#undef RESOURCE
};

const struct resource_kind *
resource_kind_get(int id)
{
	if (id < 0 || id >= RK_COUNT)
		bug("no resource kind %d", id);
	return &kinds[id];
}

/* ---- making documents ---- */

struct doc *
doc_new(struct arena *a, enum doc_kind kind, struct span origin)
{
	struct doc *d = NEW(a, struct doc);

	d->kind = kind;
	d->origin = origin;
	return d;
}

struct doc *
doc_map(struct arena *a, struct span origin)
{
	return doc_new(a, DOC_MAP, origin);
}

struct doc *
doc_list(struct arena *a, struct span origin)
{
	return doc_new(a, DOC_LIST, origin);
}

struct doc *
doc_string(struct arena *a, struct span origin, struct str s)
{
	struct doc *d = doc_new(a, DOC_STRING, origin);

	d->text = s;
	return d;
}

struct doc *
doc_z(struct arena *a, struct span origin, const char *s)
{
	return doc_string(a, origin, str_of(s));
}

struct doc *
doc_f(struct arena *a, struct span origin, const char *fmt, ...)
{
	struct buf b = {0};
	struct doc *d;
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	d = doc_string(a, origin, arena_str(a, buf_str(&b)));
	buf_free(&b);
	return d;
}

struct doc *
doc_int(struct arena *a, struct span origin, int64_t n)
{
	struct doc *d = doc_new(a, DOC_INT, origin);

	d->number = n;
	return d;
}

struct doc *
doc_bool(struct arena *a, struct span origin, bool b)
{
	struct doc *d = doc_new(a, DOC_BOOL, origin);

	d->number = b;
	return d;
}

struct doc *
doc_attr(struct arena *a, struct span origin, const char *address, const char *attr)
{
	struct doc *d = doc_new(a, DOC_ATTR, origin);

	d->address = address;
	d->text = str_of(attr);
	return d;
}

struct doc *
doc_json(struct arena *a, struct span origin, struct doc *inner)
{
	struct doc *d = doc_new(a, DOC_JSON, origin);

	doc_add(d, inner);
	return d;
}

struct doc *
doc_yaml(struct arena *a, struct span origin, struct doc *inner)
{
	struct doc *d = doc_new(a, DOC_YAML, origin);

	doc_add(d, inner);
	return d;
}

static struct doc *
append(struct doc *parent, struct doc *child)
{
	if (child->next || child == parent->last)
		bug("a document stands in two places");
	if (parent->last)
		parent->last->next = child;
	else
		parent->items = child;
	parent->last = child;
	parent->count++;
	return child;
}

static struct doc *
member(const struct doc *map, struct str key)
{
	if (!map || map->kind != DOC_MAP)
		return NULL;
	for (struct doc *d = map->items; d; d = d->next)
		if (str_eq(d->key, key))
			return d;
	return NULL;
}

struct doc *
doc_sets(struct arena *a, struct doc *map, struct str key, struct doc *child)
{
	if (!child)
		return NULL;
	if (map->kind != DOC_MAP)
		bug("member \"%.*s\" set on what is no map", (int)key.n, key.p);
	if (member(map, key))
		bug("member \"%.*s\" set twice", (int)key.n, key.p);
	child->key = arena_str(a, key);
	return append(map, child);
}

struct doc *
doc_append(struct doc *map, struct str key, struct doc *child)
{
	child->key = key;
	return append(map, child);
}

struct doc *
doc_set(struct arena *a, struct doc *map, const char *key, struct doc *child)
{
	return doc_sets(a, map, str_of(key), child);
}

struct doc *
doc_add(struct doc *list, struct doc *child)
{
	if (!child)
		return NULL;
	if (list->kind != DOC_LIST && list->kind != DOC_TEXT && list->kind != DOC_JSON && list->kind != DOC_YAML)
		bug("an item added to what is no list");
	return append(list, child);
}

struct doc *
doc_get(const struct doc *map, const char *key)
{
	return member(map, str_of(key));
}

/* ---- paths ---- */

static struct str
rest_of(struct str s, size_t n)
{
	return (struct str){s.p + n, s.n - n};
}

static const struct doc *
item_at(const struct doc *list, struct str digits)
{
	const struct doc *d;
	size_t index = 0;

	if (!list || list->kind != DOC_LIST || digits.n == 0 || digits.n > 9)
		return NULL;
	for (size_t i = 0; i < digits.n; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return NULL;
		index = index * 10 + (size_t)(digits.p[i] - '0');
	}
	for (d = list->items; d && index; d = d->next)
		index--;
	return d;
}

/* Is the scalar written as this text? */
static bool
reads_as(const struct doc *d, struct str text)
{
	char digits[24];
	size_t at = sizeof digits;
	uint64_t n;

	if (!d)
		return false;
	if (d->kind == DOC_STRING)
		return str_eq(d->text, text);
	if (d->kind == DOC_BOOL)
		return str_eqz(text, d->number ? "true" : "false");
	if (d->kind != DOC_INT)
		return false;
	n = d->number < 0 ? 0 - (uint64_t)d->number : (uint64_t)d->number;
	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	if (d->number < 0)
		digits[--at] = '-';
	return str_eq((struct str){digits + at, sizeof digits - at}, text);
}

static const struct doc *
item_with(const struct doc *list, struct str key, struct str value)
{
	if (!list || list->kind != DOC_LIST)
		return NULL;
	for (const struct doc *d = list->items; d; d = d->next)
		if (reads_as(member(d, key), value))
			return d;
	return NULL;
}

/* ["odd.key"] with \" and \\ as in the language; *used is what it took of the path. */
static const struct doc *
quoted_member(const struct doc *d, struct str path, size_t *used)
{
	struct buf key = {0};
	const struct doc *found = NULL;
	size_t i = 2;

	for (; i < path.n && path.p[i] != '"'; i++) {
		if (path.p[i] == '\\' && i + 1 < path.n)
			i++;
		buf_addc(&key, path.p[i]);
	}
	if (i + 1 < path.n && path.p[i + 1] == ']')
		found = member(d, buf_str(&key));
	*used = i + 2;
	buf_free(&key);
	return found;
}

/* The part in brackets at the start of path. */
static const struct doc *
step_bracket(const struct doc *d, struct str path, size_t *used)
{
	const char *close, *equal;
	struct str inside;

	if (path.n > 1 && path.p[1] == '"')
		return quoted_member(d, path, used);
	close = memchr(path.p, ']', path.n);
	if (!close)
		return NULL;
	*used = (size_t)(close - path.p) + 1;
	inside = (struct str){path.p + 1, *used - 2};
	equal = inside.n ? memchr(inside.p, '=', inside.n) : NULL;
	if (!equal)
		return item_at(d, inside);
	return item_with(d, (struct str){inside.p, (size_t)(equal - inside.p)}, rest_of(inside, (size_t)(equal - inside.p) + 1));
}

static const struct doc *
step_name(const struct doc *d, struct str path, size_t *used)
{
	size_t n = 0;

	while (n < path.n && path.p[n] != '.' && path.p[n] != '[')
		n++;
	*used = n;
	return n ? member(d, (struct str){path.p, n}) : NULL;
}

/* A path may lead into the document that a DOC_JSON or DOC_YAML string holds. */
static const struct doc *
open_json(const struct doc *d)
{
	return d && (d->kind == DOC_JSON || d->kind == DOC_YAML) ? d->items : d;
}

const struct doc *
doc_find(const struct doc *d, struct str path)
{
	bool first = true;

	while (d && path.n) {
		size_t used = 0;

		d = open_json(d);
		if (path.p[0] == '[') {
			d = step_bracket(d, path, &used);
		} else {
			if (!first && path.p[0] != '.')
				return NULL;
			if (!first)
				path = rest_of(path, 1);
			d = step_name(d, path, &used);
		}
		if (!d)
			return NULL;
		path = rest_of(path, used);
		first = false;
	}
	return d;
}

/* ---- equality ---- */

/* An integer and a decimal of equal value are equal. */
static bool
numbers_equal(const struct doc *a, const struct doc *b)
{
	if (a->kind == b->kind)
		return a->number == b->number;
	if (a->kind == DOC_NUMBER)
		return numbers_equal(b, a);
	return b->number % MILLION == 0 && b->number / MILLION == a->number;
}

static bool
items_equal(const struct doc *a, const struct doc *b)
{
	if (a->count != b->count)
		return false;
	for (a = a->items, b = b->items; a && b; a = a->next, b = b->next)
		if (!doc_equal(a, b))
			return false;
	return !a && !b;
}

static bool
maps_equal(const struct doc *a, const struct doc *b)
{
	const struct doc *beside = b->items;

	if (a->count != b->count)
		return false;
	for (const struct doc *x = a->items; x; x = x->next) {
		/* Mostly the members stand in the same order. */
		const struct doc *y = beside && str_eq(beside->key, x->key) ? beside : member(b, x->key);

		if (!y || !doc_equal(x, y))
			return false;
		beside = y->next;
	}
	return true;
}

static bool
is_number(const struct doc *d)
{
	return d->kind == DOC_INT || d->kind == DOC_NUMBER;
}

bool
doc_equal(const struct doc *a, const struct doc *b)
{
	if (a == b)
		return true;
	if (!a || !b)
		return false;
	if (is_number(a) && is_number(b))
		return numbers_equal(a, b);
	if (a->kind != b->kind)
		return false;
	switch (a->kind) {
	case DOC_NULL: return true;
	case DOC_BOOL: return !a->number == !b->number;
	case DOC_INT:
	case DOC_NUMBER: return numbers_equal(a, b);
	case DOC_STRING: return str_eq(a->text, b->text);
	case DOC_ATTR: return strcmp(a->address, b->address) == 0 && str_eq(a->text, b->text);
	case DOC_TEXT:
	case DOC_LIST:
	case DOC_JSON:
	case DOC_YAML: return items_equal(a, b);
	case DOC_MAP: return maps_equal(a, b);
	case DOC_KIND_COUNT: break;
	}
	bug("document of kind %d", (int)a->kind);
}

static void
add_meaning(struct buf *b, const struct doc *d)
{
	buf_addf(b, "%d %" PRId64 " %s %zu:", (int)d->kind, d->number, d->address ? d->address : "", d->text.n);
	buf_adds(b, d->text);
	for (const struct doc *i = d->items; i; i = i->next) {
		buf_addf(b, "%zu:", i->key.n);
		buf_adds(b, i->key);
		add_meaning(b, i);
	}
	buf_addc(b, '.');
}

void
doc_hash(const struct doc *d, char out[65])
{
	struct buf b = {0};
	add_meaning(&b, d);
	sha256_hex(buf_str(&b), out);
	buf_free(&b);
}

/* ---- resources ---- */

/* Resources whose addresses have one hash; the hash, as an address, is the key in the map. */
struct bucket {
	struct resource *resource;
	struct bucket *next;
};

void
resources_init(struct resources *rs, struct arena *a)
{
	*rs = (struct resources){.arena = a};
	map_init(&rs->by_address, a);
}

static const void *
address_key(const char *address)
{
	return (const void *)((uintptr_t)str_hash(str_of(address)) | 1); /* never NULL */
}

struct resource *
resource_find(const struct resources *rs, const char *address)
{
	const struct bucket *b = map_get(&rs->by_address, address_key(address));

	for (; b; b = b->next)
		if (strcmp(b->resource->address, address) == 0)
			return b->resource;
	return NULL;
}

static void
index_address(struct resources *rs, struct resource *r)
{
	const void *key = address_key(r->address);
	struct bucket *b = NEW(rs->arena, struct bucket);

	b->resource = r;
	b->next = map_get(&rs->by_address, key);
	map_put(&rs->by_address, key, b);
}

static void
link_last(struct resources *rs, struct resource *r)
{
	r->next = NULL;
	if (rs->last)
		rs->last->next = r;
	else
		rs->first = r;
	rs->last = r;
}

struct resource *
resource_add(struct resources *rs, int kind, const char *name, const char *declaration, struct span origin, struct doc *body,
	     struct resource **clash)
{
	return resource_add_as(rs, kind, resource_kind_get(kind)->kind, name, declaration, origin, body, clash);
}

struct resource *
resource_add_as(struct resources *rs, int kind, const char *kind_name, const char *name, const char *declaration, struct span origin,
		struct doc *body, struct resource **clash)
{
	const struct resource_kind *row = resource_kind_get(kind);
	const char *address = arena_printf(rs->arena, "%s/%s", kind_name, name);
	struct resource *r = resource_find(rs, address);

	if (clash)
		*clash = r;
	if (r)
		return r;
	r = NEW(rs->arena, struct resource);
	*r = (struct resource){.kind = row, .kind_name = kind_name, .name = name, .address = address, .declaration = declaration, .origin = origin, .body = body};
	r->order = rs->count++;
	*VEC_PUSH(rs->arena, &rs->list) = r;
	link_last(rs, r);
	index_address(rs, r);
	return r;
}

const char *
aws_partition(struct str region)
{
	return str_starts(region, "cn-") ? "aws-cn" : str_starts(region, "us-gov-") ? "aws-us-gov" : "aws";
}

bool
resource_is(const struct resource *r, int kind)
{
	return r->kind == resource_kind_get(kind);
}

struct resource *
resource_named(const struct resources *rs, int kind, const char *name)
{
	return resource_find(rs, arena_printf(rs->arena, "%s/%s", resource_kind_get(kind)->kind, name));
}

void
resource_edge(struct resources *rs, struct resource *from, struct resource *to)
{
	struct edge **end = &from->edges;

	if (from == to)
		bug("%s depends on itself", from->address);
	for (; *end; end = &(*end)->next)
		if ((*end)->to == to)
			return;
	*end = NEW(rs->arena, struct edge);
	(*end)->to = to;
}

/* ---- order of creation ---- */

/* Resources are numbered by `order`, their place in the list before sorting. */
struct sorting {
	struct resource **all;
	struct edge **users;  /* who waits for it: edges turned round */
	uint32_t *waiting;    /* how many it still waits for */
	struct resource **heap; /* those that wait for nothing, least first */
	size_t heap_n;
};

static bool
before(const struct resource *a, const struct resource *b)
{
	return a->kind != b->kind ? a->kind < b->kind : a->order < b->order; /* rows stand in one array */
}

static void
heap_push(struct sorting *s, struct resource *r)
{
	size_t i = s->heap_n++;

	for (; i > 0 && before(r, s->heap[(i - 1) / 2]); i = (i - 1) / 2)
		s->heap[i] = s->heap[(i - 1) / 2];
	s->heap[i] = r;
}

static struct resource *
heap_pop(struct sorting *s)
{
	struct resource *least = s->heap[0], *r = s->heap[--s->heap_n];
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child + 1 < s->heap_n && before(s->heap[child + 1], s->heap[child]))
			child++;
		if (child >= s->heap_n || !before(s->heap[child], r))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = r;
	return least;
}

static void
turn_edges(struct resources *rs, struct sorting *s)
{
	for (size_t i = 0; i < rs->list.n; i++)
		for (const struct edge *e = s->all[i]->edges; e; e = e->next) {
			struct edge *user = NEW(rs->arena, struct edge);

			user->to = s->all[i];
			user->next = s->users[e->to->order];
			s->users[e->to->order] = user;
			s->waiting[i]++;
		}
}

void
resources_order(struct resources *rs)
{
	size_t n = rs->list.n, done = 0;
	struct sorting s = {.all = rs->list.v};
	struct resource **sorted = arena_array(rs->arena, n, sizeof *sorted);

	s.users = arena_array(rs->arena, n, sizeof(struct edge *));
	s.waiting = arena_array(rs->arena, n, sizeof *s.waiting);
	s.heap = arena_array(rs->arena, n, sizeof(struct resource *));
	for (size_t i = 0; i < n; i++)
		s.all[i]->order = (uint32_t)i;
	turn_edges(rs, &s);
	for (size_t i = 0; i < n; i++)
		if (s.waiting[i] == 0)
			heap_push(&s, s.all[i]);
	while (s.heap_n) {
		struct resource *r = heap_pop(&s);

		sorted[done++] = r;
		for (const struct edge *u = s.users[r->order]; u; u = u->next)
			if (--s.waiting[u->to->order] == 0)
				heap_push(&s, u->to);
	}
	if (done != n)
		bug("resources depend on each other in a circle");
	rs->first = rs->last = NULL;
	for (size_t i = 0; i < n; i++) {
		s.all[i] = sorted[i];
		sorted[i]->order = (uint32_t)i;
		link_last(rs, sorted[i]);
	}
}
