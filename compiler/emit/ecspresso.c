/*
 * Form `ecspresso`: a folder for each service with the configuration, the
 * service and the task definition; for a job the task definition alone. What
 * is around them is CloudFormation's: one template before the services, one
 * after them, joined by the stack's outputs. deploy.sh says the order.
 *
 * The files are text to ecspresso's templates before they are JSON: braces are
 * escaped, and what CI owns is `must_env`. Keys and named lists are sorted as
 * ecspresso sorts them, so that its own diff is quiet.
 *
 * Source: ecspresso v2, README and config.go.
 */
#include "forms.h"

#include "text.h"

#include <stdlib.h>
#include <string.h>

/* ---- who takes what ---- */

static bool
depends_on_service(const struct resource *r)
{
	for (const struct edge *e = r->edges; e; e = e->next)
		if (resource_is(e->to, RK_SERVICE) || depends_on_service(e->to))
			return true;
	return false;
}

static bool
is_job(const struct resource *r)
{
	return strncmp(r->declaration, "job.", 4) == 0 || strstr(r->declaration, ".job.") != NULL;
}

static bool
is_services(const struct resource *r)
{
	return strncmp(r->declaration, "service.", 8) == 0 || strstr(r->declaration, ".service.") != NULL;
}

bool
ecspresso_takes(const struct resource *r)
{
	return resource_is(r, RK_SERVICE) || (resource_is(r, RK_TASK_DEFINITION) && (is_services(r) || is_job(r)));
}

/* ecspresso runs jobs itself: no state machine, and no role for one. */
static bool
is_jobs_machine(const struct resource *r)
{
	return is_job(r) && (resource_is(r, RK_STATE_MACHINE) || ((resource_is(r, RK_ROLE) || resource_is(r, RK_ROLE_POLICY)) && str_ends(str_of(r->name), "-run")));
}

static bool
leaves(const struct emit_head *head, const struct resources *rs, const struct resource *r)
{
	return !ecspresso_takes(r) && !is_jobs_machine(r) && !((head->forms & 1u << FORM_ECSCHEDULE) && ecschedule_takes(rs, r));
}

bool
ecspresso_leaves_before(const struct emit_head *head, const struct resources *rs, const struct resource *r)
{
	return leaves(head, rs, r) && !depends_on_service(r);
}

bool
ecspresso_leaves_after(const struct emit_head *head, const struct resources *rs, const struct resource *r)
{
	return leaves(head, rs, r) && depends_on_service(r);
}

/* ---- canonical order ---- */

static struct str
sort_text(const struct doc *d)
{
	static const char *const keys[] = {"name", "key", "containerPort", "sourceVolume", "containerName"};
	if (d->kind == DOC_STRING)
		return d->text;
	for (size_t i = 0; d->kind == DOC_MAP && i < sizeof keys / sizeof *keys; i++) {
		const struct doc *v = doc_get(d, keys[i]);
		if (v && v->kind == DOC_STRING)
			return v->text;
	}
	return STR("");
}

static int
compare(struct str a, struct str b)
{
	int c = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
	return c ? c : (a.n > b.n) - (a.n < b.n);
}

static int
by_key(const void *x, const void *y)
{
	return compare((*(struct doc *const *)x)->key, (*(struct doc *const *)y)->key);
}

static int
by_text(const void *x, const void *y)
{
	return compare(sort_text(*(struct doc *const *)x), sort_text(*(struct doc *const *)y));
}

/* Lists whose order means nothing. */
static bool
is_set(struct str key)
{
	static const char *const names[] = {"containerDefinitions", "environment", "secrets", "mountPoints", "volumes", "subnets", "securityGroups", "tags"};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (str_eqz(key, names[i]))
			return true;
	return false;
}

static struct doc *
canonical(struct arena *a, const struct doc *d, const char *leave_out)
{
	struct doc *out = NEW(a, struct doc);
	*out = *d;
	out->next = NULL;
	if (d->kind != DOC_MAP && d->kind != DOC_LIST)
		return out;
	struct doc **all = arena_array(a, d->count + 1, sizeof *all);
	size_t n = 0;
	for (const struct doc *i = d->items; i; i = i->next) {
		const char *key = arena_strz(a, i->key);
		const char *hit = leave_out && *key ? strstr(leave_out, key) : NULL;
		if (hit && (hit == leave_out || hit[-1] == ' ') && (hit[strlen(key)] == ' ' || hit[strlen(key)] == '\0'))
			continue;
		all[n++] = canonical(a, i, NULL);
	}
	if (n > 1 && (d->kind == DOC_MAP || is_set(d->key)))
		qsort(all, n, sizeof *all, d->kind == DOC_MAP ? by_key : by_text);
	out->items = n ? all[0] : NULL;
	out->last = n ? all[n - 1] : NULL;
	out->count = (uint32_t)n;
	for (size_t i = 0; i + 1 < n; i++)
		all[i]->next = all[i + 1];
	return out;
}

/* ---- templates ---- */

struct template_of {
	struct arena *a;
	const struct emit_head *head;
	const struct resources *rs;
};

/* A value from the stack's outputs, or from CI's environment. */
static void
call(const struct text_style *s, const struct doc *attr, struct buf *out)
{
	const struct template_of *t = s->context;
	const char *name = arena_strz(t->a, attr->text);
	if (strcmp(attr->address, "external") != 0) {
		buf_addf(out, "{{ cfn_output `%s-%s` `%s` }}", t->head->prefix, t->head->stage, cloudformation_id(t->a, resource_find(t->rs, attr->address)));
		return;
	}
	const char *first = external_first(t->rs, name);
	if (first)
		buf_addf(out, "{{ env `%s` `%s` }}", name, first);
	else
		buf_addf(out, "{{ must_env `%s` }}", name);
}

static void
no_call(const struct text_style *s, char opener, bool brace, struct str rest, unsigned depth, struct buf *out)
{
	(void)s, (void)opener, (void)rest, (void)depth;
	buf_addz(out, brace ? "{{`{{`}}" : "{{`{`}}");
}

static struct str
templated(struct arena *a, const struct emit_head *head, const struct resources *rs, const struct doc *d)
{
	const struct text_style style = {"{", call, no_call, &(struct template_of){a, head, rs}};
	struct buf b = {0};
	json_write_styled(d, &style, &b);
	struct str out = arena_str(a, buf_str(&b));
	buf_free(&b);
	return out;
}

/* ---- files ---- */

static struct str
configuration(struct arena *a, const struct emit_head *head, const struct resource *service)
{
	struct doc *d = doc_map(a, NO_SPAN);
	doc_set(a, d, "region", doc_z(a, NO_SPAN, head->region));
	doc_set(a, d, "cluster", doc_z(a, NO_SPAN, head->cluster));
	if (service) {
		doc_set(a, d, "service", doc_z(a, NO_SPAN, service->name));
		doc_set(a, d, "service_definition", doc_z(a, NO_SPAN, "ecs-service-def.json"));
	}
	doc_set(a, d, "task_definition", doc_z(a, NO_SPAN, "ecs-task-def.json"));
	doc_set(a, d, "timeout", doc_z(a, NO_SPAN, "60m0s"));
	if (service) {
		struct doc *list = doc_list(a, NO_SPAN), *plugin = doc_map(a, NO_SPAN);
		doc_set(a, plugin, "name", doc_z(a, NO_SPAN, "cloudformation"));
		doc_add(list, plugin);
		doc_set(a, d, "plugins", list);
	}
	struct buf b = {0};
	yaml_write(d, &b);
	struct str out = arena_str(a, buf_str(&b));
	buf_free(&b);
	return out;
}

void
ecspresso_resource(struct arena *a, const struct emit_head *head, const struct resources *rs, const struct resource *r, file_list *files)
{
	if (!ecspresso_takes(r))
		return;
	const char *folder = arena_printf(a, "ecspresso/%s", r->name);
	if (resource_is(r, RK_SERVICE)) {
		struct doc *d = canonical(a, r->body, "cluster serviceName taskDefinition");
		const struct doc *count = doc_get(d, "desiredCount");
		if (count && count->first_only)
			d = canonical(a, d, "desiredCount");
		*VEC_PUSH(a, files) = (struct out_file){arena_printf(a, "%s/ecs-service-def.json", folder), templated(a, head, rs, d), false};
		*VEC_PUSH(a, files) = (struct out_file){arena_printf(a, "%s/ecspresso.yml", folder), configuration(a, head, r), false};
	} else {
		*VEC_PUSH(a, files) = (struct out_file){arena_printf(a, "%s/ecs-task-def.json", folder), templated(a, head, rs, canonical(a, r->body, NULL)), false};
		if (is_job(r))
			*VEC_PUSH(a, files) = (struct out_file){arena_printf(a, "%s/ecspresso.yml", folder), configuration(a, head, NULL), false};
	}
}

/* ---- deploy.sh ---- */

/* The container a job is judged by: the first that is essential. */
static const char *
watched(struct arena *a, const struct resource *r)
{
	for (const struct doc *c = doc_get(r->body, "containerDefinitions")->items; c; c = c->next) {
		const struct doc *essential = doc_get(c, "essential");
		if ((!essential || essential->number) && !doc_get(c, "firelensConfiguration"))
			return arena_strz(a, doc_get(c, "name")->text);
	}
	return r->name;
}

static void
run_jobs(struct arena *a, struct buf *b, const struct resources *rs, const char *when)
{
	for (const struct resource *m = rs->first; m; m = m->next) {
		if (!m->when || strcmp(m->when, when) != 0)
			continue;
		for (const struct resource *r = rs->first; r; r = r->next)
			if (resource_is(r, RK_TASK_DEFINITION) && strcmp(r->declaration, m->declaration) == 0)
				buf_addf(b, "ecspresso --config 'ecspresso/%s/ecspresso.yml' run --watch-container '%s' --wait-until stopped\n", r->name, watched(a, r));
	}
}

static void
deploy_stack(struct buf *b, const struct emit_head *head, const char *file, const char *suffix)
{
	buf_addf(b, "aws cloudformation deploy --no-fail-on-empty-changeset --capabilities CAPABILITY_NAMED_IAM --region '%s' --stack-name '%s-%s%s' --template-file %s \"$@\"\n",
		 head->region, head->prefix, head->stage, suffix, file);
}

struct str
ecspresso_script(struct arena *a, const struct emit_head *head, const struct resources *rs, bool after)
{
	struct buf b = {0};
	buf_addf(&b, "#!/bin/sh\n# Deploys stage %s of %s with CloudFormation and ecspresso: written by berth, not to be edited.\n"
		     "# usage: deploy.sh [option of `aws cloudformation deploy`, such as --s3-bucket NAME]\nset -eu\ncd \"$(dirname \"$0\")/..\"\n\n",
		 head->stage, head->project);
	deploy_stack(&b, head, "cloudformation/template.json", "");
	run_jobs(a, &b, rs, "before_deploy");
	for (const struct resource *r = rs->first; r; r = r->next)
		if (resource_is(r, RK_SERVICE))
			buf_addf(&b, "ecspresso --config 'ecspresso/%s/ecspresso.yml' deploy\n", r->name);
	if (after)
		deploy_stack(&b, head, "cloudformation/after-services.json", "-after-services");
	if (head->forms & 1u << FORM_ECSCHEDULE)
		buf_addz(&b, "ecschedule -conf ecschedule/ecschedule.yaml apply -all -prune\n");
	run_jobs(a, &b, rs, "after_deploy");
	struct str out = arena_str(a, buf_str(&b));
	buf_free(&b);
	return out;
}
