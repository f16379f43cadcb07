/*
 * Arenas: memory handed out by moving a mark, freed all at once. Chunks grow
 * from 64 KiB to 1 MiB; a request larger than a chunk gets one of its own,
 * put behind the current chunk so that the room left there is still used.
 * Chunks are cleared when they are made: the system gives most of them so.
 */
#include "berth/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = _Alignof(max_align_t), CHUNK_MIN = 64 * 1024, CHUNK_MAX = 1024 * 1024 };

struct chunk {
	struct chunk *next;
	size_t size, used; /* of data */
	max_align_t data[];
};

struct arena {
	struct chunk *chunks; /* the first is the one being filled */
	size_t next_size;
	size_t used;
};

struct arena *
arena_new(void)
{
	struct arena *a = xmalloc(sizeof *a);

	*a = (struct arena){.next_size = CHUNK_MIN};
	return a;
}

void
arena_free(struct arena *a)
{
	struct chunk *c, *next;

	if (!a)
		return;
	for (c = a->chunks; c; c = next) {
		next = c->next;
#ifdef BERTH_DEBUG
		memset(c->data, 0xDD, c->size);
#endif
		free(c);
	}
	free(a);
}

static struct chunk *
chunk_new(size_t size)
{
	struct chunk *c;

	if (size > SIZE_MAX - sizeof *c)
		die_oom();
	c = xcalloc(sizeof *c + size);
	c->size = size;
	return c;
}

/* A chunk with room for size bytes. */
static struct chunk *
chunk_for(struct arena *a, size_t size)
{
	struct chunk *c = a->chunks;

	if (c && c->size - c->used >= size)
		return c;
	if (c && size > a->next_size / 4) {
		struct chunk *own = chunk_new(size);

		own->next = c->next;
		c->next = own;
		return own;
	}
	c = chunk_new(size > a->next_size ? size : a->next_size);
	c->next = a->chunks;
	a->chunks = c;
	if (a->next_size < CHUNK_MAX)
		a->next_size *= 2;
	return c;
}

void *
arena_alloc(struct arena *a, size_t size)
{
	struct chunk *c;
	char *p;

	if (size > SIZE_MAX - ALIGN)
		die_oom();
	size = (size + ALIGN - 1) / ALIGN * ALIGN;
	if (size == 0)
		size = ALIGN;
	c = chunk_for(a, size);
	p = (char *)c->data + c->used;
	c->used += size;
	a->used += size;
	return p;
}

void *
arena_array(struct arena *a, size_t n, size_t size)
{
	if (size && n > SIZE_MAX / size)
		die_oom();
	return arena_alloc(a, n * size);
}

struct str
arena_str(struct arena *a, struct str s)
{
	return (struct str){arena_strz(a, s), s.n};
}

char *
arena_strz(struct arena *a, struct str s)
{
	char *p;

	if (s.n == SIZE_MAX)
		die_oom();
	p = arena_alloc(a, s.n + 1);
	if (s.n)
		memcpy(p, s.p, s.n);
	return p;
}

static struct str
format(struct arena *a, const char *fmt, va_list ap)
{
	va_list again;
	char *p;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, again);
	va_end(again);
	if (n < 0)
		bug("bad format \"%s\"", fmt);
	p = arena_alloc(a, (size_t)n + 1);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	return (struct str){p, (size_t)n};
}

char *
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	struct str s;

	va_start(ap, fmt);
	s = format(a, fmt, ap);
	va_end(ap);
	return (char *)s.p;
}

struct str
arena_strf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	struct str s;

	va_start(ap, fmt);
	s = format(a, fmt, ap);
	va_end(ap);
	return s;
}

size_t
arena_used(const struct arena *a)
{
	return a->used;
}

void
vec_grow(struct arena *a, void **v, size_t *cap, size_t n, size_t size)
{
	size_t more = *cap ? *cap * 2 : 8;
	void *p;

	if (more < *cap)
		die_oom();
	p = arena_array(a, more, size);
	if (n)
		memcpy(p, *v, n * size);
	*v = p;
	*cap = more;
}
