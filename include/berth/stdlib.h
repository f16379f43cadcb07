/*
 * stdlib: the modules written in berth that are embedded at build.
 */
#ifndef BERTH_STDLIB_H
#define BERTH_STDLIB_H

struct stdlib_file {
	const char *module; /* "rails" */
	const char *text;
	unsigned long size;
};
/* Ended by a row whose module is NULL; made from stdlib/ by the Makefile. */
extern const struct stdlib_file stdlib_files[];

#endif
