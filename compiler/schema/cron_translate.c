/*
 * What a platform gets for a schedule, or why it cannot have it. The emitted
 * expressions fire at exactly crond's instants; where a clock change makes
 * platforms differ, the schedule is refused with the time that shows it.
 */
#include "cron_internal.h"

#include <string.h>

enum { DAY = 86400 };

static bool
is_utc(const struct zone *z)
{
	return zone_fixed(z) && zone_offset(z, ZONE_HORIZON) == 0;
}

/* ---- schedules that are the same in every offset of the zone ---- */

static void
shift_set(const struct cron *c, int offset, uint64_t out[24])
{
	memset(out, 0, 24 * sizeof *out);
	for (int h = 0; h < 24; h++)
		for (int m = 0; m < 60; m++)
			if ((c->hours >> h & 1) && (c->minutes >> m & 1)) {
				int t = ((h * 60 + m - offset / 60) % 1440 + 1440) % 1440;
				out[t / 60] |= UINT64_C(1) << t % 60;
			}
}

/* Rule 7: wild, on every day, and the clock change moves the set onto itself. */
static bool
zone_free(const struct cron *c, const struct zone *z)
{
	uint64_t first[24], other[24];
	int before, after;
	if (!c->wild || c->both || c->days != ALL_DAYS || c->weekdays != ALL_WEEK || c->months != ALL_MONTHS)
		return false;
	shift_set(c, zone_offset(z, ZONE_HORIZON), first);
	for (size_t i = 0; i < zone_change_count(z); i++) {
		if (zone_change_at(z, i, &before, &after) < ZONE_HORIZON)
			continue;
		shift_set(c, after, other);
		if (memcmp(first, other, sizeof first) != 0)
			return false;
	}
	return true;
}

/* ---- clock changes ---- */

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* The first local minute in [from, to) at which the schedule fires; INT64_MAX when there is none. */
static int64_t
hit_between(const struct cron *c, int64_t from, int64_t to)
{
	for (int64_t t = from - from % 60; t < to; t += 60) {
		int64_t day = floor_div(t, DAY);
		int s = (int)(t - day * DAY), y, m, d;
		if (t < from || !(c->hours >> (s / 3600) & 1) || !(c->minutes >> (s / 60 % 60) & 1))
			continue;
		civil_from_days(day, &y, &m, &d);
		if (cron_day_matches(c, m, d, (int)(((day + 4) % 7 + 7) % 7)))
			return t;
	}
	return INT64_MAX;
}

static const char *
local_words(struct arena *a, int64_t t)
{
	int y, m, d;
	int64_t day = floor_div(t, DAY);
	int s = (int)(t - day * DAY);
	civil_from_days(day, &y, &m, &d);
	return arena_printf(a, "%02d:%02d on %04d-%02d-%02d", s / 3600, s / 60 % 60, y, m, d);
}

static const char *
gap_words(struct arena *a, const struct zone *z, enum cron_target target, int64_t local)
{
	return arena_printf(a, "%s does not exist in %s; cron would run it right after the clock change, %s leaves it out", local_words(a, local),
			    zone_name(z), target == CRON_CRONJOB ? "a CronJob" : "EventBridge Scheduler");
}

static const char *
overlap_words(struct arena *a, const struct zone *z, enum cron_target target, bool wild, int64_t local)
{
	const char *when = local_words(a, local);
	if (target == CRON_CRONJOB)
		return arena_printf(a, "%s comes twice in %s; cron would run it once, a CronJob runs it twice", when, zone_name(z));
	return arena_printf(a, "%s comes twice in %s; cron would run it %s, EventBridge Scheduler runs it once%s", when, zone_name(z), wild ? "twice" : "once",
			    wild ? "" : " and does not say at which of the two");
}

/* Rule 8. */
static void
check_changes(struct arena *a, const struct cron *c, const struct zone *z, enum cron_target target, struct cron_out *out)
{
	for (size_t i = 0; i < zone_change_count(z) && out->error == CRON_OK; i++) {
		int before, after;
		int64_t at = zone_change_at(z, i, &before, &after);
		if (at < ZONE_HORIZON)
			continue;
		bool gap = after > before;
		int64_t hit = gap ? hit_between(c, at + before, at + after) : hit_between(c, at + after, at + before);
		if (hit == INT64_MAX)
			continue;
		if (gap && !c->wild)
			refuse_out(out, CRON_DST, gap_words(a, z, target, hit));
		else if (!gap && (!c->wild || target == CRON_SCHEDULER))
			refuse_out(out, CRON_DST, overlap_words(a, z, target, c->wild, hit));
	}
}

/* Rule 4 of the CronJob controller's facts: local midnight that does not exist, and changes by half an hour. */
static void
check_controller(struct arena *a, const struct cron *c, const struct zone *z, struct cron_out *out)
{
	bool days = c->both || c->days != ALL_DAYS || c->weekdays != ALL_WEEK || c->months != ALL_MONTHS;
	for (size_t i = 0; i < zone_change_count(z) && out->error == CRON_OK; i++) {
		int before, after;
		int64_t at = zone_change_at(z, i, &before, &after);
		if (at < ZONE_HORIZON)
			continue;
		int64_t from = at + before, to = at + after, midnight = floor_div(to - 1, DAY) * DAY;
		if ((after - before) % 3600 != 0)
			refuse_out(out, CRON_TZBUG, arena_printf(a, "the CronJob controller misses runs on %s, when the clock changes by half an hour", local_words(a, from) + 9));
		else if (days && after > before && midnight >= from && midnight < to)
			refuse_out(out, CRON_TZBUG, arena_printf(a, "the CronJob controller takes the wrong day on %s, when midnight does not exist", local_words(a, midnight) + 9));
	}
}

/* ---- targets ---- */

static void
to_cronjob(struct arena *a, const struct cron *c, struct cron_out *out)
{
	if (c->both) {
		refuse_out(out, CRON_AND, "the day of the month and the weekday must both match, which a CronJob cannot say");
		return;
	}
	out_add(out, arena_printf(a, "%s %s %s %s %s", print_minutes(a, DIALECT_KUBERNETES, c->minutes), print_hours(a, DIALECT_KUBERNETES, c->hours),
				  print_days(a, c->days), print_months(a, c->months), print_weekdays(a, DIALECT_KUBERNETES, c->weekdays)));
}

static struct cron
in_utc(const struct cron *c, const struct zone *z)
{
	struct cron u = *c;
	uint64_t moved[24];
	shift_set(c, zone_offset(z, ZONE_HORIZON), moved);
	u.hours = 0;
	u.minutes = 0;
	for (int h = 0; h < 24; h++) {
		if (moved[h] == 0)
			continue;
		u.hours |= UINT32_C(1) << h;
		u.minutes |= moved[h];
	}
	return u;
}

/* Is the moved set one rectangle, so that hours and minutes say it? */
static bool
one_rectangle(const struct cron *u, const struct cron *c, const struct zone *z)
{
	uint64_t moved[24];
	shift_set(c, zone_offset(z, ZONE_HORIZON), moved);
	for (int h = 0; h < 24; h++)
		if (moved[h] != 0 && moved[h] != u->minutes)
			return false;
	return true;
}

static void
to_rule(struct arena *a, const struct cron *c, const struct zone *z, bool free, struct cron_out *out)
{
	if (!zone_fixed(z) && !free) {
		refuse_out(out, CRON_UTC, arena_printf(a, "rules are in UTC, and %s changes its clock", zone_name(z)));
		return;
	}
	translate_shifted(a, c, zone_offset(z, ZONE_HORIZON), out);
}

void
cron_translate(struct arena *a, const struct cron *c, const struct zone *z, enum cron_target target, bool accept_dst, struct cron_out *out)
{
	bool free = !zone_fixed(z) && zone_free(c, z);
	memset(out, 0, sizeof *out);
	if (target == CRON_RULE) {
		to_rule(a, c, z, free, out);
		return;
	}
	struct cron u = free ? in_utc(c, z) : *c;
	if (free && one_rectangle(&u, c, z)) {
		c = &u;
		z = zone_find(target == CRON_CRONJOB ? STR("Etc/UTC") : STR("UTC"));
	} else if (!accept_dst) {
		check_changes(a, c, z, target, out);
		if (target == CRON_CRONJOB && out->error == CRON_OK)
			check_controller(a, c, z, out);
	}
	out->zone = is_utc(z) ? (target == CRON_CRONJOB ? "Etc/UTC" : "UTC") : zone_name(z);
	if (out->error != CRON_OK)
		return;
	if (target == CRON_CRONJOB)
		to_cronjob(a, c, out);
	else
		translate_aws(a, c, out);
}

size_t
cron_every(struct arena *a, int minutes, struct cron out[3])
{
	uint64_t set[24] = {0};
	uint32_t done = 0;
	size_t n = 0;
	(void)a;
	if (minutes < 1 || minutes > 1440 || 1440 % minutes != 0)
		return 0;
	for (int t = 0; t < 1440; t += minutes)
		set[t / 60] |= UINT64_C(1) << t % 60;
	for (int h = 0; h < 24; h++) {
		if (set[h] == 0 || (done >> h & 1))
			continue;
		if (n == 3)
			return 0;
		struct cron *c = &out[n++];
		*c = (struct cron){.minutes = set[h], .days = ALL_DAYS, .months = ALL_MONTHS, .weekdays = ALL_WEEK, .wild = true};
		for (int k = h; k < 24; k++)
			if (set[k] == set[h])
				c->hours |= UINT32_C(1) << k;
		done |= c->hours;
	}
	return n;
}
