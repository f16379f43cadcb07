/*
 * fmt: one way to write a program. Sees syntax and schema.
 */
#ifndef BERTH_FMT_H
#define BERTH_FMT_H

#include "berth/syntax.h"

/*
 * Append the source in the one format. Idempotent; the meaning stays, comments
 * stay. Returns false when the source has syntax errors: then the text is
 * appended as it was.
 */
bool fmt_source(struct arena *a, struct names *names, struct sources *s, uint32_t number, struct buf *out);

#endif
