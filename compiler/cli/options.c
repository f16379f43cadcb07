/*
 * The command line: words to a struct cli, by the two tables.
 */
#include "berth/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command_row commands[] = {
#define COMMAND(id, name, arguments, help, more) {name, arguments, help, more, cmd_##id},
#include "berth/cli/commands.def"
#undef COMMAND
};

static const struct option_row options[] = {
#define OPTION(id, name, letter, argument, words, cmds, help) {name, letter, argument, words, cmds, help},
#include "berth/cli/options.def"
#undef OPTION
};

const struct command_row *
command_row(enum command_id c)
{
	return &commands[c];
}

const struct option_row *
option_row(enum option_id o)
{
	return &options[o];
}

bool
option_belongs(enum option_id o, enum command_id c)
{
	return options[o].commands == 0 || (options[o].commands >> c & 1);
}

bool
given(const struct cli *cli, enum option_id o)
{
	return cli->value[o] != NULL;
}

void
say(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fputs("berth: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
}

bool
put_out(const struct buf *b)
{
	if ((b->n == 0 || fwrite(b->p, 1, b->n, stdout) == b->n) && fflush(stdout) == 0)
		return true;
	say("standard output cannot be written");
	return false;
}

/* ---- parsing ---- */

static int
find_command(const char *word)
{
	for (int i = 0; i < CMD_COUNT; i++)
		if (strcmp(commands[i].name, word) == 0)
			return i;
	return -1;
}

static int
find_option(struct str name)
{
	for (int i = 0; i < OPT_COUNT; i++)
		if (str_eqz(name, options[i].name) || (name.n == 1 && options[i].letter == name.p[0]))
			return i;
	return -1;
}

static int
unknown_command(const char *word)
{
	struct nearest best = nearest_to(str_of(word));
	for (int i = 0; i < CMD_COUNT; i++)
		nearest_try(&best, str_of(commands[i].name));
	if (best.word.p)
		say("there is no command \"%s\"; did you mean \"%.*s\"?", word, (int)best.word.n, best.word.p);
	else
		say("there is no command \"%s\"; see berth help", word);
	return EXIT_USAGE;
}

static int
unknown_option(const char *word, enum command_id c)
{
	struct nearest best = nearest_to(str_of(word + strspn(word, "-")));
	for (int i = 0; i < OPT_COUNT; i++)
		if (option_belongs((enum option_id)i, c))
			nearest_try(&best, str_of(options[i].name));
	if (best.word.p)
		say("%s has no option %s; did you mean --%.*s?", commands[c].name, word, (int)best.word.n, best.word.p);
	else
		say("%s has no option %s; see berth help %s", commands[c].name, word, commands[c].name);
	return EXIT_USAGE;
}

struct words {
	const char **v;
	size_t n;
};

static void
push(struct words *w, const char *s)
{
	w->v = xrealloc(w->v, (w->n + 1) * sizeof *w->v);
	w->v[w->n++] = s;
}

static bool
legal_word(const char *words, const char *value)
{
	size_t n = strlen(value);
	for (; words && *words; words += strcspn(words, " "), words += *words == ' ')
		if (strcspn(words, " ") == n && memcmp(words, value, n) == 0)
			return true;
	return false;
}

static int
take_value(struct cli *cli, enum option_id o, const char *value, struct words *stages, struct words *sets)
{
	if (o == OPT_STAGE)
		push(stages, value);
	if (o == OPT_SET)
		push(sets, value);
	if (options[o].words && o != OPT_EMIT && !legal_word(options[o].words, value)) {
		say("--%s takes one of: %s", options[o].name, options[o].words);
		return EXIT_USAGE;
	}
	if ((o == OPT_MAX_ERRORS || o == OPT_NEXT) && (value[0] == '\0' || strlen(value) > 6 || value[strspn(value, "0123456789")] != '\0')) {
		say("--%s takes a number, not \"%s\"", options[o].name, value);
		return EXIT_USAGE;
	}
	cli->value[o] = value;
	return 0;
}

/* One option at argv[*i]; the value may be in the same word or the next. */
static int
take_option(struct cli *cli, int argc, char **argv, int *i, struct words *stages, struct words *sets)
{
	const char *word = argv[*i];
	bool is_long = word[1] == '-';
	const char *name = word + (is_long ? 2 : 1), *eq = is_long ? strchr(name, '=') : NULL, *value = NULL;
	struct str key = {name, eq ? (size_t)(eq - name) : is_long ? strlen(name) : 1};
	int o = find_option(key);
	if (o < 0 || (is_long && key.n == 1) || !option_belongs((enum option_id)o, cli->command))
		return unknown_option(word, cli->command);
	if (eq)
		value = eq + 1;
	else if (!is_long && name[1] != '\0')
		value = name + 1;
	if (options[o].argument == NULL) {
		if (value) {
			say("--%s takes no value", options[o].name);
			return EXIT_USAGE;
		}
		cli->value[o] = "";
		return 0;
	}
	if (value == NULL && *i + 1 >= argc) {
		say("--%s needs %s", options[o].name, options[o].argument);
		return EXIT_USAGE;
	}
	return take_value(cli, (enum option_id)o, value ? value : argv[++*i], stages, sets);
}

static bool
wants_colour(const struct cli *cli)
{
	const char *when = cli->value[OPT_COLOR], *no = getenv("NO_COLOR");
	if (when && strcmp(when, "always") == 0)
		return true;
	if ((when && strcmp(when, "never") == 0) || (no && *no))
		return false;
	return isatty(STDERR_FILENO) == 1;
}

static int
read_words(struct cli *cli, int argc, char **argv, struct words *paths, struct words *stages, struct words *sets)
{
	bool only_paths = false;
	for (int i = 2; i < argc; i++) {
		int code;
		if (!only_paths && strcmp(argv[i], "--") == 0)
			only_paths = true;
		else if (only_paths || argv[i][0] != '-' || argv[i][1] == '\0')
			push(paths, argv[i]);
		else if ((code = take_option(cli, argc, argv, &i, stages, sets)) != 0)
			return code;
	}
	return 0;
}

int
cli_main(int argc, char **argv)
{
	struct buf out = {0};
	if (argc < 2) {
		help_usage(&out);
		fwrite(out.p, 1, out.n, stderr);
		buf_free(&out);
		return EXIT_USAGE;
	}
	if (strcmp(argv[1], "--version") == 0) {
		buf_addf(&out, "berth %s (tz %s)\n", BERTH_VERSION, zone_release());
		bool ok = put_out(&out);
		buf_free(&out);
		return ok ? EXIT_FINE : EXIT_NO_OUTPUT;
	}
	struct cli cli = {.command = CMD_help};
	if (strcmp(argv[1], "--help") != 0 && strcmp(argv[1], "-h") != 0) {
		int c = find_command(argv[1]);
		if (c < 0)
			return unknown_command(argv[1]);
		cli.command = (enum command_id)c;
	}
	struct words paths = {0}, stages = {0}, sets = {0};
	int code = read_words(&cli, argc, argv, &paths, &stages, &sets);
	cli.paths = paths.v;
	cli.path_count = paths.n;
	cli.stages = stages.v;
	cli.stage_count = stages.n;
	cli.sets = sets.v;
	cli.set_count = sets.n;
	cli.colour = wants_colour(&cli);
	if (code == 0 && given(&cli, OPT_HELP)) {
		help_command(cli.command, &out);
		code = put_out(&out) ? EXIT_FINE : EXIT_NO_OUTPUT;
	} else if (code == 0) {
		code = commands[cli.command].run(&cli);
	}
	buf_free(&out);
	free(paths.v);
	free(stages.v);
	free(sets.v);
	return code;
}
