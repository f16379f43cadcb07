/*
 * The text of string documents, shared by the two document writers.
 */
#ifndef BERTH_EMIT_TEXT_H
#define BERTH_EMIT_TEXT_H

#include "berth/resource.h"

/* Malformed bytes become U+FFFD: neither library takes anything but UTF-8. */
void text_add_utf8(struct buf *b, struct str s);
/* What a DOC_STRING, DOC_ATTR, DOC_TEXT or DOC_JSON says; an attribute as ${address.Attribute}. */
void text_add_doc(struct buf *b, const struct doc *d);

#endif
