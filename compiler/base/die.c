/*
 * Ending the process: our own mistakes and exhausted memory. The hook removes
 * temporary files first. Nothing here allocates, so that it works when
 * allocation is what failed. Also the only callers of malloc and realloc.
 */
#include "berth/base.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { EXIT_BUG = 70, EXIT_OOM = 71 };

static void (*hook)(void);

void
die_hook(void (*fn)(void))
{
	hook = fn;
}

/* The hook is taken away before it runs: should it fail too, it is not run again. */
static void
run_hook(void)
{
	void (*fn)(void) = hook;

	hook = NULL;
	if (fn)
		fn();
}

/* fflush and _exit: an atexit handler has no business running on a broken heap. */
static void end(int status) BERTH_NORETURN;

static void
end(int status)
{
	fflush(NULL);
	_exit(status);
}

void
bug_at(const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	run_hook();
	fprintf(stderr, "berth: internal error at %s:%d: ", file, line);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	end(EXIT_BUG);
}

void
die_oom(void)
{
	static const char words[] = "berth: out of memory\n";

	run_hook();
	if (write(STDERR_FILENO, words, sizeof words - 1) < 0)
		_exit(EXIT_OOM);
	end(EXIT_OOM);
}

void *
xmalloc(size_t n)
{
	void *p = malloc(n ? n : 1);

	if (!p)
		die_oom();
	return p;
}

void *
xcalloc(size_t n)
{
	void *p = calloc(1, n ? n : 1);

	if (!p)
		die_oom();
	return p;
}

void *
xrealloc(void *p, size_t n)
{
	void *q = realloc(p, n ? n : 1);

	if (!q)
		die_oom();
	return q;
}
