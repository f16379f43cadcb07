/*
 * graph --iam: who may do what to what, and which line says so; from the
 * policies of the lowered stage, so that it is what compile writes.
 */
#include "berth/cli.h"

#include "berth/lower.h"

#include <string.h>

static void
add_list(struct buf *out, const struct doc *d, const char *between)
{
	const struct doc *first = d->kind == DOC_LIST ? d->items : d;
	for (const struct doc *i = first; i; i = d->kind == DOC_LIST ? i->next : NULL) {
		if (i != first)
			buf_addz(out, between);
		if (i->kind == DOC_STRING)
			buf_adds(out, i->text);
		else if (i->kind == DOC_ATTR)
			buf_addf(out, "%s.%.*s", i->address, (int)i->text.n, i->text.p);
	}
}

static void
add_condition(struct buf *out, const struct doc *condition)
{
	for (const struct doc *op = condition ? condition->items : NULL; op; op = op->next)
		for (const struct doc *key = op->items; key; key = key->next) {
			buf_addf(out, "\n      only where %.*s ", (int)key->key.n, key->key.p);
			buf_addf(out, "%s ", str_starts(op->key, "Arn") ? "is like" : "is");
			add_list(out, key, " or ");
		}
}

static void
add_statement(struct sources *sources, struct buf *out, const struct doc *s, const char *verb)
{
	const struct doc *resource = doc_get(s, "Resource"), *principal = doc_get(s, "Principal");
	struct place at = sources_place(sources, s->origin);
	buf_addf(out, "  %s ", verb);
	add_list(out, doc_get(s, "Action"), ", ");
	if (principal && principal->kind == DOC_MAP) {
		buf_addz(out, " by ");
		add_list(out, principal->items, ", ");
	}
	if (resource) {
		buf_addz(out, "\n      on ");
		add_list(out, resource, "\n         ");
	}
	add_condition(out, doc_get(s, "Condition"));
	buf_addf(out, "\n      %s:%u\n", at.path, at.line);
}

static void
add_policy(struct sources *sources, struct buf *out, const struct doc *policy, const char *verb)
{
	const struct doc *inner = policy && policy->kind == DOC_JSON ? policy->items : NULL;
	for (const struct doc *s = inner ? doc_get(inner, "Statement")->items : NULL; s; s = s->next)
		add_statement(sources, out, s, verb);
}

void
iam_show(struct session *s, struct graph *g, struct buf *out)
{
	struct resources *rs = lower_stage(g);
	if (s->compile->diags->errors > 0)
		return;
	buf_addf(out, "# stage %s\n", g->program->stage->name->text);
	for (const struct resource *r = rs->first; r; r = r->next) {
		if (resource_is(r, RK_QUEUE)) {
			buf_addf(out, "\nqueue %s (%s)\n", r->name, r->declaration);
			add_policy(s->compile->sources, out, doc_get(doc_get(r->body, "Attributes"), "Policy"), "denies");
		}
		if (!resource_is(r, RK_ROLE))
			continue;
		buf_addf(out, "\nrole %s (%s)\n", r->name, r->declaration);
		add_policy(s->compile->sources, out, doc_get(r->body, "AssumeRolePolicyDocument"), "is taken on with");
		const struct resource *p = resource_named(rs, RK_ROLE_POLICY, r->name);
		const struct resource *more = resource_named(rs, RK_ROLE_ATTACHMENT, r->name);
		if (p)
			add_policy(s->compile->sources, out, doc_get(p->body, "PolicyDocument"), "may");
		if (more)
			buf_addf(out, "  may what %.*s says\n", (int)doc_get(more->body, "PolicyArn")->text.n, doc_get(more->body, "PolicyArn")->text.p);
	}
}
