/*
 * Values: making, comparing and showing them.
 */
#include "internal.h"

#include <inttypes.h>
#include <string.h>

struct value *
value_new(struct program *p, enum value_kind kind, struct span at)
{
	struct value *v = NEW(p->arena, struct value);
	v->kind = kind;
	v->origin = at;
	return v;
}

struct value *
value_error(struct program *p, struct span at)
{
	return value_new(p, V_ERROR, at);
}

struct value *
value_text(struct program *p, struct span at, struct str s)
{
	struct value *v = value_new(p, V_STRING, at);
	v->text = s;
	return v;
}

const char *
value_kind_words(const struct value *v)
{
	static const char *const words[] = {
		[V_NONE] = "none", [V_BOOL] = "true or false", [V_INT] = "a whole number", [V_NUMBER] = "a number",
		[V_STRING] = "text", [V_DURATION] = "a duration", [V_BYTES] = "a size", [V_CPU] = "CPU",
		[V_PERCENT] = "a percentage", [V_RATE] = "a rate", [V_RANGE] = "a range", [V_WORD] = "a bare word",
		[V_LIST] = "a list", [V_OBJECT] = "a declaration", [V_SECRET] = "a secret", [V_ATTR] = "text",
		[V_TEXT] = "text", [V_EXTERNAL] = "external", [V_MAP] = "an object", [V_UNKNOWN] = "unknown",
		[V_ERROR] = "an error",
	};
	return words[v->kind];
}

static void
show_quoted(struct str s, struct buf *b)
{
	buf_addc(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\n')
			buf_addz(b, "\\n");
		else if (s.p[i] == '"' || s.p[i] == '\\')
			buf_addf(b, "\\%c", s.p[i]);
		else
			buf_addc(b, s.p[i]);
	}
	buf_addc(b, '"');
}

static void
show_items(const struct value *v, const char *open, const char *sep, const char *close, struct buf *b)
{
	buf_addz(b, open);
	for (const struct value *i = v->items; i; i = i->next) {
		value_show(i, b);
		if (i->next)
			buf_addz(b, sep);
	}
	buf_addz(b, close);
}

void
value_show(const struct value *v, struct buf *b)
{
	switch ((enum value_kind)v->kind) {
	case V_NONE: buf_addz(b, "none"); break;
	case V_BOOL: buf_addz(b, v->n ? "true" : "false"); break;
	case V_INT: buf_addf(b, "%" PRId64, v->n); break;
	case V_NUMBER: show_number(b, v->n); break;
	case V_STRING: show_quoted(v->text, b); break;
	case V_DURATION: show_duration(b, v->n); break;
	case V_BYTES: show_bytes(b, v->n); break;
	case V_CPU: show_cpu(b, v->n); break;
	case V_PERCENT: show_percent(b, v->n); break;
	case V_RATE:
		buf_addf(b, "%" PRId64 "/%s", v->n, v->m == 1000 ? "s" : v->m == 60000 ? "m" : v->m == 3600000 ? "h" : "d");
		break;
	case V_RANGE: show_items(v, "", "..", "", b); break;
	case V_WORD: buf_adds(b, v->text); break;
	case V_LIST: show_items(v, "[", ", ", "]", b); break;
	case V_OBJECT: {
		struct arena *a = arena_new();
		buf_addz(b, object_path(a, v->object));
		arena_free(a);
		break;
	}
	case V_SECRET:
		buf_adds(b, v->text);
		show_items(v, "(", ", ", ")", b);
		break;
	case V_ATTR:
	case V_TEXT: buf_addz(b, "(known after creation)"); break;
	case V_EXTERNAL:
		buf_addz(b, "external");
		if (v->items)
			show_items(v, "(", ", ", ")", b);
		break;
	case V_MAP: buf_addz(b, "{…}"); break;
	case V_UNKNOWN: buf_addz(b, "(not given)"); break;
	case V_ERROR: buf_addz(b, "(error)"); break;
	case V_COUNT: break;
	}
}

static bool
is_text(const struct value *v)
{
	return v->kind == V_STRING || v->kind == V_WORD;
}

/* A number in millionths, for the kinds that mix. */
static bool
as_number(const struct value *v, int64_t *out)
{
	if (v->kind == V_NUMBER)
		*out = v->n;
	return v->kind == V_NUMBER || (v->kind == V_INT && !__builtin_mul_overflow(v->n, 1000000, out));
}

static bool
items_equal(const struct value *a, const struct value *b)
{
	const struct value *x = a->items, *y = b->items;
	for (; x && y; x = x->next, y = y->next)
		if (!value_equal(x, y))
			return false;
	return x == NULL && y == NULL;
}

bool
value_equal(const struct value *a, const struct value *b)
{
	int64_t x, y;
	if (is_text(a) && is_text(b))
		return str_eq(a->text, b->text);
	if (a->kind != b->kind)
		return as_number(a, &x) && as_number(b, &y) && x == y;
	switch (a->kind) {
	case V_RANGE:
	case V_LIST:
	case V_EXTERNAL:
	case V_TEXT:
	case V_MAP: return items_equal(a, b);
	case V_SECRET:
	case V_ATTR: return a->object == b->object && str_eq(a->text, b->text) && items_equal(a, b);
	case V_OBJECT: return a->object == b->object;
	default: return a->n == b->n && a->m == b->m;
	}
}

int
value_compare(const struct value *a, const struct value *b)
{
	int64_t x = a->n, y = b->n;
	if (a->kind != b->kind) {
		if (!as_number(a, &x) || !as_number(b, &y))
			return -2;
	} else if (a->kind == V_RATE) {
		__int128 l = (__int128)a->n * b->m, r = (__int128)b->n * a->m;
		return l < r ? -1 : l > r;
	} else if (a->kind == V_STRING) {
		int c = str_cmp(a->text, b->text);
		return c < 0 ? -1 : c > 0;
	} else if (a->kind != V_INT && a->kind != V_NUMBER && a->kind != V_DURATION && a->kind != V_BYTES &&
		   a->kind != V_CPU && a->kind != V_PERCENT) {
		return -2;
	}
	return x < y ? -1 : x > y;
}

const char *
object_path(struct arena *a, const struct object *o)
{
	const struct kind_row *row = kind_row(o->kind);
	const char *own;
	if (o->kind == K_component)
		own = arena_printf(a, "%s.%s", o->component->name->text, o->label ? o->label->text : "");
	else if (o->kind == K_statement)
		own = o->label->text;
	else if (o->label)
		own = arena_printf(a, "%s.%s", row->name, o->label->text);
	else if (row->variant)
		own = arena_printf(a, "%s.%s", row->name, row->variant);
	else
		own = row->name;
	if (o->parent == NULL || o->parent->parent == NULL || o->parent->kind == K_component)
		return own;
	return arena_printf(a, "%s.%s", object_path(a, o->parent), own);
}

const char *
object_words(struct arena *a, const struct object *o)
{
	const struct kind_row *row = kind_row(o->kind);
	if (o->kind == K_component)
		return arena_printf(a, "%s \"%s\"", o->component->name->text, o->label ? o->label->text : "");
	if (o->label)
		return arena_printf(a, "%s \"%s\"", o->kind == K_statement ? "permission" : row->name, o->label->text);
	if (row->variant)
		return arena_printf(a, "%s %s", row->name, row->variant);
	return row->name;
}

struct diag *
report(struct program *p, enum diag_code code, struct span at, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	struct buf b = {0};
	buf_vaddf(&b, fmt, ap);
	va_end(ap);
	struct diags *d = p->compile->diags;
	struct diag *g = diag_add(d, code, at, "%.*s", (int)b.n, b.p);
	buf_free(&b);
	return g;
}
