/*
 * Jobs. Around a deployment a Job whose name says its content: a Job cannot
 * change, and the same one must not run again. By hand a suspended CronJob,
 * from which `kubectl create job --from=cronjob/NAME` makes a run.
 *
 * The order is told in two ways: by the order of the manifests, and by Argo
 * CD's sync waves, which wait for a Job's end.
 * Sources: Kubernetes 1.36 API, batch/v1; Argo CD, sync phases and waves.
 */
#include "k8s.h"

#include <string.h>

#define WAVE "argocd.argoproj.io/sync-wave"

enum { HASH_LETTERS = 8, NAME_MAX_JOB = 63 };

static struct doc *
job_spec(struct k8s *k, struct object *node, const char *name, const char *account)
{
	struct doc *d = doc_map(k->a, node->at);
	const struct value *retries = get(k->g, node, A_job_retries), *timeout = get(k->g, node, A_job_timeout);
	doc_set(k->a, d, "backoffLimit", retries ? k_of_int(k, retries, retries->n) : k_int(k, node, 0, "a failed run is for a person to look at"));
	if (timeout)
		doc_set(k->a, d, "activeDeadlineSeconds", k_of_int(k, timeout, (timeout->n + 999) / 1000));
	doc_set(k->a, d, "podFailurePolicy", k_failure_policy(k, node));
	doc_set(k->a, d, "template", k_pod(k, node, name, account, true));
	return d;
}

static void
by_hand(struct k8s *k, struct object *node, const char *base, struct resource *account)
{
	struct k_cron c = {
		.schedule = k_add(k, node, "0 0 1 1 *", "it never fires: the CronJob is suspended"),
		.zone = k_add(k, node, "UTC", "it never fires: the CronJob is suspended"),
		.suspend = k_bool(k, node, true, "run = manual: kubectl create job --from=cronjob/… starts it"),
		.policy = k_add(k, node, "Forbid", "one run at a time"),
		.deadline = k_int(k, node, 60, "a start that is late is left out"),
	};
	k_cron_job(k, node, name_cut(k->a, base, resource_kind_get(RK_K_CRON_JOB)->name_max), &c, job_spec(k, node, account->name, account->name), account);
}

void
k_job(struct k8s *k, struct object *node)
{
	const char *base = node_name(k->g, node);
	const char *stem = name_cut(k->a, base, NAME_MAX_JOB - HASH_LETTERS - 1);
	struct resource *account = k_account(k, node, stem);
	struct str run = get_text(k->g, node, A_job_run);
	k_network(k, node, stem);
	if (str_eqz(run, "manual")) {
		by_hand(k, node, base, account);
		return;
	}
	struct doc *spec = job_spec(k, node, stem, account->name);
	char hex[65];
	doc_hash(spec, hex);
	struct doc *d;
	struct resource *r = k_add_hashed(k, RK_K_JOB, node, stem, hex, &d);
	doc_set(k->a, d, "spec", spec);
	r->when = arena_strz(k->a, run);
	resource_edge(k->l->out, r, account);
	k_wait(k, r);
}

/* ---- order ---- */

static void
add_wave(struct k8s *k, struct resource *r, int wave)
{
	struct doc *meta = doc_get(r->body, "metadata"), *notes = doc_get(meta, "annotations");
	if (notes == NULL)
		notes = doc_set(k->a, meta, "annotations", doc_map(k->a, r->origin));
	if (doc_get(notes, WAVE))
		return;
	struct doc *d = doc_f(k->a, r->origin, "%d", wave);
	d->because = "Argo CD waits for each wave: what a job needs, jobs before, the rest, jobs after";
	doc_set(k->a, notes, WAVE, d);
}

/* What it needs is there a wave before it, and what that needs before that. */
static void
add_waves_before(struct k8s *k, const struct resource *r, int wave)
{
	for (const struct edge *e = r->edges; e; e = e->next) {
		add_waves_before(k, e->to, wave - 1);
		add_wave(k, e->to, wave - 1);
	}
}

static bool
runs(const struct resource *r, const char *when)
{
	return resource_is(r, RK_K_JOB) && r->when && strcmp(r->when, when) == 0;
}

static bool
is_workload(const struct resource *r)
{
	return resource_is(r, RK_K_DEPLOYMENT) || resource_is(r, RK_K_STATEFUL_SET) || resource_is(r, RK_K_CRON_JOB);
}

void
k_order_jobs(struct k8s *k)
{
	for (struct resource *r = k->l->out->first; r; r = r->next) {
		if (runs(r, "before_deploy")) {
			add_waves_before(k, r, -1);
			add_wave(k, r, -1);
		} else if (runs(r, "after_deploy")) {
			add_wave(k, r, 1);
		}
	}
	for (struct resource *j = k->l->out->first; j; j = j->next) {
		bool before = runs(j, "before_deploy");
		if (!before && !runs(j, "after_deploy"))
			continue;
		for (struct resource *r = k->l->out->first; r; r = r->next)
			if (is_workload(r))
				resource_edge(k->l->out, before ? r : j, before ? j : r);
	}
}
