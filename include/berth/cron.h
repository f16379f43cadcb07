/*
 * cron: schedules as sets of instants.
 *
 * A crontab expression is read into sets (minutes, hours, days, months,
 * weekdays); what a platform gets is printed from the sets, never from the
 * user's spelling, and only when it fires at exactly the same instants.
 * Part of the schema layer: depends on base only.
 */
#ifndef BERTH_CRON_H
#define BERTH_CRON_H

#include "berth/base.h"

/* Bit i set means value i is in the set. */
struct cron {
	uint64_t minutes;  /* 0-59 */
	uint32_t hours;    /* 0-23 */
	uint32_t days;     /* 1-31 */
	uint16_t months;   /* 1-12 */
	uint8_t weekdays;  /* 0-6, 0 = Sunday (7 is folded) */
	bool both;         /* day of month AND weekday must match; else OR */
	bool wild;         /* minute or hour starts with `*`: crond runs it on every clock tick, also across clock changes */
};

enum cron_error {
	CRON_OK,
	CRON_SYNTAX, /* not crontab, or from a dialect (`@reboot ? L W # H ~`, six fields, 5/15, ends out of range) */
	CRON_WRAP,   /* a range that runs backwards (22-2, fri-sun) */
	CRON_NEVER,  /* no such day exists */
	CRON_AND,    /* weekday and day of month must both match: not expressible there */
	CRON_DST,    /* a local time falls into a clock change where platforms differ */
	CRON_TZBUG,  /* the CronJob controller misses runs in this zone */
	CRON_UTC,    /* rules are in UTC and the zone changes its offset */
	CRON_LEAP,   /* the shifted day would need a leap year rule */
	CRON_CARRY,  /* the shifted weekday crosses a month end */
	CRON_MANY,   /* more than 4 rules or 256 characters */
	CRON_DOUBLE, /* day-of-month-or-weekday needs two schedules that both fire on days matching both */
	CRON_ERROR_COUNT
};
/* The short word of the conversion table: "syntax", "wrap", … */
const char *cron_error_word(enum cron_error e);

/*
 * Read five crontab fields or a nickname (@hourly … @yearly) strictly: the
 * subset that cronie, its older releases and Debian cron read alike. On
 * CRON_SYNTAX or CRON_WRAP, *why (arena text) says what is wrong and *at, *len
 * which bytes of the text. Day mode is normalised: after success either both
 * is false and days/weekdays are used as documented by cron_day_matches, or
 * both are restricted. CRON_NEVER is reported for days that never exist.
 */
enum cron_error cron_parse(struct arena *a, struct str text, struct cron *out, const char **why, size_t *at, size_t *len);
/* Does the (proleptic Gregorian) date match the day part? weekday 0 = Sunday. */
bool cron_day_matches(const struct cron *c, int month, int day, int weekday);

/* ---- zones (tables generated from tzdata; zone.def) ---- */

struct zone;
/* NULL when the IANA name is unknown; "UTC" and "Etc/UTC" are known. */
const struct zone *zone_find(struct str name);
const char *zone_name(const struct zone *z);
/* Release of the embedded tz database, such as "2025b". */
const char *zone_release(void);
/* Walk all names in order, for suggestions; NULL at the end. */
const char *zone_each(size_t i);
/* Changes before 2026-01-01 are past: they decide nothing about what is emitted. */
#define ZONE_HORIZON INT64_C(1767225600)
/* One offset from the horizon on? */
bool zone_fixed(const struct zone *z);
/* The changes of offset in the table (2024-01-01 to 2041-01-01), in order: the instant, and the offsets around it. */
size_t zone_change_count(const struct zone *z);
int64_t zone_change_at(const struct zone *z, size_t i, int *before, int *after);
/* Seconds east of UTC at a UTC instant (seconds since 1970). Before and after the table: its first and last offset. */
int zone_offset(const struct zone *z, int64_t utc);
/* Days since 1970-01-01 <-> civil date (proleptic Gregorian). */
int64_t days_from_civil(int year, int month, int day);
void civil_from_days(int64_t days, int *year, int *month, int *day);
/*
 * Local civil seconds to instants: 0 (gap), 1 or 2 (overlap, earlier first).
 */
int zone_instants(const struct zone *z, int64_t local, int64_t out[2]);

/* ---- what crond does ---- */

/*
 * The next instant (UTC seconds, a whole minute) strictly after `after` at
 * which crond would run it, with crond's own rules across clock changes (fixed
 * jobs of a gap run right after it, fixed jobs of an overlap once, wild jobs on
 * every tick). INT64_MAX when there is none within 9 years.
 */
int64_t cron_next(const struct cron *c, const struct zone *z, int64_t after);

/* ---- what platforms get ---- */

enum cron_target { CRON_RULE, CRON_SCHEDULER, CRON_CRONJOB };

struct cron_out {
	enum cron_error error;
	const char *why;       /* on error: what goes wrong, with the offending time where there is one */
	const char *expr[4];   /* "cron(0 18 * * ? *)" or "30 3 * * *" */
	size_t count;
	const char *zone;      /* the zone to emit: the schedule's, or "UTC" / "Etc/UTC" when it is exact in UTC; NULL for a rule */
	bool doubles;          /* two expressions that both fire on days matching both: needs a start token */
};
/*
 * Translate exactly or refuse (facts: EventBridge rules are UTC only;
 * Scheduler skips a local time in a gap and runs a repeated one once, at an
 * undocumented one of the two instants; the CronJob controller skips and
 * repeats). `accept_dst`: on_dst = platform, clock-change hazards are accepted.
 * A day-of-month-or-weekday schedule for AWS comes back with doubles set and no error.
 */
void cron_translate(struct arena *a, const struct cron *c, const struct zone *z, enum cron_target target, bool accept_dst,
		    struct cron_out *out);

/*
 * `every N minutes`, aligned to 00:00 UTC: one to three crontab expressions in
 * UTC that together fire at exactly those minutes of the day, or 0 when N does
 * not divide a day or needs more (out holds up to 3).
 */
size_t cron_every(struct arena *a, int minutes, struct cron out[3]);

#endif
