/*
 * Diagnostics as text for people: place, words, source line with a marker,
 * notes, hint, totals. Whatever comes from a source is cleaned first, so that
 * no input can send escapes to a terminal or turn the direction of text.
 */
#include "berth/diag.h"

#include <string.h>

/* A longer source line is cut around its marker; LEAD columns stay in front of it. */
enum { LINE_MAX_SHOWN = 160, LEAD = 60 };

struct render {
	struct diags *d;
	const struct diag_style *style;
	struct buf *out;
	int gutter; /* width of line numbers in the diagnostic being shown */
};

static const char RED[] = "\033[1;31m", YELLOW[] = "\033[33m", CYAN[] = "\033[36m", GREEN[] = "\033[32m";

static void
paint(struct render *r, const char *colour)
{
	if (r->style->colour)
		buf_addz(r->out, colour);
}

static void
plain(struct render *r)
{
	paint(r, "\033[0m");
}

/* ---- cleaning ---- */

static uint32_t
decode(const char *p, size_t len)
{
	const unsigned char *u = (const unsigned char *)p;

	switch (len) {
	case 1: return u[0];
	case 2: return (uint32_t)(u[0] & 0x1F) << 6 | (u[1] & 0x3F);
	case 3: return (uint32_t)(u[0] & 0x0F) << 12 | (uint32_t)(u[1] & 0x3F) << 6 | (u[2] & 0x3F);
	default: return (uint32_t)(u[0] & 0x07) << 18 | (uint32_t)(u[1] & 0x3F) << 12 | (uint32_t)(u[2] & 0x3F) << 6 | (u[3] & 0x3F);
	}
}

/* Controls (C0, DEL, C1), line separators, marks that turn the direction of text, byte order mark. */
static bool
unsafe(uint32_t c)
{
	return c < 0x20 || (c >= 0x7F && c < 0xA0) || (c >= 0x200E && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) ||
	       (c >= 0x2066 && c <= 0x2069) || c == 0x061C || c == 0xFEFF;
}

/* One character as shown; returns the bytes it took of the input. */
static size_t
add_clean(struct buf *out, const char *p, size_t n)
{
	size_t len = utf8_len(p, n);

	if (*p == '\t' || *p == '\n')
		buf_addc(out, ' ');
	else if (len == 0 || unsafe(decode(p, len)))
		buf_addc(out, '?');
	else
		buf_add(out, p, len);
	return len ? len : 1;
}

static void
add_text(struct render *r, const char *z)
{
	size_t n = strlen(z);

	for (size_t i = 0; i < n;)
		i += add_clean(r->out, z + i, n - i);
}

/* ---- the source line ---- */

/* Columns of a character on a terminal. Enough of UAX 11 that markers stand right below East Asian text. */
static unsigned
width_of(uint32_t c)
{
	if ((c >= 0x0300 && c <= 0x036F) || c == 0x200B || c == 0x200C || c == 0x200D || (c >= 0xFE00 && c <= 0xFE0F))
		return 0;
	if ((c >= 0x1100 && c <= 0x115F) || (c >= 0x2E80 && c <= 0xA4CF && c != 0x303F) || (c >= 0xAC00 && c <= 0xD7A3) ||
	    (c >= 0xF900 && c <= 0xFAFF) || (c >= 0xFE30 && c <= 0xFE6F) || (c >= 0xFF00 && c <= 0xFF60) ||
	    (c >= 0xFFE0 && c <= 0xFFE6) || (c >= 0x1F300 && c <= 0x1F64F) || (c >= 0x1F900 && c <= 0x1F9FF) ||
	    (c >= 0x20000 && c <= 0x3FFFD))
		return 2;
	return 1;
}

/* A line and what of it is marked and shown; all in code points, ends excluded. */
struct quote {
	struct str line;
	size_t mark, mark_end, from, to, count;
};

static struct quote
quote_of(struct render *r, struct span at, struct place place)
{
	struct quote q = {.line = sources_line(r->d->sources, at.file, place.line)};

	q.count = utf8_count(q.line);
	q.mark = place.column - 1;
	if (q.mark > q.count)
		q.mark = q.count;
	q.mark_end = place.end_line > place.line ? q.count : place.end_column - 1;
	if (q.mark_end > q.count)
		q.mark_end = q.count;
	if (q.mark_end <= q.mark)
		q.mark_end = q.mark + 1;
	q.to = q.count;
	if (q.count > LINE_MAX_SHOWN) {
		q.from = q.mark > LEAD ? q.mark - LEAD : 0;
		if (q.from > q.count - LINE_MAX_SHOWN)
			q.from = q.count - LINE_MAX_SHOWN;
		q.to = q.from + LINE_MAX_SHOWN;
		if (q.mark_end > q.to && q.mark < q.to)
			q.mark_end = q.to;
	}
	return q;
}

static const char *
colour_of(enum severity severity)
{
	return severity == SEV_ERROR ? RED : YELLOW;
}

/* The text line into the output; how wide its lead and its marked part are, into *lead and *marked. */
static void
add_line(struct render *r, const struct quote *q, size_t *lead, size_t *marked)
{
	size_t start = r->out->n, column = 0;

	*lead = *marked = 0;
	if (q->from > 0) {
		buf_addz(r->out, "…");
		*lead = 1;
	}
	for (size_t i = 0; i < q->line.n && column < q->to; column++) {
		const char *p = q->line.p + i;
		size_t len = utf8_len(p, q->line.n - i);
		uint32_t c = len ? decode(p, len) : 0;
		unsigned width = unsafe(c) ? 1 : width_of(c);

		if (column >= q->from)
			add_clean(r->out, p, q->line.n - i);
		if (column >= q->from && column < q->mark)
			*lead += width;
		if (column >= q->mark && column < q->mark_end)
			*marked += width;
		i += len ? len : 1;
	}
	if (q->to < q->count)
		buf_addz(r->out, "…");
	while (r->out->n > start && r->out->p[r->out->n - 1] == ' ')
		r->out->n--;
}

static void
add_source(struct render *r, struct span at, struct place place, const char *colour)
{
	struct quote q = quote_of(r, at, place);
	size_t lead, marked;

	buf_addf(r->out, "  %*u | ", r->gutter, place.line);
	add_line(r, &q, &lead, &marked);
	if (r->out->p[r->out->n - 1] == ' ')
		r->out->n--; /* an empty line leaves no blank behind the bar */
	buf_addf(r->out, "\n  %*s | ", r->gutter, "");
	buf_pad(r->out, ' ', lead);
	paint(r, colour);
	buf_pad(r->out, '^', marked ? marked : 1);
	plain(r);
	buf_addc(r->out, '\n');
}

/* ---- one diagnostic ---- */

static int
digits(unsigned n)
{
	int count = 1;

	while (n /= 10)
		count++;
	return count;
}

static int
gutter_of(struct diags *d, const struct diag *g)
{
	int width = digits(sources_place(d->sources, g->at).line);

	for (const struct note *n = g->notes; n; n = n->next) {
		int w = digits(sources_place(d->sources, n->at).line);

		width = w > width ? w : width;
	}
	return width;
}

static void
add_stages(struct render *r, const struct diag *g)
{
	const struct diags *d = r->d;
	uint32_t all = d->total_stages >= 32 ? UINT32_MAX : (UINT32_C(1) << d->total_stages) - 1;
	const char *between = " (in stage ";

	if (!g->stages || (g->stages & all) == all)
		return;
	for (unsigned i = 0; i < 32; i++) {
		if (!(g->stages >> i & 1) || !d->stage_names[i])
			continue;
		buf_addz(r->out, between);
		add_text(r, d->stage_names[i]);
		between = ", ";
	}
	if (between[0] == ',')
		buf_addc(r->out, ')');
}

static void
add_place(struct render *r, struct place place)
{
	add_text(r, place.path);
	buf_addf(r->out, ":%u:%u: ", place.line, place.column);
}

static void
add_note(struct render *r, const struct note *n)
{
	struct place place = sources_place(r->d->sources, n->at);

	buf_addz(r->out, "  ");
	paint(r, CYAN);
	buf_addz(r->out, "note");
	plain(r);
	buf_addz(r->out, place.path ? " " : ": ");
	if (place.path)
		add_place(r, place);
	add_text(r, n->text);
	buf_addc(r->out, '\n');
	if (place.path)
		add_source(r, n->at, place, CYAN);
}

static void
add_diag(struct render *r, const struct diag *g)
{
	struct place place = sources_place(r->d->sources, g->at);

	r->gutter = gutter_of(r->d, g);
	if (place.path)
		add_place(r, place);
	else
		buf_addz(r->out, "berth: ");
	paint(r, colour_of(g->severity));
	buf_addf(r->out, "%s[%s]", g->severity == SEV_ERROR ? "error" : "warning", diag_row(g->code)->id);
	plain(r);
	buf_addz(r->out, ": ");
	add_text(r, g->text);
	add_stages(r, g);
	buf_addc(r->out, '\n');
	if (place.path)
		add_source(r, g->at, place, colour_of(g->severity));
	for (const struct note *n = g->notes; n; n = n->next)
		add_note(r, n);
	if (g->hint) {
		buf_addz(r->out, "  ");
		paint(r, GREEN);
		buf_addz(r->out, "help");
		plain(r);
		buf_addz(r->out, ": ");
		add_text(r, g->hint);
		buf_addc(r->out, '\n');
	}
	buf_addc(r->out, '\n');
}

/* ---- all of them ---- */

static void
add_count(struct buf *out, unsigned n, const char *word)
{
	buf_addf(out, "%u %s%s", n, word, n == 1 ? "" : "s");
}

static void
add_totals(const struct diags *d, struct buf *out)
{
	if (d->errors)
		add_count(out, d->errors, "error");
	if (d->errors && d->warnings)
		buf_addz(out, ", ");
	if (d->warnings)
		add_count(out, d->warnings, "warning");
	buf_addz(out, ".\n");
}

void
diags_text(struct diags *d, const struct diag_style *style, struct buf *out)
{
	struct render r = {.d = d, .style = style, .out = out};
	unsigned shown = 0;

	if (d->list.n == 0)
		return;
	diags_sort(d);
	for (size_t i = 0; i < d->list.n; i++) {
		const struct diag *g = d->list.v[i];

		if (g->severity == SEV_ERROR && style->max_errors && shown == style->max_errors) {
			buf_addf(out, "… and %u more %s not shown (--max-errors 0 shows all).\n", d->errors - shown,
				 d->errors - shown == 1 ? "error is" : "errors are");
			break;
		}
		add_diag(&r, g);
		shown += g->severity == SEV_ERROR;
	}
	add_totals(d, out);
}
