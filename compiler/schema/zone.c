/*
 * Time zones from an embedded table: a compile reads no clock, no environment
 * and no file of the machine.
 */
#include "berth/cron.h"

#include <string.h>

struct zone_change {
	int64_t at; /* UTC seconds */
	int32_t offset;
};

struct zone {
	const char *name;
	int32_t first;  /* offset before the first change */
	uint16_t begin; /* in zone_changes */
	uint16_t count;
};

#include "berth/platform/zone.def"

enum { ZONES = sizeof zones / sizeof *zones };

const struct zone *
zone_find(struct str name)
{
	size_t lo = 0, hi = ZONES;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		int c = str_cmp(str_of(zones[mid].name), name);
		if (c == 0)
			return &zones[mid];
		if (c < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return NULL;
}

const char *
zone_name(const struct zone *z)
{
	return z->name;
}

const char *
zone_release(void)
{
	return ZONE_RELEASE;
}

const char *
zone_each(size_t i)
{
	return i < ZONES ? zones[i].name : NULL;
}

size_t
zone_change_count(const struct zone *z)
{
	return z->count;
}

int64_t
zone_change_at(const struct zone *z, size_t i, int *before, int *after)
{
	const struct zone_change *c = &zone_changes[z->begin + i];
	*before = i == 0 ? z->first : c[-1].offset;
	*after = c->offset;
	return c->at;
}

bool
zone_fixed(const struct zone *z)
{
	for (size_t i = 0; i < z->count; i++)
		if (zone_changes[z->begin + i].at >= ZONE_HORIZON)
			return false;
	return true;
}

int
zone_offset(const struct zone *z, int64_t utc)
{
	const struct zone_change *c = &zone_changes[z->begin];
	size_t lo = 0, hi = z->count;
	while (lo < hi) { /* the number of changes at or before utc */
		size_t mid = (lo + hi) / 2;
		if (c[mid].at <= utc)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo == 0 ? z->first : c[lo - 1].offset;
}

int
zone_instants(const struct zone *z, int64_t local, int64_t out[2])
{
	int before = zone_offset(z, local - 2 * 86400), after = zone_offset(z, local + 2 * 86400), n = 0;
	int64_t a = local - (before > after ? before : after), b = local - (before > after ? after : before);
	if (zone_offset(z, a) == local - a)
		out[n++] = a;
	if (b != a && zone_offset(z, b) == local - b)
		out[n++] = b;
	return n;
}

/* Howard Hinnant's civil calendar arithmetic, eras of 400 years that begin in March. */
int64_t
days_from_civil(int year, int month, int day)
{
	int64_t y = year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400, of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

void
civil_from_days(int64_t days, int *year, int *month, int *day)
{
	days += 719468;
	int64_t era = (days >= 0 ? days : days - 146096) / 146097;
	int64_t doe = days - era * 146097;
	int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
	int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
	*day = (int)(doy - (153 * mp + 2) / 5 + 1);
	*month = (int)(mp < 10 ? mp + 3 : mp - 9);
	*year = (int)(yoe + era * 400 + (*month <= 2));
}
