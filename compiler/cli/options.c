/*
 * The command line: words to a struct cli, by the two tables.
 */
#include "berth/cli.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct command_row commands[] = {
#define COMMAND(id, ...) [CMD_##id] = {.run = cmd_##id, __VA_ARGS__},
#include "berth/cli/commands.def"
#undef COMMAND
};

static const struct option_row options[] = {
#define OPTION(id, ...) [OPT_##id] = {__VA_ARGS__},
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

bool
given_word(const struct cli *cli, enum option_id o, const char *word)
{
	return cli->value[o] && strcmp(cli->value[o], word) == 0;
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
	say("standard output cannot be written: %s", strerror(errno));
	return false;
}

int
finish_out(struct buf *b)
{
	int code = put_out(b) ? EXIT_FINE : EXIT_NO_OUTPUT;
	buf_free(b);
	return code;
}

/* ---- looking up ---- */

static int
find_command(const char *word)
{
	for (int i = 0; i < CMD_COUNT; i++)
		if (strcmp(commands[i].name, word) == 0)
			return i;
	return -1;
}

/* The option of that name for the command (CMD_COUNT: for any), or -1. */
static int
find_option(struct str name, bool letter, enum command_id c)
{
	for (int i = 0; i < OPT_COUNT; i++) {
		bool named = letter ? options[i].letter == name.p[0] : str_eqz(name, options[i].name);
		if (named && (c == CMD_COUNT || option_belongs((enum option_id)i, c)))
			return i;
	}
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
unknown_option(const char *word, struct str name, enum command_id c)
{
	struct nearest best = nearest_to(name);
	const char *whose = c == CMD_COUNT ? "berth" : commands[c].name;
	for (int i = 0; i < OPT_COUNT; i++)
		if (c == CMD_COUNT || option_belongs((enum option_id)i, c))
			nearest_try(&best, str_of(options[i].name));
	int elsewhere = c == CMD_COUNT || name.n < 2 ? -1 : find_option(name, false, CMD_COUNT);
	if (elsewhere >= 0) {
		int other = 0;
		while (!option_belongs((enum option_id)elsewhere, (enum command_id)other))
			other++;
		say("%s has no option --%s; %s has", whose, options[elsewhere].name, commands[other].name);
	} else if (best.word.p) {
		say("%s has no option %s; did you mean --%.*s?", whose, word, (int)best.word.n, best.word.p);
	} else {
		say("%s has no option %s; see berth help%s%s", whose, word, c == CMD_COUNT ? "" : " ", c == CMD_COUNT ? "" : whose);
	}
	return EXIT_USAGE;
}

/* ---- one word ---- */

/* What was on the line, while it is read. */
struct line {
	struct cli cli;
	int argc;
	char **argv;
	const char **paths, **stages, **sets; /* room for argc each */
};

/* An option as written: `--name=value`, `--name`, `-xvalue`, `-x`. */
struct spelling {
	struct str name;
	bool letter;
	const char *value; /* in the same word, or NULL */
};

static struct spelling
spell(const char *word)
{
	if (word[1] != '-')
		return (struct spelling){{word + 1, 1}, true, word[2] ? word + 2 : NULL};
	const char *eq = strchr(word, '=');
	return (struct spelling){{word + 2, eq ? (size_t)(eq - word - 2) : strlen(word + 2)}, false, eq ? eq + 1 : NULL};
}

static bool
is_option(const char *word)
{
	return word[0] == '-' && word[1] != '\0';
}

static bool
legal_word(const char *words, const char *value)
{
	size_t n = strlen(value);
	for (; *words; words += strcspn(words, " "), words += *words == ' ')
		if (strcspn(words, " ") == n && memcmp(words, value, n) == 0)
			return true;
	return false;
}

static bool
is_date(const char *s)
{
	static const char shape[] = "dddd-dd-dd";
	if (strlen(s) != sizeof shape - 1)
		return false;
	for (size_t i = 0; i < sizeof shape - 1; i++)
		if (shape[i] == 'd' ? s[i] < '0' || s[i] > '9' : s[i] != '-')
			return false;
	int y, m, d, year = atoi(s), month = atoi(s + 5), day = atoi(s + 8);
	if (month < 1 || month > 12 || day < 1 || day > 31)
		return false;
	civil_from_days(days_from_civil(year, month, day), &y, &m, &d);
	return y == year && m == month && d == day;
}

static int
take_value(struct line *l, enum option_id o, const char *value)
{
	const struct option_row *row = &options[o];
	if (row->words && !row->list && !legal_word(row->words, value)) {
		say("--%s takes one of: %s", row->name, row->words);
		return EXIT_USAGE;
	}
	if (row->number && (value[0] == '\0' || strlen(value) > 6 || value[strspn(value, "0123456789")] != '\0')) {
		say("--%s takes a number, not \"%s\"", row->name, value);
		return EXIT_USAGE;
	}
	if (o == OPT_TODAY && !is_date(value)) {
		say("--today takes a day such as 2026-12-01, not \"%s\"", value);
		return EXIT_USAGE;
	}
	if (o == OPT_STAGE)
		l->stages[l->cli.stage_count++] = value;
	if (o == OPT_SET)
		l->sets[l->cli.set_count++] = value;
	l->cli.value[o] = value;
	return EXIT_FINE;
}

/* One option at argv[*i]; its value may be in the same word or the next. */
static int
take_option(struct line *l, int *i)
{
	struct spelling s = spell(l->argv[*i]);
	int o = find_option(s.name, s.letter, l->cli.command);
	if (o < 0)
		return unknown_option(l->argv[*i], s.name, l->cli.command);
	if (options[o].argument == NULL) {
		if (s.value) {
			say("--%s takes no value", options[o].name);
			return EXIT_USAGE;
		}
		l->cli.value[o] = "";
		return EXIT_FINE;
	}
	if (s.value == NULL && *i + 1 >= l->argc) {
		say("--%s needs %s", options[o].name, options[o].argument);
		return EXIT_USAGE;
	}
	return take_value(l, (enum option_id)o, s.value ? s.value : l->argv[++*i]);
}

/* ---- the whole line ---- */

/* The command is the first word that is neither an option nor the value of one; 0 when there is none. */
static int
command_at(const struct line *l)
{
	for (int i = 1; i < l->argc; i++) {
		if (strcmp(l->argv[i], "--") == 0)
			return i + 1 < l->argc ? i + 1 : 0;
		if (!is_option(l->argv[i]))
			return i;
		struct spelling s = spell(l->argv[i]);
		int o = find_option(s.name, s.letter, CMD_COUNT);
		if (o >= 0 && options[o].argument && s.value == NULL)
			i++;
	}
	return 0;
}

static int
read_words(struct line *l, int command)
{
	bool only_paths = false;
	for (int i = 1; i < l->argc; i++) {
		int code = EXIT_FINE;
		if (i == command)
			continue;
		if (!only_paths && strcmp(l->argv[i], "--") == 0)
			only_paths = true;
		else if (only_paths || !is_option(l->argv[i]))
			l->paths[l->cli.path_count++] = l->argv[i];
		else
			code = take_option(l, &i);
		if (code != EXIT_FINE)
			return code;
	}
	return EXIT_FINE;
}

static bool
wants_colour(const struct cli *cli)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
	if (given_word(cli, OPT_COLOR, "always"))
		return true;
	if (given_word(cli, OPT_COLOR, "never") || (no && *no) || (term && strcmp(term, "dumb") == 0))
		return false;
	return isatty(STDERR_FILENO) == 1;
}

static int
show_version(void)
{
	struct buf out = {0};
	buf_addf(&out, "berth %s (tz %s)\n", BERTH_VERSION, zone_release());
	return finish_out(&out);
}

static int
show_usage(bool asked)
{
	struct buf out = {0};
	help_usage(&out);
	if (asked)
		return finish_out(&out);
	fwrite(out.p, 1, out.n, stderr);
	buf_free(&out);
	return EXIT_USAGE;
}

static int
run_line(struct line *l)
{
	int at = command_at(l), c = at ? find_command(l->argv[at]) : CMD_COUNT;
	if (c < 0)
		return unknown_command(l->argv[at]);
	l->cli.command = (enum command_id)c;
	int code = read_words(l, at);
	l->cli.colour = wants_colour(&l->cli);
	if (code != EXIT_FINE)
		return code;
	if (given(&l->cli, OPT_VERSION))
		return show_version();
	if (c == CMD_COUNT)
		return show_usage(given(&l->cli, OPT_HELP));
	if (given(&l->cli, OPT_HELP)) {
		struct buf out = {0};
		help_command(l->cli.command, &out);
		return finish_out(&out);
	}
	return commands[c].run(&l->cli);
}

int
cli_main(int argc, char **argv)
{
	size_t room = (size_t)(argc > 0 ? argc : 1) * sizeof(char *);
	struct line l = {.argc = argc, .argv = argv, .paths = xmalloc(room), .stages = xmalloc(room), .sets = xmalloc(room)};
	l.cli.paths = l.paths;
	l.cli.stages = l.stages;
	l.cli.sets = l.sets;
	int code = run_line(&l);
	free(l.paths);
	free(l.stages);
	free(l.sets);
	if (fclose(stdout) != 0 && code == EXIT_FINE) {
		say("standard output cannot be written: %s", strerror(errno));
		code = EXIT_NO_OUTPUT;
	}
	return code;
}
