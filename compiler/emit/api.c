/*
 * Form `api`: a request a file, whose path is the command, beside it the
 * request that updates what is there already, and deploy.sh, which sends them
 * in order.
 */
#include "forms.h"

#include "text.h"

#include <string.h>

extern const char deploy_script[]; /* deploy.sh of this folder, embedded */

/* ---- requests that update ---- */

/* Members of a creation that an update takes too; a list for each kind that has one. */
static const struct {
	int kind;
	const char *operation, *members;
} updates[] = {
	{RK_ROLE, "update-assume-role-policy", "RoleName AssumeRolePolicyDocument=PolicyDocument"},
	{RK_QUEUE, "set-queue-attributes", "Attributes"},
	{RK_DELIVERY_STREAM, "update-destination", "DeliveryStreamName ExtendedS3DestinationConfiguration=ExtendedS3DestinationUpdate"},
	{RK_TARGET_GROUP, "modify-target-group",
	 "HealthCheckEnabled HealthCheckPath HealthCheckIntervalSeconds HealthCheckTimeoutSeconds HealthyThresholdCount UnhealthyThresholdCount Matcher"},
	{RK_LISTENER_RULE, "modify-rule", "Conditions Actions"},
	{RK_SERVICE, "update-service",
	 "cluster serviceName=service desiredCount taskDefinition capacityProviderStrategy deploymentConfiguration availabilityZoneRebalancing networkConfiguration "
	 "platformVersion healthCheckGracePeriodSeconds enableExecuteCommand enableECSManagedTags loadBalancers serviceRegistries propagateTags"},
	{RK_STATE_MACHINE, "update-state-machine", "roleArn definition"},
	{RK_CD_GROUP, "update-deployment-group",
	 "applicationName deploymentGroupName=currentDeploymentGroupName deploymentConfigName serviceRoleArn alarmConfiguration autoRollbackConfiguration "
	 "deploymentStyle blueGreenDeploymentConfiguration loadBalancerInfo ecsServices"},
};

/* What ECS lets change where CodeDeploy deploys; the rest comes with a deployment. Source: ECS API, UpdateService. */
static const char codedeploy_members[] =
	"cluster serviceName=service desiredCount healthCheckGracePeriodSeconds enableECSManagedTags propagateTags";

static bool
by_codedeploy(const struct resource *r)
{
	const struct doc *type = resource_is(r, RK_SERVICE) ? doc_find(r->body, STR("deploymentController.type")) : NULL;
	return type && str_eqz(type->text, "CODE_DEPLOY");
}

/* Whoever deploys owns the weights of a rule that traffic is shifted with. */
static bool
is_weighted(const struct resource *rule)
{
	return doc_find(rule->body, STR("Actions[0].ForwardConfig")) != NULL;
}

/* What an update that does not name it keeps: it may be there from an earlier version. Source: ECS API, UpdateService. */
static bool
is_removed_by_empty_list(const struct resource *r, const char *member)
{
	static const char *const names[] = {"loadBalancers", "serviceRegistries", "capacityProviderStrategy"};
	for (size_t i = 0; resource_is(r, RK_SERVICE) && i < sizeof names / sizeof *names; i++)
		if (strcmp(member, names[i]) == 0)
			return true;
	return false;
}

static struct doc *
update_body(struct arena *a, const struct resource *r, const char *members)
{
	struct doc *d = doc_map(a, r->origin);
	for (const char *w = by_codedeploy(r) ? codedeploy_members : members; *w; w += strcspn(w, " "), w += *w == ' ') {
		struct str word = {w, strcspn(w, " ")};
		const char *is = memchr(word.p, '=', word.n);
		const char *from = arena_strz(a, (struct str){word.p, is ? (size_t)(is - word.p) : word.n});
		const char *to = is ? arena_strz(a, (struct str){is + 1, word.n - (size_t)(is - word.p) - 1}) : from;
		const struct doc *v = doc_get(r->body, from);
		if (v == NULL && is_removed_by_empty_list(r, from))
			doc_set(a, d, to, doc_list(a, r->origin));
		if (v == NULL || v->first_only || (resource_is(r, RK_LISTENER_RULE) && strcmp(from, "Actions") == 0 && is_weighted(r)))
			continue;
		if (resource_is(r, RK_QUEUE))
			doc_set(a, d, to, doc_without(a, v, "FifoQueue")); /* it cannot change */
		else
			doc_set(a, d, to, doc_share(a, v));
	}
	return d;
}

/* ---- files ---- */

static const char *
path_of(struct arena *a, const struct resource *r, const char *operation)
{
	struct buf b = {0};
	buf_addf(&b, "api/%s/%s/", r->kind->service, operation);
	add_file_name(&b, r->name);
	buf_addz(&b, ".json");
	const char *p = arena_strz(a, buf_str(&b));
	buf_free(&b);
	return p;
}

/* deploy.sh puts values in by these names; text that reads like one says its dollar in another way. */
static void
to_fill(const struct text_style *s, const struct doc *attr, struct buf *out)
{
	(void)s;
	buf_addf(out, "${%s.%.*s}", attr->address, (int)attr->text.n, attr->text.p);
}

static bool
may_become(struct str s, const char *word)
{
	size_t n = strlen(word);
	return memcmp(s.p, word, s.n < n ? s.n : n) == 0;
}

static void
not_to_fill(const struct text_style *s, char opener, bool brace, struct str rest, unsigned depth, struct buf *out)
{
	(void)s;
	if (brace && (may_become(rest, "aws.") || may_become(rest, "external.")))
		text_add_unicode(out, (unsigned char)opener, depth);
	else
		buf_addc(out, opener);
	if (brace)
		buf_addc(out, '{');
}

static struct str
json_of(struct arena *a, const struct doc *d)
{
	static const struct text_style style = {"$", to_fill, not_to_fill, NULL};
	struct buf b = {0};
	json_write_styled(d, &style, &b);
	struct str out = arena_str(a, buf_str(&b));
	buf_free(&b);
	return out;
}

/* A revision says what it holds, so that the same content is registered once. */
static struct doc *
tagged(struct arena *a, const struct resource *r)
{
	char hex[65];
	struct doc *d = doc_without(a, r->body, "tags"), *tags = doc_list(a, r->origin), *own = doc_map(a, r->origin);
	const struct doc *old = doc_get(r->body, "tags");
	sha256_hex(json_of(a, r->body), hex);
	for (const struct doc *t = old ? old->items : NULL; t; t = t->next)
		doc_add(tags, doc_share(a, t));
	doc_set(a, own, "key", doc_z(a, r->origin, "berth-content"));
	name_list names = {0};
	struct doc *mark = doc_z(a, r->origin, arena_strz(a, (struct str){hex, 16}));
	external_names_of(a, r->body, &names);
	if (names.n) { /* other content with each value that CI gives */
		struct doc *text = doc_new(a, DOC_TEXT, r->origin);
		doc_add(text, mark);
		for (size_t i = 0; i < names.n; i++) {
			doc_add(text, doc_z(a, r->origin, "-"));
			doc_add(text, doc_attr(a, r->origin, "external", names.v[i]));
		}
		mark = text;
	}
	doc_set(a, own, "value", mark);
	doc_add(tags, own);
	doc_set(a, d, "tags", tags);
	return d;
}

void
api_resource(struct arena *a, const struct resource *r, file_list *files)
{
	bool definition = resource_is(r, RK_TASK_DEFINITION);
	*VEC_PUSH(a, files) = (struct out_file){path_of(a, r, r->kind->operation), json_of(a, definition ? tagged(a, r) : r->body), false};
	for (size_t i = 0; i < sizeof updates / sizeof *updates; i++)
		if (resource_is(r, updates[i].kind))
			*VEC_PUSH(a, files) = (struct out_file){path_of(a, r, updates[i].operation), json_of(a, update_body(a, r, updates[i].members)), false};
}

/* ---- deploy.sh ---- */

/* The content's mark, with the values that CI gives. */
static void
add_content(struct buf *b, const struct doc *d)
{
	if (d->kind == DOC_STRING)
		buf_adds(b, d->text);
	else if (d->kind == DOC_ATTR)
		buf_addf(b, "${%.*s}", (int)d->text.n, d->text.p);
	for (const struct doc *i = d->kind == DOC_TEXT ? d->items : NULL; i; i = i->next)
		add_content(b, i);
}

static void
put_line(struct arena *a, struct buf *b, const struct resource *r, const file_list *files)
{
	buf_addz(b, "put");
	add_argument(b, str_of(r->address));
	for (size_t i = 0; i < files->n; i++)
		if (strncmp(files->v[i].path, "api/", 4) == 0)
			add_argument(b, str_of(files->v[i].path + 4));
	if (resource_is(r, RK_TASK_DEFINITION)) {
		const struct doc *tags = doc_get(tagged(a, r), "tags");
		const struct doc *last = tags->items;
		while (last->next)
			last = last->next;
		add_argument(b, str_of(""));
		buf_addz(b, " \"");
		add_content(b, doc_get(last, "value"));
		buf_addc(b, '"');
	}
	buf_addc(b, '\n');
}

/* A service, or what can only be made once its service is there. */
static bool
follows_service(const struct resource *r)
{
	if (resource_is(r, RK_SERVICE))
		return true;
	for (const struct edge *e = r->edges; e; e = e->next)
		if (follows_service(e->to))
			return true;
	return false;
}

/* Schedules and rules start the new revision only when it is there for all. */
static bool
is_late(const struct resource *r)
{
	return follows_service(r) || resource_is(r, RK_SCHEDULE) || resource_is(r, RK_RULE) || resource_is(r, RK_RULE_TARGETS);
}

static void
put_all(struct arena *a, struct buf *b, const struct resources *rs, const file_list *files, bool late)
{
	for (const struct resource *r = rs->first; r; r = r->next, files++)
		if (r->kind->platform == RP_AWS && is_late(r) == late)
			put_line(a, b, r, files);
}

static void
each_named(struct buf *b, const struct resources *rs, int kind, const char *when, const char *command)
{
	for (const struct resource *r = rs->first; r; r = r->next) {
		if (!resource_is(r, kind) || by_codedeploy(r) || (when && (r->when == NULL || strcmp(r->when, when) != 0)))
			continue;
		buf_addz(b, command);
		add_argument(b, str_of(r->name));
		buf_addc(b, '\n');
	}
}

static void
variable(struct buf *b, const char *name, const char *value)
{
	buf_addf(b, "%s=", name);
	struct buf q = {0};
	add_argument(&q, str_of(value ? value : ""));
	buf_add(b, q.p + 1, q.n - 1);
	buf_addc(b, '\n');
	buf_free(&q);
}

struct str
api_script(struct arena *a, const struct emit_head *head, const struct resources *rs, const file_list *files)
{
	struct buf b = {0};
	buf_addf(&b, "#!/bin/sh\n# Deploys stage %s of %s: written by berth, not to be edited.\n", head->stage, head->project);
	struct str body = str_of(deploy_script);
	const char *code = strstr(body.p, "set -eu\n");
	buf_add(&b, body.p, (size_t)(code - body.p));
	variable(&b, "PROJECT", head->project);
	variable(&b, "STAGE", head->stage);
	variable(&b, "PREFIX", head->prefix);
	variable(&b, "REGION", head->region);
	variable(&b, "ACCOUNT", head->account);
	variable(&b, "PARTITION", aws_partition(str_of(head->region)));
	variable(&b, "CLUSTER", head->cluster);
	buf_addz(&b, code);
	name_list names = {0};
	external_names(a, rs, &names);
	for (size_t i = 0; i < names.n; i++) {
		const char *first = external_first(rs, names.v[i]);
		if (first) {
			buf_addf(&b, "[ -n \"${%s:-}\" ] || ", names.v[i]);
			variable(&b, names.v[i], first);
		}
		buf_addf(&b, ": \"${%s:?is not set: the program leaves it to whoever deploys}\"\nremember external %s \"$%s\"\n", names.v[i], names.v[i], names.v[i]);
	}
	put_all(a, &b, rs, files, false);
	each_named(&b, rs, RK_STATE_MACHINE, "before_deploy", "run_job");
	put_all(a, &b, rs, files, true);
	each_named(&b, rs, RK_SERVICE, NULL, "wait_for");
	each_named(&b, rs, RK_CD_DEPLOYMENT, NULL, "wait_for_deployment");
	each_named(&b, rs, RK_STATE_MACHINE, "after_deploy", "run_job");
	each_named(&b, rs, RK_SCHEDULE_GROUP, NULL, "prune_schedules");
	buf_addz(&b, "prune_rules\n");
	struct str out = arena_str(a, buf_str(&b));
	buf_free(&b);
	return out;
}
