/*
 * Every allocation failing in turn: linked with --wrap, so that malloc of this
 * program and of the two static libraries comes through here. The number of
 * the allocation that fails is in BERTH_FAIL_AT; without it all succeed and
 * the count is printed at the end.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t s);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t s);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);

static unsigned long count, fail_at;
static int ready;

static void
say_count(void)
{
	if (fail_at == 0)
		fprintf(stderr, "allocations: %lu\n", count);
}

static int
fails(void)
{
	if (!ready) {
		const char *at = getenv("BERTH_FAIL_AT");
		ready = 1;
		fail_at = at ? strtoul(at, NULL, 10) : 0;
		atexit(say_count);
	}
	return ++count == fail_at;
}

void *
__wrap_malloc(size_t n)
{
	return fails() ? NULL : __real_malloc(n);
}

void *
__wrap_calloc(size_t n, size_t s)
{
	return fails() ? NULL : __real_calloc(n, s);
}

void *
__wrap_realloc(void *p, size_t n)
{
	return fails() ? NULL : __real_realloc(p, n);
}

char *
__wrap_strdup(const char *s)
{
	size_t n = strlen(s) + 1;
	char *p = __wrap_malloc(n);
	return p ? memcpy(p, s, n) : NULL;
}
