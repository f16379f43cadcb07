/*
 * cli: the command line. The only layer that prints and decides exit codes.
 */
#ifndef BERTH_CLI_H
#define BERTH_CLI_H

#include "berth/emit.h"
#include "berth/graph.h"
#include "berth/lower.h"

/* The exit codes, the same everywhere (architecture: README.md). */
enum exit_code {
	EXIT_FINE = 0,
	EXIT_PROGRAM = 1,   /* the program has errors */
	EXIT_CHANGES = 3,   /* --check would change something */
	EXIT_USAGE = 64,
	EXIT_NO_INPUT = 66, /* a file cannot be read */
	EXIT_BUG = 70,
	EXIT_MEMORY = 71,
	EXIT_NO_OUTPUT = 73 /* output cannot be written */
};

enum command_id {
#define COMMAND(id, ...) CMD_##id,
#include "berth/cli/commands.def"
#undef COMMAND
	CMD_COUNT
};

enum option_id {
#define OPTION(id, ...) OPT_##id,
#include "berth/cli/options.def"
#undef OPTION
	OPT_COUNT
};

/* What a shell offers for a word. */
enum complete { COMPLETE_NONE, COMPLETE_FILE, COMPLETE_FOLDER, COMPLETE_WORDS };

struct cli;
/* One row of cli/commands.def. */
struct command_row {
	const char *name;
	const char *arguments;  /* after the name */
	const char *help;       /* one sentence */
	const char *more;       /* a paragraph with an example */
	enum complete complete; /* of the arguments */
	const char *words;      /* for COMPLETE_WORDS, separated by blanks */
	int (*run)(struct cli *cli);
};
/* One row of cli/options.def. A name may have several rows for different commands. */
struct option_row {
	const char *name;       /* long, without -- */
	char letter;            /* or 0 */
	const char *argument;   /* what it takes, or NULL */
	enum complete complete; /* of the argument */
	const char *words;      /* for COMPLETE_WORDS: the legal values, separated by blanks */
	bool list;              /* several of the words, separated by commas */
	bool number;            /* takes 0 to 999999 */
	unsigned long commands; /* bit set of command ids; 0 = all */
	const char *help;
};
const struct command_row *command_row(enum command_id c);
const struct option_row *option_row(enum option_id o);
bool option_belongs(enum option_id o, enum command_id c);

/* What was asked. */
struct cli {
	enum command_id command;
	const char *const *paths;
	size_t path_count;
	const char *value[OPT_COUNT]; /* the last one given; "" for flags */
	const char *const *stages;
	size_t stage_count;
	const char *const *sets;
	size_t set_count;
	bool colour;                  /* for stderr */
};
bool given(const struct cli *cli, enum option_id o);

/* The whole command line; argv[0] is the program's name. */
int cli_main(int argc, char **argv);

/* ---- shared by the commands ---- */

/* A compile with its stages evaluated. */
struct session {
	struct cli *cli;
	struct arena *arena;
	struct compile *compile;
	const struct stage **stages;  /* those asked for */
	struct arena **stage_arenas;
	struct graph **graphs;
	struct resources **resources; /* once lowered */
	size_t count;
	VEC(const char *) inputs;     /* every file read, once each */
	int exit;                     /* not 0: stop with it, words were said */
};
/*
 * The pipeline: read, parse, resolve, then each stage asked for: evaluate,
 * build the graph, check. `all` stages when none is named, else one must be
 * clear.
 */
void session_run(struct session *s, struct cli *cli, bool all);
/* And on to resources; `whole`: what is not built is an error. Call it without errors only. */
void session_lower(struct session *s, bool whole);
/* Diagnostics to stderr, or as JSON (check: to stdout); returns the exit code so far. */
int session_report(struct session *s);
/* Does a machine read the diagnostics? */
bool session_json(const struct session *s);
void session_end(struct session *s);
/* Print and flush; false (with words) when stdout cannot be written. */
bool put_out(const struct buf *b);
void say(const char *fmt, ...) BERTH_PRINTF(1, 2);

/* The commands. */
#define COMMAND(id, ...) int cmd_##id(struct cli *cli);
#include "berth/cli/commands.def"
#undef COMMAND

/* Print what a command made: EXIT_FINE or EXIT_NO_OUTPUT; frees it. */
int finish_out(struct buf *b);
/* Is the value of an option this word? */
bool given_word(const struct cli *cli, enum option_id o, const char *word);
/* *.berth in the directory, sorted bytewise, without hidden ones; 0 or an errno value. */
int list_programs(struct arena *a, const char *dir, char ***names, size_t *count);
/* Words wrapped at 80 columns behind an indentation; the first line begins at `column`. */
void wrap(const char *text, unsigned column, unsigned indent, struct buf *out);
/* A name padded to `width` columns, then wrapped text. */
void wrap_row(const char *name, unsigned width, const char *text, struct buf *out);
/* The changes from one text to another in the format of diff -u. */
void diff_lines(const char *path, struct str old, struct str new, struct buf *out);

/* help.c */
void help_usage(struct buf *out);
void help_command(enum command_id c, struct buf *out);
/* "-o, --output DIR" */
void help_option(const struct option_row *o, struct buf *out);

#endif
