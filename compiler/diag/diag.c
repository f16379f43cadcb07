/*
 * The list of diagnostics: adding, joining equal ones, notes, hints, order.
 * The rows of diag_codes.def become a table here. Nothing is printed.
 */
#include "berth/diag.h"

#include <stdlib.h>
#include <string.h>

/* The last row is empty, so that the table is never of size 0. */
static const struct diag_row rows[D_COUNT + 1] = {
#define DIAG(id, slug, sev, summary, explain, bad, good) {#id, slug, sev, summary, explain, bad, good},
#include "berth/diag_codes.def"
#undef DIAG
};

const struct diag_row *
diag_row(enum diag_code code)
{
	if ((unsigned)code >= D_COUNT)
		bug("no diagnostic %d", (int)code);
	return &rows[code];
}

enum diag_code
diag_find(const char *text)
{
	unsigned i;

	for (i = 0; i < D_COUNT; i++)
		if (strcmp(rows[i].id, text) == 0 || strcmp(rows[i].slug, text) == 0)
			break;
	return (enum diag_code)i;
}

struct diags *
diags_new(struct arena *a, struct sources *s)
{
	struct diags *d = NEW(a, struct diags);

	d->arena = a;
	d->sources = s;
	map_init(&d->seen, a);
	return d;
}

/* ---- joining equal ones ---- */

/* Diagnostics of equal hash; the hash, as an address, is the key in `seen`. */
struct bucket {
	struct diag *diag;
	const char *cause; /* or NULL: known by its code, place and words */
	struct bucket *next;
};

static const void *
bucket_key(enum diag_code code, struct span at, const char *text)
{
	uint32_t h = str_hash(str_of(text));

	h = (h ^ (uint32_t)code) * 16777619u;
	h = (h ^ at.file) * 16777619u;
	h = (h ^ at.off) * 16777619u;
	h = (h ^ at.len) * 16777619u;
	return (const void *)((uintptr_t)h | 1); /* never NULL */
}

static struct diag *
find_same(const struct bucket *b, enum diag_code code, struct span at, const char *text)
{
	for (; b; b = b->next)
		if (b->cause == NULL && b->diag->code == code && span_cmp(b->diag->at, at) == 0 && strcmp(b->diag->text, text) == 0)
			return b->diag;
	return NULL;
}

/* A finding that was once independent of stages stays so. */
static struct diag *
join(const struct diags *d, struct diag *g)
{
	g->stages = d->stage && g->stages ? g->stages | d->stage : 0;
	return g;
}

static struct diag *
append(struct diags *d, enum diag_code code, struct span at, const char *text)
{
	struct diag *g = NEW(d->arena, struct diag);

	g->code = code;
	g->severity = diag_row(code)->severity;
	g->at = at;
	g->text = text;
	g->stages = d->stage;
	g->order = (uint32_t)d->list.n;
	*VEC_PUSH(d->arena, &d->list) = g;
	*(g->severity == SEV_ERROR ? &d->errors : &d->warnings) += 1;
	return g;
}

static char *
words(struct diags *d, const char *fmt, va_list ap)
{
	struct buf b = {0};
	char *text;

	buf_vaddf(&b, fmt, ap);
	text = arena_strz(d->arena, buf_str(&b));
	buf_free(&b);
	return text;
}

static void
remember(struct diags *d, const void *key, const char *cause, struct diag *g)
{
	struct bucket *b = NEW(d->arena, struct bucket);

	b->diag = g;
	b->cause = cause;
	b->next = map_get(&d->seen, key);
	map_put(&d->seen, key, b);
}

struct diag *
diag_add(struct diags *d, enum diag_code code, struct span at, const char *fmt, ...)
{
	struct diag *g;
	const void *key;
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = words(d, fmt, ap);
	va_end(ap);
	key = bucket_key(code, at, text);
	g = find_same(map_get(&d->seen, key), code, at, text);
	if (g)
		return join(d, g);
	g = append(d, code, at, text);
	remember(d, key, NULL, g);
	return g;
}

struct diag *
diag_again(struct diags *d, struct span at, const char *note, const char *cause)
{
	for (const struct bucket *b = map_get(&d->seen, bucket_key(0, NO_SPAN, cause)); b; b = b->next) {
		if (b->cause == NULL || strcmp(b->cause, cause) != 0)
			continue;
		if (note && span_cmp(b->diag->at, at) != 0)
			diag_note(d, b->diag, at, "%s", note);
		return join(d, b->diag);
	}
	return NULL;
}

struct diag *
diag_cause(struct diags *d, const char *cause, struct diag *g)
{
	remember(d, bucket_key(0, NO_SPAN, cause), arena_strz(d->arena, str_of(cause)), g);
	return g;
}

/* More places of one cause say nothing new. */
enum { NOTES_MAX = 6 };

/* The same note is said once: joined diagnostics bring theirs again. */
void
diag_note(struct diags *d, struct diag *g, struct span at, const char *fmt, ...)
{
	struct note **end = &g->notes;
	unsigned count = 0;
	char *text;
	va_list ap;

	va_start(ap, fmt);
	text = words(d, fmt, ap);
	va_end(ap);
	for (; *end; end = &(*end)->next, count++)
		if (span_cmp((*end)->at, at) == 0 && strcmp((*end)->text, text) == 0)
			return;
	if (count > NOTES_MAX)
		return;
	*end = NEW(d->arena, struct note);
	(*end)->at = count < NOTES_MAX ? at : NO_SPAN;
	(*end)->text = count < NOTES_MAX ? text : "and in more places";
}

void
diag_hint(struct diags *d, struct diag *g, const char *fmt, ...)
{
	va_list ap;

	if (g->hint)
		return;
	va_start(ap, fmt);
	g->hint = words(d, fmt, ap);
	va_end(ap);
}

static int
by_place(const void *x, const void *y)
{
	const struct diag *a = *(struct diag *const *)x, *b = *(struct diag *const *)y;

	if (a->at.file != b->at.file)
		return a->at.file < b->at.file ? -1 : 1;
	if (a->at.off != b->at.off)
		return a->at.off < b->at.off ? -1 : 1;
	return (a->order > b->order) - (a->order < b->order);
}

void
diags_sort(struct diags *d)
{
	if (d->list.n > 1)
		qsort(d->list.v, d->list.n, sizeof *d->list.v, by_place);
}

void
diags_move(struct diags *to, const struct diags *from)
{
	for (size_t i = 0; i < from->list.n; i++) {
		const struct diag *old = from->list.v[i];
		struct diag *g = diag_add(to, old->code, old->at, "%s", old->text);
		for (const struct note *n = old->notes; n; n = n->next)
			diag_note(to, g, n->at, "%s", n->text);
		if (old->hint)
			diag_hint(to, g, "%s", old->hint);
	}
}
