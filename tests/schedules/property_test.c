/*
 * Random schedules: what is emitted fires at exactly the instants at which
 * crond runs the source, every minute of five years, in zones of every kind;
 * and what is refused for a clock change would not have.
 *
 * The evaluators here share no code with the translator: crontab, EventBridge's
 * six fields and the controller's five are read by this file's own readers,
 * and local time comes from the C library and the system's tzdata.
 *
 * usage: property_test [COUNT [SEED]]
 */
#define _DEFAULT_SOURCE
#include "berth/cron.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* 2026-01-01 to 2031-01-01, in minutes of UTC */
#define FIRST 1767225600ll
enum { DAYS = 1826, MINUTES = DAYS * 1440, ZONES = 14 };

static const char *const zone_names[ZONES] = {
	"UTC", "Asia/Tokyo", "Asia/Kolkata", "Asia/Kathmandu", "America/Phoenix", "Pacific/Kiritimati", "America/St_Johns", "Europe/Berlin", "America/New_York",
	"Australia/Sydney", "Australia/Lord_Howe", "America/Santiago", "Asia/Beirut", "Europe/London",
};

/* One minute of a zone. */
struct minute {
	uint8_t month, day, weekday, hour, min, last; /* last: days of the month */
	uint8_t again;   /* this local minute was there before: the second pass of an overlap */
	uint8_t twice;   /* it comes twice */
	uint16_t year;
};
static struct minute *tables[ZONES];
/* Local minutes that a gap leaves out, with the instant at which the gap ends. */
struct missing {
	struct minute m;
	int at;
};
static struct missing missing[ZONES][512];
static size_t missing_count[ZONES];

static int
days_in(int year, int month)
{
	static const int n[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return n[month - 1] + (month == 2 && ((year % 4 == 0 && year % 100 != 0) || year % 400 == 0));
}

static struct minute
break_down(const struct tm *t)
{
	struct minute m = {.month = (uint8_t)(t->tm_mon + 1), .day = (uint8_t)t->tm_mday, .weekday = (uint8_t)t->tm_wday, .hour = (uint8_t)t->tm_hour,
			   .min = (uint8_t)t->tm_min, .year = (uint16_t)(t->tm_year + 1900)};
	m.last = (uint8_t)days_in(m.year, m.month);
	return m;
}

static bool
make_table(int z)
{
	long before = 0;
	char path[128];
	snprintf(path, sizeof path, "/usr/share/zoneinfo/%s", zone_names[z]);
	FILE *f = fopen(path, "r");
	if (f == NULL)
		return false;
	fclose(f);
	setenv("TZ", zone_names[z], 1);
	tzset();
	tables[z] = calloc(MINUTES, sizeof *tables[z]);
	for (int i = 0; i < MINUTES; i++) {
		time_t now = (time_t)(FIRST + 60ll * i);
		struct tm t;
		localtime_r(&now, &t);
		tables[z][i] = break_down(&t);
		long jump = i ? (t.tm_gmtoff - before) / 60 : 0;
		for (long k = 0; k < jump; k++) { /* local minutes that never come */
			time_t skipped = (time_t)(FIRST + 60ll * i + before + 60 * k);
			struct tm g;
			gmtime_r(&skipped, &g);
			missing[z][missing_count[z]++] = (struct missing){break_down(&g), i};
		}
		for (long k = jump; k < 0; k++) { /* from here on they come again */
			int first = i - (int)(-jump) + (int)(k - jump);
			tables[z][first].twice = 1;
		}
		if (jump < 0) /* marks are set ahead; minutes are filled in below */
			for (long k = 0; k < -jump && i + k < MINUTES; k++)
				tables[z][i + k].again = 2;
		before = t.tm_gmtoff;
	}
	/* `again` marks were overwritten as the table was filled: set them once more */
	for (int i = 1; i < MINUTES; i++) {
		const struct minute *p = &tables[z][i - 1], *m = &tables[z][i];
		int back = (p->hour * 60 + p->min + 1) - (m->hour * 60 + m->min);
		if (p->hour == 23 && p->min == 59)
			back = m->day == p->day ? 1440 - (m->hour * 60 + m->min) : 0 - (m->hour * 60 + m->min);
		if (back > 0 && back <= 180)
			for (int k = 0; k < back && i + k < MINUTES; k++) {
				tables[z][i + k].again = tables[z][i + k].twice = 1;
				if (i - back + k >= 0)
					tables[z][i - back + k].twice = 1;
			}
	}
	return true;
}

/* ---- crontab, as crond reads it ---- */

struct fields {
	uint64_t set[5]; /* minute hour day month weekday */
	bool star[5];
};

static void
read_list(const char *text, int low, int high, uint64_t *set)
{
	*set = 0;
	while (*text) {
		int a = low, b = high, step = 1, n = 0;
		if (*text == '*')
			text++;
		else {
			a = b = (int)strtol(text, (char **)&text, 10);
			if (*text == '-')
				b = (int)strtol(text + 1, (char **)&text, 10);
		}
		if (*text == '/')
			step = (int)strtol(text + 1, (char **)&text, 10);
		for (int i = a; i <= b; i += step, n++)
			*set |= UINT64_C(1) << i;
		if (*text == ',')
			text++;
	}
}

static void
read_crontab(const char *text, struct fields *f)
{
	static const int low[] = {0, 0, 1, 1, 0}, high[] = {59, 23, 31, 12, 7};
	char field[5][128];
	sscanf(text, "%127s %127s %127s %127s %127s", field[0], field[1], field[2], field[3], field[4]);
	for (int i = 0; i < 5; i++) {
		f->star[i] = field[i][0] == '*';
		read_list(field[i], low[i], high[i], &f->set[i]);
	}
	if (f->set[4] & (1u << 7))
		f->set[4] = (f->set[4] | 1) & 127;
}

static bool
in(uint64_t set, int i)
{
	return set >> i & 1;
}

static bool
crontab_day(const struct fields *f, const struct minute *m)
{
	bool day = in(f->set[2], m->day), weekday = in(f->set[4], m->weekday);
	return in(f->set[3], m->month) && (f->star[2] || f->star[4] ? day && weekday : day || weekday);
}

static bool
crontab_time(const struct fields *f, const struct minute *m)
{
	return in(f->set[0], m->min) && in(f->set[1], m->hour);
}

/* ---- EventBridge: minute hour day month weekday year ---- */

struct bridge {
	uint64_t minutes, hours, months, days, weekdays;
	bool any_day, any_weekday, last;
	int nth, nth_weekday;
};

static int
word_or_number(const char **text, const char *words)
{
	if (isdigit((unsigned char)**text))
		return (int)strtol(*text, (char **)text, 10);
	for (int i = 0; words[i * 3]; i++)
		if (strncasecmp(*text, words + i * 3, 3) == 0) {
			*text += 3;
			return i + 1;
		}
	return -1;
}

static bool
bridge_list(const char *text, int low, int high, const char *words, uint64_t *set)
{
	*set = 0;
	while (*text) {
		int a = low, b = high, step = 1;
		if (*text == '*')
			text++;
		else {
			a = b = word_or_number(&text, words);
			if (*text == '-') {
				text++;
				b = word_or_number(&text, words);
			} else if (*text == '/') {
				b = high;
			}
		}
		if (*text == '/')
			step = (int)strtol(text + 1, (char **)&text, 10);
		if (a < low || b > high || a > b || step < 1)
			return false;
		for (int i = a; i <= b; i += step)
			*set |= UINT64_C(1) << i;
		if (*text == ',')
			text++;
		else if (*text)
			return false;
	}
	return true;
}

static bool
read_bridge(const char *text, struct bridge *b)
{
	char f[6][160];
	memset(b, 0, sizeof *b);
	if (sscanf(text, "cron(%159s %159s %159s %159s %159s %159[^)])", f[0], f[1], f[2], f[3], f[4], f[5]) != 6 || strcmp(f[5], "*") != 0)
		return false;
	if (!bridge_list(f[0], 0, 59, "", &b->minutes) || !bridge_list(f[1], 0, 23, "", &b->hours) || !bridge_list(f[3], 1, 12, "JANFEBMARAPRMAYJUNJULAUGSEPOCTNOVDEC", &b->months))
		return false;
	b->any_day = strcmp(f[2], "?") == 0;
	b->any_weekday = strcmp(f[4], "?") == 0;
	if (b->any_day == b->any_weekday)
		return false; /* exactly one of them is ? */
	if (!b->any_day && strcmp(f[2], "L") == 0)
		b->last = true;
	else if (!b->any_day && !bridge_list(f[2], 1, 31, "", &b->days))
		return false;
	if (!b->any_weekday && strchr(f[4], '#')) {
		const char *t = f[4];
		b->nth_weekday = word_or_number(&t, "SUNMONTUEWEDTHUFRISAT");
		b->nth = atoi(t + 1);
		return *t == '#' && b->nth >= 1 && b->nth <= 5;
	}
	return b->any_weekday || bridge_list(f[4], 1, 7, "SUNMONTUEWEDTHUFRISAT", &b->weekdays);
}

static bool
bridge_day(const struct bridge *b, const struct minute *m)
{
	if (!in(b->months, m->month))
		return false;
	if (b->last)
		return m->day == m->last;
	if (!b->any_day)
		return in(b->days, m->day);
	if (b->nth)
		return m->weekday + 1 == b->nth_weekday && (m->day - 1) / 7 + 1 == b->nth;
	return in(b->weekdays, m->weekday + 1);
}

/* ---- comparing ---- */

static uint8_t want[MINUTES], have[MINUTES];

/* The local days of each zone's table: where they begin, and whether each has its 1440 minutes in order. */
static struct day {
	int at, n;
	bool regular;
} days[ZONES][DAYS + 2];
static int day_count[ZONES];

static void
make_days(int z)
{
	const struct minute *t = tables[z];
	for (int i = 0, n; i < MINUTES; i += n) {
		struct day *d = &days[z][day_count[z]++];
		for (n = 1; i + n < MINUTES && t[i + n].day == t[i].day; n++)
			;
		*d = (struct day){i, n, n == 1440};
		for (int k = i; k < i + n; k++)
			d->regular &= !t[k].twice && t[k].hour * 60 + t[k].min == k - i;
	}
}

/* The minutes of a day that match, in order. */
static int
times_of(uint64_t minutes, uint64_t hours, int *out)
{
	int n = 0;
	for (int h = 0; h < 24; h++)
		for (int m = 0; m < 60 && in(hours, h); m++)
			if (in(minutes, m))
				out[n++] = h * 60 + m;
	return n;
}

/* The runs of crond; false when a clock change makes them other than the plain ticks. */
static bool
source_runs(const struct fields *f, int z)
{
	bool wild = f->star[0] || f->star[1], plain = true;
	int times[1440], n = times_of(f->set[0], f->set[1], times);
	memset(want, 0, sizeof want);
	for (int i = 0; i < day_count[z]; i++) {
		const struct day *d = &days[z][i];
		if (!crontab_day(f, &tables[z][d->at]))
			continue;
		for (int k = 0; d->regular && k < n; k++)
			want[d->at + times[k]]++;
		for (int k = d->at; !d->regular && k < d->at + d->n; k++) {
			if (!crontab_time(f, &tables[z][k]))
				continue;
			if (!wild && tables[z][k].again)
				plain = false; /* crond ran it in the first pass */
			else
				want[k]++;
		}
	}
	for (size_t i = 0; !wild && i < missing_count[z]; i++)
		if (crontab_day(f, &missing[z][i].m) && crontab_time(f, &missing[z][i].m)) {
			want[missing[z][i].at]++; /* right after the gap */
			plain = false;
		}
	return plain;
}

/* Adds the starts of one expression; false when an instant is not documented. */
static bool
bridge_runs(const struct bridge *b, int z, bool scheduler)
{
	bool certain = true;
	int times[1440], n = times_of(b->minutes, b->hours, times);
	for (int i = 0; i < day_count[z]; i++) {
		const struct day *d = &days[z][i];
		if (!bridge_day(b, &tables[z][d->at]))
			continue;
		for (int k = 0; d->regular && k < n; k++)
			have[d->at + times[k]]++;
		for (int k = d->at; !d->regular && k < d->at + d->n; k++) {
			if (!in(b->minutes, tables[z][k].min) || !in(b->hours, tables[z][k].hour))
				continue;
			if (scheduler && tables[z][k].twice)
				certain = false; /* once, at one of two instants */
			have[k]++;
		}
	}
	return certain;
}

static void
cronjob_runs(const struct fields *f, int z)
{
	int times[1440], n = times_of(f->set[0], f->set[1], times);
	for (int i = 0; i < day_count[z]; i++) {
		const struct day *d = &days[z][i];
		if (!crontab_day(f, &tables[z][d->at]))
			continue;
		for (int k = 0; d->regular && k < n; k++)
			have[d->at + times[k]]++;
		for (int k = d->at; !d->regular && k < d->at + d->n; k++)
			if (crontab_time(f, &tables[z][k]))
				have[k]++;
	}
}

/* ---- random expressions ---- */

static uint64_t state;

static unsigned
dice(unsigned n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (unsigned)(state % n);
}

static void
random_field(char *out, int low, int high, unsigned star)
{
	unsigned span = (unsigned)(high - low);
	if (dice(100) < star) {
		strcpy(out, "*");
		return;
	}
	switch (dice(6)) {
	case 0: sprintf(out, "*/%u", 1 + dice(span > 1 ? span : 1)); return;
	case 1: {
		unsigned a = dice(span + 1), b = a + dice(span - a + 1);
		sprintf(out, "%u-%u", low + a, low + b);
		if (b > a && dice(2))
			sprintf(out + strlen(out), "/%u", 1 + dice(b - a));
		return;
	}
	case 2:
	case 3: {
		char *p = out;
		unsigned n = 1 + dice(4);
		for (unsigned i = 0; i < n; i++)
			p += sprintf(p, "%s%u", i ? "," : "", low + dice(span + 1));
		return;
	}
	default: sprintf(out, "%u", low + dice(span + 1));
	}
}

static void
random_crontab(char *out)
{
	char f[5][64];
	bool plain_days = dice(2);
	random_field(f[0], 0, 59, 15);
	random_field(f[1], 0, 23, 20);
	random_field(f[2], 1, 31, plain_days ? 100 : 50);
	random_field(f[3], 1, 12, 75);
	random_field(f[4], 0, 7, plain_days ? 60 : 65);
	sprintf(out, "%s %s %s %s %s", f[0], f[1], f[2], f[3], f[4]);
}

static unsigned accepted[3], refused[3], failures;

static void
fail(const char *text, int z, const char *way, const char *what, const char *expr, int at)
{
	if (failures++ >= 20)
		return;
	time_t t = (time_t)(FIRST + 60ll * at);
	struct tm g;
	gmtime_r(&t, &g);
	printf("%s in %s as %s: %s%s%s", text, zone_names[z], way, what, expr ? " " : "", expr ? expr : "");
	if (at >= 0)
		printf(" at %04d-%02d-%02dT%02d:%02dZ (want %d, have %d)", g.tm_year + 1900, g.tm_mon + 1, g.tm_mday, g.tm_hour, g.tm_min, want[at], have[at]);
	putchar('\n');
}

static void
check_target(struct arena *a, const char *text, const struct cron *c, int z, bool plain, enum cron_target target)
{
	static const char *const words[] = {"a rule", "Scheduler", "a CronJob"};
	struct cron_out out;
	bool certain = true;
	cron_translate(a, c, zone_find(str_of(zone_names[z])), target, false, &out);
	if (out.error != CRON_OK) {
		refused[target]++;
		/* not more than needed: the source, printed as it is, would have differed. Only where the five years show all
		 * days: the translator looks at fifteen. */
		struct fields f;
		read_crontab(text, &f);
		bool daily = f.star[2] && f.star[4] && f.set[3] == 0x1ffe;
		if (out.error == CRON_DST && target == CRON_CRONJOB && plain && daily) {
			memset(have, 0, sizeof have);
			cronjob_runs(&f, z);
			if (memcmp(want, have, sizeof want) == 0)
				fail(text, z, words[target], "refused for a clock change, but nothing differs", NULL, -1);
		}
		return;
	}
	accepted[target]++;
	memset(have, 0, sizeof have);
	int at_zone = z;
	if (target == CRON_RULE)
		at_zone = 0;
	else if (strcmp(out.zone, zone_names[z]) != 0)
		at_zone = 0; /* UTC, whatever it is called */
	for (size_t i = 0; i < out.count; i++) {
		struct bridge b;
		struct fields f;
		if (target == CRON_CRONJOB) {
			read_crontab(out.expr[i], &f);
			cronjob_runs(&f, at_zone);
		} else if (!read_bridge(out.expr[i], &b)) {
			fail(text, z, words[target], "EventBridge does not take", out.expr[i], -1);
			return;
		} else {
			certain &= bridge_runs(&b, at_zone, target == CRON_SCHEDULER);
		}
	}
	if (out.doubles) /* the token makes one start of two */
		for (int i = 0; i < MINUTES; i++)
			have[i] = have[i] > 0;
	for (int i = 0; memcmp(want, have, sizeof want) != 0 && i < MINUTES; i++) {
		if (want[i] == have[i])
			continue;
		fail(text, z, words[target], "another instant than crond's:", out.expr[0], i);
		return;
	}
	if (!certain)
		fail(text, z, words[target], "an instant that is not documented:", out.expr[0], -1);
}

int
main(int argc, char **argv)
{
	unsigned count = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000, done = 0;
	state = argc > 2 ? strtoull(argv[2], NULL, 10) * 2654435761u + 1 : 20260101;
	for (int z = 0; z < ZONES; z++) {
		if (!make_table(z)) {
			printf("skipped: the system has no zone %s (package tzdata)\n0 passed, 0 failed\n", zone_names[z]);
			return 0;
		}
		make_days(z);
	}
	while (done < count) {
		struct arena *a = arena_new();
		char text[400];
		struct cron c;
		struct fields f;
		const char *why;
		size_t at, len;
		int z = (int)dice(ZONES);
		random_crontab(text);
		if (cron_parse(a, str_of(text), &c, &why, &at, &len) == CRON_OK) {
			read_crontab(text, &f);
			bool plain = source_runs(&f, z);
			for (int t = 0; t < 3; t++)
				check_target(a, text, &c, z, plain, (enum cron_target)t);
			done++;
		}
		arena_free(a);
	}
	printf("rules: %u emitted, %u refused; Scheduler: %u, %u; CronJobs: %u, %u\n", accepted[0], refused[0], accepted[1], refused[1], accepted[2], refused[2]);
	printf("%u passed, %u failed\n", count - (failures < count ? failures : count), failures);
	return failures > 0;
}
