/*
 * What crond does, instant by instant, with its rules across clock changes
 * (cronie and Debian cron alike): fixed jobs of a skipped hour run right after
 * it, fixed jobs of a repeated hour run once, wild jobs follow the clock.
 */
#include "berth/cron.h"

enum { DAY = 86400, YEARS_AHEAD = 9 };

/* The first minute of the day at or after `from` (0..1440) that is in the sets, or -1. */
static int
next_minute(const struct cron *c, int from)
{
	for (int h = from / 60; h < 24; h++) {
		if (!(c->hours >> h & 1))
			continue;
		for (int m = h == from / 60 ? from % 60 : 0; m < 60; m++)
			if (c->minutes >> m & 1)
				return h * 60 + m;
	}
	return -1;
}

static int64_t
floor_div(int64_t a, int64_t b)
{
	return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* The end of the gap that the local time lies in: the instant of the change. */
static int64_t
gap_end(const struct zone *z, int64_t local)
{
	int before, after;
	for (size_t i = 0; i < zone_change_count(z); i++) {
		int64_t at = zone_change_at(z, i, &before, &after);
		if (local >= at + before && local < at + after)
			return at;
	}
	return local - zone_offset(z, local);
}

/* The earliest instant of this local time after `after`, by crond's rules; INT64_MAX when there is none. */
static int64_t
instant_after(const struct cron *c, const struct zone *z, int64_t local, int64_t after)
{
	int64_t at[2];
	int n = zone_instants(z, local, at);
	if (n == 0 && !c->wild) {
		at[0] = gap_end(z, local);
		n = 1;
	}
	if (n == 2 && !c->wild)
		n = 1;
	for (int i = 0; i < n; i++)
		if (at[i] > after)
			return at[i];
	return INT64_MAX;
}

static int64_t
first_of_day(const struct cron *c, const struct zone *z, int64_t day, int64_t after)
{
	int64_t local = day * DAY;
	int a = zone_offset(z, local - DAY), b = zone_offset(z, local + 2 * DAY);
	if (a == b) { /* no change anywhere near */
		int64_t from = after + a - local;
		int minute = next_minute(c, from < 0 ? 0 : from >= DAY ? 1440 : (int)(from / 60) + 1);
		return minute < 0 ? INT64_MAX : local + minute * 60 - a;
	}
	int64_t best = INT64_MAX;
	for (int m = next_minute(c, 0); m >= 0; m = next_minute(c, m + 1)) {
		int64_t t = instant_after(c, z, local + m * 60, after);
		if (t < best)
			best = t;
	}
	return best;
}

int64_t
cron_next(const struct cron *c, const struct zone *z, int64_t after)
{
	int64_t day = floor_div(after + zone_offset(z, after), DAY) - 1;
	int64_t best = INT64_MAX;
	for (int64_t end = day + 366 * YEARS_AHEAD; day < end; day++) {
		int y, m, d;
		civil_from_days(day, &y, &m, &d);
		if (cron_day_matches(c, m, d, (int)(((day + 4) % 7 + 7) % 7))) {
			int64_t t = first_of_day(c, z, day, after);
			if (t < best)
				best = t;
		}
		/* a job of a gap may run later than one of the next day's first minutes: look one day further */
		if (best != INT64_MAX && day * DAY > best + zone_offset(z, best))
			return best;
	}
	return best;
}
