/*
 * Help, the manual page and shell completion: all from the tables of commands
 * and options.
 */
#include "berth/cli.h"

#include <string.h>

static void
option_name(const struct option_row *o, struct buf *out)
{
	if (o->letter)
		buf_addf(out, "-%c, ", o->letter);
	buf_addf(out, "--%s", o->name);
	if (o->argument)
		buf_addf(out, " %s", o->argument);
}

void
help_usage(struct buf *out)
{
	buf_addz(out, "berth: services, queues, schedules and log routes for ECS and Kubernetes\n\nusage: berth COMMAND [OPTION…] [PATH…]\n\n");
	for (int c = 0; c < CMD_COUNT; c++)
		buf_addf(out, "  %-11s %s\n", command_row((enum command_id)c)->name, command_row((enum command_id)c)->help);
	buf_addz(out, "\nPATH is a directory (its *.berth files are one project) or files; `.` without it.\nberth help COMMAND tells more.\n");
}

void
help_command(enum command_id c, struct buf *out)
{
	const struct command_row *row = command_row(c);
	buf_addf(out, "usage: berth %s%s%s%s\n\n%s\n\n%s\n", row->name, c == CMD_help ? "" : " [OPTION…]", *row->arguments ? " " : "", row->arguments,
		 row->help, row->more);
	bool any = false;
	for (int o = 0; o < OPT_COUNT; o++) {
		if (!option_belongs((enum option_id)o, c) || o == OPT_VERSION)
			continue;
		struct buf name = {0};
		option_name(option_row((enum option_id)o), &name);
		buf_addf(out, "%s  %-24.*s %s\n", any ? "" : "\n", (int)name.n, name.p, option_row((enum option_id)o)->help);
		buf_free(&name);
		any = true;
	}
}

int
cmd_help(struct cli *cli)
{
	struct buf out = {0};
	int c = CMD_COUNT;
	for (int i = 0; cli->path_count > 0 && i < CMD_COUNT; i++)
		if (strcmp(command_row((enum command_id)i)->name, cli->paths[0]) == 0)
			c = i;
	if (cli->path_count > 0 && c == CMD_COUNT) {
		say("there is no command \"%s\"; see berth help", cli->paths[0]);
		return EXIT_USAGE;
	}
	if (c == CMD_COUNT)
		help_usage(&out);
	else
		help_command((enum command_id)c, &out);
	int code = put_out(&out) ? EXIT_FINE : EXIT_NO_OUTPUT;
	buf_free(&out);
	return code;
}

/* ---- the manual page ---- */

/* Text for roff: a hyphen is a minus, a line never begins with a dot. */
static void
roff(const char *text, struct buf *out)
{
	bool start = true;
	for (; *text; text++) {
		if (start && (*text == '.' || *text == '\''))
			buf_addz(out, "\\&");
		if (*text == '\\')
			buf_addz(out, "\\e");
		else if (*text == '-')
			buf_addz(out, "\\-");
		else
			buf_addc(out, *text);
		start = *text == '\n';
	}
}

static void
man_option(const struct option_row *r, struct buf *out)
{
	struct buf name = {0};
	option_name(r, &name);
	buf_addc(&name, '\0');
	buf_addz(out, ".TP\n.B ");
	roff(name.p, out);
	buf_addc(out, '\n');
	roff(r->help, out);
	buf_addc(out, '\n');
	buf_free(&name);
}

static void
man_command(enum command_id c, struct buf *out)
{
	const struct command_row *row = command_row(c);
	buf_addf(out, ".SS %s\n.B berth %s\n", row->name, row->name);
	roff(row->arguments, out);
	buf_addz(out, "\n.PP\n");
	roff(row->help, out);
	buf_addz(out, "\n.PP\n.nf\n");
	roff(row->more, out);
	buf_addz(out, "\n.fi\n");
	for (int o = 0; o < OPT_COUNT; o++) {
		const struct option_row *r = option_row((enum option_id)o);
		if (r->commands != 0 && option_belongs((enum option_id)o, c))
			man_option(r, out);
	}
}

int
cmd_man(struct cli *cli)
{
	struct buf out = {0};
	(void)cli;
	buf_addf(&out, ".TH BERTH 1 \"\" \"berth %s\"\n.SH NAME\nberth \\- services, queues, schedules and log routes for ECS and Kubernetes\n"
		       ".SH SYNOPSIS\n.B berth\n.I COMMAND\n[\\fIOPTION\\fR...] [\\fIPATH\\fR...]\n.SH DESCRIPTION\n"
		       "PATH is a directory, whose *.berth files are one project, or files; the current directory without it.\n.SH COMMANDS\n",
		 BERTH_VERSION);
	for (int c = 0; c < CMD_COUNT; c++)
		man_command((enum command_id)c, &out);
	buf_addz(&out, ".SH OPTIONS OF ALL COMMANDS\n");
	for (int o = 0; o < OPT_COUNT; o++)
		if (option_row((enum option_id)o)->commands == 0)
			man_option(option_row((enum option_id)o), &out);
	buf_addz(&out, ".SH EXIT STATUS\n0 fine; 1 the program has errors; 3 \\-\\-check would change something; 64 usage; 66 a file cannot be read; "
		       "70 a mistake of berth; 71 out of memory; 73 output cannot be written.\n.SH ENVIRONMENT\nNO_COLOR: no colour.\n");
	int code = put_out(&out) ? EXIT_FINE : EXIT_NO_OUTPUT;
	buf_free(&out);
	return code;
}

/* ---- completion ---- */

static void
command_names(struct buf *out)
{
	for (int c = 0; c < CMD_COUNT; c++)
		buf_addf(out, "%s%s", c ? " " : "", command_row((enum command_id)c)->name);
}

static void
complete_bash(struct buf *out)
{
	buf_addz(out, "# bash completion for berth\n_berth() {\n\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
		      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n\t\tCOMPREPLY=($(compgen -W '");
	command_names(out);
	buf_addz(out, "' -- \"$cur\"))\n\t\treturn\n\tfi\n\tcase $prev in\n");
	for (int o = 0; o < OPT_COUNT; o++)
		if (option_row((enum option_id)o)->words)
			buf_addf(out, "\t--%s) COMPREPLY=($(compgen -W '%s' -- \"$cur\")); return ;;\n", option_row((enum option_id)o)->name,
				 option_row((enum option_id)o)->words);
	buf_addz(out, "\tesac\n\tcase ${COMP_WORDS[1]} in\n");
	for (int c = 0; c < CMD_COUNT; c++) {
		buf_addf(out, "\t%s) opts='", command_row((enum command_id)c)->name);
		for (int o = 0; o < OPT_COUNT; o++)
			if (option_belongs((enum option_id)o, (enum command_id)c))
				buf_addf(out, "--%s ", option_row((enum option_id)o)->name);
		buf_addz(out, "' ;;\n");
	}
	buf_addz(out, "\t*) opts= ;;\n\tesac\n\tcase $cur in\n\t-*) COMPREPLY=($(compgen -W \"$opts\" -- \"$cur\")) ;;\n"
		      "\t*) COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n\tesac\n}\ncomplete -o filenames -F _berth berth\n");
}

/* Text inside single quotes of a shell. */
static void
single(const char *text, struct buf *out)
{
	for (; *text; text++) {
		if (*text == '\'')
			buf_addz(out, "'\\''");
		else
			buf_addc(out, *text);
	}
}

static void
complete_zsh(struct buf *out)
{
	buf_addz(out, "#compdef berth\nlocal -a commands\ncommands=(\n");
	for (int c = 0; c < CMD_COUNT; c++) {
		buf_addf(out, "  '%s:", command_row((enum command_id)c)->name);
		single(command_row((enum command_id)c)->help, out);
		buf_addz(out, "'\n");
	}
	buf_addz(out, ")\nif (( CURRENT == 2 )); then\n  _describe command commands\n  return\nfi\ncase $words[2] in\n");
	for (int c = 0; c < CMD_COUNT; c++) {
		buf_addf(out, "  %s) _arguments", command_row((enum command_id)c)->name);
		for (int o = 0; o < OPT_COUNT; o++) {
			const struct option_row *r = option_row((enum option_id)o);
			if (!option_belongs((enum option_id)o, (enum command_id)c))
				continue;
			buf_addf(out, " '--%s[", r->name);
			single(r->help, out);
			buf_addc(out, ']');
			if (r->argument)
				buf_addf(out, ":%s:%s%s%s", r->name, r->words ? "(" : "", r->words ? r->words : r->argument[0] == 'D' || r->argument[0] == 'F' ? "_files" : "",
					 r->words ? ")" : "");
			buf_addc(out, '\'');
		}
		buf_addz(out, " '*:path:_files' ;;\n");
	}
	buf_addz(out, "esac\n");
}

static void
complete_fish(struct buf *out)
{
	buf_addz(out, "# fish completion for berth\n");
	for (int c = 0; c < CMD_COUNT; c++) {
		buf_addf(out, "complete -c berth -n __fish_use_subcommand -a %s -d '", command_row((enum command_id)c)->name);
		single(command_row((enum command_id)c)->help, out);
		buf_addz(out, "'\n");
	}
	for (int c = 0; c < CMD_COUNT; c++) {
		for (int o = 0; o < OPT_COUNT; o++) {
			const struct option_row *r = option_row((enum option_id)o);
			if (!option_belongs((enum option_id)o, (enum command_id)c))
				continue;
			buf_addf(out, "complete -c berth -n '__fish_seen_subcommand_from %s' -l %s", command_row((enum command_id)c)->name, r->name);
			if (r->letter)
				buf_addf(out, " -s %c", r->letter);
			if (r->argument)
				buf_addf(out, " -r%s%s%s", r->words ? " -f -a '" : "", r->words ? r->words : "", r->words ? "'" : "");
			buf_addz(out, " -d '");
			single(r->help, out);
			buf_addz(out, "'\n");
		}
	}
}

int
cmd_completion(struct cli *cli)
{
	struct buf out = {0};
	const char *shell = cli->path_count == 1 ? cli->paths[0] : "";
	if (strcmp(shell, "bash") == 0) {
		complete_bash(&out);
	} else if (strcmp(shell, "zsh") == 0) {
		complete_zsh(&out);
	} else if (strcmp(shell, "fish") == 0) {
		complete_fish(&out);
	} else {
		say("completion takes bash, zsh or fish");
		return EXIT_USAGE;
	}
	int code = put_out(&out) ? EXIT_FINE : EXIT_NO_OUTPUT;
	buf_free(&out);
	return code;
}
