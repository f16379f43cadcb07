/*
 * Crontab expressions to sets: the strict subset that cronie, its older
 * releases and Debian cron read alike. Everything else is refused with the
 * spelling that works.
 */
#include "berth/cron.h"

#include <string.h>

struct field {
	const char *name;
	int low, high;
	const char *const *names; /* three letters each, from low_name */
	int low_name;
};

static const char *const month_names[] = {"jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec", NULL};
static const char *const day_names[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};
static const struct field fields[5] = {{"minute", 0, 59, NULL, 0},
				       {"hour", 0, 23, NULL, 0},
				       {"day of month", 1, 31, NULL, 0},
				       {"month", 1, 12, month_names, 1},
				       {"weekday", 0, 7, day_names, 0}};

struct reader {
	struct arena *a;
	struct str text;
	const char **why;
	size_t *at, *len;
	enum cron_error error;
};

static bool
refuse(struct reader *r, enum cron_error e, const char *from, size_t n, const char *why)
{
	r->error = e;
	*r->why = why;
	*r->at = (size_t)(from - r->text.p);
	*r->len = n;
	return false;
}

const char *
cron_error_word(enum cron_error e)
{
	static const char *const words[] = {[CRON_OK] = "ok",     [CRON_SYNTAX] = "syntax", [CRON_WRAP] = "wrap",   [CRON_NEVER] = "never",
					    [CRON_AND] = "and",   [CRON_DST] = "dst",       [CRON_TZBUG] = "tzbug", [CRON_UTC] = "utc",
					    [CRON_LEAP] = "leap", [CRON_CARRY] = "carry",   [CRON_MANY] = "many",   [CRON_DOUBLE] = "double"};
	return words[e];
}

/* ---- one item ---- */

/* A number or a name at *p; moves it. */
static bool
read_value(struct reader *r, const struct field *f, const char **p, const char *end, int *out)
{
	const char *s = *p;
	int n = 0, digits = 0;
	while (s < end && *s >= '0' && *s <= '9' && digits < 5)
		n = n * 10 + (*s++ - '0'), digits++;
	if (digits == 0 && f->names && end - s >= 3) {
		for (int i = 0; f->names[i]; i++) {
			if ((s[0] | 32) != f->names[i][0] || (s[1] | 32) != f->names[i][1] || (s[2] | 32) != f->names[i][2])
				continue;
			if (end - s > 3 && (s[3] | 32) >= 'a' && (s[3] | 32) <= 'z')
				return refuse(r, CRON_SYNTAX, s, (size_t)(end - s), arena_printf(r->a, "names of the %s have three letters: %s", f->name, f->names[i]));
			*p = s + 3;
			*out = i + f->low_name;
			return true;
		}
	}
	if (digits == 0)
		return refuse(r, CRON_SYNTAX, s, 1, arena_printf(r->a, "the %s takes numbers from %d to %d%s", f->name, f->low, f->high, f->names ? " or names" : ""));
	if (n < f->low || n > f->high)
		return refuse(r, CRON_SYNTAX, *p, (size_t)(s - *p), arena_printf(r->a, "the %s goes from %d to %d", f->name, f->low, f->high));
	*p = s;
	*out = n;
	return true;
}

/* "22,23,0-2": what a range that runs backwards probably means. */
static const char *
unwrapped(struct reader *r, const struct field *f, int lo, int hi)
{
	int high = f->high == 7 ? 6 : f->high;
	struct buf b = {0};
	if (lo == high)
		buf_addf(&b, "%d", lo);
	else
		buf_addf(&b, "%d-%d", lo, high);
	if (hi == f->low)
		buf_addf(&b, ",%d", hi);
	else
		buf_addf(&b, ",%d-%d", f->low, hi);
	const char *s = arena_printf(r->a, "the range runs backwards, which crons read differently; write %.*s", (int)b.n, b.p);
	buf_free(&b);
	return s;
}

static bool
read_step(struct reader *r, const struct field *f, const char **p, const char *end, int *step)
{
	const char *s = *p + 1;
	int n = 0, digits = 0;
	while (s < end && *s >= '0' && *s <= '9' && digits < 4)
		n = n * 10 + (*s++ - '0'), digits++;
	if (digits == 0 || n == 0)
		return refuse(r, CRON_SYNTAX, *p, (size_t)(end - *p), arena_printf(r->a, "a step of the %s is a number from 1", f->name));
	*p = s;
	*step = n;
	return true;
}

static bool
read_item(struct reader *r, const struct field *f, const char *p, const char *end, uint64_t *set)
{
	const char *begin = p;
	int lo = f->low, hi = f->high == 7 ? 6 : f->high, step = 1;
	bool star = p < end && *p == '*', range = star;
	if (p == end)
		return refuse(r, CRON_SYNTAX, p, 1, "an item between commas is empty");
	if (star) {
		p++;
	} else {
		if (!read_value(r, f, &p, end, &lo))
			return false;
		hi = lo;
		if (p < end && *p == '-') {
			p++;
			range = true;
			if (!read_value(r, f, &p, end, &hi))
				return false;
			if (lo > hi)
				return refuse(r, CRON_WRAP, begin, (size_t)(end - begin), unwrapped(r, f, lo, hi));
		}
	}
	if (p < end && *p == '/') {
		if (!range)
			return refuse(r, CRON_SYNTAX, begin, (size_t)(end - begin),
				      arena_printf(r->a, "a step needs a range: write %d-%d%.*s", lo, f->high == 7 ? 6 : f->high, (int)(end - p), p));
		if (!read_step(r, f, &p, end, &step))
			return false;
	}
	if (p != end)
		return refuse(r, CRON_SYNTAX, p, (size_t)(end - p), arena_printf(r->a, "\"%.*s\" is no crontab", (int)(end - p), p));
	for (int v = lo; v <= hi; v += step)
		*set |= UINT64_C(1) << (f->high == 7 && v == 7 ? 0 : v);
	return true;
}

static bool
read_field(struct reader *r, const struct field *f, const char *p, const char *end, uint64_t *set)
{
	*set = 0;
	if (memchr(p, '?', (size_t)(end - p)))
		return refuse(r, CRON_SYNTAX, p, (size_t)(end - p), "? is not crontab; write *");
	while (p <= end) {
		const char *comma = memchr(p, ',', (size_t)(end - p));
		const char *stop = comma ? comma : end;
		if (!read_item(r, f, p, stop, set))
			return false;
		p = stop + 1;
		if (!comma)
			break;
	}
	return true;
}

/* ---- the whole ---- */

enum { ALL_WEEK = 0x7f };
#define ALL_DAYS UINT32_C(0xfffffffe)

static int
month_days(int month)
{
	static const int days[] = {0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return days[month];
}

/* Is there such a day in any of the months? */
static bool
day_exists(const struct cron *c)
{
	for (int m = 1; m <= 12; m++)
		if (c->months >> m & 1)
			for (int d = 1; d <= month_days(m); d++)
				if (c->days >> d & 1)
					return true;
	return false;
}

/* Rule 2 of the conversion: after it, only real restrictions are left. */
static bool
simplify(struct cron *c)
{
	bool exists = day_exists(c);
	if (c->both) {
		c->both = c->days != ALL_DAYS && c->weekdays != ALL_WEEK;
		return exists;
	}
	if (c->days == ALL_DAYS || c->weekdays == ALL_WEEK) {
		c->days = ALL_DAYS;
		c->weekdays = ALL_WEEK;
	} else if (!exists) {
		c->days = ALL_DAYS;
	}
	return true;
}

static const char *
nickname(struct str text)
{
	static const struct {
		const char *name, *expression;
	} rows[] = {{"@hourly", "0 * * * *"},  {"@daily", "0 0 * * *"},   {"@midnight", "0 0 * * *"}, {"@weekly", "0 0 * * 0"},
		    {"@monthly", "0 0 1 * *"}, {"@yearly", "0 0 1 1 *"}, {"@annually", "0 0 1 1 *"}};
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		if (str_eqz(text, rows[i].name))
			return rows[i].expression;
	return NULL;
}

static bool
read_fields(struct reader *r, struct str text, struct cron *out)
{
	const char *p = text.p, *end = text.p + text.n, *begin[5], *stop[5];
	int n = 0;
	for (;;) {
		while (p < end && (*p == ' ' || *p == '\t'))
			p++;
		if (p == end)
			break;
		const char *from = p;
		while (p < end && *p != ' ' && *p != '\t')
			p++;
		if (n == 5)
			return refuse(r, CRON_SYNTAX, from, (size_t)(end - from), "crontab has five fields: minute, hour, day of month, month, weekday");
		begin[n] = from;
		stop[n++] = p;
	}
	if (n < 5)
		return refuse(r, CRON_SYNTAX, text.p, text.n, arena_printf(r->a, "crontab has five fields, and here %s %d", n == 1 ? "is" : "are", n));
	uint64_t set[5];
	for (int i = 0; i < 5; i++)
		if (!read_field(r, &fields[i], begin[i], stop[i], &set[i]))
			return false;
	out->minutes = set[0];
	out->hours = (uint32_t)set[1];
	out->days = (uint32_t)set[2];
	out->months = (uint16_t)set[3];
	out->weekdays = (uint8_t)set[4];
	bool dom_star = *begin[2] == '*', dow_star = *begin[4] == '*';
	out->both = dom_star || dow_star;
	out->wild = *begin[0] == '*' || *begin[1] == '*';
	return true;
}

enum cron_error
cron_parse(struct arena *a, struct str text, struct cron *out, const char **why, size_t *at, size_t *len)
{
	struct reader r = {a, text, why, at, len, CRON_OK};
	memset(out, 0, sizeof *out);
	*why = NULL;
	*at = 0;
	*len = text.n;
	if (text.n > 0 && text.p[0] == '@') {
		const char *e = nickname(text);
		if (e == NULL) {
			*why = str_starts(text, "@every") ? "@every has another start on each platform; use every = 5m"
			     : str_eqz(text, "@reboot")   ? "@reboot is no time; start it with the container's command"
							  : "the nicknames are @hourly, @daily, @weekly, @monthly and @yearly";
			return CRON_SYNTAX;
		}
		struct reader own = {a, str_of(e), why, at, len, CRON_OK};
		read_fields(&own, own.text, out);
		out->wild = str_eqz(text, "@hourly");
	} else if (!read_fields(&r, text, out)) {
		return r.error;
	}
	if (simplify(out))
		return CRON_OK;
	*why = "no month has such a day: it would never fire";
	return CRON_NEVER;
}

bool
cron_day_matches(const struct cron *c, int month, int day, int weekday)
{
	bool d = c->days >> day & 1, w = c->weekdays >> weekday & 1;
	if (!(c->months >> month & 1))
		return false;
	if (c->both || c->days == ALL_DAYS || c->weekdays == ALL_WEEK)
		return d && w;
	return d || w;
}
