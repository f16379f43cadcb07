/*
 * The few words that unit tests share: CHECK counts, and the last line of a
 * test says how many. A failure prints its place and goes on.
 */
#ifndef BERTH_UNIT_H
#define BERTH_UNIT_H

#include <stdio.h>

static unsigned unit_checks, unit_failures;

#define CHECK(truth, ...) \
	do { \
		unit_checks++; \
		if (!(truth)) { \
			unit_failures++; \
			printf("%s:%d: %s: ", __FILE__, __LINE__, #truth); \
			printf(__VA_ARGS__); \
			putchar('\n'); \
		} \
	} while (0)

static int
unit_end(void)
{
	if (unit_failures)
		printf("%u of %u checks failed\n", unit_failures, unit_checks);
	else
		printf("ok %u checks\n", unit_checks);
	return unit_failures != 0;
}

#endif
