/*
 * The steps of the folder writer. Each path is walked part by part with
 * O_NOFOLLOW, so that a link put anywhere below the folder, even while we
 * run, leads nowhere.
 */
#define _GNU_SOURCE /* syncfs */
#include "folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PART_MAX = 255, SWEEP_DEPTH = 16, BLOCK = 65536 };
enum { OPEN_FOLDER = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC };

bool
folder_path_ok(const char *path)
{
	if (strlen(path) > 4000)
		return false;
	for (;;) {
		size_t n = strcspn(path, "/");

		if (n == 0 || n > PART_MAX || (n == 1 && path[0] == '.') || (n == 2 && memcmp(path, "..", 2) == 0))
			return false;
		if (strncmp(path, ".berth-tmp-", 11) == 0 || (n == 11 && memcmp(path, ".berth.lock", 11) == 0))
			return false;
		if (path[n] == '\0')
			return true;
		path += n + 1;
	}
}

/* Linux says ENOTDIR about a link that is not followed; callers want to know that it is one. */
static int
open_part(int at, const char *part)
{
	int fd = openat(at, part, OPEN_FOLDER);
	struct stat st;

	if (fd < 0 && errno == ENOTDIR) {
		bool link = fstatat(at, part, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode);

		errno = link ? ELOOP : ENOTDIR;
	}
	return fd;
}

static void
close_quietly(int fd)
{
	int kept = errno;

	close(fd);
	errno = kept;
}

/* Takes over `at`; allocates nothing, as the hook for exhausted memory comes here. */
static int
step_into(int at, const char *path, size_t n)
{
	char part[PART_MAX + 1];
	int next;

	if (n > PART_MAX) {
		close(at);
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(part, path, n);
	part[n] = '\0';
	next = open_part(at, part);
	close_quietly(at);
	return next;
}

int
folder_parent(int top, const char *path, const char **base)
{
	int at = openat(top, ".", OPEN_FOLDER);
	const char *slash;

	for (; at >= 0 && (slash = strchr(path, '/')); path = slash + 1)
		at = step_into(at, path, (size_t)(slash - path));
	*base = path;
	return at;
}

enum folder_entry
folder_entry(int top, const char *path)
{
	const char *base;
	struct stat st;
	int parent = folder_parent(top, path, &base), failed;

	if (parent < 0)
		return errno == ENOENT ? ENTRY_NONE : ENTRY_FAILED;
	failed = fstatat(parent, base, &st, AT_SYMLINK_NOFOLLOW);
	close_quietly(parent);
	if (failed)
		return errno == ENOENT ? ENTRY_NONE : ENTRY_FAILED;
	if (S_ISREG(st.st_mode))
		return ENTRY_FILE;
	if (S_ISDIR(st.st_mode))
		return ENTRY_FOLDER;
	return S_ISLNK(st.st_mode) ? ENTRY_LINK : ENTRY_OTHER;
}

/* Never blocks on a pipe, and gives regular files only. */
static int
open_file(int top, const char *path, struct stat *st)
{
	const char *base;
	int parent = folder_parent(top, path, &base), fd;

	if (parent < 0)
		return -1;
	fd = openat(parent, base, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	close_quietly(parent);
	if (fd >= 0 && (fstat(fd, st) || !S_ISREG(st->st_mode))) {
		close(fd);
		return -1;
	}
	return fd;
}

/* Reads until n bytes or the end; what was read, or -1. */
static ssize_t
read_full(int fd, char *p, size_t n)
{
	size_t done = 0;

	while (done < n) {
		ssize_t got = read(fd, p + done, n - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		done += (size_t)got;
	}
	return (ssize_t)done;
}

static bool
holds(int fd, struct str text)
{
	char *block = xmalloc(BLOCK);
	size_t done = 0;
	bool same = true;

	while (same && done < text.n) {
		size_t n = text.n - done < BLOCK ? text.n - done : BLOCK;

		same = read_full(fd, block, n) == (ssize_t)n && memcmp(block, text.p + done, n) == 0;
		done += n;
	}
	free(block);
	return same;
}

bool
folder_same(int top, const char *path, struct str text, bool executable)
{
	struct stat st;
	int fd = open_file(top, path, &st);
	bool same;

	if (fd < 0)
		return false;
	same = (uintmax_t)st.st_size == text.n && !(st.st_mode & S_IXUSR) == !executable && holds(fd, text);
	close(fd);
	return same;
}

bool
folder_read(struct arena *a, int top, const char *path, size_t max, struct str *out)
{
	struct stat st;
	int fd = open_file(top, path, &st);
	char *p;
	ssize_t n;

	if (fd < 0)
		return false;
	if ((uintmax_t)st.st_size > max) {
		close(fd);
		return false;
	}
	p = arena_alloc(a, (size_t)st.st_size + 1);
	n = read_full(fd, p, (size_t)st.st_size);
	close(fd);
	if (n < 0)
		return false;
	*out = (struct str){p, (size_t)n};
	return true;
}

static int
write_full(int fd, struct str text)
{
	for (size_t done = 0; done < text.n;) {
		ssize_t n = write(fd, text.p + done, text.n - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		done += (size_t)n;
	}
	return 0;
}

int
folder_create(int parent, const char *name, struct str text, bool executable, bool sync)
{
	int fd = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, executable ? 0777 : 0666);
	int err;

	if (fd < 0)
		return errno;
	err = write_full(fd, text);
	if (!err && sync && fsync(fd))
		err = errno;
	if (close(fd) && !err)
		err = errno;
	if (err)
		unlinkat(parent, name, 0);
	return err;
}

bool
folder_can_sync_all(void)
{
#ifdef __linux__
	return true;
#else
	return false;
#endif
}

int
folder_sync_all(int top)
{
#ifdef __linux__
	return syncfs(top) ? errno : 0;
#else
	(void)top;
	return ENOSYS;
#endif
}

int
folder_sync(int top, const char *path)
{
	const char *base;
	int parent = folder_parent(top, path, &base);
	int err = 0;

	if (parent < 0)
		return errno;
	/* Some file systems cannot sync a folder and say EINVAL. */
	if (fsync(parent) && errno != EINVAL)
		err = errno;
	close(parent);
	return err;
}

int
folder_make(const char *dir)
{
	char *path = xmalloc(strlen(dir) + 1), *slash;
	struct stat st;
	int err = 0;

	strcpy(path, dir);
	for (slash = path; (slash = strchr(slash + 1, '/'));) {
		*slash = '\0';
		mkdir(path, 0777); /* what matters is whether the last one succeeds */
		*slash = '/';
	}
	if (mkdir(path, 0777))
		err = errno;
	if (err && stat(path, &st) == 0)
		err = S_ISDIR(st.st_mode) ? 0 : ENOTDIR;
	free(path);
	return err;
}

/* ---- what killed runs left ---- */

static void sweep(int folder, int depth);

static void
sweep_entry(int folder, const char *name, int depth)
{
	struct stat st;
	int below;

	if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return;
	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW))
		return;
	if (S_ISREG(st.st_mode) && strncmp(name, TEMP_PREFIX, sizeof TEMP_PREFIX - 1) == 0)
		unlinkat(folder, name, 0);
	if (!S_ISDIR(st.st_mode) || depth == 0)
		return;
	below = open_part(folder, name);
	if (below >= 0)
		sweep(below, depth - 1);
}

/* Takes over `folder`. */
static void
sweep(int folder, int depth)
{
	DIR *list = fdopendir(folder);
	const struct dirent *entry;

	if (!list) {
		close(folder);
		return;
	}
	while ((entry = readdir(list)))
		sweep_entry(folder, entry->d_name, depth);
	closedir(list);
}

void
folder_sweep(int top, const char *path)
{
	const char *base;
	int at = folder_parent(top, path, &base);

	if (at >= 0 && *base)
		at = step_into(at, base, strlen(base));
	if (at >= 0)
		sweep(at, SWEEP_DEPTH);
}
