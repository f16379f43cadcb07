/*
 * Documents as JSON, and the text that a string of one says.
 *
 * One writer for both: nested JSON is written where it stands, its quotes
 * escaped once for every string around it. It is our own because a form's
 * style must see which bytes are an attribute and which are the user's text,
 * at any depth; a library takes strings that are finished.
 */
#include "berth/output.h"

#include "text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { MILLION = 1000000 };

struct writer {
	struct buf *out;
	const struct text_style *style;
	char last; /* the character before, as the reader of the text sees it */
};

/* ---- characters ---- */

void
text_add_unicode(struct buf *b, unsigned char c, unsigned depth)
{
	for (unsigned i = 0; i < 1u << (depth - 1); i++)
		buf_addc(b, '\\');
	buf_addf(b, "u%04x", c);
}

/* One byte inside `depth` JSON strings. */
static void
add_byte(struct buf *out, unsigned char c, unsigned depth)
{
	static const char short_for[] = "\bb\tt\nn\ff\rr\"\"\\\\";
	if (depth == 0 || (c >= ' ' && c != '"' && c != '\\')) {
		buf_addc(out, (char)c);
		return;
	}
	for (const char *s = short_for; *s; s += 2) {
		if ((unsigned char)*s == c) {
			add_byte(out, '\\', depth - 1);
			add_byte(out, (unsigned char)s[1], depth - 1);
			return;
		}
	}
	text_add_unicode(out, c, depth);
}

static void
put(struct writer *w, char c, unsigned depth)
{
	add_byte(w->out, (unsigned char)c, depth);
	w->last = c;
}

static bool
opens(const struct text_style *style, char c)
{
	return style && c && strchr(style->openers, c);
}

/* Bytes from s that need no care. */
static size_t
plain_bytes(struct str s)
{
	size_t n = 0;
	while (n < s.n && s.p[n] >= ' ' && s.p[n] != '"' && s.p[n] != '\\' && s.p[n] != '{' && (unsigned char)s.p[n] < 0x80)
		n++;
	return n;
}

static void
add_literal(struct writer *w, struct str s, unsigned depth)
{
	for (size_t i = 0, len; i < s.n; i += len) {
		len = plain_bytes((struct str){s.p + i, s.n - i});
		if (len) {
			buf_add(w->out, s.p + i, len);
			w->last = s.p[i + len - 1];
		} else if ((unsigned char)s.p[i] >= 0x80) {
			len = utf8_len(s.p + i, s.n - i);
			buf_add_utf8(w->out, (struct str){s.p + i, len ? len : 1});
			len += len == 0;
			w->last = s.p[i];
		} else if (s.p[i] == '{' && opens(w->style, w->last)) {
			len = 1;
			w->out->n--; /* an opener is one byte at every depth */
			w->style->escape(w->style, w->last, true, (struct str){s.p + i + 1, s.n - i - 1}, depth, w->out);
			w->last = '\0';
		} else {
			len = 1;
			put(w, s.p[i], depth);
		}
	}
}

static void
add_attribute(struct writer *w, const struct doc *d)
{
	if (w->style == NULL) {
		buf_addf(w->out, "${%s.", d->address);
		buf_add_utf8(w->out, d->text);
		buf_addc(w->out, '}');
		return;
	}
	if (opens(w->style, w->last)) {
		w->out->n--;
		w->style->escape(w->style, w->last, false, STR(""), 0, w->out);
	}
	w->style->attribute(w->style, d, w->out);
	w->last = '\0';
}

/* ---- values ---- */

static void write_value(struct writer *w, const struct doc *d, unsigned depth, int indent);

static void
add_yaml(struct writer *w, const struct doc *d, unsigned depth)
{
	struct buf text = {0};
	yaml_write(d, &text);
	add_literal(w, buf_str(&text), depth);
	buf_free(&text);
}

/* The text of a string document; `depth`: how many JSON strings are around it. */
static void
write_text(struct writer *w, const struct doc *d, unsigned depth)
{
	switch (d->kind) {
	case DOC_STRING: add_literal(w, d->text, depth); return;
	case DOC_ATTR: add_attribute(w, d); return;
	case DOC_JSON: write_value(w, d->items, depth, -1); return;
	case DOC_YAML: add_yaml(w, d->items, depth); return;
	case DOC_TEXT:
		for (const struct doc *item = d->items; item; item = item->next)
			write_text(w, item, depth);
		return;
	default: bug("no text in a document of kind %d", (int)d->kind);
	}
}

static void
write_key(struct writer *w, struct str key, unsigned depth, bool spaced)
{
	put(w, '"', depth);
	add_literal(w, key, depth + 1);
	put(w, '"', depth);
	put(w, ':', depth);
	if (spaced)
		put(w, ' ', depth);
}

/* `indent` is negative on one line. */
static void
new_line(struct writer *w, int indent)
{
	if (indent >= 0) {
		buf_addc(w->out, '\n');
		buf_pad(w->out, ' ', (size_t)indent * 2);
		w->last = '\0';
	}
}

static void
write_items(struct writer *w, const struct doc *d, unsigned depth, int indent)
{
	int inner = indent < 0 || d->items == NULL ? -1 : indent + 1;
	put(w, d->kind == DOC_MAP ? '{' : '[', depth);
	for (const struct doc *item = d->items; item; item = item->next) {
		new_line(w, inner);
		if (d->kind == DOC_MAP)
			write_key(w, item->key, depth, inner >= 0);
		write_value(w, item, depth, inner);
		if (item->next)
			put(w, ',', depth);
	}
	new_line(w, inner < 0 ? -1 : indent);
	put(w, d->kind == DOC_MAP ? '}' : ']', depth);
}

static void
write_value(struct writer *w, const struct doc *d, unsigned depth, int indent)
{
	switch (d->kind) {
	case DOC_NULL: buf_addz(w->out, "null"); break;
	case DOC_BOOL: buf_addz(w->out, d->number ? "true" : "false"); break;
	case DOC_INT: buf_addf(w->out, "%" PRId64, d->number); break;
	case DOC_NUMBER: text_add_number(w->out, d->number); break;
	case DOC_LIST:
	case DOC_MAP: write_items(w, d, depth, indent); return;
	case DOC_STRING:
	case DOC_ATTR:
	case DOC_TEXT:
	case DOC_JSON:
	case DOC_YAML:
		put(w, '"', depth);
		write_text(w, d, depth + 1);
		put(w, '"', depth);
		return;
	case DOC_KIND_COUNT: bug("document of kind %d", (int)d->kind);
	}
	w->last = '\0';
}

/* ---- public ---- */

void
text_add_number(struct buf *b, int64_t number)
{
	uint64_t n = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
	buf_addf(b, "%s%" PRIu64, number < 0 ? "-" : "", n / MILLION);
	if (n % MILLION == 0)
		return;
	buf_addf(b, ".%06u", (unsigned)(n % MILLION));
	while (b->p[b->n - 1] == '0')
		b->n--;
}

void
text_add_doc(struct buf *b, const struct doc *d, const struct text_style *style)
{
	write_text(&(struct writer){.out = b, .style = style}, d, 0);
}

void
json_write_styled(const struct doc *d, const struct text_style *style, struct buf *out)
{
	write_value(&(struct writer){.out = out, .style = style}, d, 0, 0);
	buf_addc(out, '\n');
}

void
json_write(const struct doc *d, struct buf *out)
{
	json_write_styled(d, NULL, out);
}

void
json_write_compact(const struct doc *d, struct buf *out)
{
	write_value(&(struct writer){.out = out}, d, 0, -1);
}
