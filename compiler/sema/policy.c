/*
 * Assertions: where they stand, in policies over every declaration of a kind,
 * with exemptions, and in tests.
 */
#include "internal.h"

#include <string.h>

static struct str
message_text(struct program *p, const struct stmt *st, struct scope *scope)
{
	struct value *v = st->message ? eval_expr(p, st->message, scope) : NULL;
	return v && v->kind == V_STRING ? v->text : STR("");
}

/* 1 holds, 0 does not, -1 cannot be told (reported or unknown). */
static int
holds(struct program *p, const struct stmt *st, struct scope *scope)
{
	struct value *v = eval_expr(p, st->value, scope);
	if (v->kind == V_BOOL)
		return v->n != 0;
	if (v->kind != V_ERROR && v->kind != V_UNKNOWN)
		report(p, D_E0104, st->value->at, "an assertion is true or false, not %s", value_kind_words(v));
	return -1;
}

void
rules_run(struct program *p, struct object *o)
{
	for (struct rule *r = o->rules; r; r = r->next) {
		if (holds(p, r->stmt, r->scope) != 0)
			continue;
		struct str why = message_text(p, r->stmt, r->scope);
		report(p, r->stmt->kind == ST_WARN ? D_E0141 : D_E0140, r->stmt->value->at, "%s: %.*s", object_words(p->arena, o),
		       (int)why.n, why.p);
	}
}

/* ---- policies ---- */

/* An exemption of this policy that names the object, or may: whom it names was reported. Or NULL. */
static struct object *
exemption(struct program *p, const struct name *policy, struct object *o)
{
	for (struct object *x = program_first(p, K_exempt); x; x = object_next(x)) {
		const struct path *label = &x->stmt->labels[0];
		if (x->stmt->label_count == 0 || label->part[label->n - 1].name != policy)
			continue;
		static const enum attr_id whom[] = {A_exempt_service, A_exempt_queue, A_exempt_schedule, A_exempt_job};
		for (size_t i = 0; i < sizeof whom / sizeof *whom; i++) {
			const struct value *v = object_peek(p, x, whom[i]);
			if (v && (v->kind == V_ERROR || (v->kind == V_OBJECT && v->object == o)))
				return x;
		}
	}
	return NULL;
}

static bool
expired(struct program *p, struct object *x)
{
	const struct value *until = object_peek(p, x, A_exempt_until);
	return p->compile->today && until && until->kind == V_STRING && str_cmp(until->text, str_of(p->compile->today)) < 0;
}

static void
policy_failed(struct program *p, const struct name *policy, struct object *o, const struct stmt *st, struct scope *scope)
{
	struct object *x = exemption(p, policy, o);
	if (x) {
		x->exempt_hit = true;
		if (!expired(p, x))
			return;
	}
	struct str why = message_text(p, st, scope);
	struct diag *g = report(p, st->kind == ST_WARN ? D_E0141 : D_E0142, o->at, "%s breaks policy \"%s\": %.*s",
				object_words(p->arena, o), policy->text, (int)why.n, why.p);
	diag_note(p->compile->diags, g, st->at, "the policy says so here");
	if (x) {
		const struct value *until = object_peek(p, x, A_exempt_until);
		diag_note(p->compile->diags, g, x->at, "the exemption ended on %.*s", (int)until->text.n, until->text.p);
	}
}

static void
run_body(struct program *p, const struct name *policy, struct object *o, const struct stmt *body, struct scope *scope)
{
	for (const struct stmt *st = body; st; st = st->next) {
		if (st->kind == ST_IF) {
			if (holds(p, st, scope) == 1)
				run_body(p, policy, o, st->body, scope);
		} else if (st->kind == ST_IN) {
			for (uint32_t i = 0; i < st->label_count; i++)
				if (st->labels[i].part[0].name == p->stage->name)
					run_body(p, policy, o, st->body, scope);
		} else if (st->kind == ST_ASSERT || st->kind == ST_WARN) {
			if (holds(p, st, scope) == 0)
				policy_failed(p, policy, o, st, scope);
		}
	}
}

static void
run_each(struct program *p, const struct object *policy, const struct stmt *each)
{
	const struct name *word = each->label_count > 0 ? each->labels[0].part[0].name : NULL;
	int k = word ? schema_child(p->compile->schema, K_COUNT, word) : -1;
	if (k < 0 || kind_row((enum kind_id)k)->label != LABEL_REQUIRED) {
		struct diag *g = report(p, D_E0101, each->head, "`each` needs a kind of declaration");
		diag_hint(p->compile->diags, g, "For example: each service { assert self.count.min >= 2, \"why\" }");
		return;
	}
	p->policy_self = policy->label;
	for (struct object *o = program_first(p, (enum kind_id)k); o; o = object_next(o)) {
		struct scope s = {.up = policy->scope, .self = o, .module = &p->compile->project};
		run_body(p, policy->label, o, each->body, &s);
	}
	p->policy_self = NULL;
}

static void
check_exempt(struct program *p, struct object *x)
{
	const struct path *label = x->stmt->label_count ? &x->stmt->labels[0] : NULL;
	struct diags *d = p->compile->diags;
	if (label == NULL || label->n != 2 || !str_eqz(name_str(label->part[0].name), "policy") ||
	    declaration(p, K_policy, label->part[1].name) == NULL) {
		struct diag *g = report(p, D_E0110, label ? label->at : x->at, "there is no such policy");
		diag_hint(d, g, "Write: exempt policy.NAME { … }");
		return;
	}
	const struct value *until = object_peek(p, x, A_exempt_until);
	if (until == NULL || until->kind != V_STRING)
		return;
	int year = 0, month = 0, day = 0;
	bool good = until->text.n == 10;
	for (size_t i = 0; good && i < 10; i++) {
		char c = until->text.p[i];
		good = i == 4 || i == 7 ? c == '-' : c >= '0' && c <= '9';
		if (i < 4)
			year = year * 10 + (c - '0');
		else if (i > 4 && i < 7)
			month = month * 10 + (c - '0');
		else if (i > 7)
			day = day * 10 + (c - '0');
	}
	if (!good || year < 2000 || month < 1 || month > 12 || day < 1 || day > 31) {
		struct diag *g = report(p, D_E0104, until->origin, "\"%.*s\" is not a date", (int)until->text.n, until->text.p);
		diag_hint(d, g, "Write the last day as \"2027-12-31\".");
	} else if (expired(p, x)) {
		struct diag *g = report(p, D_E0143, until->origin, "the exemption ended on %.*s", (int)until->text.n, until->text.p);
		diag_hint(d, g, "Fix what it excuses, or renew it with a reason.");
	}
}

void
policies_run(struct program *p)
{
	for (struct object *o = program_first(p, K_policy); o; o = object_next(o))
		for (const struct stmt *st = o->stmt->body; st; st = st->next)
			if (st->kind == ST_BLOCK)
				run_each(p, o, st);
	for (struct object *x = program_first(p, K_exempt); x; x = object_next(x)) {
		check_exempt(p, x);
		if (x->exempt_hit)
			map_put(&p->compile->exempt_used, x->stmt, (void *)(uintptr_t)x->stmt);
	}
}

void
sema_finish(struct compile *c, bool all_stages)
{
	if (!all_stages || c->broken)
		return;
	for (size_t i = 0; i < c->project.file_count; i++) {
		for (const struct stmt *st = c->project.files[i]->body; st; st = st->next) {
			if (st->kind != ST_BLOCK || st->path->n != 1 || !str_eqz(name_str(st->path->part[0].name), "exempt") ||
			    map_get(&c->exempt_used, st))
				continue;
			struct diag *g = diag_add(c->diags, D_E0144, st->head, "nothing needs this exemption");
			diag_hint(c->diags, g, "Remove it.");
		}
	}
}

/* ---- tests ---- */

static void
run_test(struct program *p, struct object *t)
{
	for (struct rule *r = t->rules; r; r = r->next) {
		int h = holds(p, r->stmt, r->scope);
		if (h == 1)
			p->compile->tests_passed++;
		else
			p->compile->tests_failed++;
		if (h != 0)
			continue;
		struct str why = message_text(p, r->stmt, r->scope);
		report(p, D_E0140, r->stmt->value->at, "test \"%s\": %.*s", t->label->text, (int)why.n, why.p);
	}
}

void
tests_run(struct program *p)
{
	for (struct object *t = program_first(p, K_test); t; t = object_next(t))
		run_test(p, t);
}
