/*
 * Growing text on the heap, with a maximum.
 */
#include "berth/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUF_MAX = 1024 * 1024 * 1024, BUF_MIN = 256 };

/* Room for n more bytes, and a NUL for vsnprintf's sake. */
static void
reserve(struct buf *b, size_t n)
{
	size_t max = b->max ? b->max : BUF_MAX;
	size_t cap = b->cap ? b->cap : BUF_MIN;

	if (b->n > max || n > max - b->n)
		bug("a buffer grew beyond %zu bytes", max);
	if (b->p && b->cap - b->n > n)
		return;
	while (cap - b->n <= n)
		cap *= 2; /* below 2 * (max + 1), which fits */
	b->p = xrealloc(b->p, cap);
	b->cap = cap;
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return;
	reserve(b, n);
	memcpy(b->p + b->n, p, n);
	b->n += n;
}

void
buf_addz(struct buf *b, const char *z)
{
	buf_add(b, z, strlen(z));
}

void
buf_adds(struct buf *b, struct str s)
{
	buf_add(b, s.p, s.n);
}

void
buf_addc(struct buf *b, char c)
{
	reserve(b, 1);
	b->p[b->n++] = c;
}

void
buf_add_utf8(struct buf *b, struct str s)
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
buf_add_shell(struct buf *b, struct str s)
{
	buf_addc(b, '\'');
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\'')
			buf_addz(b, "'\\'");
		buf_addc(b, s.p[i]);
	}
	buf_addc(b, '\'');
}

void
buf_pad(struct buf *b, char c, size_t n)
{
	if (n == 0)
		return;
	reserve(b, n);
	memset(b->p + b->n, c, n);
	b->n += n;
}

void
buf_addf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vaddf(b, fmt, ap);
	va_end(ap);
}

void
buf_vaddf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		bug("bad format \"%s\"", fmt);
	reserve(b, (size_t)n);
	vsnprintf(b->p + b->n, (size_t)n + 1, fmt, ap);
	b->n += (size_t)n;
}

struct str
buf_str(const struct buf *b)
{
	return (struct str){b->p, b->n};
}

void
buf_free(struct buf *b)
{
	free(b->p);
	*b = (struct buf){.max = b->max};
}
