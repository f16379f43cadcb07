/* Shared by the files that translate schedules. */
#ifndef BERTH_CRON_INTERNAL_H
#define BERTH_CRON_INTERNAL_H

#include "berth/cron.h"

#define ALL_DAYS UINT32_C(0xfffffffe)
#define ALL_MONTHS 0x1ffe
#define ALL_WEEK 0x7f
enum { LAST_DAY = 1 }; /* bit 0 of a day set: L */

enum dialect { DIALECT_AWS, DIALECT_KUBERNETES };

/* cron_print.c */
const char *print_minutes(struct arena *a, enum dialect d, uint64_t set);
const char *print_hours(struct arena *a, enum dialect d, uint32_t set);
const char *print_days(struct arena *a, uint32_t set); /* with LAST_DAY alone: L */
const char *print_months(struct arena *a, uint16_t set);
const char *print_weekdays(struct arena *a, enum dialect d, uint8_t set);
/* "cron(m h dom month dow *)"; days or weekdays NULL for `?`. */
const char *print_aws(struct arena *a, const char *minutes, const char *hours, const char *days, const char *months, const char *weekdays);

/* cron_rule.c: add expressions; false when the list is full (CRON_MANY is set). */
bool out_add(struct cron_out *out, const char *expression);
/* A fixed offset in seconds, all the way to UTC expressions of EventBridge. */
void translate_shifted(struct arena *a, const struct cron *c, int offset, struct cron_out *out);
/* The sets as they stand, in the zone, for Scheduler. */
void translate_aws(struct arena *a, const struct cron *c, struct cron_out *out);
void refuse_out(struct cron_out *out, enum cron_error e, const char *why);

#endif
