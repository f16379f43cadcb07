/*
 * Timetables: there is exactly one, and the platform runs it at exactly the
 * instants at which crond would.
 */
#include "graph_internal.h"

#include <stdio.h>
#include <string.h>

bool
schedule_has_machine(struct graph *g, struct object *s)
{
	const struct value *overlap = get(g, s, A_schedule_overlap);
	const struct value *retries = get(g, s, A_schedule_retries);
	const struct value *alarm = get(g, s, A_schedule_alarm); /* only the machine knows how a run ended */
	return (overlap && !str_eqz(overlap->text, "allow")) || get(g, s, A_schedule_timeout) || (retries && retries->n > 0) ||
	       (alarm && (alarm->kind != V_BOOL || alarm->n));
}

enum cron_target
schedule_way(struct graph *g, struct object *s)
{
	if (node_target(g, s) == TARGET_K8S)
		return CRON_CRONJOB;
	const struct value *via = get(g, s, A_schedule_via);
	if (via == NULL)
		via = get(g, object_child(g->program, g->program->stage_object, K_schedules, NULL), A_schedules_via);
	return via && str_eqz(via->text, "rule") ? CRON_RULE : CRON_SCHEDULER;
}

/* ---- single instants ---- */

/* YYYY-MM-DDTHH:MM:SS, and no other form: the local seconds, or -1. */
static int64_t
read_local(struct str s)
{
	static const char form[] = "dddd-dd-ddTdd:dd:dd";
	int n[6] = {0}, field = 0, y, m, d;
	if (s.n != sizeof form - 1)
		return -1;
	for (size_t i = 0; i < s.n; i++) {
		if (form[i] != 'd') {
			if (s.p[i] != form[i])
				return -1;
			field++;
		} else if (s.p[i] < '0' || s.p[i] > '9') {
			return -1;
		} else {
			n[field] = n[field] * 10 + s.p[i] - '0';
		}
	}
	if (n[0] < 1970 || n[1] < 1 || n[1] > 12 || n[2] < 1 || n[2] > 31 || n[3] > 23 || n[4] > 59 || n[5] > 59)
		return -1;
	int64_t day = days_from_civil(n[0], n[1], n[2]);
	civil_from_days(day, &y, &m, &d);
	return y == n[0] && m == n[1] && d == n[2] ? day * 86400 + n[3] * 3600 + n[4] * 60 + n[5] : -1;
}

bool
node_instant(struct graph *g, struct object *s, const struct value *v, struct instant *out)
{
	int64_t local = v->kind == V_STRING ? read_local(v->text) : -1, utc[2];
	if (local < 0) {
		struct diag *d = complain(g, D_E0136, v->origin, "\"%.*s\" is not a date and time", (int)v->text.n, v->text.p);
		diag_hint(g->compile->diags, d, "Write it like this: \"2026-12-01T02:00:00\", local time of the schedule's zone.");
		return false;
	}
	const struct zone *z = node_zone(g, s);
	if (z == NULL)
		return false;
	int n = zone_instants(z, local, utc);
	if (n != 1) {
		struct diag *d = complain(g, D_E0136, v->origin, "%.*s %s in %s", (int)v->text.n, v->text.p, n == 0 ? "does not exist" : "comes twice", zone_name(z));
		diag_hint(g->compile->diags, d, "The clock changes there; choose a time an hour away.");
		return false;
	}
	*out = (struct instant){utc[0], arena_strz(g->arena, v->text), z};
	return true;
}

void
instant_text(int64_t utc, char *out)
{
	int y, m, d;
	int64_t day = utc / 86400, left = utc % 86400;
	civil_from_days(day, &y, &m, &d);
	snprintf(out, 32, "%04d-%02d-%02dT%02d:%02d:%02d", y, m, d, (int)(left / 3600), (int)(left / 60 % 60), (int)(left % 60));
}

/* ---- timetables ---- */

static const char *
way_words(enum cron_target t)
{
	return t == CRON_RULE ? "an EventBridge rule" : t == CRON_SCHEDULER ? "EventBridge Scheduler" : "a CronJob";
}

static void
check_faithful(struct graph *g, struct object *s, const struct timetable *t)
{
	enum cron_target way = schedule_way(g, s);
	for (size_t i = 0; i < t->count; i++) {
		struct cron_out out;
		cron_translate(g->arena, &t->cron[i], t->zone, way, t->accept_dst, &out);
		struct diag *d = NULL;
		if (out.error != CRON_OK) {
			d = complain(g, D_E0133, t->at, "%s cannot run schedule \"%s\" at these instants: %s", way_words(way), s->label->text,
				     out.why ? out.why : cron_error_word(out.error));
			if (out.error == CRON_DST)
				diag_hint(g->compile->diags, d, "Move it out of the hours in which the clock changes, or accept what the platform does: on_dst = platform");
			else if (way == CRON_RULE)
				diag_hint(g->compile->diags, d, "EventBridge Scheduler has time zones: via = scheduler");
		} else if (out.doubles && !schedule_has_machine(g, s)) {
			d = complain(g, D_E0133, t->at, "%s needs two schedules for \"%s\", which would both start on a day that matches both", way_words(way),
				     s->label->text);
			diag_hint(g->compile->diags, d, "With overlap = forbid each start carries a token, and a double start becomes impossible.");
		}
	}
}

void
check_schedule(struct graph *g, struct object *s)
{
	const struct value *cron = object_peek(g->program, s, A_schedule_cron), *every = object_peek(g->program, s, A_schedule_every),
			   *at = object_peek(g->program, s, A_schedule_at);
	int n = (cron != NULL) + (every != NULL) + (at != NULL);
	if (n != 1) {
		struct diag *d = complain(g, D_E0134, s->at, "schedule \"%s\" has %s", s->label->text, n == 0 ? "no timetable" : "several timetables");
		diag_hint(g->compile->diags, d, "Give one of cron = \"30 3 * * *\", every = 10m and at = \"2026-12-01T02:00:00\".");
		return;
	}
	struct timetable t;
	struct instant from, until;
	if (at)
		node_instant(g, s, at, &from);
	else if (node_timetable(g, s, &t))
		check_faithful(g, s, &t);
	const struct value *begin = get(g, s, A_schedule_from_date), *end = get(g, s, A_schedule_until_date);
	bool both = begin && end;
	both &= begin && node_instant(g, s, begin, &from);
	both &= end && node_instant(g, s, end, &until);
	if (both && from.utc >= until.utc) {
		struct diag *d = complain(g, D_E0136, end->origin, "schedule \"%s\" ends before it begins: it would never fire", s->label->text);
		diag_note(g->compile->diags, d, begin->origin, "it begins here");
	}
}
