/*
 * The folder writer: what changes, what is left alone, what is removed, what
 * is refused, and what is left behind by failures (nothing).
 */
#include "berth/output.h"

#include "unit.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static struct arena *a;
static char base[] = "/tmp/berth-output-XXXXXX";

static const char *
at(const char *path)
{
	return arena_printf(a, "%s/%s", base, path);
}

static void
put(const char *path, const char *text)
{
	int fd = open(at(path), O_WRONLY | O_CREAT | O_TRUNC, 0666);

	if (fd < 0 || write(fd, text, strlen(text)) < 0)
		printf("cannot make %s\n", path);
	close(fd);
}

static bool
has(const char *path, const char *text)
{
	struct str got;

	return file_read(a, at(path), 1000000, &got) == 0 && str_eqz(got, text);
}

static bool
gone(const char *path)
{
	struct stat st;

	return lstat(at(path), &st) != 0 && errno == ENOENT;
}

static void
set_add(struct out_set *set, const char *path, const char *text)
{
	struct out_file *f = VEC_PUSH(a, &set->files);

	set->arena = a;
	f->path = path;
	f->text = str_of(text);
	f->executable = str_ends(str_of(path), ".sh");
}

static int
write_set(const char *dir, const struct out_set *set, bool check_only, struct out_result *r)
{
	return out_write(at(dir), "prod", set, check_only, 0, a, r);
}

/* Number of entries below path whose name starts with ".berth". */
static unsigned
left_over(const char *path)
{
	DIR *d = opendir(path);
	const struct dirent *e;
	unsigned n = 0;

	while (d && (e = readdir(d))) {
		char below[4096];

		n += strncmp(e->d_name, ".berth", 6) == 0;
		snprintf(below, sizeof below, "%s/%s", path, e->d_name);
		if (e->d_name[0] != '.')
			n += left_over(below);
	}
	if (d)
		closedir(d);
	return n;
}

static const char first_manifest[] =
	"{\"resources\":[{\"files\":[{\"path\":\"api/ecs/web.json\"},{\"path\":\"api/sqs/q.json\"},{\"path\":\"../keep\"},{\"path\":\"/keep\"},{\"path\":7}]},"
	"{\"files\":[{\"path\":\"api/sqs/q.json\"}]},7],\"extra_files\":[{\"path\":\"api/deploy.sh\"},{\"path\":\"berth.json\"},{\"path\":\"link/keep\"},{\"path\":\"pointer\"}, 3]}";

static void
test_plain(void)
{
	struct out_set one = {0}, two = {0};
	struct out_result r;
	struct stat before, after;

	set_add(&one, "berth.json", first_manifest);
	set_add(&one, "api/ecs/web.json", "web");
	set_add(&one, "api/sqs/q.json", "queue");
	set_add(&one, "api/deploy.sh", "#!/bin/sh\n");
	CHECK(write_set("out/deep", &one, true, &r) == 0 && r.written == 4 && gone("out"), "only counted");
	CHECK(write_set("out/deep", &one, false, &r) == 0 && r.written == 4 && r.unchanged == 0, "%s", r.problem);
	CHECK(has("out/deep/prod/api/ecs/web.json", "web") && access(at("out/deep/prod/api/deploy.sh"), X_OK) == 0, "written");
	CHECK(left_over(at("out")) == 0, "no lock or temporary file stays");
	stat(at("out/deep/prod/api/ecs/web.json"), &before);
	CHECK(write_set("out/deep", &one, false, &r) == 0 && r.unchanged == 4 && r.written == 0 && r.removed == 0, "unchanged");
	stat(at("out/deep/prod/api/ecs/web.json"), &after);
	CHECK(before.st_ino == after.st_ino && before.st_mtim.tv_nsec == after.st_mtim.tv_nsec, "not touched");

	put("out/keep", "k");
	put("out/deep/keep", "k");
	put("out/deep/prod/mine", "m");
	put("out/deep/prod/api/ecs/.berth-tmp-1-1", "left by a killed run");
	CHECK(symlink(at("out"), at("out/deep/prod/link")) == 0 && symlink("mine", at("out/deep/prod/pointer")) == 0, "links");
	set_add(&two, "api/ecs/web.json", "WEB");
	set_add(&two, "berth.json", "{}");
	CHECK(write_set("out/deep", &two, true, &r) == 0 && r.written == 2 && r.removed == 2, "counted %u %u", r.written, r.removed);
	CHECK(has("out/deep/prod/api/sqs/q.json", "queue"), "nothing happened");
	CHECK(write_set("out/deep", &two, false, &r) == 0 && r.written == 2 && r.removed == 2, "%s", r.problem);
	CHECK(has("out/deep/prod/api/ecs/web.json", "WEB") && has("out/deep/prod/berth.json", "{}"), "new set");
	CHECK(gone("out/deep/prod/api/sqs") && gone("out/deep/prod/api/deploy.sh"), "stale ones went, with their folder");
	CHECK(has("out/keep", "k") && has("out/deep/keep", "k") && has("out/deep/prod/mine", "m") && !gone("out/deep/prod/pointer"), "nothing else did");
	CHECK(left_over(at("out")) == 0, "temporary files are cleaned");
	/* a run killed between two renames: what it had begun goes, what only has the name of it stays */
	put("out/deep/prod/api/begun.json", "begun");
	put("out/deep/prod/api/foreign.json", "not what that run would have written");
	put("out/deep/prod/.berth-tmp-berth.json",
	    "{\"resources\": [{\"files\": [{\"path\": \"api/begun.json\", \"sha256\": \"7bc6220d36ab0e425eecd5e1b916c44e62c71f9379f650ea0d843fdbf8ff2e27\"},"
	    "{\"path\": \"api/foreign.json\", \"sha256\": \"7bc6220d36ab0e425eecd5e1b916c44e62c71f9379f650ea0d843fdbf8ff2e27\"}]}]}");
	CHECK(write_set("out/deep", &two, false, &r) == 0 && r.removed == 1, "%s", r.problem);
	CHECK(gone("out/deep/prod/api/begun.json") && !gone("out/deep/prod/api/foreign.json"), "begun and foreign");
	CHECK(left_over(at("out")) == 0, "temporary files are cleaned");
	put("out/deep/prod/berth.json", "{\"resources\": [[[");
	CHECK(write_set("out/deep", &two, false, &r) == 0 && r.written == 1 && r.removed == 0, "a broken berth.json lists nothing");
}

static void
test_links(void)
{
	struct out_set set = {0};
	struct out_result r;

	set_add(&set, "api/x.json", "new");
	set_add(&set, "berth.json", "{}");
	mkdir(at("secret"), 0777);
	put("secret/x.json", "old");
	mkdir(at("l1"), 0777);
	CHECK(symlink(at("secret"), at("l1/prod")) == 0, "link as the stage's folder");
	CHECK(write_set("l1", &set, false, &r) == -1 && strstr(r.problem, "symbolic link"), "refused: %s", r.problem);
	mkdir(at("l2"), 0777);
	mkdir(at("l2/prod"), 0777);
	CHECK(symlink("../../secret", at("l2/prod/api")) == 0, "link as a folder");
	CHECK(write_set("l2", &set, false, &r) == -1 && strstr(r.problem, "symbolic link"), "refused: %s", r.problem);
	mkdir(at("l3"), 0777);
	mkdir(at("l3/prod"), 0777);
	mkdir(at("l3/prod/api"), 0777);
	CHECK(symlink(at("secret/x.json"), at("l3/prod/api/x.json")) == 0, "link as a file");
	CHECK(write_set("l3", &set, false, &r) == -1 && strstr(r.problem, "symbolic link"), "refused: %s", r.problem);
	mkdir(at("l4"), 0777);
	CHECK(symlink(at("secret/x.json"), at("l4/.berth.lock")) == 0, "link as the lock");
	CHECK(write_set("l4", &set, false, &r) == -1 && strstr(r.problem, "symbolic link"), "refused: %s", r.problem);
	mkdir(at("l5"), 0777);
	mkdir(at("l5/prod"), 0777);
	put("l5/prod/api", "a file");
	CHECK(write_set("l5", &set, false, &r) == -1 && strstr(r.problem, "folder is needed"), "refused: %s", r.problem);
	CHECK(has("secret/x.json", "old") && left_over(at("secret")) == 0, "what they lead to is untouched");
	CHECK(symlink("l5x", at("l6")) == 0 && mkdir(at("l5x"), 0777) == 0, "link to the whole folder");
	CHECK(write_set("l6", &set, false, &r) == 0 && has("l5x/prod/api/x.json", "new"), "the user's own link is followed: %s", r.problem);
}

static void
test_lock(void)
{
	struct out_set set = {0};
	struct out_result r;
	int fd;

	set_add(&set, "x", "new");
	mkdir(at("lock"), 0777);
	put("lock/.berth.lock", "4711\n");
	fd = open(at("lock/.berth.lock"), O_RDWR);
	CHECK(flock(fd, LOCK_EX) == 0, "held");
	CHECK(write_set("lock", &set, false, &r) == -1 && strstr(r.problem, "process 4711"), "%s", r.problem);
	CHECK(gone("lock/prod"), "nothing was written");
	CHECK(write_set("lock", &set, true, &r) == 0, "checking needs no lock");
	close(fd);
	CHECK(write_set("lock", &set, false, &r) == 0 && gone("lock/.berth.lock"), "a lock nobody holds: %s", r.problem);
}

/* In a child, since it gives up rights or sets limits: 0 when the write fails as wanted and leaves nothing. */
static void
in_child(void (*limit)(void), const struct out_set *set, const char *want)
{
	int status = -1;
	pid_t child = fork();

	if (child == 0) {
		struct out_result r;

		limit();
		if (write_set("limit", set, false, &r) != -1 || !strstr(r.problem, want)) {
			printf("got: %s\n", r.problem ? r.problem : "success");
			_exit(1);
		}
		_exit(0);
	}
	waitpid(child, &status, 0);
	CHECK(status == 0, "%s", want);
}

static void
no_rights(void)
{
	if (geteuid() == 0 && setuid(65534))
		_exit(2);
}

static void
small_files(void)
{
	struct rlimit limit = {1000, 1000};

	signal(SIGXFSZ, SIG_IGN);
	setrlimit(RLIMIT_FSIZE, &limit);
}

static void
no_files(void)
{
	struct rlimit limit = {3, 3};

	setrlimit(RLIMIT_NOFILE, &limit);
}

static void
test_limits(void)
{
	struct out_set set = {0};
	struct buf big = {0};
	struct out_result r;

	chmod(base, 0755);
	mkdir(at("limit"), 0755);
	set_add(&set, "a/small", "s");
	CHECK(write_set("limit", &set, false, &r) == 0, "%s", r.problem);
	set_add(&set, "b/c/small", "s");
	buf_pad(&big, 'x', 5000);
	buf_addc(&big, '\0');
	set_add(&set, "b/big", big.p);
	chmod(at("limit"), 0555);
	in_child(no_rights, &set, "Permission denied");
	chmod(at("limit"), 0755);
	in_child(small_files, &set, "File too large");
	in_child(no_files, &set, "Too many open files");
	CHECK(has("limit/prod/a/small", "s") && gone("limit/prod/b"), "the old set stands, folders made are gone");
	CHECK(left_over(at("limit")) == 0, "temporary files are gone");
	buf_free(&big);
}

int
main(void)
{
	char *remove;

	setvbuf(stdout, NULL, _IONBF, 0);
	umask(022);
	a = arena_new();
	CHECK(mkdtemp(base) != NULL, "no folder for the test");
	test_plain();
	test_links();
	test_lock();
	test_limits();
	remove = arena_printf(a, "rm -rf %s", base);
	CHECK(system(remove) == 0, "cleaned");
	arena_free(a);
	return unit_end();
}
