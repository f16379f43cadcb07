/*
 * The text of string documents, shared by the document writers and the forms.
 */
#ifndef BERTH_EMIT_TEXT_H
#define BERTH_EMIT_TEXT_H

#include "berth/resource.h"

/*
 * How a form writes text: what stands for an attribute, and how text that its
 * readers would take for one is escaped. Of two characters together only the
 * second is '{'; `openers` are the first ones that mean something before it.
 */
struct text_style {
	const char *openers;
	/* Write what stands for the attribute, as the file's bytes. */
	void (*attribute)(const struct text_style *s, const struct doc *attribute, struct buf *out);
	/*
	 * Write the opener, with '{' behind it when `brace` (else an attribute comes next), so that it is text. `rest`: what
	 * follows in the same piece; `depth`: how many JSON strings are around it.
	 */
	void (*escape)(const struct text_style *s, char opener, bool brace, struct str rest, unsigned depth, struct buf *out);
	void *context;
};

/* What a DOC_STRING, DOC_ATTR, DOC_TEXT, DOC_JSON or DOC_YAML says; without a style, an attribute as ${address.Attribute}. */
void text_add_doc(struct buf *b, const struct doc *d, const struct text_style *style);
/* json_write with a style. */
void json_write_styled(const struct doc *d, const struct text_style *style, struct buf *out);
/*
 * Parts of a YAML document. yaml_add: members or items, each line from `indent` and ended; or a scalar as it follows a
 * key (the lines of a literal block from `indent`), not ended. A key has no colon yet, and a long one the line of its own that YAML asks for.
 */
void yaml_add(struct buf *b, const struct doc *d, unsigned indent);
void yaml_add_key(struct buf *b, struct str key);
/* Text that is written as a literal block. */
bool yaml_is_literal(struct str s);
/* A list or map that has something in it. */
bool yaml_is_block(const struct doc *d);
/* \u00XX inside `depth` JSON strings, at least one. */
void text_add_unicode(struct buf *b, unsigned char c, unsigned depth);
/* Millionths as the shortest decimal: 60.5, -0.25, 3. */
void text_add_number(struct buf *b, int64_t number);

#endif
