/*
 * The folder writer: makes a folder hold exactly a set of files.
 *
 * First everything is looked at, and refused if need be, before anything is
 * touched. Then all changed files are written under temporary names and
 * synced; only when all of them stand on the disk are they renamed, what is
 * no longer made removed, and berth.json renamed as the last. A failure
 * removes the temporary files and the folders made for them. A kill between
 * two renames leaves the next berth.json under its temporary name: the next
 * run knows by it what that one had begun.
 */
#include "folder.h"

#include "berth/base.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEXT_MANIFEST TEMP_PREFIX "berth.json"
enum { MANIFEST_MAX = 256 * 1024 * 1024, TEMP_MAX = 64, SYNC_EACH_MAX = 32 };

struct item {
	const char *path; /* from DIR on */
	const struct out_file *file;
	bool changed, last;
	bool has_temp;
	char temp[TEMP_MAX];
};

struct session {
	struct arena *arena;
	struct out_result *result;
	const char *dir, *sub;
	int top;  /* DIR; -1 while it does not exist */
	int lock; /* -1 = none */
	int parent; /* the folder of the path looked up last, or -1; neighbours in a set mostly share one */
	const char *parent_path;
	bool sync_each; /* few files: one after the other; many: the file system as a whole */
	VEC(struct item) items;
	path_list stale; /* from DIR on */
	path_list made;  /* folders made by this run, outer ones first */
};

/* What the hook cleans when memory runs out. */
static struct session *active;

/* ---- saying what went wrong ---- */

static const char *
why(int err)
{
	switch (err) {
	case ELOOP: return "a symbolic link stands there, and berth does not follow links in its output folder";
	case ENOTDIR: return "a file stands where a folder is needed";
	case EISDIR: return "a folder stands where a file is needed";
	case EEXIST: return "something that is no file stands there";
	default: return strerror(err);
	}
}

static int
fail(struct session *s, const char *deed, const char *path, int err)
{
	const char *whole = path ? arena_printf(s->arena, "%s/%s", s->dir, path) : s->dir;

	s->result->path = whole;
	s->result->problem = arena_printf(s->arena, "cannot %s \"%s\": %s", deed, whole, why(err));
	return -1;
}

/* As folder_parent; the descriptor stays the session's. */
static int
parent_of(struct session *s, const char *path, const char **base)
{
	const char *slash = strrchr(path, '/');
	size_t n = slash ? (size_t)(slash - path) + 1 : 0;

	if (s->parent >= 0 && strncmp(s->parent_path, path, n) == 0 && strchr(s->parent_path + n, '/') == NULL) {
		*base = path + n;
		return s->parent;
	}
	if (s->parent >= 0)
		close(s->parent);
	s->parent = folder_parent(s->top, path, base);
	s->parent_path = path;
	return s->parent;
}

/* ---- looking ---- */

static const char *
below_sub(struct session *s, const char *path)
{
	return *s->sub ? arena_printf(s->arena, "%s/%s", s->sub, path) : path;
}

static int
look_at(struct session *s, struct item *item)
{
	enum folder_entry entry = s->top < 0 ? ENTRY_NONE : folder_entry(s->top, item->path);

	switch (entry) {
	case ENTRY_NONE: item->changed = true; return 0;
	case ENTRY_FILE: item->changed = !folder_same(s->top, item->path, item->file->text, item->file->executable); return 0;
	case ENTRY_FOLDER: return fail(s, "write", item->path, EISDIR);
	case ENTRY_LINK: return fail(s, "write", item->path, ELOOP);
	case ENTRY_OTHER: return fail(s, "write", item->path, EEXIST);
	case ENTRY_FAILED: return fail(s, "write", item->path, errno);
	}
	return -1;
}

static int
look(struct session *s, const struct out_set *set)
{
	for (size_t i = 0; i < set->files.n; i++) {
		const struct out_file *file = &set->files.v[i];
		struct item *item = VEC_PUSH(s->arena, &s->items);

		if (!folder_path_ok(file->path))
			bug("bad output path \"%s\"", file->path);
		*item = (struct item){.path = below_sub(s, file->path), .file = file, .last = strcmp(file->path, "berth.json") == 0};
		if (look_at(s, item))
			return -1;
		s->result->unchanged += !item->changed;
	}
	return 0;
}

/* Does the file hold just what the list says? */
static bool
is_listed(struct session *s, const char *path, const char *sha256)
{
	struct str text;
	char hex[65];

	if (!folder_read(s->arena, s->top, path, MANIFEST_MAX, &text))
		return false;
	sha256_hex(text, hex);
	return strcmp(hex, sha256) == 0;
}

/* Of what `manifest` lists: files that are still there and that the set does not have. */
static void
look_listed(struct session *s, struct names *known, const char *manifest, bool begun)
{
	listed_files earlier = {0};
	struct str text;

	if (!folder_read(s->arena, s->top, below_sub(s, manifest), MANIFEST_MAX, &text))
		return;
	manifest_files(s->arena, text, &earlier);
	for (size_t i = 0; i < earlier.n; i++) {
		const char *path = below_sub(s, earlier.v[i].path);

		if (strcmp(earlier.v[i].path, "berth.json") == 0 || name_find(known, path, strlen(path)))
			continue;
		if (folder_entry(s->top, path) != ENTRY_FILE || (begun && !is_listed(s, path, earlier.v[i].sha256)))
			continue;
		name_getz(known, path); /* once, though several resources may share a file */
		*VEC_PUSH(s->arena, &s->stale) = path;
	}
}

/* A killed run may have renamed some of its files: those that hold just what it meant to write. */
static void
look_for_stale(struct session *s)
{
	struct names *known = names_new(s->arena);

	if (s->top < 0)
		return;
	for (size_t i = 0; i < s->items.n; i++)
		name_getz(known, s->items.v[i].path);
	look_listed(s, known, "berth.json", false);
	look_listed(s, known, NEXT_MANIFEST, true);
}

/* ---- writing ---- */

/* The folders on the way to path. */
static int
make_folders(struct session *s, const char *path)
{
	for (const char *slash = path; (slash = strchr(slash, '/')); slash++) {
		const char *folder = arena_strz(s->arena, (struct str){path, (size_t)(slash - path)}), *base;
		int parent = folder_parent(s->top, folder, &base), err;

		if (parent < 0)
			return fail(s, "make the folder", folder, errno);
		err = mkdirat(parent, base, 0777) ? errno : 0;
		close(parent);
		if (err && err != EEXIST)
			return fail(s, "make the folder", folder, err);
		if (!err)
			*VEC_PUSH(s->arena, &s->made) = folder;
	}
	return 0;
}

static bool
same_parent(const char *a, const char *b)
{
	const char *x = strrchr(a, '/'), *y = strrchr(b, '/');
	size_t n = x ? (size_t)(x - a) : 0, m = y ? (size_t)(y - b) : 0;

	return n == m && memcmp(a, b, n) == 0;
}

static int
write_temp(struct session *s, struct item *item, size_t number)
{
	const char *base;
	int parent, err;

	if (number == 0 || !same_parent(s->items.v[number - 1].path, item->path) || !s->items.v[number - 1].changed)
		if (make_folders(s, item->path))
			return -1;
	parent = parent_of(s, item->path, &base);
	if (parent < 0)
		return fail(s, "write", item->path, errno);
	if (item->last)
		snprintf(item->temp, sizeof item->temp, NEXT_MANIFEST);
	else
		snprintf(item->temp, sizeof item->temp, TEMP_PREFIX "%ld-%zu", (long)getpid(), number);
	item->has_temp = true;
	err = folder_create(parent, item->temp, item->file->text, item->file->executable, s->sync_each);
	if (err)
		return fail(s, "write", item->path, err);
	return 0;
}

static int
write_temps(struct session *s)
{
	size_t changed = 0;

	for (size_t i = 0; i < s->items.n; i++)
		changed += s->items.v[i].changed;
	s->sync_each = changed <= SYNC_EACH_MAX || !folder_can_sync_all();
	for (size_t i = 0; i < s->items.n; i++)
		if (s->items.v[i].changed && write_temp(s, &s->items.v[i], i))
			return -1;
	int err = s->sync_each ? 0 : folder_sync_all(s->top);
	return err ? fail(s, "sync", NULL, err) : 0;
}

static int
rename_one(struct session *s, struct item *item)
{
	const char *base;
	int parent = parent_of(s, item->path, &base), err;

	if (parent < 0)
		return fail(s, "write", item->path, errno);
	err = renameat(parent, item->temp, parent, base) ? errno : 0;
	if (err)
		return fail(s, "write", item->path, err);
	item->has_temp = false;
	s->result->written++;
	return 0;
}

/* A new name lasts only once its folder is synced; neighbours in the set mostly share one. */
static int
sync_parents(struct session *s, bool last)
{
	const char *synced = NULL;
	int err;

	for (size_t i = 0; i < s->items.n; i++) {
		const struct item *item = &s->items.v[i];

		if (!item->changed || item->last != last || (synced && same_parent(synced, item->path)))
			continue;
		err = folder_sync(s->top, item->path);
		if (err)
			return fail(s, "sync the folder of", item->path, err);
		synced = item->path;
	}
	for (size_t i = 0; !last && i < s->made.n; i++) {
		err = folder_sync(s->top, s->made.v[i]);
		if (err)
			return fail(s, "sync the folder of", s->made.v[i], err);
	}
	return 0;
}

static int
rename_all(struct session *s, bool last)
{
	for (size_t i = 0; i < s->items.n; i++) {
		struct item *item = &s->items.v[i];

		if (item->changed && item->last == last && rename_one(s, item))
			return -1;
	}
	return sync_parents(s, last);
}

/* ---- removing ---- */

/* Folders from the one of path upwards, as long as they are empty and below DIR/sub. */
static void
remove_empty(struct session *s, const char *path)
{
	char *folder = arena_strz(s->arena, str_of(path)), *slash;
	size_t least = strlen(s->sub);
	const char *base;

	while ((slash = strrchr(folder, '/')) && (size_t)(slash - folder) > least) {
		int parent, failed;

		*slash = '\0';
		parent = folder_parent(s->top, folder, &base);
		if (parent < 0)
			return;
		failed = unlinkat(parent, base, AT_REMOVEDIR);
		close(parent);
		if (failed)
			return;
	}
}

static int
remove_stale(struct session *s)
{
	for (size_t i = 0; i < s->stale.n; i++) {
		const char *path = s->stale.v[i], *base;
		int parent = folder_parent(s->top, path, &base), err;

		if (parent < 0)
			return fail(s, "remove", path, errno);
		err = unlinkat(parent, base, 0) ? errno : 0;
		if (!err && fsync(parent) && errno != EINVAL)
			err = errno;
		close(parent);
		if (err)
			return fail(s, "remove", path, err);
		s->result->removed++;
		remove_empty(s, path);
	}
	return 0;
}

/* Allocates nothing: it also runs when memory has ended. */
static void
clean_up(struct session *s)
{
	const char *base;

	for (size_t i = 0; i < s->items.n; i++) {
		struct item *item = &s->items.v[i];
		int parent = item->has_temp ? folder_parent(s->top, item->path, &base) : -1;

		if (parent < 0)
			continue;
		unlinkat(parent, item->temp, 0);
		item->has_temp = false;
		close(parent);
	}
	for (size_t i = s->made.n; i-- > 0;) {
		int parent = folder_parent(s->top, s->made.v[i], &base);

		if (parent < 0)
			continue;
		unlinkat(parent, base, AT_REMOVEDIR); /* fails, as it should, where files were renamed into it */
		close(parent);
	}
}

static void
close_session(struct session *s)
{
	if (s->lock >= 0)
		folder_unlock(s->top, s->lock);
	if (s->parent >= 0)
		close(s->parent);
	s->parent = -1;
	if (s->top >= 0)
		close(s->top);
	s->lock = s->top = -1;
}

static void
clean_active(void)
{
	if (!active)
		return;
	clean_up(active);
	close_session(active);
	active = NULL;
}

/* ---- all of it ---- */

static int
open_top(struct session *s, bool check_only)
{
	int err = check_only ? 0 : folder_make(s->dir);

	if (err)
		return fail(s, "make the folder", NULL, err);
	s->top = open(s->dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (s->top < 0 && !(check_only && errno == ENOENT))
		return fail(s, "open the folder", NULL, errno);
	return 0;
}

static int
lock_top(struct session *s, unsigned wait_ms)
{
	long holder;

	s->lock = folder_lock(s->top, wait_ms, &holder);
	if (s->lock >= 0)
		return 0;
	if (errno != EAGAIN)
		return fail(s, "lock", ".berth.lock", errno);
	s->result->path = s->dir;
	if (holder > 0)
		s->result->problem = arena_printf(s->arena, "another berth (process %ld) is writing to \"%s\"", holder, s->dir);
	else
		s->result->problem = arena_printf(s->arena, "another berth is writing to \"%s\"", s->dir);
	return -1;
}

static int
commit(struct session *s)
{
	if (write_temps(s) || rename_all(s, false) || remove_stale(s) || rename_all(s, true))
		return -1;
	return 0;
}

static int
count_only(struct session *s)
{
	for (size_t i = 0; i < s->items.n; i++)
		s->result->written += s->items.v[i].changed;
	s->result->removed = (unsigned)s->stale.n;
	return 0;
}

static int
run(struct session *s, const struct out_set *set, bool check_only, unsigned wait_ms)
{
	if (open_top(s, check_only) || (!check_only && lock_top(s, wait_ms)))
		return -1;
	if (look(s, set))
		return -1;
	look_for_stale(s);
	if (!check_only)
		folder_sweep(s->top, s->sub);
	return check_only ? count_only(s) : commit(s);
}

int
out_write(const char *dir, const char *sub, const struct out_set *set, bool check_only, unsigned wait_ms, struct arena *a,
	  struct out_result *result)
{
	struct session s = {.arena = a, .result = result, .dir = dir, .sub = sub ? sub : "", .top = -1, .lock = -1, .parent = -1};
	int failed;

	*result = (struct out_result){0};
	if (*s.sub && !folder_path_ok(s.sub))
		bug("bad output folder \"%s\"", s.sub);
	active = &s;
	die_hook(clean_active);
	failed = run(&s, set, check_only, wait_ms);
	if (failed)
		clean_up(&s);
	close_session(&s);
	active = NULL;
	return failed;
}
