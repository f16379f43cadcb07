/*
 * One stage: force every setting of every declaration, in program order, and
 * check what each row asks for.
 */
#include "internal.h"

#include <string.h>

/* ---- forcing ---- */

static const char *
slot_words(struct program *p, struct object *o, const struct attr_row *row)
{
	return arena_printf(p->arena, "%s of %s", row->name, object_words(p->arena, o));
}

static bool
is_literal(const struct expr *e)
{
	switch (e->kind) {
	case EX_STRING: return e->items == NULL || (e->items->next == NULL && e->items->kind == EX_STRING);
	case EX_BINARY: return e->op == OP_RANGE && is_literal(e->left) && is_literal(e->right);
	case EX_LIST:
		for (const struct expr *i = e->items; i; i = i->next)
			if (!is_literal(i))
				return false;
		return true;
	case EX_REF: return e->path->n == 1 && !e->param;
	case EX_CALL:
	case EX_UNARY:
	case EX_ERROR: return false;
	default: return true;
	}
}

/* An override that changes nothing misleads the next reader. Only literals: others may differ elsewhere. */
static void
check_override(struct program *p, const struct layer *top, const struct value *v, const char *what)
{
	const struct layer *below = top->below;
	if (below == NULL || !is_literal(top->stmt->value) || !is_literal(below->stmt->value))
		return;
	struct value *old = eval_expr(p, below->stmt->value, below->scope);
	if (old->kind == V_ERROR || !value_equal(v, old))
		return;
	struct diag *g = report(p, D_E0119, top->stmt->at, "%s is the same without this line", what);
	diag_note(p->compile->diags, g, below->stmt->at, "set here already");
	diag_hint(p->compile->diags, g, "Remove one of the two.");
}

/* The default of a row, read with the row's own rules. */
static struct value *
default_value(struct program *p, struct object *o, const struct attr_row *row)
{
	struct str text = str_of(row->def);
	if (text.n >= 2 && text.p[0] == '"')
		text = (struct str){text.p + 1, text.n - 2};
	struct value *v = value_parse(p, row, text, o->at);
	if (v == NULL)
		bug("the default of %s is not of its type", row->name);
	for (struct value *i = v->items; i; i = i->next)
		i->origin = o->at;
	return v;
}

static struct value *
fallback(struct program *p, struct object *o, struct slot *slot, const struct attr_row *row)
{
	for (const char *w = row->outputs; w && *w; w += strcspn(w, " "), w += *w == ' ') {
		char *name = arena_strz(p->arena, (struct str){w, strcspn(w, " ")});
		struct value *v = stage_output(p, name, o->at);
		if (v == NULL)
			continue;
		struct value *copy = value_new(p, V_NONE, v->origin);
		*copy = *v;
		copy->next = NULL;
		slot->implied = true;
		slot->why = arena_printf(p->arena, "stage output \"%s\"", name);
		return coerce(p, copy, row, o);
	}
	if (row->def == NULL)
		return NULL;
	slot->implied = true;
	slot->why = "default";
	return default_value(p, o, row);
}

struct value *
slot_force(struct program *p, struct object *o, struct slot *slot, const struct attr_row *row)
{
	if (slot->state == FORCE_DONE)
		return slot->value;
	if (slot->state == FORCE_BUSY) {
		struct span at = slot->top ? slot->top->stmt->at : o->at;
		report(p, D_E0114, at, "%s depends on itself", slot_words(p, o, row));
		return value_error(p, at);
	}
	slot->state = FORCE_BUSY;
	struct value *v = NULL;
	if (slot->misspelt) {
		v = value_error(p, o->at);
	} else if (slot->top) {
		v = eval_expr(p, slot->top->stmt->value, slot->top->scope);
		if (v->kind != V_ERROR && v->kind != V_UNKNOWN && v->kind != V_NONE)
			v = coerce(p, v, row, o);
		if (slot->top->below && v->kind != V_ERROR)
			check_override(p, slot->top, v, slot_words(p, o, row));
		if (v->kind == V_NONE)
			v = NULL;
	}
	if (v == NULL)
		v = fallback(p, o, slot, row);
	slot->value = v;
	slot->state = FORCE_DONE;
	return v;
}

struct slot *
object_slot(struct program *p, struct object *o, enum attr_id a)
{
	if (attr_row(a)->kind != o->kind)
		bug("%s is no setting of %s", attr_row(a)->name, kind_row(o->kind)->name);
	object_expand(p, o);
	return &o->slots[a - kind_first_attr(p->compile->schema, o->kind)];
}

const struct value *
object_peek(struct program *p, struct object *o, enum attr_id a)
{
	return slot_force(p, o, object_slot(p, o, a), attr_row(a));
}

const struct value *
object_get(struct program *p, struct object *o, enum attr_id a)
{
	struct slot *s = object_slot(p, o, a);
	s->used = true;
	return slot_force(p, o, s, attr_row(a));
}

/* ---- map entries and component parameters ---- */

static struct attr_row
entry_row(const struct object *o, const struct entry *e)
{
	return (struct attr_row){.name = e->key.p, .types = kind_row(o->kind)->map, .ref = K_queue};
}

static struct value *
param_entry(struct program *p, struct object *o, struct entry *e)
{
	struct param *q = o->component->params;
	while (q && !str_eq(name_str(q->name), e->key))
		q = q->next;
	if (q == NULL)
		return value_error(p, e->key_at); /* the static check reported it */
	if (e->slot.top || e->slot.misspelt || e->slot.state != FORCE_TODO) {
		struct value *v = slot_force(p, o, &e->slot, &q->row);
		if (v)
			return v;
	}
	if (q->stmt->value)
		return e->slot.value = coerce(p, eval_expr(p, q->stmt->value, o->scope), &q->row, o);
	e->slot.state = FORCE_DONE;
	if (!q->row.required)
		return e->slot.value = value_new(p, V_NONE, o->at);
	struct diag *g = report(p, D_E0113, o->at, "%s needs parameter \"%s\"", object_words(p->arena, o), q->name->text);
	diag_note(p->compile->diags, g, q->stmt->at, "declared here without a default");
	return e->slot.value = value_error(p, o->at);
}

struct value *
entry_value(struct program *p, struct object *o, struct entry *e)
{
	if (o->kind == K_component)
		return param_entry(p, o, e);
	e->slot.used = true;
	struct attr_row row = entry_row(o, e);
	if (o->kind == K_patch)
		row.types = ~0u;
	if (e->slot.state != FORCE_DONE)
		row.name = arena_strz(p->arena, e->key);
	return slot_force(p, o, &e->slot, &row);
}

/* ---- one object ---- */

static void
check_required(struct program *p, struct object *o)
{
	const struct schema *s = p->compile->schema;
	bool template = o->partial || (o->kind == K_container && (o->parent->parent == NULL || o->parent->kind == K_component));
	for (unsigned i = 0; i < kind_attr_count(s, o->kind); i++) {
		const struct attr_row *row = attr_row(kind_first_attr(s, o->kind) + i);
		const struct slot *slot = &o->slots[i];
		if (!row->required || template || slot->value || slot->misspelt || (slot->top && slot->state == FORCE_BUSY))
			continue;
		const struct contribution *base = o->parts; /* the last in the line of `from` */
		for (const struct contribution *c = base; c; c = c->next)
			if (c->stmt->kind == ST_BLOCK && c->stmt->from == NULL)
				base = c;
		const char *cause = arena_printf(p->arena, "%s of %u:%u", row->name, base ? base->stmt->at.file : 0, base ? base->stmt->at.off : o->at.off);
		if (diag_again(p->compile->diags, o->at, arena_printf(p->arena, "so does %s", object_words(p->arena, o)), cause))
			continue;
		struct diag *g = report(p, D_E0107, o->at, "%s needs %s", object_words(p->arena, o), row->name);
		diag_cause(p->compile->diags, cause, g);
		diag_hint(p->compile->diags, g, "For example: %s", row->example);
	}
}

static void
visit(struct program *p, struct object *o)
{
	if (o->gone)
		return;
	if (o->kind == K_component) {
		for (struct param *q = o->component->params; q; q = q->next)
			entry_value(p, o, object_entry(p, o, name_str(q->name), q->stmt->at, true));
	} else {
		const struct schema *s = p->compile->schema;
		object_expand(p, o);
		/* what is written; defaults and outputs are made when they are read */
		for (unsigned i = 0; i < kind_attr_count(s, o->kind); i++)
			if (o->slots[i].top)
				slot_force(p, o, &o->slots[i], attr_row(kind_first_attr(s, o->kind) + i));
		if (o->kind != K_policy && o->kind != K_test && o->kind != K_each)
			for (struct entry *e = o->entries; e; e = e->next)
				entry_value(p, o, e);
		check_required(p, o);
	}
	for (struct object *c = o->children; c; c = c->next)
		visit(p, c);
	if (o->kind != K_test && o->kind != K_each)
		rules_run(p, o);
}

struct object *
object_implied(struct program *p, struct object *parent, enum kind_id kind)
{
	struct object *o = object_child(p, parent, kind, NULL);
	if (o)
		return o;
	o = object_new(p, kind, NULL, parent, parent->stmt, parent->scope);
	o->state = OBJ_EXPANDED;
	return o;
}

/* The stage's own block, with `ecs` and `kubernetes` there even when not written: their settings may be outputs. */
static void
find_stage(struct program *p)
{
	p->stage_object = declaration(p, K_stage, p->stage->name);
	static const enum kind_id inner[] = {K_ecs, K_kubernetes, K_schedules};
	for (size_t i = 0; i < sizeof inner / sizeof *inner; i++)
		object_implied(p, p->stage_object, inner[i]);
}

struct program *
sema_stage(struct compile *c, const struct stage *stage, struct arena *a)
{
	struct program *p = NEW(a, struct program);
	p->compile = c;
	p->arena = a;
	p->stage = stage;
	for (int i = 0; i < K_COUNT; i++)
		map_init(&p->decls[i], a);
	map_init(&p->instances, a);
	c->diags->stage = UINT32_C(1) << stage->number;
	declare_all(p);
	find_stage(p);
	for (struct object *o = p->root->children; o; o = o->next)
		if (o->kind != K_stage || o == p->stage_object)
			visit(p, o);
	policies_run(p);
	if (c->run_tests)
		tests_run(p);
	c->diags->stage = 0;
	return p;
}
