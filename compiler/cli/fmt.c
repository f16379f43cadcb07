/* fmt: one format, in place, safely; or what would change. */
#include "berth/cli.h"

#include "berth/fmt.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SOURCE_MAX = 64 << 20 };

struct formatting {
	struct cli *cli;
	bool changed, broken;
	int exit;
	struct buf out;
};

static int
read_input(struct arena *a, struct str *out)
{
	struct buf b = {0};
	char part[65536];
	size_t n;
	while ((n = fread(part, 1, sizeof part, stdin)) > 0 && b.n < SOURCE_MAX)
		buf_add(&b, part, n);
	*out = arena_str(a, buf_str(&b));
	buf_free(&b);
	return ferror(stdin) ? EIO : 0;
}

/* A temporary file beside the target, synced and renamed: the old text or the new, never half. */
static bool
replace_file(const char *path, const struct buf *text)
{
	struct arena *a = arena_new();
	struct stat st;
	char *temporary = arena_printf(a, "%s.berth-tmp", path);
	bool ok = stat(path, &st) == 0;
	int fd = ok ? open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, st.st_mode & 0777) : -1;
	ok = fd >= 0 && write(fd, text->p, text->n) == (ssize_t)text->n && fsync(fd) == 0;
	if (fd >= 0 && close(fd) != 0)
		ok = false;
	if (ok && rename(temporary, path) != 0)
		ok = false;
	if (!ok) {
		say("%s cannot be written: %s", path, strerror(errno));
		if (fd >= 0)
			unlink(temporary);
	}
	arena_free(a);
	return ok;
}

static struct str
cut_line(struct str *s)
{
	const char *nl = s->n ? memchr(s->p, '\n', s->n) : NULL;
	struct str line = {s->p, nl ? (size_t)(nl - s->p) : s->n};
	*s = nl ? (struct str){nl + 1, s->n - line.n - 1} : (struct str){s->p + s->n, 0};
	return line;
}

/* Lines that differ, with equal head and tail left out. */
static void
show_diff(const char *path, struct str old, struct str new, struct buf *out)
{
	unsigned line = 1;
	for (;;) {
		struct str o = old, n = new;
		if (o.n == 0 || n.n == 0 || !str_eq(cut_line(&o), cut_line(&n)))
			break;
		old = o;
		new = n;
		line++;
	}
	size_t tail = 0;
	while (tail < old.n && tail < new.n && old.p[old.n - 1 - tail] == new.p[new.n - 1 - tail])
		tail++;
	while (tail > 0 && old.p[old.n - tail] != '\n')
		tail--;
	if (tail > 0)
		tail--;
	old.n -= tail;
	new.n -= tail;
	buf_addf(out, "--- %s\n+++ %s (formatted)\n@@ line %u @@\n", path, path, line);
	while (old.n > 0) {
		struct str l = cut_line(&old);
		buf_addf(out, "-%.*s\n", (int)l.n, l.p);
	}
	while (new.n > 0) {
		struct str l = cut_line(&new);
		buf_addf(out, "+%.*s\n", (int)l.n, l.p);
	}
}

static void
format_text(struct formatting *f, const char *path, struct str text, bool from_input)
{
	struct arena *a = arena_new();
	struct names *names = names_new(a);
	struct sources *sources = sources_new(a);
	uint32_t number = sources_add(sources, path, text, false);
	struct buf formatted = {0};
	if (!fmt_source(a, names, sources, number, &formatted))
		f->broken = true;
	bool differs = formatted.n != text.n || memcmp(formatted.p, text.p, text.n) != 0;
	f->changed |= differs;
	if (differs && given(f->cli, OPT_DIFF))
		show_diff(path, text, buf_str(&formatted), &f->out);
	else if (differs && given(f->cli, OPT_CHECK))
		buf_addf(&f->out, "%s\n", path);
	if (from_input && !given(f->cli, OPT_CHECK) && !given(f->cli, OPT_DIFF))
		buf_adds(&f->out, buf_str(&formatted));
	else if (differs && !from_input && !given(f->cli, OPT_CHECK) && !given(f->cli, OPT_DIFF) && !replace_file(path, &formatted))
		f->exit = EXIT_NO_OUTPUT;
	buf_free(&formatted);
	arena_free(a);
}

static void
format_file(struct formatting *f, const char *path)
{
	struct arena *a = arena_new();
	struct str text;
	int error = strcmp(path, "-") == 0 ? read_input(a, &text) : file_read(a, path, SOURCE_MAX, &text);
	if (error) {
		say("%s cannot be read: %s", path, strerror(error));
		f->exit = EXIT_NO_INPUT;
	} else {
		format_text(f, strcmp(path, "-") == 0 ? "(input)" : path, text, strcmp(path, "-") == 0);
	}
	arena_free(a);
}

static int
is_program(const struct dirent *e)
{
	return e->d_name[0] != '.' && str_ends(str_of(e->d_name), ".berth");
}

static void
format_directory(struct formatting *f, const char *dir)
{
	struct dirent **names;
	int n = scandir(dir, &names, is_program, alphasort);
	if (n <= 0) {
		say("%s cannot be read: %s", dir, n < 0 ? strerror(errno) : "there is no .berth file in it");
		f->exit = EXIT_NO_INPUT;
	}
	for (int i = 0; i < n; i++) {
		struct arena *a = arena_new();
		format_file(f, strcmp(dir, ".") == 0 ? names[i]->d_name
						     : arena_printf(a, "%s%s%s", dir, str_ends(str_of(dir), "/") ? "" : "/", names[i]->d_name));
		arena_free(a);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

int
cmd_fmt(struct cli *cli)
{
	struct formatting f = {.cli = cli};
	const char *const here[] = {"."};
	const char *const *paths = cli->path_count ? cli->paths : here;
	for (size_t i = 0; i < (cli->path_count ? cli->path_count : 1) && f.exit == 0; i++) {
		struct stat st;
		if (strcmp(paths[i], "-") != 0 && stat(paths[i], &st) == 0 && S_ISDIR(st.st_mode))
			format_directory(&f, paths[i]);
		else
			format_file(&f, paths[i]);
	}
	if (f.out.n > 0 && !put_out(&f.out))
		f.exit = EXIT_NO_OUTPUT;
	buf_free(&f.out);
	if (f.exit == 0 && f.broken) {
		say("regions with syntax errors were left as they are; see berth check");
		f.exit = EXIT_PROGRAM;
	}
	if (f.exit == 0 && f.changed && (given(cli, OPT_CHECK) || given(cli, OPT_DIFF)))
		f.exit = EXIT_CHANGES;
	return f.exit;
}
