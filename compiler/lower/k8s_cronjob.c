/*
 * Schedules: a CronJob for each expression. Sources: Kubernetes 1.36 API,
 * batch/v1; the CronJob controller.
 */
#include "k8s.h"

#include <string.h>

struct doc *
k_failure_policy(struct k8s *k, struct object *node)
{
	struct doc *d = doc_map(k->a, node->at), *rules = doc_list(k->a, node->at), *rule = doc_map(k->a, node->at), *conditions = doc_list(k->a, node->at),
		   *c = doc_map(k->a, node->at);
	doc_set(k->a, rule, "action", k_add(k, node, "Ignore", "a drained node is no failure of the run"));
	doc_set(k->a, c, "type", k_add(k, node, "DisruptionTarget", "a drained node is no failure of the run"));
	doc_set(k->a, c, "status", k_add(k, node, "True", "the API's default, written out"));
	doc_add(conditions, c);
	doc_set(k->a, rule, "onPodConditions", conditions);
	doc_add(rules, rule);
	doc_set(k->a, d, "rules", rules);
	return d;
}

static struct doc *
job_spec(struct k8s *k, struct object *node, const char *account)
{
	struct doc *d = doc_map(k->a, node->at);
	const struct value *retries = get(k->g, node, A_schedule_retries), *timeout = get(k->g, node, A_schedule_timeout);
	doc_set(k->a, d, "backoffLimit", k_of_int(k, retries, retries->n));
	if (timeout)
		doc_set(k->a, d, "activeDeadlineSeconds", k_of_int(k, timeout, (timeout->n + 999) / 1000));
	doc_set(k->a, d, "podFailurePolicy", k_failure_policy(k, node));
	const char *name = k_run_of(k, node) ? name_cut(k->a, node_name(k->g, node), 63) : account;
	doc_set(k->a, d, "template", k_pod(k, node, name, account, true));
	return d;
}

void
k_cron_job(struct k8s *k, struct object *node, const char *name, const struct k_cron *c, struct doc *job, struct resource *account)
{
	struct doc *d = k_object(k, RK_K_CRON_JOB, node, name), *spec = doc_map(k->a, node->at), *template = doc_map(k->a, node->at), *meta = doc_map(k->a, node->at);
	doc_set(k->a, spec, "schedule", c->schedule);
	doc_set(k->a, spec, "timeZone", c->zone);
	doc_set(k->a, spec, "suspend", c->suspend);
	doc_set(k->a, spec, "concurrencyPolicy", c->policy);
	doc_set(k->a, spec, "startingDeadlineSeconds", c->deadline);
	doc_set(k->a, spec, "successfulJobsHistoryLimit", k_int(k, node, 3, "the API's default, written out"));
	doc_set(k->a, spec, "failedJobsHistoryLimit", k_int(k, node, 3, "failures are kept to be looked at"));
	doc_set(k->a, meta, "labels", k_labels(k, node, name));
	doc_set(k->a, template, "metadata", meta);
	doc_set(k->a, template, "spec", job);
	doc_set(k->a, spec, "jobTemplate", template);
	doc_set(k->a, d, "spec", spec);
	struct resource *r = lower_add(k->l, RK_K_CRON_JOB, name, node, d);
	resource_edge(k->l->out, r, account);
	k_wait(k, r);
}

static void
make_cronjob(struct k8s *k, struct object *node, const char *name, const char *account, struct resource *sa, const char *expression, const char *zone,
	     const struct timetable *t)
{
	const struct value *overlap = get(k->g, node, A_schedule_overlap), *deadline = get(k->g, node, A_schedule_deadline), *enabled = get(k->g, node, A_schedule_enabled);
	struct k_cron c = {
		.schedule = doc_z(k->a, t->at, expression),
		.zone = doc_z(k->a, get_span(k->g, node, A_schedule_timezone), zone),
		.suspend = doc_bool(k->a, enabled->origin, !enabled->n),
		.policy = k_of(k, overlap, str_eqz(overlap->text, "forbid") ? "Forbid" : str_eqz(overlap->text, "replace") ? "Replace" : "Allow"),
		.deadline = k_of_int(k, deadline, deadline->n / 1000),
	};
	k_cron_job(k, node, name, &c, job_spec(k, node, account), sa);
}

/* The account of the service that is run: its rights are the run's too. NULL after a report. */
static struct resource *
account_of(struct k8s *k, struct object *node, struct object *service)
{
	unsigned workers = 0;
	for (struct object *c = object_child(k->p, service, K_container, NULL); c; c = object_next(c))
		workers += !container_is_early(k->g, c);
	if (workers > 1) {
		struct diag *d = complain(k->g, D_E0181, get_span(k->g, node, A_schedule_run), "a run of %s with %u containers beside each other cannot be done on kubernetes", object_words(k->a, service), workers);
		diag_hint(k->g->compile->diags, d, "A run ends when all of them end: mark those that only help sidecar = true.");
		return NULL;
	}
	if (node_target(k->g, service) != TARGET_K8S) {
		struct diag *d = complain(k->g, D_E0181, get_span(k->g, node, A_schedule_run), "%s does not run on kubernetes", object_words(k->a, service));
		diag_hint(k->g->compile->diags, d, "Give the schedule the same platform.");
		return NULL;
	}
	return resource_named(k->l->out, RK_K_SERVICE_ACCOUNT, name_cut(k->a, node_name(k->g, service), 63));
}

void
k_schedule(struct k8s *k, struct object *node)
{
	struct timetable t;
	size_t made = 0;
	struct object *service = k_run_of(k, node);
	if (!node_timetable(k->g, node, &t) || (!service && object_child(k->p, node, K_container, NULL) == NULL))
		return;
	const char *base = node_name(k->g, node);
	struct resource *sa = service ? account_of(k, node, service) : k_account(k, node, name_cut(k->a, base, 63));
	if (sa == NULL)
		return;
	const char *account = sa->name;
	k_network(k, node, name_cut(k->a, base, 63));
	for (size_t i = 0; i < t.count; i++) {
		struct cron_out out;
		cron_translate(k->a, &t.cron[i], t.zone, CRON_CRONJOB, t.accept_dst, &out);
		for (size_t e = 0; out.error == CRON_OK && e < out.count; e++) {
			const char *name = made++ ? arena_printf(k->a, "%s-%zu", base, made) : base;
			make_cronjob(k, node, name_cut(k->a, name, resource_kind_get(RK_K_CRON_JOB)->name_max), account, sa, out.expr[e], out.zone, &t);
		}
	}
}
