/*
 * The conversion table: every row against the code, and the number of runs by
 * crond's rules over five years.
 */
#include "berth/cron.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned passed, failed;

static void
expect(const char *row, const char *what, const char *want, const char *got)
{
	if (strcmp(want, got) == 0) {
		passed++;
		return;
	}
	failed++;
	printf("row %s: %s: wanted %s, got %s\n", row, what, want, got);
}

/* The cell of the table for one target. */
static const char *
cell(struct arena *a, const struct cron *c, const struct zone *z, enum cron_target t)
{
	struct cron_out out;
	struct buf b = {0};
	cron_translate(a, c, z, t, false, &out);
	if (out.error != CRON_OK)
		return arena_printf(a, "!%s", cron_error_word(out.error));
	for (size_t i = 0; i < out.count; i++)
		buf_addf(&b, "%s%s", i ? " + " : "", out.expr[i]);
	if (t != CRON_RULE && !zone_fixed(z) && strcmp(out.zone, zone_name(z)) != 0)
		buf_addf(&b, " @%s", out.zone);
	const char *s = arena_strz(a, buf_str(&b));
	buf_free(&b);
	return s;
}

/* Runs whose local time lies in [2024-01-01, 2029-01-01). */
static long
runs(const struct cron *c, const struct zone *z)
{
	int64_t from = days_from_civil(2024, 1, 1) * 86400, to = days_from_civil(2029, 1, 1) * 86400, t = from - 86400 * 2;
	long n = 0;
	for (;;) {
		t = cron_next(c, z, t);
		if (t == INT64_MAX)
			return n;
		int64_t local = t + zone_offset(z, t);
		if (local >= to)
			return n;
		n += local >= from;
	}
}

int
main(int argc, char **argv)
{
	FILE *f = fopen(argc > 1 ? argv[1] : "tests/schedules/table.tsv", "r");
	char line[2048];
	if (f == NULL)
		return 1;
	while (fgets(line, sizeof line, f)) {
		char *col[7], *p = line;
		line[strcspn(line, "\n")] = '\0';
		if (*line == '#')
			continue;
		for (int i = 0; i < 7; i++) {
			col[i] = p;
			p = strchr(p, '\t');
			if (p)
				*p++ = '\0';
			else
				p = col[i] + strlen(col[i]);
		}
		struct arena *a = arena_new();
		struct cron c;
		const char *why;
		size_t at, len;
		enum cron_error e = cron_parse(a, str_of(col[1]), &c, &why, &at, &len);
		const struct zone *z = zone_find(str_of(col[2]));
		if (e != CRON_OK) {
			const char *got = arena_printf(a, "!%s", cron_error_word(e));
			for (int i = 3; i < 6; i++)
				expect(col[0], "refusal", col[i], got);
		} else {
			expect(col[0], "rule", col[3], cell(a, &c, z, CRON_RULE));
			expect(col[0], "Scheduler", col[4], cell(a, &c, z, CRON_SCHEDULER));
			expect(col[0], "CronJob", col[5], cell(a, &c, z, CRON_CRONJOB));
			if (*col[6])
				expect(col[0], "runs", col[6], arena_printf(a, "%ld", runs(&c, z)));
		}
		arena_free(a);
	}
	fclose(f);
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0;
}
