/*
 * EventBridge expressions from sets. A rule lives in UTC: every minute of the
 * day is moved by the offset, what crosses midnight moves its day too, and the
 * result is covered by as few expressions as there are rectangles of hours and
 * minutes. What would need a leap year or a month's end that EventBridge
 * cannot say is refused.
 */
#include "cron_internal.h"

#include <string.h>

enum { DAY_MINUTES = 1440, EXPRESSIONS = 4, EXPRESSION_MAX = 256 };

void
refuse_out(struct cron_out *out, enum cron_error e, const char *why)
{
	out->error = e;
	out->why = why;
	out->count = 0;
}

bool
out_add(struct cron_out *out, const char *expression)
{
	if (out->error != CRON_OK)
		return false;
	if (out->count == EXPRESSIONS || strlen(expression) > EXPRESSION_MAX) {
		refuse_out(out, CRON_MANY, "it would need more than 4 expressions of 256 characters");
		return false;
	}
	out->expr[out->count++] = expression;
	return true;
}

/* ---- the days of one carry ---- */

struct day_form {
	const char *days, *months, *weekdays;
};
struct day_forms {
	struct day_form v[14];
	size_t n;
};

static void
add_form(struct day_forms *f, const char *days, const char *months, const char *weekdays)
{
	if (f->n < sizeof f->v / sizeof *f->v)
		f->v[f->n++] = (struct day_form){days, months, weekdays};
}

static int
length_of(int month, bool leap)
{
	static const int days[] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	return days[month] + (month == 2 && leap);
}

/* The UTC days of each month, for a year of one kind. */
static void
shift_days(const struct cron *c, int carry, bool leap, uint32_t utc[13])
{
	memset(utc, 0, 13 * sizeof *utc);
	for (int m = 1; m <= 12; m++) {
		if (!(c->months >> m & 1))
			continue;
		for (int d = 1; d <= length_of(m, leap); d++) {
			if (!(c->days >> d & 1))
				continue;
			int um = m, ud = d + carry;
			if (ud < 1) {
				um = m == 1 ? 12 : m - 1;
				ud = length_of(um, leap);
			} else if (ud > length_of(m, leap)) {
				um = m == 12 ? 1 : m + 1;
				ud = 1;
			}
			utc[um] |= UINT32_C(1) << ud;
		}
	}
}

/* Can one expression say this month in both kinds of year? Sets *last when the last day is meant. */
static bool
agree(int month, uint32_t leap, uint32_t common, bool *last)
{
	const uint32_t d28 = UINT32_C(1) << 28, d29 = UINT32_C(1) << 29;
	if (month != 2)
		return leap == common;
	if ((leap & ~d29) == common)
		return true;
	*last = (leap & d29) && (common & d28) && (leap & ~d29) == (common & ~d28);
	return *last;
}

static void
group_months(struct arena *a, const uint32_t utc[13], struct day_forms *f)
{
	uint16_t done = 0;
	for (int m = 1; m <= 12; m++) {
		uint16_t same = 0;
		if (utc[m] == 0 || (done >> m & 1))
			continue;
		for (int k = m; k <= 12; k++)
			if (utc[k] == utc[m])
				same |= (uint16_t)(1 << k);
		done |= same;
		add_form(f, print_days(a, utc[m]), print_months(a, same), NULL);
	}
}

/* Rule 10: days of the month that move across midnight. */
static void
carried_days(struct arena *a, const struct cron *c, int carry, struct day_forms *f, struct cron_out *out)
{
	uint32_t leap[13], common[13];
	bool last = false;
	shift_days(c, carry, true, leap);
	shift_days(c, carry, false, common);
	for (int m = 1; m <= 12; m++) {
		if (!agree(m, leap[m], common[m], &last)) {
			refuse_out(out, CRON_LEAP, "in UTC it falls on another day in leap years, which an EventBridge expression cannot say");
			return;
		}
	}
	uint16_t last_months = 0;
	for (int m = 1; last && m <= 12; m++) {
		uint32_t bit = UINT32_C(1) << length_of(m, true);
		if (!(leap[m] & bit))
			continue;
		last_months |= (uint16_t)(1 << m);
		leap[m] &= ~bit;
		if (m == 2)
			leap[m] &= ~(UINT32_C(1) << 29);
	}
	group_months(a, leap, f);
	if (last_months)
		add_form(f, print_days(a, LAST_DAY), print_months(a, last_months), NULL);
}

static uint8_t
rotate_week(uint8_t set, int carry)
{
	uint8_t out = 0;
	for (int d = 0; d < 7; d++)
		if (set >> d & 1)
			out |= (uint8_t)(1 << (d + carry + 7) % 7);
	return out;
}

/* Days 7k-6 to 7k: the k-th of the weekday. 0 when the set is nothing of the kind. */
static int
nth_of(uint32_t days)
{
	for (int k = 1; k <= 4; k++)
		if (days == UINT32_C(0xfe) << (7 * (k - 1)))
			return k;
	return 0;
}

static void
carried_week(struct arena *a, const struct cron *c, int carry, struct day_forms *f, struct cron_out *out)
{
	if (carry != 0 && c->months != ALL_MONTHS) {
		refuse_out(out, CRON_CARRY, "in UTC the weekday moves across the end of a month, which an EventBridge expression cannot say");
		return;
	}
	add_form(f, NULL, print_months(a, c->months), print_weekdays(a, DIALECT_AWS, rotate_week(c->weekdays, carry)));
}

static void
both_days(struct arena *a, const struct cron *c, int carry, struct day_forms *f, struct cron_out *out)
{
	int k = nth_of(c->days);
	if (k == 0) {
		refuse_out(out, CRON_AND, "the day of the month and the weekday must both match, which EventBridge cannot say");
		return;
	}
	if (carry != 0) {
		refuse_out(out, CRON_AND, "in UTC the n-th weekday of the month moves to another day, which EventBridge cannot say");
		return;
	}
	for (int w = 0; w < 7; w++)
		if (c->weekdays >> w & 1)
			add_form(f, NULL, print_months(a, c->months), arena_printf(a, "%d#%d", w + 1, k));
}

static void
day_forms(struct arena *a, const struct cron *c, int carry, struct day_forms *f, struct cron_out *out)
{
	f->n = 0;
	bool all_days = c->days == ALL_DAYS, all_week = c->weekdays == ALL_WEEK;
	if (c->both) {
		both_days(a, c, carry, f, out);
		return;
	}
	if (all_days && !all_week) {
		carried_week(a, c, carry, f, out);
		return;
	}
	if (carry == 0 || (all_days && c->months == ALL_MONTHS))
		add_form(f, print_days(a, c->days), print_months(a, c->months), NULL);
	else
		carried_days(a, c, carry, f, out);
	if (!all_week && out->error == CRON_OK) {
		out->doubles = true;
		carried_week(a, c, carry, f, out);
	}
}

/* ---- rectangles ---- */

/* minutes[h]: the minutes of each hour. Hours with equal minutes share one expression. */
static void
add_rectangles(struct arena *a, const uint64_t minutes[24], const struct day_forms *f, struct cron_out *out)
{
	uint32_t done = 0;
	for (int h = 0; h < 24; h++) {
		uint32_t hours = 0;
		if (minutes[h] == 0 || (done >> h & 1))
			continue;
		for (int k = h; k < 24; k++)
			if (minutes[k] == minutes[h])
				hours |= UINT32_C(1) << k;
		done |= hours;
		for (size_t i = 0; i < f->n; i++)
			if (!out_add(out, print_aws(a, print_minutes(a, DIALECT_AWS, minutes[h]), print_hours(a, DIALECT_AWS, hours), f->v[i].days,
						    f->v[i].months, f->v[i].weekdays)))
				return;
	}
}

void
translate_shifted(struct arena *a, const struct cron *c, int offset, struct cron_out *out)
{
	uint64_t moved[3][24] = {{0}};
	bool every_day = !c->both && c->days == ALL_DAYS && c->weekdays == ALL_WEEK && c->months == ALL_MONTHS;
	for (int h = 0; h < 24; h++) {
		for (int m = 0; m < 60; m++) {
			if (!(c->hours >> h & 1) || !(c->minutes >> m & 1))
				continue;
			int t = h * 60 + m - offset / 60, carry = t < 0 ? -1 : t >= DAY_MINUTES ? 1 : 0;
			t = (t + DAY_MINUTES) % DAY_MINUTES;
			moved[every_day ? 1 : carry + 1][t / 60] |= UINT64_C(1) << t % 60;
		}
	}
	for (int i = 0; i < 3 && out->error == CRON_OK; i++) {
		bool any = false;
		for (int h = 0; h < 24; h++)
			any |= moved[i][h] != 0;
		struct day_forms f;
		if (!any)
			continue;
		day_forms(a, c, i - 1, &f, out);
		if (out->error == CRON_OK)
			add_rectangles(a, moved[i], &f, out);
	}
}

void
translate_aws(struct arena *a, const struct cron *c, struct cron_out *out)
{
	translate_shifted(a, c, 0, out);
}
