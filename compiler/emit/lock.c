/*
 * The lock of an output folder: flock on DIR/.berth.lock, which holds the
 * process number of its holder and is removed on release. As it may be
 * removed between our opening and locking it, a lock counts only when the
 * name still leads to the file that was locked.
 */
#include "folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const char NAME[] = ".berth.lock";
enum { STEP_MS = 20 };

static int
open_lock(int top)
{
	int fd = openat(top, NAME, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
	struct stat st;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		close(fd);
		errno = EINVAL;
		return -1;
	}
	return fd;
}

static bool
still_there(int top, int fd)
{
	struct stat named, locked;

	return fstatat(top, NAME, &named, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &locked) == 0 && named.st_dev == locked.st_dev &&
	       named.st_ino == locked.st_ino;
}

static long
read_holder(int fd)
{
	char text[24];
	ssize_t n = pread(fd, text, sizeof text - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return strtol(text, NULL, 10);
}

/* Who holds it is only said to people: not being able to write it is no failure. */
static void
write_holder(int fd)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());

	if (ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) < n)
		(void)ftruncate(fd, 0);
}

/* A descriptor, -1 with EAGAIN when another holds it, or with what else went wrong. */
static int
try_lock(int top, long *holder)
{
	int fd = open_lock(top), err;

	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
		if (still_there(top, fd)) {
			write_holder(fd);
			return fd;
		}
		err = EAGAIN;
	} else {
		err = errno == EWOULDBLOCK || errno == EINTR ? EAGAIN : errno;
		*holder = read_holder(fd);
	}
	close(fd);
	errno = err;
	return -1;
}

int
folder_lock(int top, unsigned wait_ms, long *holder)
{
	struct timespec pause = {.tv_nsec = STEP_MS * 1000000L};

	*holder = 0;
	for (unsigned waited = 0;; waited += STEP_MS) {
		int fd = try_lock(top, holder);

		if (fd >= 0 || errno != EAGAIN)
			return fd;
		if (waited >= wait_ms) {
			errno = EAGAIN;
			return -1;
		}
		nanosleep(&pause, NULL);
	}
}

/* Removed before it is released, so that nobody locks a name about to go. */
void
folder_unlock(int top, int lock)
{
	unlinkat(top, NAME, 0);
	close(lock);
}
