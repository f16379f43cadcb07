/*
 * Documents as JSON, through jansson. No jansson object leaves this file.
 *
 * References: every json_*() that makes a value gives a new reference, and
 * the *_new() setters steal it, also when they fail. Its memory comes from
 * xmalloc, so that making a value fails only on malformed text, which text.c
 * has excluded.
 */
#include "berth/output.h"

#include "text.h"

#include <jansson.h>
#include <stdlib.h>

enum { MILLION = 1000000 };

static json_t *value_of(const struct doc *d);

static json_t *
check(json_t *j)
{
	if (!j)
		bug("jansson refused a value");
	return j;
}

static json_t *
string_of(const struct doc *d)
{
	struct buf b = {0};
	json_t *j;

	text_add_doc(&b, d);
	j = check(json_stringn_nocheck(b.n ? b.p : "", b.n));
	buf_free(&b);
	return j;
}

static json_t *
list_of(const struct doc *d)
{
	json_t *list = check(json_array());

	for (const struct doc *item = d->items; item; item = item->next)
		if (json_array_append_new(list, value_of(item)))
			bug("jansson refused an item");
	return list;
}

static json_t *
map_of(const struct doc *d)
{
	json_t *map = check(json_object());
	struct buf key = {0};

	for (const struct doc *item = d->items; item; item = item->next) {
		key.n = 0;
		text_add_utf8(&key, item->key);
		buf_addc(&key, '\0');
		if (json_object_set_new_nocheck(map, key.p, value_of(item)))
			bug("jansson refused member \"%s\"", key.p);
	}
	buf_free(&key);
	return map;
}

static json_t *
value_of(const struct doc *d)
{
	switch (d->kind) {
	case DOC_NULL: return check(json_null());
	case DOC_BOOL: return check(json_boolean(d->number));
	case DOC_INT: return check(json_integer(d->number));
	case DOC_NUMBER:
		if (d->number % MILLION == 0)
			return check(json_integer(d->number / MILLION));
		return check(json_real((double)d->number / MILLION));
	case DOC_STRING:
	case DOC_ATTR:
	case DOC_TEXT:
	case DOC_JSON: return string_of(d);
	case DOC_LIST: return list_of(d);
	case DOC_MAP: return map_of(d);
	case DOC_KIND_COUNT: break;
	}
	bug("document of kind %d", (int)d->kind);
}

static int
into_buf(const char *p, size_t n, void *out)
{
	buf_add(out, p, n);
	return 0;
}

static void
dump(const struct doc *d, struct buf *out, size_t layout)
{
	json_t *j;

	json_set_alloc_funcs(xmalloc, free);
	j = value_of(d);
	/* 15 digits are what a double keeps of a decimal: 0.1 stays 0.1. */
	if (json_dump_callback(j, into_buf, out, layout | JSON_REAL_PRECISION(15) | JSON_ENCODE_ANY))
		bug("jansson could not write a document");
	json_decref(j);
}

void
json_write(const struct doc *d, struct buf *out)
{
	dump(d, out, JSON_INDENT(2));
	buf_addc(out, '\n');
}

void
json_write_compact(const struct doc *d, struct buf *out)
{
	dump(d, out, JSON_COMPACT);
}
