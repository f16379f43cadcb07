/*
 * Limits of whole documents, which no shape knows: a task definition's size, a
 * policy's, an ARN of another partition or region.
 *
 * Sources: ECS quotas (task definition size); IAM quotas (inline policies of a
 * role, without white space); SQS developer guide (policy); Step Functions
 * quotas (state machine definition).
 */
#include "berth/lower.h"

#include <string.h>

static const struct {
	int kind;
	const char *member; /* NULL: the whole request */
	uint64_t max;
	const char *what, *source;
} limits[] = {
	{RK_TASK_DEFINITION, NULL, 65536, "the task definition", "ECS quotas, 64 KiB; move long texts to files or to SSM"},
	{RK_ROLE_POLICY, "PolicyDocument", 10240, "the role's policy", "IAM quotas, 10240 characters of inline policies; name prefixes instead of each resource"},
	{RK_ROLE, "AssumeRolePolicyDocument", 2048, "the role's trust policy", "IAM quotas, 2048 characters"},
	{RK_STATE_MACHINE, "definition", 1048576, "the state machine", "Step Functions quotas, 1 MiB"},
};

/* Characters of the document as JSON without white space. */
static uint64_t
json_size(const struct doc *d)
{
	uint64_t n = 2;
	switch (d->kind) {
	case DOC_STRING:
		for (size_t i = 0; i < d->text.n; i++)
			n += d->text.p[i] == '"' || d->text.p[i] == '\\' || (unsigned char)d->text.p[i] < ' ' ? 2 : 1;
		return n;
	case DOC_ATTR: return n + strlen(d->address) + d->text.n;
	case DOC_BOOL: return 5;
	case DOC_INT:
	case DOC_NUMBER: return 8;
	default: break;
	}
	for (const struct doc *i = d->items; i; i = i->next)
		n += json_size(i) + 1 + (d->kind == DOC_MAP ? i->key.n + 3 : 0);
	return n;
}

static void
check_size(struct lower *l, const struct resource *r)
{
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		if (r->kind != resource_kind_get(limits[i].kind))
			continue;
		const struct doc *d = limits[i].member ? doc_get(r->body, limits[i].member) : r->body;
		uint64_t n = d ? json_size(d->kind == DOC_JSON ? d->items : d) : 0;
		if (n <= limits[i].max)
			continue;
		struct diag *g = complain(l->g, D_E0186, r->origin, "%s of %s has %llu characters, more than %llu", limits[i].what, r->declaration, (unsigned long long)n,
					  (unsigned long long)limits[i].max);
		diag_hint(l->g->compile->diags, g, "The limit is the platform's (%s).", limits[i].source);
	}
}

/* What stands between the nth and the next colon. */
static struct str
field(struct str s, int n)
{
	size_t from = 0;
	for (; n > 0 && from < s.n; from++)
		n -= s.p[from] == ':';
	size_t end = from;
	while (end < s.n && s.p[end] != ':')
		end++;
	return (struct str){s.p + from, end - from};
}

/* An ARN that the program gave: the stage's partition and, where it has one, its region. */
static void
check_arn(struct lower *l, const struct doc *d, struct str region)
{
	if (!str_starts(d->text, "arn:aws"))
		return;
	const char *partition = aws_partition(region);
	struct str own = field(d->text, 3);
	bool other = !str_eqz(field(d->text, 1), partition), elsewhere = own.n > 0 && !str_eq(own, region) && !str_eqz(own, "*");
	if (!other && !elsewhere)
		return;
	struct diag *g = complain(l->g, D_E0155, d->origin, "\"%.*s\" is in another %s than the stage", (int)d->text.n, d->text.p, other ? "partition" : "region");
	diag_hint(l->g->compile->diags, g, "The stage is in %.*s; what its resources name must be there too.", (int)region.n, region.p);
}

/* Permissions may name what is elsewhere. */
static void
check_arns(struct lower *l, const struct doc *d, struct str region)
{
	if (d->kind == DOC_STRING)
		check_arn(l, d, region);
	if (d->kind == DOC_JSON)
		return;
	for (const struct doc *i = d->items; i; i = i->next)
		if (!str_eqz(i->key, "environment") && !str_eqz(i->key, "valueFrom"))
			check_arns(l, i, region);
}

void
lower_limits(struct lower *l, struct str region)
{
	for (const struct resource *r = l->out->first; r; r = r->next) {
		if (r->kind->platform != RP_AWS)
			continue;
		check_size(l, r);
		check_arns(l, r->body, region);
	}
}
