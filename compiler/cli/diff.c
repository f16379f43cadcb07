/*
 * The difference of two texts, line by line, in the format of diff -u. Equal
 * beginnings and ends are set aside; the rest is compared by its longest
 * common subsequence, or shown whole when it is very long.
 */
#include "berth/cli.h"

#include <stdlib.h>
#include <string.h>

enum { CONTEXT = 3, CELLS_MAX = 4 << 20 };

struct edit {
	char mark; /* ' ', '-', '+' */
	struct str line;
};

struct diff {
	struct arena *arena;
	VEC(struct str) old, new;
	VEC(struct edit) edits;
};

static struct str
cut_line(struct str *s)
{
	const char *nl = memchr(s->p, '\n', s->n);
	struct str line = {s->p, nl ? (size_t)(nl - s->p) + 1 : s->n};
	*s = (struct str){s->p + line.n, s->n - line.n};
	return line;
}

static void
add(struct diff *d, char mark, struct str line)
{
	*VEC_PUSH(d->arena, &d->edits) = (struct edit){mark, line};
}

/* table[i][j]: the length of the common subsequence of old[i..] and new[j..]. */
static uint32_t *
lengths(const struct str *a, size_t n, const struct str *b, size_t m)
{
	uint32_t *t = xmalloc((n + 1) * (m + 1) * sizeof *t);
	memset(t, 0, (n + 1) * (m + 1) * sizeof *t);
	for (size_t i = n; i-- > 0;) {
		for (size_t j = m; j-- > 0;) {
			uint32_t down = t[(i + 1) * (m + 1) + j], right = t[i * (m + 1) + j + 1];
			t[i * (m + 1) + j] = str_eq(a[i], b[j]) ? t[(i + 1) * (m + 1) + j + 1] + 1 : down > right ? down : right;
		}
	}
	return t;
}

static void
compare(struct diff *d, const struct str *a, size_t n, const struct str *b, size_t m)
{
	bool whole = n > 0 && m > CELLS_MAX / n;
	uint32_t *t = whole ? NULL : lengths(a, n, b, m);
	size_t i = 0, j = 0;
	while (i < n || j < m) {
		if (!whole && i < n && j < m && str_eq(a[i], b[j])) {
			add(d, ' ', a[i++]);
			j++;
		} else if (i < n && (j == m || whole || t[(i + 1) * (m + 1) + j] >= t[i * (m + 1) + j + 1])) {
			add(d, '-', a[i++]);
		} else {
			add(d, '+', b[j++]);
		}
	}
	free(t);
}

static void
make_edits(struct diff *d)
{
	size_t n = d->old.n, m = d->new.n, head = 0, tail = 0;
	while (head < n && head < m && str_eq(d->old.v[head], d->new.v[head]))
		add(d, ' ', d->old.v[head++]);
	while (tail < n - head && tail < m - head && str_eq(d->old.v[n - 1 - tail], d->new.v[m - 1 - tail]))
		tail++;
	compare(d, d->old.v + head, n - head - tail, d->new.v + head, m - head - tail);
	for (size_t i = n - tail; i < n; i++)
		add(d, ' ', d->old.v[i]);
}

/* Where the group of changes that begins at `from` ends: behind a run of equal lines longer than two contexts. */
static size_t
group_end(const struct diff *d, size_t from)
{
	size_t end = from;
	for (size_t i = from; i < d->edits.n && i <= end + 2 * CONTEXT; i++)
		if (d->edits.v[i].mark != ' ')
			end = i + 1;
	return end;
}

static void
show_group(const struct diff *d, size_t from, size_t to, struct buf *out)
{
	unsigned at[2] = {1, 1}, count[2] = {0, 0};
	for (size_t i = 0; i < to; i++) {
		unsigned *c = i < from ? at : count;
		c[0] += d->edits.v[i].mark != '+';
		c[1] += d->edits.v[i].mark != '-';
	}
	buf_addf(out, "@@ -%u,%u +%u,%u @@\n", count[0] ? at[0] : at[0] - 1, count[0], count[1] ? at[1] : at[1] - 1, count[1]);
	for (size_t i = from; i < to; i++) {
		const struct edit *e = &d->edits.v[i];
		buf_addc(out, e->mark);
		buf_adds(out, e->line);
		if (!str_ends(e->line, "\n"))
			buf_addz(out, "\n\\ No newline at end of file\n");
	}
}

void
diff_lines(const char *path, struct str old, struct str new, struct buf *out)
{
	struct diff d = {.arena = arena_new()};
	while (old.n > 0)
		*VEC_PUSH(d.arena, &d.old) = cut_line(&old);
	while (new.n > 0)
		*VEC_PUSH(d.arena, &d.new) = cut_line(&new);
	make_edits(&d);
	buf_addf(out, "--- %s\n+++ %s\n", path, path);
	for (size_t i = 0; i < d.edits.n; i++) {
		if (d.edits.v[i].mark == ' ')
			continue;
		size_t end = group_end(&d, i);
		show_group(&d, i > CONTEXT ? i - CONTEXT : 0, end + CONTEXT < d.edits.n ? end + CONTEXT : d.edits.n, out);
		i = end;
	}
	arena_free(d.arena);
}
