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

struct cli;
/* One row of cli/commands.def. */
struct command_row {
	const char *name;
	const char *arguments; /* after the name */
	const char *help;      /* one sentence */
	const char *more;      /* a paragraph with an example */
	int (*run)(struct cli *cli);
};
/* One row of cli/options.def. */
struct option_row {
	const char *name;      /* long, without -- */
	char letter;           /* or 0 */
	const char *argument;  /* what it takes, or NULL */
	const char *words;     /* legal values for completion, or NULL */
	unsigned long commands;/* bit set of command ids; 0 = all */
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

/* Words wrapped at 80 columns behind an indentation. */
void wrap_text(const char *text, int indent, struct buf *out);
/* Of every word what each platform makes of it; of a program with stages of both platforms, what is not the same on each (else nothing). */
void fidelity_table(struct arena *a, const struct schema *s, struct buf *out);
void fidelity_used(struct arena *a, struct graph *const *graphs, size_t n, struct buf *out);

/* A compile with its stages evaluated. */
struct session {
	struct cli *cli;
	struct arena *arena;
	struct compile *compile;
	struct arena **stage_arenas;
	struct graph **graphs;
	size_t count;
	const char **inputs;          /* every file read */
	size_t input_count, input_cap;
	int exit;                     /* not 0: stop with it, words were said */
};
/*
 * The pipeline: read, parse, resolve, then each stage asked for. `all` stages
 * when none is named, else one must be clear.
 */
void session_run(struct session *s, struct cli *cli, bool all);
/* Diagnostics to stderr, or as JSON to stdout for check; returns the exit code so far. */
/* iam.c: the roles of a stage, as lines; reports what lowering refuses. */
void iam_show(struct session *s, struct graph *g, struct buf *out);
int session_report(struct session *s);
void session_end(struct session *s);
/* Print and flush; false (with words) when stdout cannot be written. */
bool put_out(const struct buf *b);
void say(const char *fmt, ...) BERTH_PRINTF(1, 2);

/* The commands. */
#define COMMAND(id, ...) int cmd_##id(struct cli *cli);
#include "berth/cli/commands.def"
#undef COMMAND

/* help.c */
void help_usage(struct buf *out);
void help_command(enum command_id c, struct buf *out);

#endif
