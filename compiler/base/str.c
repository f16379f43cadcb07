/*
 * Counted strings, UTF-8, and the nearness of words. Everything is bytewise
 * and free of locale.
 */
#include "berth/base.h"

#include <string.h>

struct str
str_of(const char *z)
{
	return (struct str){z, z ? strlen(z) : 0};
}

bool
str_eq(struct str a, struct str b)
{
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

bool
str_eqz(struct str a, const char *z)
{
	if (z == NULL)
		return a.n == 0;
	for (size_t i = 0; i < a.n; i++) /* mostly the first letters differ: no length is needed */
		if (a.p[i] != z[i] || z[i] == '\0')
			return false;
	return z[a.n] == '\0';
}

bool
str_starts(struct str a, const char *z)
{
	size_t n = strlen(z);

	return a.n >= n && (n == 0 || memcmp(a.p, z, n) == 0);
}

bool
str_ends(struct str a, const char *z)
{
	size_t n = strlen(z);

	return a.n >= n && (n == 0 || memcmp(a.p + a.n - n, z, n) == 0);
}

int
str_cmp(struct str a, struct str b)
{
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;

	if (c)
		return c;
	return (a.n > b.n) - (a.n < b.n);
}

uint32_t
str_hash(struct str s)
{
	uint32_t h = 2166136261u;

	for (size_t i = 0; i < s.n; i++)
		h = (h ^ (unsigned char)s.p[i]) * 16777619u;
	return h;
}

/* ---- UTF-8 ---- */

static bool
follows(const unsigned char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((p[i] & 0xC0) != 0x80)
			return false;
	return true;
}

size_t
utf8_len(const char *text, size_t n)
{
	const unsigned char *p = (const unsigned char *)text;
	size_t len;

	if (n == 0)
		return 0;
	if (p[0] < 0x80)
		return 1;
	len = p[0] >= 0xC2 && p[0] <= 0xDF ? 2 : (p[0] & 0xF0) == 0xE0 ? 3 : p[0] >= 0xF0 && p[0] <= 0xF4 ? 4 : 0;
	if (len == 0 || n < len || !follows(p + 1, len - 1))
		return 0;
	/* Overlong forms, surrogates and what lies beyond U+10FFFF show in the second byte. */
	if ((p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xED && p[1] > 0x9F) || (p[0] == 0xF0 && p[1] < 0x90) ||
	    (p[0] == 0xF4 && p[1] > 0x8F))
		return 0;
	return len;
}

size_t
utf8_count(struct str s)
{
	size_t count = 0;

	for (size_t i = 0; i < s.n; count++) {
		size_t len = utf8_len(s.p + i, s.n - i);

		i += len ? len : 1;
	}
	return count;
}

/* ---- nearness ---- */

/* Longer words are compared only for equality: nobody mistypes them by chance. */
enum { WORD_MAX = 127 };

static unsigned char
fold(char c)
{
	return (unsigned char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static bool
same_word(struct str a, struct str b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (fold(a.p[i]) != fold(b.p[i]))
			return false;
	return true;
}

/* Row i of the distance table, from the two rows above; returns its least entry. */
static unsigned
distance_row(struct str a, struct str b, size_t i, const unsigned *before, const unsigned *above, unsigned *row)
{
	unsigned best = row[0] = (unsigned)i;

	for (size_t j = 1; j <= b.n; j++) {
		bool same = fold(a.p[i - 1]) == fold(b.p[j - 1]);

		row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + !same);
		if (i > 1 && j > 1 && fold(a.p[i - 1]) == fold(b.p[j - 2]) && fold(a.p[i - 2]) == fold(b.p[j - 1]))
			row[j] = least(row[j], before[j - 2] + 1);
		best = least(best, row[j]);
	}
	return best;
}

unsigned
text_distance(struct str a, struct str b, unsigned limit)
{
	unsigned rows[3][WORD_MAX + 1];
	unsigned best, best_above = 0;

	if (a.n > WORD_MAX || b.n > WORD_MAX)
		return same_word(a, b) ? 0 : limit + 1;
	if ((a.n > b.n ? a.n - b.n : b.n - a.n) > limit)
		return limit + 1;
	for (size_t j = 0; j <= b.n; j++)
		rows[0][j] = (unsigned)j;
	for (size_t i = 1; i <= a.n; i++) {
		best = distance_row(a, b, i, rows[(i + 1) % 3], rows[(i + 2) % 3], rows[i % 3]);
		/* A swap reaches back two rows, so both must be beyond the limit. */
		if (best > limit && best_above > limit)
			return limit + 1;
		best_above = best;
	}
	return least(rows[a.n % 3][b.n], limit + 1);
}

struct nearest
nearest_to(struct str wanted)
{
	return (struct nearest){.wanted = wanted};
}

void
nearest_try(struct nearest *best, struct str candidate)
{
	size_t third = best->wanted.n / 3;
	unsigned limit = third > WORD_MAX ? WORD_MAX : third > 1 ? (unsigned)third : 1;
	unsigned d;

	if (best->word.p) {
		if (best->distance == 0)
			return;
		limit = best->distance - 1;
	}
	d = text_distance(best->wanted, candidate, limit);
	if (d > limit)
		return;
	best->word = candidate;
	best->distance = d;
}
