/*
 * The pipeline, visible in one function: read, parse, resolve, and for each
 * stage evaluate, build the graph, check. Commands go on from there.
 */
#include "berth/cli.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { SOURCE_MAX = 64 << 20, ERRORS_SHOWN = 20 };

/* ---- files ---- */

static void
remember(struct session *s, const char *path)
{
	if (s->input_count == s->input_cap) {
		s->input_cap = s->input_cap ? 2 * s->input_cap : 16;
		s->inputs = xrealloc(s->inputs, s->input_cap * sizeof *s->inputs);
	}
	s->inputs[s->input_count++] = arena_strz(s->arena, str_of(path));
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The *.berth files of a directory, sorted bytewise; 0 or an errno value. */
static int
list_directory(struct arena *a, const char *dir, char ***names, size_t *count)
{
	DIR *d = opendir(dir);
	if (d == NULL)
		return errno;
	VEC(char *) list = {0};
	for (struct dirent *e; (e = readdir(d)) != NULL;)
		if (str_ends(str_of(e->d_name), ".berth") && e->d_name[0] != '.')
			*VEC_PUSH(a, &list) = arena_strz(a, str_of(e->d_name));
	closedir(d);
	if (list.n > 0)
		qsort(list.v, list.n, sizeof *list.v, compare_names);
	*names = list.v;
	*count = list.n;
	return 0;
}

static int
read_for_compile(void *ctx, struct arena *a, const char *path, struct str *out)
{
	struct session *s = ctx;
	size_t n = strlen(path);
	if (n == 0 || path[n - 1] != '/') {
		remember(s, path);
		return file_read(a, path, SOURCE_MAX, out);
	}
	char **names;
	size_t count;
	int error = list_directory(a, path, &names, &count);
	if (error)
		return error;
	struct buf b = {0};
	for (size_t i = 0; i < count; i++)
		buf_addf(&b, "%s%s", i ? "\n" : "", names[i]);
	*out = arena_str(a, buf_str(&b));
	buf_free(&b);
	return 0;
}

static const char *
problem(int error)
{
	return error == EFBIG ? "it is larger than 64 MiB" : strerror(error);
}

static void
add_file(struct session *s, const char *path)
{
	struct str text;
	int error = file_read(s->arena, path, SOURCE_MAX, &text);
	if (error) {
		say("%s cannot be read: %s", path, problem(error));
		s->exit = EXIT_NO_INPUT;
		return;
	}
	remember(s, path);
	compile_add(s->compile, path, text);
}

static void
add_directory(struct session *s, const char *path)
{
	char **names;
	size_t count;
	int error = list_directory(s->arena, path, &names, &count);
	if (error || count == 0) {
		say("%s cannot be read: %s", path, error ? strerror(error) : "there is no .berth file in it (berth init writes one)");
		s->exit = EXIT_NO_INPUT;
		return;
	}
	bool here = strcmp(path, ".") == 0;
	const char *slash = here || str_ends(str_of(path), "/") ? "" : "/";
	s->compile->dir = here ? "" : arena_printf(s->arena, "%s%s", path, slash);
	for (size_t i = 0; i < count && s->exit == 0; i++)
		add_file(s, arena_printf(s->arena, "%s%s", s->compile->dir, names[i]));
}

static void
add_path(struct session *s, const char *path)
{
	struct stat st;
	if (stat(path, &st) != 0) {
		say("%s cannot be read: %s", path, strerror(errno));
		s->exit = EXIT_NO_INPUT;
	} else if (S_ISDIR(st.st_mode)) {
		add_directory(s, path);
	} else {
		const char *slash = strrchr(path, '/');
		if (slash)
			s->compile->dir = arena_strz(s->arena, (struct str){path, (size_t)(slash - path) + 1});
		add_file(s, path);
	}
}

/* ---- stages ---- */

static void
list_stages(const struct compile *c, struct buf *b)
{
	for (size_t i = 0; i < c->stages.n; i++)
		buf_addf(b, "%s%s", i ? ", " : "", c->stages.v[i].name->text);
}

static const struct stage *
find_stage(struct session *s, const char *name)
{
	struct compile *c = s->compile;
	struct nearest best = nearest_to(str_of(name));
	for (size_t i = 0; i < c->stages.n; i++) {
		if (strcmp(c->stages.v[i].name->text, name) == 0)
			return &c->stages.v[i];
		nearest_try(&best, name_str(c->stages.v[i].name));
	}
	struct buf b = {0};
	list_stages(c, &b);
	if (best.word.p)
		say("there is no stage \"%s\"; did you mean \"%.*s\"? The stages are %.*s.", name, (int)best.word.n, best.word.p, (int)b.n, b.p);
	else
		say("there is no stage \"%s\"; the stages are %.*s", name, (int)b.n, b.p);
	buf_free(&b);
	s->exit = EXIT_USAGE;
	return NULL;
}

static void
run_stage(struct session *s, const struct stage *stage)
{
	struct arena *a = arena_new();
	s->stage_arenas[s->count] = a;
	struct program *p = sema_stage(s->compile, stage, a);
	struct graph *g = graph_build(p);
	graph_check(g);
	s->graphs[s->count++] = g;
}

static void
run_stages(struct session *s, bool all)
{
	struct compile *c = s->compile;
	struct cli *cli = s->cli;
	s->stage_arenas = arena_array(s->arena, c->stages.n + cli->stage_count + 1, sizeof *s->stage_arenas);
	s->graphs = arena_array(s->arena, c->stages.n + cli->stage_count + 1, sizeof *s->graphs);
	if (cli->stage_count > 0) {
		for (size_t i = 0; i < cli->stage_count && s->exit == 0; i++) {
			const struct stage *stage = find_stage(s, cli->stages[i]);
			if (stage)
				run_stage(s, stage);
		}
	} else if (all || given(cli, OPT_ALL_STAGES) || c->stages.n == 1) {
		for (size_t i = 0; i < c->stages.n; i++)
			run_stage(s, &c->stages.v[i]);
	} else if (c->stages.n > 1) {
		struct buf b = {0};
		list_stages(c, &b);
		say("which stage? Give --stage (%.*s) or --all-stages", (int)b.n, b.p);
		buf_free(&b);
		s->exit = EXIT_USAGE;
		return;
	}
	graph_check_names(s->graphs, s->count);
	sema_finish(c, s->count == c->stages.n);
}

void
session_run(struct session *s, struct cli *cli, bool all)
{
	*s = (struct session){.cli = cli, .arena = arena_new()};
	struct compile *c = s->compile = compile_new(s->arena, read_for_compile, s);
	c->today = cli->value[OPT_TODAY];
	c->need_values = cli->command == CMD_compile || given(cli, OPT_IAM);
	c->run_tests = cli->command == CMD_test;
	if (cli->path_count == 0)
		add_path(s, ".");
	for (size_t i = 0; i < cli->path_count && s->exit == 0; i++)
		add_path(s, cli->paths[i]);
	if (s->exit != 0)
		return;
	compile_resolve(c, cli->sets, cli->set_count);
	if (!c->broken)
		run_stages(s, all);
}

int
session_report(struct session *s)
{
	struct cli *cli = s->cli;
	if (s->exit != 0)
		return s->exit;
	const char *max = cli->value[OPT_MAX_ERRORS];
	struct diag_style style = {.colour = cli->colour, .max_errors = max ? (unsigned)atoi(max) : ERRORS_SHOWN};
	struct buf out = {0};
	bool json = cli->command == CMD_check && given(cli, OPT_FORMAT) && strcmp(cli->value[OPT_FORMAT], "json") == 0;
	if (json) {
		diags_json(s->compile->diags, &style, &out);
		if (!put_out(&out))
			s->exit = EXIT_NO_OUTPUT;
	} else {
		diags_text(s->compile->diags, &style, &out);
		if (out.n > 0)
			fwrite(out.p, 1, out.n, stderr);
	}
	buf_free(&out);
	if (s->exit == 0 && s->compile->diags->errors > 0)
		s->exit = EXIT_PROGRAM;
	return s->exit;
}

void
session_end(struct session *s)
{
	for (size_t i = 0; i < s->count; i++)
		arena_free(s->stage_arenas[i]);
	compile_end(s->compile);
	arena_free(s->arena);
	free(s->inputs);
}
