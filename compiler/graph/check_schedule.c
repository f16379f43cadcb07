/*
 * Timetables: there is exactly one, and the platform runs it at exactly the
 * instants at which crond would.
 */
#include "graph_internal.h"

#include <string.h>

bool
schedule_has_machine(struct graph *g, struct object *s)
{
	const struct value *overlap = get(g, s, A_schedule_overlap);
	const struct value *retries = get(g, s, A_schedule_retries);
	return (overlap && !str_eqz(overlap->text, "allow")) || get(g, s, A_schedule_timeout) || (retries && retries->n > 0);
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
	if (!at && node_timetable(g, s, &t))
		check_faithful(g, s, &t);
	else if (at && !get(g, s, A_schedule_timezone) && !(g->program->project_object && get(g, g->program->project_object, A_project_timezone))) {
		struct diag *d = complain(g, D_E0130, at->origin, "schedule \"%s\" has no time zone", s->label->text);
		diag_hint(g->compile->diags, d, "Add timezone = \"Asia/Tokyo\" here, or to the project.");
	}
}
