/*
 * diag: what is wrong, where, and what would work.
 *
 * Passes add diagnostics; they never print. At the edge the list is sorted by
 * place, deduplicated and rendered as text or JSON. Codes stand in
 * diag_codes.def, one row each.
 */
#ifndef BERTH_DIAG_H
#define BERTH_DIAG_H

#include "berth/base.h"

/* A place: bytes [off, off+len) of source number `file` (0 = no place). */
struct span {
	uint32_t file, off, len;
};
#define NO_SPAN ((struct span){0, 0, 0})
/* From the start of a to the end of b, which must be of one file. */
struct span span_join(struct span a, struct span b);
bool span_none(struct span s);
int span_cmp(struct span a, struct span b);

/* One input text; `path` as the user named it, always with '/'. */
struct source {
	const char *path;
	struct str text;
	uint32_t *lines; /* offset of each line start, made on first use */
	uint32_t line_count;
	bool builtin; /* embedded standard library */
};

struct sources {
	struct arena *arena;
	VEC(struct source) files; /* span.file - 1 indexes it */
};
struct sources *sources_new(struct arena *a);
/* Returns the file number for spans. The text must outlive the table. */
uint32_t sources_add(struct sources *s, const char *path, struct str text, bool builtin);
const struct source *sources_get(const struct sources *s, uint32_t file);
/* 1-based line and column; the column counts code points. */
struct place {
	const char *path;
	unsigned line, column, end_line, end_column;
};
struct place sources_place(struct sources *s, struct span at);
/* The line with that number, without its end. */
struct str sources_line(struct sources *s, uint32_t file, unsigned line);

enum severity { SEV_ERROR, SEV_WARNING };

enum diag_code {
#define DIAG(id, ...) D_##id,
#include "berth/diag_codes.def"
#undef DIAG
	D_COUNT
};

/* One row of diag_codes.def. */
struct diag_row {
	const char *id;      /* E0101 */
	const char *slug;    /* unknown-setting */
	enum severity severity;
	const char *summary; /* one line */
	const char *explain; /* what it means and what to do, a few sentences */
	const char *bad;     /* a program that raises it */
	const char *good;    /* the same program, corrected */
};
const struct diag_row *diag_row(enum diag_code code);
/* By number ("E0101") or slug; D_COUNT when there is none. */
enum diag_code diag_find(const char *text);

struct note {
	struct span at;
	const char *text;
	struct note *next;
};

struct diag {
	enum diag_code code;
	enum severity severity;
	struct span at;
	const char *text;
	const char *hint;   /* one full sentence or NULL */
	struct note *notes; /* in the order given */
	uint32_t stages;    /* bit set of stage numbers that raised it, 0 = independent of stages */
	uint32_t order;     /* of arrival */
};

struct diags {
	struct arena *arena;
	struct sources *sources;
	VEC(struct diag *) list;
	struct map seen;     /* for deduplication */
	unsigned errors, warnings;
	unsigned total_stages;
	const char *stage_names[32];
	uint32_t stage;      /* bit of the stage under evaluation, or 0 */
};
struct diags *diags_new(struct arena *a, struct sources *s);
/*
 * Add one. A second with the same code, place and words joins the first
 * (its stage is remembered). Never NULL. at may be NO_SPAN.
 */
struct diag *diag_add(struct diags *d, enum diag_code code, struct span at, const char *fmt, ...) BERTH_PRINTF(4, 5);
/* A second place, with what it has to do with it. The same note is kept once, and only the first six. */
void diag_note(struct diags *d, struct diag *g, struct span at, const char *fmt, ...) BERTH_PRINTF(4, 5);
/* The first hint stays. */
void diag_hint(struct diags *d, struct diag *g, const char *fmt, ...) BERTH_PRINTF(3, 4);
/*
 * One cause, one message. What was reported for `cause` (words of the caller's
 * own making, never shown), or NULL. When there is one, `at` joins it as a
 * note, unless `note` is NULL or the place was named already.
 */
struct diag *diag_again(struct diags *d, struct span at, const char *note, const char *cause);
/* Remember that `g` is the message for `cause`. Returns g. */
struct diag *diag_cause(struct diags *d, const char *cause, struct diag *g);
/* Add all of `from`, with their notes and hints. */
void diags_move(struct diags *to, const struct diags *from);
/* Sort by place (file order, offset), then arrival. Called by the renderers. */
void diags_sort(struct diags *d);

struct diag_style {
	bool colour;
	unsigned max_errors; /* 0 = all */
};
/* Human text with source line, marker, notes and hint; ends with a line of totals when anything was said. */
void diags_text(struct diags *d, const struct diag_style *style, struct buf *out);
/* The JSON document of tests/schemas/diagnostics.schema.json. */
void diags_json(struct diags *d, const struct diag_style *style, struct buf *out);

#endif
