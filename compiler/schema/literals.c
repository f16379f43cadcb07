/*
 * Literals and their units, in both directions. Everything is a whole number
 * of a small unit, so no value is ever rounded; what does not fit is refused.
 */
#include "berth/schema.h"

#include <inttypes.h>
#include <string.h>

/*
 * Digits with an optional fraction, scaled by 10^places; underscores are
 * skipped. Stops at the first other character. False on overflow or when the
 * fraction has more places than fit.
 */
static bool
scan_decimal(struct str s, int places, int64_t *out, size_t *used)
{
	int64_t v = 0;
	size_t i = 0;
	int left = -1;
	for (; i < s.n; i++) {
		char c = s.p[i];
		if (c == '_')
			continue;
		if (c == '.' && left < 0) {
			left = places;
			continue;
		}
		if (c < '0' || c > '9')
			break;
		if (left == 0) {
			if (c != '0')
				return false;
			continue;
		}
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, c - '0', &v))
			return false;
		if (left > 0)
			left--;
	}
	for (int k = left < 0 ? places : left; k > 0; k--)
		if (__builtin_mul_overflow(v, 10, &v))
			return false;
	*out = v;
	*used = i;
	return i > 0;
}

bool
lit_int(struct str s, int64_t *out)
{
	size_t used;
	return scan_decimal(s, 0, out, &used) && used == s.n;
}

bool
lit_number(struct str s, int64_t *millionths)
{
	size_t used;
	return scan_decimal(s, 6, millionths, &used) && used == s.n;
}

static const struct unit {
	const char *text;
	int64_t factor;
} duration_units[] = {{"w", 604800000}, {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}},
  byte_units[] = {{"TiB", (int64_t)1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"B", 1}};

/* The duration unit at the start of s ("ms" before "m"), or NULL. */
static const struct unit *
duration_unit(struct str s)
{
	if (str_starts(s, "ms"))
		return &duration_units[5];
	for (size_t i = 0; i < 5; i++)
		if (str_starts(s, duration_units[i].text))
			return &duration_units[i];
	return NULL;
}

bool
lit_duration(struct str s, int64_t *ms)
{
	int64_t total = 0;
	while (s.n > 0) {
		int64_t n;
		size_t used;
		if (!scan_decimal(s, 0, &n, &used))
			return false;
		s = (struct str){s.p + used, s.n - used};
		const struct unit *u = duration_unit(s);
		if (u == NULL || __builtin_mul_overflow(n, u->factor, &n) || __builtin_add_overflow(total, n, &total))
			return false;
		s = (struct str){s.p + strlen(u->text), s.n - strlen(u->text)};
	}
	*ms = total;
	return true;
}

bool
lit_bytes(struct str s, int64_t *bytes)
{
	int64_t thousandths;
	size_t used;
	if (!scan_decimal(s, 3, &thousandths, &used))
		return false;
	struct str unit = {s.p + used, s.n - used};
	for (size_t i = 0; i < sizeof byte_units / sizeof *byte_units; i++) {
		if (!str_eqz(unit, byte_units[i].text))
			continue;
		int64_t v;
		if (__builtin_mul_overflow(thousandths, byte_units[i].factor, &v) || v % 1000 != 0)
			return false;
		*bytes = v / 1000;
		return true;
	}
	return false;
}

bool
lit_cpu(struct str s, int64_t *thousandths)
{
	size_t used;
	return scan_decimal(s, 3, thousandths, &used) && str_eqz((struct str){s.p + used, s.n - used}, "vcpu");
}

bool
lit_percent(struct str s, int64_t *thousandths)
{
	size_t used;
	return scan_decimal(s, 3, thousandths, &used) && str_eqz((struct str){s.p + used, s.n - used}, "%");
}

bool
lit_rate(struct str s, int64_t *count, int64_t *period_ms)
{
	size_t used;
	if (!scan_decimal(s, 0, count, &used) || used + 2 != s.n || s.p[used] != '/')
		return false;
	const struct unit *u = duration_unit((struct str){s.p + used + 1, 1});
	*period_ms = u ? u->factor : 0;
	return u != NULL;
}

void
show_duration(struct buf *b, int64_t ms)
{
	if (ms == 0)
		buf_addz(b, "0s");
	for (size_t i = 1; i < sizeof duration_units / sizeof *duration_units; i++) {
		const struct unit *u = &duration_units[i];
		if (ms >= u->factor)
			buf_addf(b, "%" PRId64 "%s", ms / u->factor, u->text);
		ms %= u->factor;
	}
}

/* n / scale as a decimal without trailing zeros. */
static void
show_scaled(struct buf *b, int64_t n, int64_t scale)
{
	if (n < 0) {
		buf_addc(b, '-');
		n = -n;
	}
	buf_addf(b, "%" PRId64, n / scale);
	if (n % scale == 0)
		return;
	buf_addc(b, '.');
	for (n %= scale; n != 0; n %= scale) {
		scale /= 10;
		buf_addf(b, "%" PRId64, n / scale);
	}
}

void
show_bytes(struct buf *b, int64_t bytes)
{
	for (size_t i = 0; i < 4; i++) {
		const struct unit *u = &byte_units[i];
		if (bytes >= u->factor && bytes * (__int128)1000 % u->factor == 0) {
			show_scaled(b, (int64_t)(bytes * (__int128)1000 / u->factor), 1000);
			buf_addz(b, u->text);
			return;
		}
	}
	buf_addf(b, "%" PRId64 "B", bytes);
}

void
show_cpu(struct buf *b, int64_t thousandths)
{
	show_scaled(b, thousandths, 1000);
	buf_addz(b, "vcpu");
}

void
show_percent(struct buf *b, int64_t thousandths)
{
	show_scaled(b, thousandths, 1000);
	buf_addc(b, '%');
}

void
show_number(struct buf *b, int64_t millionths)
{
	show_scaled(b, millionths, 1000000);
}
