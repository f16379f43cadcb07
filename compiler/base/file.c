/*
 * Reading a whole file. The size the system names is only a first guess:
 * pipes and files that grow are read to their end.
 */
#include "berth/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READ_MIN = 4096 };

/* Everything up to max + 1 bytes: one more than allowed tells a file that is too long. */
static int
read_all(int fd, size_t max, struct buf *b, size_t guess)
{
	size_t room = guess < READ_MIN ? READ_MIN : guess + 1;
	char *p = xmalloc(room);
	int err = 0;

	while (b->n <= max) {
		ssize_t got = read(fd, p, room);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			err = errno;
		if (got <= 0)
			break;
		buf_add(b, p, (size_t)got < max + 1 - b->n ? (size_t)got : max + 1 - b->n);
	}
	free(p);
	return err;
}

static int
read_fd(struct arena *a, int fd, size_t max, struct str *out)
{
	struct buf b = {0};
	struct stat st;
	size_t guess = 0;
	int err;

	if (fstat(fd, &st) < 0)
		return errno;
	if (S_ISDIR(st.st_mode))
		return EISDIR;
	if (S_ISREG(st.st_mode) && st.st_size > 0) {
		if ((uintmax_t)st.st_size > max)
			return EFBIG;
		guess = (size_t)st.st_size;
	}
	b.max = max + 1;
	err = read_all(fd, max, &b, guess);
	if (!err && b.n > max)
		err = EFBIG;
	if (!err)
		*out = arena_str(a, buf_str(&b));
	buf_free(&b);
	return err;
}

int
file_read(struct arena *a, const char *path, size_t max, struct str *out)
{
	enum { MOST = 1024 * 1024 * 1024 - 1 };
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int err;

	if (fd < 0)
		return errno;
	err = read_fd(a, fd, max < MOST ? max : MOST, out);
	close(fd);
	return err;
}
