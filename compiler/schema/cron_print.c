/*
 * Sets to text, canonically: minutes and hours may use a step that reaches the
 * end, the others are ranges and lists, weekdays on AWS have names.
 */
#include "cron_internal.h"

#include <string.h>

static bool
has(uint64_t set, int i)
{
	return set >> i & 1;
}

/* At least three members with one distance, from the first to the end of the field. */
static bool
step_of(uint64_t set, int max, int *first, int *step)
{
	int last = -1, n = 0;
	*first = -1;
	*step = 0;
	for (int i = 0; i <= max; i++) {
		if (!has(set, i))
			continue;
		n++;
		if (*first < 0)
			*first = i;
		else if (*step == 0)
			*step = i - last;
		else if (i - last != *step)
			return false;
		last = i;
	}
	return n >= 3 && *step >= 2 && last + *step > max;
}

/* Ranges of three and more, else single members. */
static void
add_ranges(struct buf *b, uint64_t set, int low, int max, const char *const *names)
{
	for (int i = low; i <= max; i++) {
		if (!has(set, i))
			continue;
		int end = i;
		while (end < max && has(set, end + 1))
			end++;
		if (end - i < 2)
			end = i;
		if (b->n > 0)
			buf_addc(b, ',');
		if (names)
			buf_addz(b, names[i]);
		else
			buf_addf(b, "%d", i);
		if (end > i && names)
			buf_addf(b, "-%s", names[end]);
		else if (end > i)
			buf_addf(b, "-%d", end);
		i = end;
	}
}

static const char *
keep(struct arena *a, struct buf *b)
{
	const char *s = arena_strz(a, buf_str(b));
	buf_free(b);
	return s;
}

static const char *
print_clock(struct arena *a, enum dialect d, uint64_t set, int max)
{
	int first, step;
	struct buf b = {0};
	if (set == (UINT64_C(2) << max) - 1)
		buf_addc(&b, '*');
	else if (!step_of(set, max, &first, &step))
		add_ranges(&b, set, 0, max, NULL);
	else if (d == DIALECT_AWS)
		buf_addf(&b, "%d/%d", first, step);
	else if (first == 0)
		buf_addf(&b, "*/%d", step);
	else
		buf_addf(&b, "%d-%d/%d", first, max, step);
	return keep(a, &b);
}

const char *
print_minutes(struct arena *a, enum dialect d, uint64_t set)
{
	return print_clock(a, d, set, 59);
}

const char *
print_hours(struct arena *a, enum dialect d, uint32_t set)
{
	return print_clock(a, d, set, 23);
}

const char *
print_days(struct arena *a, uint32_t set)
{
	struct buf b = {0};
	if (set == LAST_DAY)
		buf_addc(&b, 'L');
	else if (set == ALL_DAYS)
		buf_addc(&b, '*');
	else
		add_ranges(&b, set, 1, 31, NULL);
	return keep(a, &b);
}

const char *
print_months(struct arena *a, uint16_t set)
{
	struct buf b = {0};
	if (set == ALL_MONTHS)
		buf_addc(&b, '*');
	else
		add_ranges(&b, set, 1, 12, NULL);
	return keep(a, &b);
}

const char *
print_weekdays(struct arena *a, enum dialect d, uint8_t set)
{
	static const char *const names[] = {"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"};
	struct buf b = {0};
	if (set == ALL_WEEK)
		buf_addc(&b, '*');
	else
		add_ranges(&b, set, 0, 6, d == DIALECT_AWS ? names : NULL);
	return keep(a, &b);
}

const char *
print_aws(struct arena *a, const char *minutes, const char *hours, const char *days, const char *months, const char *weekdays)
{
	return arena_printf(a, "cron(%s %s %s %s %s *)", minutes, hours, days ? days : "?", months, weekdays ? weekdays : "?");
}
