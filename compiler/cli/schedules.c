/* schedules: when they run next, as crond would run them. Only this command may read the clock. */
#include "berth/cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static bool
digits(const char *s, int n, int *out)
{
	*out = 0;
	for (int i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		*out = *out * 10 + (s[i] - '0');
	}
	return true;
}

/* 2026-12-01T00:00:00Z, or only the date. */
static bool
read_instant(const char *s, int64_t *out)
{
	int y, mo, d, h = 0, mi = 0, sec = 0;
	size_t n = strlen(s);
	bool ok = n >= 10 && digits(s, 4, &y) && s[4] == '-' && digits(s + 5, 2, &mo) && s[7] == '-' && digits(s + 8, 2, &d);
	if (ok && n > 10)
		ok = n == 20 && s[10] == 'T' && digits(s + 11, 2, &h) && s[13] == ':' && digits(s + 14, 2, &mi) && s[16] == ':' &&
		     digits(s + 17, 2, &sec) && s[19] == 'Z';
	if (!ok || mo < 1 || mo > 12 || d < 1 || d > 31 || h > 23 || mi > 59 || sec > 59)
		return false;
	*out = days_from_civil(y, mo, d) * 86400 + h * 3600 + mi * 60 + sec;
	return true;
}

static const char *
show_time(struct arena *a, int64_t t)
{
	int y, m, d;
	int64_t days = t / 86400 - (t % 86400 < 0);
	int s = (int)(t - days * 86400);
	civil_from_days(days, &y, &m, &d);
	static const char *const names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	return arena_printf(a, "%s %04d-%02d-%02d %02d:%02d", names[((days + 4) % 7 + 7) % 7], y, m, d, s / 3600, s / 60 % 60);
}

static int64_t
next_of(const struct timetable *t, int64_t after)
{
	int64_t best = INT64_MAX;
	for (size_t i = 0; i < t->count; i++) {
		int64_t n = cron_next(&t->cron[i], t->zone, after);
		if (n < best)
			best = n;
	}
	return best;
}

/* When a schedule runs: a timetable or a single instant, within its dates. */
struct runs {
	struct timetable table;
	const struct zone *zone;
	int64_t once;         /* INT64_MIN without `at` */
	int64_t begin, end;   /* INT64_MIN, INT64_MAX without dates */
};

static bool
read_runs(struct graph *g, struct object *o, struct runs *r)
{
	const struct value *at = get(g, o, A_schedule_at), *begin = get(g, o, A_schedule_from_date), *end = get(g, o, A_schedule_until_date);
	struct instant i;
	*r = (struct runs){.once = INT64_MIN, .begin = INT64_MIN, .end = INT64_MAX};
	if (at) {
		if (!node_instant(g, o, at, &i))
			return false;
		r->once = i.utc;
		r->zone = i.zone;
		return true;
	}
	if (!node_timetable(g, o, &r->table))
		return false;
	r->zone = r->table.zone;
	if (begin && node_instant(g, o, begin, &i))
		r->begin = i.utc;
	if (end && node_instant(g, o, end, &i))
		r->end = i.utc;
	return true;
}

static int64_t
next_run(const struct runs *r, int64_t after)
{
	if (r->once != INT64_MIN)
		return r->once > after ? r->once : INT64_MAX;
	int64_t n = next_of(&r->table, after < r->begin ? r->begin - 1 : after);
	return n > r->end ? INT64_MAX : n;
}

static void
show_schedule(struct session *s, struct graph *g, struct object *o, int64_t from, int count, bool json, bool *first, struct buf *out)
{
	struct runs t;
	const char *stage = g->program->stage->name->text;
	if (!read_runs(g, o, &t))
		return;
	if (json)
		buf_addf(out, "%s{\"stage\":\"%s\",\"schedule\":\"%s\",\"timezone\":\"%s\",\"next\":[", *first ? "" : ",", stage, o->label->text, zone_name(t.zone));
	else
		buf_addf(out, "%s%s  schedule %s (%s)\n", *first ? "" : "\n", stage, o->label->text, zone_name(t.zone));
	*first = false;
	for (int i = 0; i < count; i++) {
		from = next_run(&t, from);
		if (from == INT64_MAX)
			break;
		const char *local = show_time(s->arena, from + zone_offset(t.zone, from)), *utc = show_time(s->arena, from);
		if (json)
			buf_addf(out, "%s{\"local\":\"%s\",\"utc\":\"%s\"}", i ? "," : "", local + 4, utc + 4);
		else
			buf_addf(out, "  %s   %s UTC\n", local, utc + 4);
	}
	if (json)
		buf_addz(out, "]}");
}

int
cmd_schedules(struct cli *cli)
{
	int64_t from = (int64_t)time(NULL);
	if (given(cli, OPT_FROM) && !read_instant(cli->value[OPT_FROM], &from)) {
		say("--from takes an instant such as 2026-12-01T00:00:00Z, not \"%s\"", cli->value[OPT_FROM]);
		return EXIT_USAGE;
	}
	int count = given(cli, OPT_NEXT) ? atoi(cli->value[OPT_NEXT]) : 3;
	bool json = given(cli, OPT_FORMAT) && strcmp(cli->value[OPT_FORMAT], "json") == 0, first = true;
	struct session s;
	session_run(&s, cli, false);
	int code = session_report(&s);
	struct buf out = {0};
	if (json)
		buf_addc(&out, '[');
	for (size_t i = 0; code == EXIT_FINE && i < s.count; i++)
		for (size_t k = 0; k < s.graphs[i]->nodes.n; k++)
			if (s.graphs[i]->nodes.v[k]->kind == K_schedule)
				show_schedule(&s, s.graphs[i], s.graphs[i]->nodes.v[k], from, count, json, &first, &out);
	if (json)
		buf_addz(&out, "]\n");
	if (code == EXIT_FINE && !put_out(&out))
		code = EXIT_NO_OUTPUT;
	buf_free(&out);
	session_end(&s);
	return code;
}
