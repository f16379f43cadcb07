/*
 * Every allocation failing in turn: linked with --wrap, so that malloc of this
 * program and of the two static libraries comes through here.
 *
 * BERTH_FAIL_AT=N    the Nth allocation fails
 * BERTH_FAIL_EACH=1  at each allocation a child is split off, in which it
 *                    fails; how the child ends is judged, and said at the end
 * (neither)          all succeed, and their number is said at the end
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t s);
void *__real_realloc(void *p, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t s);
void *__wrap_realloc(void *p, size_t n);
char *__wrap_strdup(const char *s);

static unsigned long count, fail_at, bad;
static int ready, each, child;

static void
say_count(void)
{
	if (fail_at == 0 && !child)
		fprintf(stderr, "allocations: %lu%s\n", count, bad ? ", some failing badly" : "");
}

/* In the child: true. The parent waits for its end: the exit codes of berth are fine, of a sanitizer (99) or a signal not. */
static int
split(void)
{
	int status;
	pid_t pid = fork();
	if (pid == 0)
		return child = 1;
	if (pid < 0 || waitpid(pid, &status, 0) < 0) {
		perror("fork");
		_exit(98);
	}
	if (!WIFEXITED(status) || (WEXITSTATUS(status) != 71 && WEXITSTATUS(status) != 70 && WEXITSTATUS(status) != 73 && WEXITSTATUS(status) != 66
				   && WEXITSTATUS(status) != 1 && WEXITSTATUS(status) != 0)) {
		bad++;
		fprintf(stderr, "allocation %lu: status %d\n", count, status);
	}
	return 0;
}

static int
fails(void)
{
	if (!ready) {
		const char *at = getenv("BERTH_FAIL_AT");
		ready = 1;
		fail_at = at ? strtoul(at, NULL, 10) : 0;
		each = getenv("BERTH_FAIL_EACH") != NULL;
		atexit(say_count);
	}
	count++;
	if (each && !child && bad < 5)
		return split();
	return count == fail_at;
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
