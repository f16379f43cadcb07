/*
 * The text of string documents: attributes in their written form, mixed text
 * joined, nested JSON on one line.
 */
#include "text.h"

#include "berth/output.h"

void
text_add_utf8(struct buf *b, struct str s)
{
	size_t from = 0;

	for (size_t i = 0; i < s.n;) {
		size_t len = (unsigned char)s.p[i] < 128 ? 1 : utf8_len(s.p + i, s.n - i);

		if (len) {
			i += len;
			continue;
		}
		buf_add(b, s.p + from, i - from);
		buf_addz(b, "\xEF\xBF\xBD");
		from = ++i;
	}
	if (from < s.n)
		buf_add(b, s.p + from, s.n - from);
}

void
text_add_doc(struct buf *b, const struct doc *d)
{
	if (d->kind == DOC_TEXT) {
		for (const struct doc *item = d->items; item; item = item->next)
			text_add_doc(b, item);
	} else if (d->kind == DOC_ATTR) {
		buf_addf(b, "${%s.", d->address);
		text_add_utf8(b, d->text);
		buf_addc(b, '}');
	} else if (d->kind == DOC_JSON) {
		json_write_compact(d->items, b);
	} else if (d->kind == DOC_STRING) {
		text_add_utf8(b, d->text);
	} else {
		bug("no text in a document of kind %d", (int)d->kind);
	}
}
