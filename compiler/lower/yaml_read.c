/*
 * YAML documents of others, as documents with the place of each value. Only
 * what every reader takes alike comes through: no anchors, tags or merge keys,
 * no plain scalar that one reader takes for text and another for something
 * else.
 *
 * libyaml: the parser and each event are freed here; no object leaves.
 */
#include "berth/lower.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <yaml.h>

enum { DEPTH_MAX = 100 };

struct reader {
	struct arena *a;
	struct diags *diags;
	uint32_t file;
	struct str text;
	size_t index, byte; /* a character's number and its place, remembered: libyaml counts characters */
	yaml_parser_t parser;
	yaml_event_t event;
	bool keys_only; /* values are not passed on, so what readers take them for does not matter */
	bool failed;
};

static size_t
byte_of(struct reader *r, size_t index)
{
	if (index < r->index)
		r->index = r->byte = 0;
	for (; r->index < index && r->byte < r->text.n; r->index++) {
		size_t n = utf8_len(r->text.p + r->byte, r->text.n - r->byte);
		r->byte += n ? n : 1;
	}
	return r->byte;
}

static struct span
span_of(struct reader *r, yaml_mark_t from, yaml_mark_t to)
{
	size_t start = byte_of(r, from.index), end = byte_of(r, to.index);
	return (struct span){r->file, (uint32_t)start, end > start ? (uint32_t)(end - start) : 1};
}

static void
fail(struct reader *r, struct span at, const char *what, const char *hint)
{
	if (r->failed)
		return;
	r->failed = true;
	struct diag *g = diag_add(r->diags, D_E0184, at, "%s", what);
	if (hint)
		diag_hint(r->diags, g, "%s", hint);
}

static bool
next(struct reader *r)
{
	yaml_event_delete(&r->event);
	if (r->failed)
		return false;
	if (yaml_parser_parse(&r->parser, &r->event))
		return true;
	if (r->parser.error == YAML_MEMORY_ERROR)
		die_oom();
	fail(r, span_of(r, r->parser.problem_mark, r->parser.problem_mark),
	     arena_printf(r->a, "this is no YAML: %s", r->parser.problem ? r->parser.problem : "it cannot be read"), NULL);
	return false;
}

/* ---- scalars ---- */

static bool
one_of(struct str s, const char *const *words, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s.n == strlen(words[i]) && strncasecmp(s.p, words[i], s.n) == 0)
			return true;
	return false;
}

/* Decimal digits as every reader takes them: no leading zero, no sign but one minus. */
static bool
plain_int(struct str s, int64_t *n)
{
	size_t i = s.n > 1 && s.p[0] == '-';
	if (s.n - i > 1 && s.p[i] == '0')
		return false;
	struct str digits = {s.p + i, s.n - i};
	for (size_t k = 0; k < digits.n; k++)
		if (digits.p[k] < '0' || digits.p[k] > '9')
			return false;
	if (digits.n == 0 || !lit_int(digits, n))
		return false;
	if (i)
		*n = -*n;
	return true;
}

static struct doc *
plain(struct reader *r, struct str s, struct span at)
{
	static const char *const disputed[] = {"y", "n", "yes", "no", "on", "off", "nan", ".nan", "inf", ".inf", "+.inf", "-.inf", "=", "<<"};
	int64_t n;
	struct doc *d;
	if (s.n == 0 || str_eqz(s, "~") || str_eqz(s, "null") || str_eqz(s, "Null") || str_eqz(s, "NULL"))
		return doc_new(r->a, DOC_NULL, at);
	if (str_eqz(s, "true") || str_eqz(s, "false"))
		return doc_bool(r->a, at, s.p[0] == 't');
	if (plain_int(s, &n))
		return doc_int(r->a, at, n);
	bool number = (s.p[0] >= '0' && s.p[0] <= '9') || s.p[0] == '.' || s.p[0] == '+' || s.p[0] == '-';
	if (number && s.p[0] != '-' && lit_number(s, &n)) {
		d = doc_new(r->a, DOC_NUMBER, at);
		d->number = n;
		return d;
	}
	bool like_number = number;
	for (size_t i = 0; i < s.n && like_number; i++)
		like_number = strchr("0123456789abcdefABCDEFxXoO_.:+-TZ ", s.p[i]) != NULL;
	static const char *const truths[] = {"true", "false"};
	if (r->keys_only)
		return doc_string(r->a, at, s);
	if (like_number || one_of(s, disputed, sizeof disputed / sizeof *disputed) || one_of(s, truths, 2)) {
		fail(r, at, arena_printf(r->a, "readers of YAML do not agree on %.*s", (int)s.n, s.p), "Put it in quotes, or write it as a plain decimal number, true or false.");
		return NULL;
	}
	return doc_string(r->a, at, s);
}

static struct doc *
scalar(struct reader *r, struct span at)
{
	struct str s = arena_str(r->a, (struct str){(const char *)r->event.data.scalar.value, r->event.data.scalar.length});
	if (r->event.data.scalar.style == YAML_PLAIN_SCALAR_STYLE)
		return plain(r, s, at);
	return doc_string(r->a, at, s);
}

/* ---- structure ---- */

static struct doc *node(struct reader *r, int depth);

static struct doc *
mapping(struct reader *r, struct span at, int depth)
{
	struct doc *d = doc_map(r->a, at);
	while (next(r) && r->event.type != YAML_MAPPING_END_EVENT) {
		struct span where = span_of(r, r->event.start_mark, r->event.end_mark);
		if (r->event.type != YAML_SCALAR_EVENT) {
			fail(r, where, "a key that is no text", NULL);
			return NULL;
		}
		const char *key = arena_strz(r->a, (struct str){(const char *)r->event.data.scalar.value, r->event.data.scalar.length});
		if (doc_get(d, key)) {
			fail(r, where, arena_printf(r->a, "\"%s\" stands twice", key), NULL);
			return NULL;
		}
		struct doc *v = next(r) ? node(r, depth + 1) : NULL;
		if (v == NULL)
			return NULL;
		doc_set(r->a, d, key, v);
	}
	return r->failed ? NULL : d;
}

static struct doc *
sequence(struct reader *r, struct span at, int depth)
{
	struct doc *d = doc_list(r->a, at);
	while (next(r) && r->event.type != YAML_SEQUENCE_END_EVENT) {
		struct doc *v = node(r, depth + 1);
		if (v == NULL)
			return NULL;
		doc_add(d, v);
	}
	return r->failed ? NULL : d;
}

/* The node that the current event begins. */
static struct doc *
node(struct reader *r, int depth)
{
	struct span at = span_of(r, r->event.start_mark, r->event.end_mark);
	const yaml_event_t *e = &r->event;
	const void *anchor = e->type == YAML_SCALAR_EVENT ? e->data.scalar.anchor : e->type == YAML_MAPPING_START_EVENT ? e->data.mapping_start.anchor
			     : e->type == YAML_SEQUENCE_START_EVENT ? e->data.sequence_start.anchor : NULL;
	const void *tag = e->type == YAML_SCALAR_EVENT ? e->data.scalar.tag : e->type == YAML_MAPPING_START_EVENT ? e->data.mapping_start.tag
			  : e->type == YAML_SEQUENCE_START_EVENT ? e->data.sequence_start.tag : NULL;
	if (anchor || tag || e->type == YAML_ALIAS_EVENT)
		fail(r, at, "anchors, aliases and tags are not passed through", "Write the value out.");
	else if (depth > DEPTH_MAX)
		fail(r, at, "the document is nested too deeply", NULL);
	else if (e->type == YAML_MAPPING_START_EVENT)
		return mapping(r, at, depth);
	else if (e->type == YAML_SEQUENCE_START_EVENT)
		return sequence(r, at, depth);
	else if (e->type == YAML_SCALAR_EVENT)
		return scalar(r, at);
	return NULL;
}

bool
yaml_read(struct arena *a, struct diags *diags, const struct source *s, uint32_t file, bool keys_only, struct doc *list)
{
	struct reader r = {.a = a, .diags = diags, .file = file, .text = s->text, .keys_only = keys_only};
	if (!yaml_parser_initialize(&r.parser))
		die_oom();
	yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r.parser, (const unsigned char *)s->text.p, s->text.n);
	while (next(&r) && r.event.type != YAML_STREAM_END_EVENT) {
		if (r.event.type != YAML_DOCUMENT_START_EVENT || !next(&r))
			continue;
		struct doc *d = node(&r, 0);
		if (d)
			doc_add(list, d);
	}
	yaml_event_delete(&r.event);
	yaml_parser_delete(&r.parser);
	return !r.failed;
}
